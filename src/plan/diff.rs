//! `diff`: where the platform differs from what is wanted, leaf by leaf.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::{Desired, ResolvedSecret, SecretFound, retention, visible};
use crate::resources::status::SealedStatus;
use crate::settings::{Class, Leaf, leaves, wire::SealedState};

/// One leaf that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The leaf.
    pub leaf: &'static Leaf,
    /// What is wanted; `None` clears.
    pub wanted: Option<Value>,
    /// What the platform has.
    pub found: Option<Value>,
}

/// One sealed leaf whose value has to be sent.
#[derive(Clone, Debug)]
pub struct SealedChange {
    /// The leaf.
    pub leaf: &'static Leaf,
    /// The Secret's uid and resourceVersion, and the key.
    pub secret_version: String,
    /// The value.
    pub value: SecretString,
    /// Whether the platform holds a value.
    pub held: bool,
}

impl SealedChange {
    /// The same without any value: only that there is one.
    fn shown(&self) -> Change {
        let set = || json!({ "set": true });
        Change { leaf: self.leaf, wanted: Some(set()), found: self.held.then(set) }
    }
}

/// Where the platform differs from what is wanted.
#[derive(Clone, Debug, Default)]
pub struct Difference {
    /// Leaves to change.
    pub changes: Vec<Change>,
    /// Sealed leaves to send.
    pub sealed: Vec<SealedChange>,
    /// Leaves that differ and that our credentials may not write.
    pub restricted: Vec<Change>,
    /// Leaves that differ and that are left alone, since correcting drift never destroys anything.
    pub held: Vec<Change>,
    /// Leaves that the spec sets and that are hidden, since their toggle is off.
    pub hidden: Vec<&'static Leaf>,
    /// Secrets that are as the platform has them, or were sent.
    pub sealed_now: Vec<SealedStatus>,
}

/// Equality of the wire: `null`, `""` and absence are the same.
fn same(wanted: Option<&Value>, found: Option<&Value>) -> bool {
    fn given(value: Option<&Value>) -> Option<&Value> {
        value.filter(|value| !value.is_null() && value.as_str() != Some(""))
    }
    given(wanted) == given(found)
}

fn is_restricted(leaf: &Leaf, restricted: &[String]) -> bool {
    let pointer = leaf.pointer();
    restricted
        .iter()
        .any(|path| pointer.strip_prefix(path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// Compares what is wanted with what the platform has. `known` are the Secrets that were sent before.
pub fn diff(
    desired: &Desired,
    secrets: &[ResolvedSecret],
    known: &[SealedStatus],
    observed: &Value,
    restricted: &[String],
) -> Difference {
    let mut difference = Difference::default();
    for leaf in leaves() {
        let managed = match leaf.class {
            Class::Value | Class::Reference => leaf.lookup(&desired.settings).is_some(),
            Class::Clears | Class::CheckInput => false,
            Class::Trigger => desired.triggers.iter().any(|trigger| trigger.has(leaf)),
            Class::Output => desired.widget_secret.is_some(),
            Class::Sealed => desired.sealed.iter().any(|sealed| sealed.leaf == leaf),
        };
        if !managed {
            continue;
        }
        if !visible(leaf, &desired.settings, observed) {
            difference.hidden.push(leaf);
            continue;
        }
        match leaf.class {
            Class::Sealed => match compare_sealed(leaf, secrets, known, observed) {
                Some(Sealed::Same(record)) => difference.sealed_now.push(record),
                Some(Sealed::Differs(change)) if is_restricted(leaf, restricted) => {
                    difference.restricted.push(change.shown());
                }
                Some(Sealed::Differs(change)) => difference.sealed.push(change),
                None => {}
            },
            // Not settings: what becomes of them is decided once the settings are saved.
            Class::Trigger | Class::Output => {}
            Class::Value | Class::Reference | Class::Clears | Class::CheckInput => {
                let Some(change) = compare(leaf, leaf.lookup(&desired.settings), leaf.find(observed)) else { continue };
                let list = if is_restricted(leaf, restricted) {
                    &mut difference.restricted
                } else if desired.retention_applied && retention::shortens(&change) {
                    &mut difference.held
                } else {
                    &mut difference.changes
                };
                list.push(change);
            }
        }
    }
    difference
}

/// How a leaf differs. Of a map only the keys that are wanted count: the others are not managed.
fn compare(leaf: &'static Leaf, wanted: Option<&Value>, found: Option<&Value>) -> Option<Change> {
    let (wanted, found) = match (wanted, found) {
        (Some(Value::Object(wanted)), found) => {
            let at = |name: &str| found.and_then(|found| found.get(name));
            let differing: Map<_, _> = wanted
                .iter()
                .filter(|(name, value)| at(name) != Some(value))
                .map(|(n, v)| (n.clone(), v.clone()))
                .collect();
            let there: Map<_, _> =
                differing.keys().filter_map(|name| at(name).map(|value| (name.clone(), value.clone()))).collect();
            let given = |map: Map<_, _>| (!map.is_empty()).then_some(Value::Object(map));
            (given(differing), given(there))
        }
        (wanted, found) => (wanted.cloned(), found.cloned()),
    };
    if same(wanted.as_ref(), found.as_ref()) {
        return None;
    }
    Some(Change { leaf, wanted: wanted.filter(|wanted| !wanted.is_null()), found })
}

impl Difference {
    /// Everything that differs and may be written, without the value of any Secret.
    pub fn open(&self) -> Vec<Change> {
        self.changes.iter().cloned().chain(self.sealed.iter().map(SealedChange::shown)).collect()
    }

    /// Everything that differs, whatever is done about it, without the value of any Secret.
    pub fn differing(&self) -> Vec<Change> {
        self.open().into_iter().chain(self.restricted.iter().cloned()).chain(self.held.iter().cloned()).collect()
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.sealed.is_empty()
    }

    /// The body of a PUT or PATCH: the changed leaves and nothing else.
    pub fn to_body(&self) -> Value {
        let mut body = json!({});
        for change in &self.changes {
            insert(&mut body, change.leaf, change.wanted.clone().unwrap_or(Value::Null));
        }
        for change in &self.sealed {
            insert(&mut body, change.leaf, json!({ "value": change.value.expose_secret() }));
        }
        body
    }

    /// The same without the leaves that say nothing: a creation has nothing to clear.
    pub fn to_creation(&self) -> Value {
        Self {
            changes: self.changes.iter().filter(|change| change.wanted.is_some()).cloned().collect(),
            ..self.clone()
        }
        .to_body()
    }

    /// What was sent, by the versions that the platform answered.
    pub fn sealed_after(&self, settings: &Value) -> Vec<SealedStatus> {
        let sent = self.sealed.iter().filter_map(|change| {
            let state = sealed_state(change.leaf, settings)?;
            state.set.then(|| SealedStatus {
                path: change.leaf.to_string(),
                secret_version: change.secret_version.clone(),
                platform_version: state.version,
            })
        });
        let mut now: Vec<_> = self.sealed_now.iter().cloned().chain(sent).collect();
        now.sort_by(|left, right| left.path.cmp(&right.path));
        now
    }
}

/// How a sealed leaf compares.
enum Sealed {
    /// The platform has what it was sent, and that is what is wanted.
    Same(SealedStatus),
    /// It has to be sent.
    Differs(SealedChange),
}

/// Compares a sealed leaf; `None` where there is no value to send.
fn compare_sealed(
    leaf: &'static Leaf,
    secrets: &[ResolvedSecret],
    known: &[SealedStatus],
    observed: &Value,
) -> Option<Sealed> {
    let secret = secrets.iter().find(|secret| secret.leaf == leaf)?;
    let (Some(version), SecretFound::Value { value, .. }) = (secret.version(), &secret.found) else { return None };
    let state = sealed_state(leaf, observed).filter(|state| state.set);
    let record = known.iter().find(|record| record.path == leaf.to_string() && record.secret_version == version);
    Some(match (record, state) {
        (Some(record), Some(state)) if state.version == record.platform_version => Sealed::Same(record.clone()),
        (_, state) => {
            Sealed::Differs(SealedChange { leaf, secret_version: version, value: value.clone(), held: state.is_some() })
        }
    })
}

fn sealed_state(leaf: &Leaf, settings: &Value) -> Option<SealedState> {
    leaf.find(settings).and_then(|state| serde_json::from_value(state.clone()).ok())
}

/// Puts a value at a leaf's place, making the objects on the way.
fn insert(body: &mut Value, leaf: &Leaf, value: Value) {
    let mut at = body;
    let mut names = leaf.wire.split('.').peekable();
    while let Some(name) = names.next() {
        let Value::Object(members) = at else { return };
        if names.peek().is_none() {
            members.insert(name.to_owned(), value);
            return;
        }
        at = members.entry(name).or_insert_with(|| Value::Object(Map::new()));
    }
}

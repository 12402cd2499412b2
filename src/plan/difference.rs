//! Where the platform differs from what is wanted, and the body that changes it.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use crate::resources::status::SealedStatus;
use crate::settings::{Leaf, value::SealedState};

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

/// One leaf that names what was deleted on the platform. It is left out: writing it again would be refused, or moved again.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadReference {
    /// How it differs.
    pub change: Change,
    /// Where the platform moved the setting.
    pub moved_to: String,
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
    pub(super) fn shown(&self) -> Change {
        let set = || json!({ "set": true });
        Change { leaf: self.leaf, wanted: Some(set()), found: self.held.then(set) }
    }
}

/// Which settings differ, in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Differing {
    /// The first one.
    pub first: &'static Leaf,
    /// How many more.
    pub more: usize,
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
    /// Leaves that differ and that name what was deleted.
    pub dead: Vec<DeadReference>,
    /// Leaves that the spec sets and that are hidden, since their toggle is off.
    pub hidden: Vec<&'static Leaf>,
    /// Secrets that are as the platform has them, or were sent.
    pub sealed_now: Vec<SealedStatus>,
    /// The platform's id of the partner that the tenant has, where that is the one of the spec, or the spec leaves it; empty for none.
    pub proved_partner: Option<String>,
}

impl Difference {
    /// Everything that differs and may be written, without the value of any Secret.
    pub fn open(&self) -> Vec<Change> {
        self.changes.iter().cloned().chain(self.sealed.iter().map(SealedChange::shown)).collect()
    }

    /// Which settings differ and may be written; `None` where there is nothing to write.
    pub fn summary(&self) -> Option<Differing> {
        let mut leaves =
            self.changes.iter().map(|change| change.leaf).chain(self.sealed.iter().map(|change| change.leaf));
        Some(Differing { first: leaves.next()?, more: leaves.count() })
    }

    /// Everything that differs, also what is left alone, without the value of any Secret.
    pub fn differing(&self) -> Vec<Change> {
        let dead = self.dead.iter().map(|dead| &dead.change);
        self.open().into_iter().chain(self.restricted.iter().chain(&self.held).chain(dead).cloned()).collect()
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
                path: change.leaf.into(),
                secret_version: change.secret_version.clone(),
                platform_version: state.version,
            })
        });
        let mut now: Vec<_> = self.sealed_now.iter().cloned().chain(sent).collect();
        now.sort_by(|left, right| left.path.cmp(&right.path));
        now
    }
}

/// What the platform says of a sealed leaf.
pub(super) fn sealed_state(leaf: &Leaf, settings: &Value) -> Option<SealedState> {
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

//! `diff`: where the platform differs from what is wanted, leaf by leaf.

use serde_json::{Map, Value};

use super::difference::{Change, DeadReference, Difference, SealedChange, sealed_state};
use super::moved::moved_to;
use super::resolved::ResolvedSecret;
use super::retention;
use super::validate::Desired;
use super::visibility::visible;
use crate::admin_api::TenantDocument;
use crate::admin_api::types::MovedReference;
use crate::resources::status::SealedStatus;
use crate::settings::{Class, Leaf, leaves};

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

/// What the platform says about writes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Constraints<'d> {
    /// Pointers that our credentials may not write.
    pub restricted: &'d [String],
    /// References that the platform moved, since what they named was deleted.
    pub moved: &'d [MovedReference],
}

impl<'d> From<&'d TenantDocument> for Constraints<'d> {
    fn from(document: &'d TenantDocument) -> Self {
        Self { restricted: &document.restricted_paths, moved: &document.runtime.moved_references }
    }
}

/// Compares what is wanted with what the platform has. `known` are the Secrets that were sent before.
pub fn diff(desired: &Desired, known: &[SealedStatus], observed: &Value, constraints: Constraints<'_>) -> Difference {
    let restricted = constraints.restricted;
    let proved_partner = desired.named.proved(desired.target.tenant, observed);
    let mut difference = Difference { proved_partner, ..Difference::default() };
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
            Class::Sealed => match compare_sealed(leaf, &desired.secrets, known, observed) {
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
                if let Some(to) = moved_to(&change, constraints.moved) {
                    difference.dead.push(DeadReference { change, moved_to: to });
                    continue;
                }
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
    let (Some(version), Ok(found)) = (secret.version(), &secret.found) else { return None };
    let state = sealed_state(leaf, observed).filter(|state| state.set);
    let record = known.iter().find(|record| record.path.is_of(leaf) && record.secret_version == version);
    Some(match (record, state) {
        (Some(record), Some(state)) if state.version == record.platform_version => Sealed::Same(record.clone()),
        (_, state) => Sealed::Differs(SealedChange {
            leaf,
            secret_version: version,
            value: found.value.clone(),
            held: state.is_some(),
        }),
    })
}

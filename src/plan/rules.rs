//! Rules over several settings, which only the effective values can break.

use serde_json::Value;

use super::stop::Stop;
use super::validate::Desired;
use super::visibility::visible;
use crate::settings::leaf::Required;
use crate::settings::{Class, Leaf, Violation, leaves};

/// Whether the tenant is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Creating {
    /// It has to be created, and some settings must be given.
    Yes,
    /// It is there, and has them.
    No,
}

/// Rules over several leaves, judged on what would be effective: the spec over the platform. Returns every obstacle: the rules that
/// are broken, and each Secret that matters and cannot be used.
pub(super) fn judge(desired: &Desired, observed: &Value, creating: Creating) -> Vec<Stop> {
    let wrong = |leaf| missing(leaf, desired, observed, creating).or_else(|| equals_other(leaf, desired, observed));
    let violations: Vec<Violation> = leaves().filter_map(wrong).collect();
    let invalid = (!violations.is_empty()).then_some(Stop::Invalid(violations));
    let shown = desired.secrets.iter().filter(|secret| visible(secret.leaf, &desired.settings, observed));
    let unusable = shown.filter_map(|secret| secret.unusable(&desired.target.stamp.namespace)).map(Stop::Secret);
    invalid.into_iter().chain(unusable).collect()
}

/// The value that a leaf would have after a save.
fn effective<'v>(leaf: &Leaf, desired: &'v Value, observed: &'v Value) -> Option<&'v Value> {
    // `null` in the spec clears, so the platform's value does not stand in for it.
    if leaf.lookup(desired).is_some() { leaf.find(desired) } else { leaf.find(observed) }
}

fn missing(leaf: &Leaf, desired: &Desired, observed: &Value, creating: Creating) -> Option<Violation> {
    let given = match leaf.class {
        Class::Value | Class::Reference => effective(leaf, &desired.settings, observed).is_some(),
        Class::Sealed => {
            let set = leaf.find(observed).and_then(|state| state.get("set")).and_then(Value::as_bool);
            desired.sealed.iter().any(|sealed| sealed.leaf == leaf) || set == Some(true)
        }
        Class::Clears | Class::CheckInput | Class::Trigger | Class::Output => return None,
    };
    let problem = match (leaf.required, leaf.switch) {
        (Required::ToCreate, _) if creating == Creating::Yes && !given => "must be set to create the tenant".to_owned(),
        (Required::WhenOn, Some(switch)) if !given && visible(leaf, &desired.settings, observed) => {
            format!("must be set while {switch} is true")
        }
        (Required::No | Required::ToCreate | Required::WhenOn, _) => return None,
    };
    Some(Violation { path: leaf.path.to_owned(), problem })
}

/// A leaf that has the value of the one it must differ from.
fn equals_other(leaf: &Leaf, desired: &Desired, observed: &Value) -> Option<Violation> {
    let other = leaf.must_differ_from?;
    let value = |leaf| effective(leaf, &desired.settings, observed).and_then(Value::as_str);
    let same = value(leaf)?.eq_ignore_ascii_case(value(other)?);
    let problem = format!("must differ from {other}");
    (same && visible(leaf, &desired.settings, observed)).then(|| Violation { path: leaf.path.to_owned(), problem })
}

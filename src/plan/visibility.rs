//! Whether a setting is shown.

use serde_json::Value;

use crate::settings::Leaf;

/// Whether a leaf is shown, so that it is compared and sent: every toggle above it is on in the spec or, where the spec is
/// silent, on the platform.
pub fn visible(leaf: &Leaf, desired: &Value, observed: &Value) -> bool {
    leaf.switches().all(|toggle| is_on(toggle, desired, observed))
}

/// The effective value of a toggle: the spec's over the platform's over its default.
fn is_on(toggle: &Leaf, desired: &Value, observed: &Value) -> bool {
    let said = toggle.find(desired).or_else(|| toggle.find(observed)).and_then(Value::as_bool);
    said.unwrap_or(toggle.default == Some("true"))
}

//! The platform's settings as JSON, read and written leaf by leaf.
//!
//! A value that this version does not know (a new enum member, a number as text) is kept as it is: it differs from every
//! value of a spec, and the Tenant can still be read.

use serde_json::{Value, json};

use super::leaf::{Class, Leaf};
use super::leaves;

/// The platform's settings as far as this version knows them: each leaf in its canonical spelling, unknown values as they are.
///
/// *Errors*: a tab or a section is something else than an object, or the state of a sealed leaf cannot be read: it would look as if
/// there were no value.
pub fn canonicalize(settings: &Value) -> Result<Value, String> {
    if let Some((path, _)) = holders().find(|(path, may_be_null)| !holds(settings, path, *may_be_null)) {
        return Err(format!("{} is no object", path.join(".")));
    }
    let sealed = leaves().filter(|leaf| leaf.class == Class::Sealed);
    let states = sealed.filter_map(|leaf| Some((leaf, leaf.lookup(settings)?)));
    if let Some((leaf, _)) =
        states.filter(|(_, state)| !state.is_null()).find(|(leaf, state)| leaf.canonicalize(state).is_err())
    {
        return Err(format!("{} has no state", leaf.wire));
    }
    let mut known = json!({});
    for leaf in leaves().filter(|leaf| leaf.class.is_setting()) {
        if let Some(value) = leaf.lookup(settings) {
            leaf.put(&mut known, spelled(leaf, value));
        }
    }
    Ok(known)
}

/// The canonical spelling of a value. What has none stays as it is: no value, or one that this version does not know.
fn spelled(leaf: &Leaf, value: &Value) -> Value {
    leaf.canonicalize(value).ok().filter(|spelled| !spelled.is_null()).unwrap_or_else(|| value.clone())
}

/// Where the platform's settings hold members: tabs and sections, and the state of each sealed leaf, which may be `null`.
pub(super) fn holders() -> impl Iterator<Item = (Vec<&'static str>, bool)> {
    leaves().filter(|leaf| leaf.class.is_setting()).flat_map(|leaf| {
        let steps: Vec<&str> = leaf.wire.split('.').collect();
        let state = (leaf.class == Class::Sealed).then(|| (steps.clone(), true));
        (0..steps.len()).map(move |length| (steps.iter().copied().take(length).collect(), false)).chain(state)
    })
}

fn holds(settings: &Value, path: &[&str], may_be_null: bool) -> bool {
    let found = path.iter().try_fold(settings, |at, name| at.get(name));
    found.is_none_or(|found| found.is_object() || (may_be_null && found.is_null()))
}

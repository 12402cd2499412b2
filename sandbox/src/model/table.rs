//! The table of settings: one row of data per leaf, and lookups in it.
//!
//! The rows themselves are in `rows.rs`, their types in `leaf.rs`. Validation, defaults, restricted paths, what a
//! script must push, and the schemas of the OpenAPI document are all read from here, so that a rule is written once.
//! The client of the admin API has a table of its own and shares nothing with this one: a mistake in either then shows
//! as a refused write.
use serde_json::{Map, Value};

use super::leaf::Leaf;
use super::roles::Role;
use super::rows::LEAVES;

/// What the table knows about a pointer.
pub(crate) enum Place {
    Leaf(&'static Leaf),
    /// An object with leaves below it.
    Section,
    Unknown,
}

/// Returns what is at `pointer`.
pub(crate) fn place(pointer: &str) -> Place {
    if let Some(leaf) = LEAVES.iter().find(|leaf| leaf.pointer == pointer) {
        return Place::Leaf(leaf);
    }
    let below = |leaf: &&Leaf| leaf.pointer.strip_prefix(pointer).is_some_and(|rest| rest.starts_with('/'));
    if LEAVES.iter().any(|leaf| below(&leaf)) { Place::Section } else { Place::Unknown }
}

/// Returns the default settings of a tenant.
pub(crate) fn initial_settings(id: &str) -> Value {
    let mut settings = Value::Object(Map::new());
    for leaf in LEAVES {
        put(&mut settings, leaf.pointer, leaf.initial(id));
    }
    settings
}

/// Returns the pointers that a client with this role may not write.
pub(crate) fn restricted_paths(role: Role) -> Vec<&'static str> {
    LEAVES.iter().filter(|leaf| !leaf.authority.admits(role)).map(|leaf| leaf.pointer).collect()
}

/// True if every switch above the leaf is on in `settings`.
pub(crate) fn is_shown(leaf: &Leaf, settings: &Value) -> bool {
    leaf.switches.iter().all(|switch| settings.pointer(switch) == Some(&Value::Bool(true)))
}

/// Returns the pointers of the leaves that differ, and of anything else that does.
pub(crate) fn changed_pointers(before: &Value, after: &Value) -> Vec<String> {
    let mut changed = Vec::new();
    collect_changes(before, after, "", &mut changed);
    changed
}

fn collect_changes(before: &Value, after: &Value, pointer: &str, changed: &mut Vec<String>) {
    if before == after {
        return;
    }
    let is_leaf = matches!(place(pointer), Place::Leaf(_));
    if let (Value::Object(old), Value::Object(new), false) = (before, after, is_leaf) {
        let names: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for name in names {
            let (was, is) = (old.get(name), new.get(name));
            let at = format!("{pointer}/{}", escape(name));
            collect_changes(was.unwrap_or(&Value::Null), is.unwrap_or(&Value::Null), &at, changed);
        }
    } else {
        changed.push(pointer.to_owned());
    }
}

/// Returns a member's name as a reference token of a JSON pointer.
pub(crate) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// Stores `value` at `pointer` and creates missing objects above it.
pub(crate) fn put(document: &mut Value, pointer: &str, value: Value) {
    let mut at = document;
    for token in pointer.split('/').skip(1) {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        let Value::Object(members) = at else { return };
        at = members.entry(unescape(token)).or_insert(Value::Null);
    }
    *at = value;
}

/// Removes the member at `pointer`, if it is there.
pub(crate) fn remove(document: &mut Value, pointer: &str) {
    let Some((parent, token)) = pointer.rsplit_once('/') else {
        return;
    };
    if let Some(Value::Object(members)) = document.pointer_mut(parent) {
        members.remove(&unescape(token));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::leaf::Kind;

    #[test]
    fn every_pointer_is_stated_once_and_every_switch_is_a_toggle() {
        for (index, leaf) in LEAVES.iter().enumerate() {
            assert!(LEAVES[index + 1..].iter().all(|other| other.pointer != leaf.pointer), "{} twice", leaf.pointer);
            for switch in leaf.switches {
                assert!(matches!(place(switch), Place::Leaf(Leaf { kind: Kind::Toggle, .. })), "{switch}");
            }
        }
    }

    #[test]
    fn roles_include_one_another() {
        let (partner, tenant) = (restricted_paths(Role::Partner), restricted_paths(Role::Tenant));
        assert_eq!(Vec::<&str>::new(), restricted_paths(Role::System));
        assert!(partner.iter().all(|pointer| tenant.contains(pointer)));
        assert!(partner.contains(&"/licenses/tenantState") && !partner.contains(&"/general/o365Domain"));
        assert!(tenant.contains(&"/general/o365Domain") && !tenant.contains(&"/general/companyName"));
    }

    #[test]
    fn changes_are_named_by_leaf_and_unknown_members_by_their_own_pointer() {
        let before = initial_settings("a");
        let mut after = before.clone();
        put(&mut after, "/general/companyName", json!("Contoso AG"));
        put(&mut after, "/general/a~1b", json!(1));
        put(&mut after, "/modalities/instantMessaging/acsConnectionString", json!({"set": true, "version": 1}));
        put(&mut after, "/licenses/contingents/services/features/x", json!(2));
        assert_eq!(
            vec![
                "/general/a~1b",
                "/general/companyName",
                "/licenses/contingents/services/features",
                "/modalities/instantMessaging/acsConnectionString"
            ],
            changed_pointers(&before, &after)
        );
    }

    #[test]
    fn removing_takes_the_member_and_leaves_the_rest() {
        let mut document = json!({"a": {"b/c": 1, "d": 2}});
        remove(&mut document, "/a/b~1c");
        assert_eq!(json!({"a": {"d": 2}}), document);
    }
}

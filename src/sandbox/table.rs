//! What a setting is on this platform: a row of data per leaf, and the questions that everybody asks about the rows.
//!
//! The rows themselves are in `rows.rs`. Validation, defaults, restricted paths, what a script must push, and the
//! schemas of the OpenAPI document are all read from here, so that a rule is written once. The client of the admin API
//! has a table of its own and shares nothing with this one: a mistake in either then shows as a refused write.
use serde_json::{Map, Value, json};

use super::roles::Role;
use super::rows::LEAVES;

/// Who may change a leaf; each one includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Authority {
    /// Everybody, also a restricted tenant administrator.
    NonTechnical,
    /// Tenant administrators.
    Tenant,
    /// Partner administrators.
    Partner,
    /// System administrators only.
    System,
}

impl Authority {
    /// True if a client with this role may write the leaf.
    pub(super) fn admits(self, role: Role) -> bool {
        match self {
            Self::NonTechnical | Self::Tenant => true,
            Self::Partner => role != Role::Tenant,
            Self::System => role == Role::System,
        }
    }
}

/// Notations of a text that are more than its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// 8-4-4-4-12 hexadecimal digits, not all zero; kept in lower case.
    Guid,
    /// A DNS name with at least one dot; kept in lower case.
    Domain,
    /// One address, also the sign-in name of an account.
    Email,
    /// E.164 with the plus sign.
    Phone,
    /// `sip:user@host`; accepted without its scheme, kept with it.
    Sip,
    /// ISO 3166-1 alpha-2.
    Country,
    /// `root` or the GUID of an organization unit.
    OrganizationUnit,
    /// The id of a partner on this platform.
    Partner,
}

/// What values a leaf takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A boolean.
    Toggle,
    /// An integer; without a `max` only the type bounds it.
    Number { min: i64, max: Option<i64> },
    /// One of these spellings.
    Choice(&'static [&'static str]),
    /// Free text of at most so many characters.
    Text { max: usize },
    /// Text in a fixed notation.
    Formatted(Format),
    /// The tenant id, which never changes.
    Identity,
    /// An ACS connection string: taken once, never shown again.
    Sealed,
    /// Counts by name, each zero or more.
    Counts,
}

/// What a leaf holds while nobody has set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Preset {
    /// No value, which reads as null.
    Nothing,
    Toggle(bool),
    Number(i64),
    Text(&'static str),
}

/// When a write that leaves a leaf without a value is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Required {
    Never,
    AtCreation,
    /// While every switch above the leaf is on.
    WhenOn,
}

/// Which change of a leaf the provisioning script must push, and what the pending change is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    /// No change of it.
    Never,
    /// Only from false to true.
    SwitchedOn(&'static str),
    /// Any change.
    Changed(&'static str),
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leaf {
    /// RFC 6901, into `settings`.
    pub pointer: &'static str,
    pub kind: Kind,
    pub authority: Authority,
    pub preset: Preset,
    /// True if null in a PATCH removes the value.
    pub clearable: bool,
    /// Pointers of the toggles that hide the leaf while one of them is off.
    pub switches: &'static [&'static str],
    pub required: Required,
    pub script: Script,
    /// What the leaf does, for the OpenAPI document.
    pub about: &'static str,
}

impl Leaf {
    pub(super) const fn new(
        pointer: &'static str,
        kind: Kind,
        authority: Authority,
        about: &'static str,
    ) -> Self {
        Self {
            pointer,
            kind,
            authority,
            preset: Preset::Nothing,
            clearable: false,
            switches: &[],
            required: Required::Never,
            script: Script::Never,
            about,
        }
    }

    pub(super) const fn preset(self, preset: Preset) -> Self {
        Self { preset, ..self }
    }

    pub(super) const fn clearable(self) -> Self {
        Self {
            clearable: true,
            ..self
        }
    }

    pub(super) const fn under(self, switches: &'static [&'static str]) -> Self {
        Self { switches, ..self }
    }

    pub(super) const fn required(self, required: Required) -> Self {
        Self { required, ..self }
    }

    pub(super) const fn script(self, script: Script) -> Self {
        Self { script, ..self }
    }

    /// The value that a new tenant `id` has here.
    pub(super) fn initial(&self, id: &str) -> Value {
        match (self.kind, self.preset) {
            (Kind::Identity, _) => json!(id),
            (Kind::Sealed, _) => json!({"set": false, "version": 0}),
            (Kind::Counts, _) => json!({}),
            (_, Preset::Nothing) => Value::Null,
            (_, Preset::Toggle(on)) => json!(on),
            (_, Preset::Number(number)) => json!(number),
            (_, Preset::Text(text)) => json!(text),
        }
    }

    /// True if a reader can find null here.
    pub(super) fn may_be_empty(&self) -> bool {
        self.preset == Preset::Nothing
            && self.required != Required::AtCreation
            && !matches!(self.kind, Kind::Identity | Kind::Sealed | Kind::Counts)
    }
}

/// What the table knows about a pointer.
pub(super) enum Place {
    Leaf(&'static Leaf),
    /// An object with leaves somewhere below.
    Section,
    Unknown,
}

/// Returns what stands at `pointer`.
pub(super) fn place(pointer: &str) -> Place {
    if let Some(leaf) = LEAVES.iter().find(|leaf| leaf.pointer == pointer) {
        return Place::Leaf(leaf);
    }
    let below = |leaf: &&Leaf| {
        leaf.pointer
            .strip_prefix(pointer)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    if LEAVES.iter().any(|leaf| below(&leaf)) {
        Place::Section
    } else {
        Place::Unknown
    }
}

/// Returns the settings of a tenant for which nobody has set anything.
pub(super) fn initial_settings(id: &str) -> Value {
    let mut settings = Value::Object(Map::new());
    for leaf in LEAVES {
        put(&mut settings, leaf.pointer, leaf.initial(id));
    }
    settings
}

/// Returns the pointers that a client with this role may not write.
pub(super) fn restricted_paths(role: Role) -> Vec<&'static str> {
    LEAVES
        .iter()
        .filter(|leaf| !leaf.authority.admits(role))
        .map(|leaf| leaf.pointer)
        .collect()
}

/// True if every switch above the leaf is on in `settings`.
pub(super) fn is_shown(leaf: &Leaf, settings: &Value) -> bool {
    leaf.switches
        .iter()
        .all(|switch| settings.pointer(switch) == Some(&Value::Bool(true)))
}

/// Returns the pointers of the leaves that differ, and of anything else that does.
pub(super) fn changed_pointers(before: &Value, after: &Value) -> Vec<String> {
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
            collect_changes(
                was.unwrap_or(&Value::Null),
                is.unwrap_or(&Value::Null),
                &at,
                changed,
            );
        }
    } else {
        changed.push(pointer.to_owned());
    }
}

/// Returns a member's name as a reference token of a JSON pointer.
pub(super) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// Stores `value` at `pointer` and makes the objects on the way.
pub(super) fn put(document: &mut Value, pointer: &str, value: Value) {
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
pub(super) fn remove(document: &mut Value, pointer: &str) {
    let Some((parent, token)) = pointer.rsplit_once('/') else {
        return;
    };
    if let Some(Value::Object(members)) = document.pointer_mut(parent) {
        members.remove(&unescape(token));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pointer_is_stated_once_and_every_switch_is_a_toggle() {
        for (index, leaf) in LEAVES.iter().enumerate() {
            assert!(
                LEAVES[index + 1..]
                    .iter()
                    .all(|other| other.pointer != leaf.pointer),
                "{} twice",
                leaf.pointer
            );
            for switch in leaf.switches {
                assert!(
                    matches!(
                        place(switch),
                        Place::Leaf(Leaf {
                            kind: Kind::Toggle,
                            ..
                        })
                    ),
                    "{switch}"
                );
            }
        }
    }

    #[test]
    fn roles_include_one_another() {
        let (partner, tenant) = (
            restricted_paths(Role::Partner),
            restricted_paths(Role::Tenant),
        );
        assert_eq!(Vec::<&str>::new(), restricted_paths(Role::System));
        assert!(partner.iter().all(|pointer| tenant.contains(pointer)));
        assert!(
            partner.contains(&"/licenses/tenantState") && !partner.contains(&"/general/o365Domain")
        );
        assert!(
            tenant.contains(&"/general/o365Domain") && !tenant.contains(&"/general/companyName")
        );
    }

    #[test]
    fn changes_are_named_by_leaf_and_unknown_members_by_their_own_pointer() {
        let before = initial_settings("a");
        let mut after = before.clone();
        put(&mut after, "/general/companyName", json!("Contoso AG"));
        put(&mut after, "/general/a~1b", json!(1));
        put(
            &mut after,
            "/modalities/instantMessaging/acsConnectionString",
            json!({"set": true, "version": 1}),
        );
        put(
            &mut after,
            "/licenses/contingents/services/features/x",
            json!(2),
        );
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

//! Bodies of the admin API. Reading is tolerant: members that a newer platform adds are ignored, and what is not needed to
//! be safe may be missing. What is there must be what it is said to be: a list is never taken for an object.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::http::{object, objects, some_object};
use crate::settings::Version;

/// What the platform says about one tenant id.
#[derive(Clone, Debug, PartialEq)]
pub enum Lookup {
    /// There is a tenant.
    Found(Box<TenantDocument>),
    /// There is none: the documented `tenant-not-found`.
    Absent,
    /// There was one, and it was deleted: the documented `tenant-deleted`.
    Tombstone {
        /// The id of that deletion.
        deletion_id: String,
    },
}

/// Everything about one tenant, in one answer.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantDocument {
    /// The Entra tenant GUID.
    pub id: String,
    /// Moves only when a setting changes. Never comes back.
    #[serde(deserialize_with = "version")]
    pub settings_version: String,
    /// Moves when anything else of the document changes. Never comes back.
    #[serde(default)]
    pub runtime_version: Option<String>,
    /// The stamp of the Tenant that manages it, `<clusterId>/<namespace>/<name>`. An answer that does not speak of it is no
    /// answer: without it, a tenant of another would look free.
    #[serde(deserialize_with = "stamp")]
    pub owner: Option<String>,
    /// The stamp that it had before it was released.
    #[serde(default)]
    pub last_owner: Option<String>,
    /// The stamp of the last write that moved the version of the settings; `None` for a writer without one.
    #[serde(default)]
    pub last_writer: Option<String>,
    /// The settings as the platform has them.
    pub settings: Value,
    /// What happens on the tenant.
    #[serde(default, deserialize_with = "object")]
    pub runtime: Runtime,
    /// RFC 6901 pointers of the settings that our credentials may not write.
    #[serde(default)]
    pub restricted_paths: Vec<String>,
}

impl TenantDocument {
    /// The versions of the document, where the platform gives both.
    pub fn versions(&self) -> Option<Versions> {
        Versions::of(&self.settings_version, self.runtime_version.as_deref()?)
    }
}

/// What happens on a tenant.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Runtime {
    /// Licences in use, nested like `licenses.contingents`.
    pub used: Value,
    /// Changes that wait for the provisioning script.
    #[serde(deserialize_with = "objects")]
    pub pending_changes: Vec<Pending>,
    /// Where the script is.
    pub script_url: Option<String>,
    /// The modalities that the tenant can have; `None` where the platform does not say.
    pub available_modalities: Option<Vec<String>>,
    /// Whether there is any licence of a kind, nested like `licenses.contingents`.
    pub licensed: Value,
    /// Limits of the vendor.
    #[serde(deserialize_with = "objects")]
    pub caps: Vec<Cap>,
    /// The widget key, without the key.
    #[serde(deserialize_with = "object")]
    pub widget_key: WidgetKeyState,
    /// Invitations and test messages.
    #[serde(deserialize_with = "object")]
    pub instant_messaging: InstantMessagingState,
    /// Settings that the platform moved away from something that was deleted.
    #[serde(deserialize_with = "objects")]
    pub moved_references: Vec<MovedReference>,
    /// The deletion that was asked for, if any.
    #[serde(deserialize_with = "some_object")]
    pub deletion: Option<PendingDeletion>,
}

/// What is known of the widget key without reading it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WidgetKeyState {
    /// Whether there is one.
    pub set: bool,
    /// Moves with each new key, and never comes back.
    pub version: Version,
    /// The token that was last given to the trigger.
    pub last_token: Option<String>,
}

/// How far an account is with its invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Invitation {
    /// It was not invited.
    None,
    /// It did not accept yet.
    Pending,
    /// It accepted.
    Accepted,
    /// A word of another version.
    #[serde(other)]
    Unknown,
}

impl Invitation {
    /// The word of the status.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::Pending => "Pending",
            Self::Accepted => "Accepted",
            Self::Unknown => "Unknown",
        }
    }

    /// Whether the account has yet to accept. A word of another version does not say so.
    pub const fn is_open(self) -> bool {
        match self {
            Self::None | Self::Pending => true,
            Self::Accepted | Self::Unknown => false,
        }
    }
}

/// What is known of Instant Messaging.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct InstantMessagingState {
    /// The invitation of the primary account.
    pub primary: Option<Invitation>,
    /// The invitation of the secondary account.
    pub secondary: Option<Invitation>,
    /// The token that was last given to the trigger.
    pub last_token: Option<String>,
}

/// What came of a trigger.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Fired {
    /// Whether something was done; a token that the tenant had before does nothing.
    pub done: bool,
    /// The token that was last given to the trigger, which is the one of the request.
    pub last: String,
}

/// A change that waits for the provisioning script.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Pending {
    /// tenant or service.
    pub scope: String,
    /// The id of the tenant or service.
    pub id: String,
    /// What changes.
    pub change: String,
}

/// A limit of the vendor: what is set above it stays stored and has no effect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Cap {
    /// RFC 6901 pointer of the setting.
    pub pointer: String,
    /// The highest value that has an effect.
    pub effective_max: i64,
}

/// A setting that the platform moved by itself, since what it named was deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MovedReference {
    /// RFC 6901 pointer of the setting.
    pub pointer: String,
    /// What it named before.
    pub from: String,
    /// What it names now.
    pub to: String,
}

/// A deletion that was accepted and waits for the script.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PendingDeletion {
    /// The id of the deletion.
    pub deletion_id: String,
    /// Services that are still there.
    pub services_pending: i64,
    /// Whether the script has to run.
    pub script_pending: bool,
}

/// Both versions of a tenant. While they are the same, everything that the platform says about it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Versions(String);

impl Versions {
    /// Of the settings, and of everything else; `None` where one cannot be a version.
    pub fn of(settings: &str, runtime: &str) -> Option<Self> {
        let [settings, runtime] = [settings, runtime].map(Version::parse);
        Self::parse(&format!("{}.{}", settings?, runtime?))
    }

    /// Reads what was recorded.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
        (fits && text.contains('.')).then(|| Self(text.to_owned()))
    }

    /// As they are recorded.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The entity tag of the document.
    pub(super) fn etag(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

/// A page of the list of tenants.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantPage {
    /// The tenants that our credentials reach.
    #[serde(deserialize_with = "objects")]
    pub items: Vec<TenantItem>,
    /// Where the next page begins; none on the last one.
    #[serde(default)]
    pub next_cursor: Option<String>,
}

/// One tenant of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantItem {
    /// The Entra tenant GUID.
    pub id: String,
    /// The version of its settings, where it was asked for.
    #[serde(default)]
    pub settings_version: Option<String>,
    /// The version of everything else of its document.
    #[serde(default)]
    pub runtime_version: Option<String>,
    /// The stamp, if any; `None` where the answer does not speak of it.
    #[serde(default, deserialize_with = "said")]
    pub owner: Option<Option<String>>,
}

impl TenantItem {
    /// Both versions, where the platform gives them.
    pub fn versions(&self) -> Option<Versions> {
        Versions::of(self.settings_version.as_deref()?, self.runtime_version.as_deref()?)
    }
}

/// An answer of the change feed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Changes {
    /// Where to go on.
    pub cursor: String,
    /// The tenants that changed.
    pub ids: Vec<String>,
}

fn version<'de, D: Deserializer<'de>>(value: D) -> Result<String, D::Error> {
    Version::deserialize(value).map(|version| version.to_string())
}

/// A member that has to be there, and may be null.
fn stamp<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(value)
}

fn said<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(value).map(Some)
}

/// What our credentials may do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Capabilities {
    /// Which environment answers; the same for as long as it is the same one.
    #[serde(default)]
    pub platform_id: Option<String>,
    /// system, partner or tenant.
    pub role: String,
    /// RFC 6901 pointers of the settings that may not be written.
    #[serde(default)]
    pub restricted_paths: Vec<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::Response;

    fn is_read<T: for<'de> Deserialize<'de>>(body: &Value) -> bool {
        Response::fake(200, &body.to_string()).json::<T>().is_ok()
    }

    /// A derived reader takes a list for a struct, member by member.
    #[test]
    fn a_list_is_never_taken_for_an_object() {
        let runtime = |name: &str, value: Value| json!({ "id": "i", "settingsVersion": "v", "owner": null, "settings": {}, "runtime": { name: value } });
        let deletion = json!(["d", 0, false]);
        for (what, body) in [
            ("a tenant", json!(["i", "v", null, null, {}, {}, []])),
            ("its runtime", json!({ "id": "i", "settingsVersion": "v", "owner": null, "settings": {}, "runtime": [] })),
            ("its deletion", runtime("deletion", deletion)),
            ("a pending change", runtime("pendingChanges", json!([["tenant", "i", "c"]]))),
            ("a cap", runtime("caps", json!([["p", 1]]))),
            ("a moved reference", runtime("movedReferences", json!([["p", "a", "b"]]))),
        ] {
            assert!(!is_read::<TenantDocument>(&body), "{what}: {body}");
        }
        assert!(!is_read::<TenantPage>(&json!([[], null])), "a page");
        assert!(!is_read::<TenantPage>(&json!({ "items": [["i", null]] })), "a tenant of a page");
        assert!(!is_read::<Capabilities>(&json!(["system", []])), "capabilities");
        assert!(!is_read::<Changes>(&json!(["c", []])) && !is_read::<Changes>(&json!({ "cursor": "c" })), "changes");

        let whole = json!({ "deletionId": "d", "servicesPending": 1, "scriptPending": true });
        assert!(is_read::<TenantDocument>(&runtime("deletion", whole)));
        assert!(is_read::<TenantDocument>(&runtime("deletion", Value::Null)));
        assert!(is_read::<TenantDocument>(&runtime("pendingChanges", json!([{ "scope": "tenant" }]))));
        assert!(is_read::<TenantPage>(&json!({ "items": [{ "id": "i", "owner": null }] })));
    }

    #[test]
    fn versions_are_read_as_they_are_recorded_and_never_end_a_header() {
        let versions = Versions::of("a1", "b-2").unwrap();
        assert_eq!(("a1.b-2", "\"a1.b-2\""), (versions.as_str(), versions.etag().as_str()));
        assert_eq!(Some(&versions), Versions::parse(versions.as_str()).as_ref());
        for (settings, runtime) in [("", "b"), ("a", ""), ("a\"", "b"), ("a", "b\n"), ("a\\", "b"), ("a b", "c")] {
            assert_eq!(None, Versions::of(settings, runtime), "{settings} {runtime}");
        }
        assert_eq!((None, None), (Versions::parse("a"), Versions::parse("a.\r")));
    }

    /// A tenant of another must not look free.
    #[test]
    fn a_tenant_whose_answer_does_not_name_an_owner_is_not_read() {
        let document = |owner: Value| json!({ "id": "i", "settingsVersion": "v", "settings": {}, "owner": owner });
        let mut silent = document(Value::Null);
        assert!(is_read::<TenantDocument>(&silent) && is_read::<TenantDocument>(&document(json!("c/n/t"))));
        silent.as_object_mut().unwrap().remove("owner");
        assert!(!is_read::<TenantDocument>(&silent));
    }
}

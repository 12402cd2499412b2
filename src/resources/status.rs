//! `TenantStatus`: what the operator knows about a tenant. Everything is bounded, and no value of a secret or of a person
//! stands in it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};

use super::bounds;
use super::check::{CheckName, CheckResult, TabState};
use super::spec_hash::SpecHash;
use crate::settings::{SpecPath, Tab, Version};

/// Observed state of a Tenant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantStatus {
    /// Generation of the spec that this status describes; -1 before the first observation.
    #[serde(default = "unseen")]
    pub observed_generation: i64,
    /// What was last written to the platform, or found equal to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<Applied>,
    /// `platformId` of the environment that the spec was last applied to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::WORD))]
    pub platform_id: Option<String>,
    /// The tenant as the platform describes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_tenant: Option<PlatformTenant>,
    /// Ready, Accepted, Synced and further conditions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// State of each tab; corresponds to the warning icons of the UI.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "known")]
    pub tabs: Vec<TabStatus>,
    /// Managed settings that differ from the platform; the first 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<Drift>,
    /// Checks of values that only Microsoft or the platform can verify.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "known")]
    pub checks: Vec<CheckStatus>,
    /// Licenses in use and purchased, one entry per kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<LicenseStatus>,
    /// Secrets that were sent to the platform, by version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sealed: Vec<SealedStatus>,
    /// What the platform stored otherwise than it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rewrites: Option<RewritesStatus>,
    /// Provisioning script of the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioning_script: Option<ProvisioningScript>,
    /// Widget key of Interact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub widget_key: Option<WidgetKeyStatus>,
    /// Test message of Instant Messaging.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_message: Option<TestMessageStatus>,
    /// What Instant Messaging waits for; only while it is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instant_messaging: Option<InstantMessagingStatus>,
    /// Links by which an administrator grants permissions to Nimbus.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grant_links: Vec<GrantLink>,
    /// What the deletion of the tenant waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<DeletionStatus>,
    /// ID of the request that the platform refused, as quoted in the message of Ready. Include it in a ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub refused_request_id: Option<String>,
    /// Last value of the annotation `nimbus.luware.com/reconcile-requested-at` that was handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::RECONCILE_TOKEN))]
    pub last_handled_reconcile_at: Option<String>,
    /// Last value of the annotation `nimbus.luware.com/check-requested-at` for which every check was repeated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::RECONCILE_TOKEN))]
    pub last_handled_check_at: Option<String>,
    /// What a Tenant in sync was compared with. While it is the same, the tenant is not read again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<Compared>,
}

/// What a Tenant was compared with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    /// The platform's versions of the tenant: of its settings and of everything else.
    #[schemars(length(max = 129))]
    pub versions: String,
    /// Hash of what else this status depends on, such as the Platform and the version of the operator.
    #[schemars(length(max = 64))]
    pub context: String,
}

/// What was last written to the platform, or found equal to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Applied {
    /// Generation of the spec; 0 while the tenant is there and no generation was applied as a whole.
    pub generation: i64,
    /// Hash of the managed settings and of the versions of the referenced Secrets.
    #[schemars(with = "String", length(max = 64))]
    pub hash: SpecHash,
    /// The platform's version of the settings after the write.
    #[schemars(length(max = bounds::WORD))]
    pub settings_version: String,
    /// Data retention time that was applied, in months.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_retention_months: Option<i32>,
    /// The platform's ID of the partner for which the tenant was last seen to be this Tenant's; empty where it had none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::NAME))]
    pub partner_id: Option<String>,
}

/// The tenant as the platform describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlatformTenant {
    /// ID of the tenant, in lower case.
    #[schemars(length(max = 64))]
    pub id: String,
    /// Active, Trial, Suspended, Expired, Canceled or Lab; unknown values may appear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::WORD))]
    pub state: Option<String>,
    /// Name in the tenant list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::NAME))]
    pub display_name: Option<String>,
    /// ID of the assigned partner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::NAME))]
    pub partner: Option<String>,
}

/// State of one tab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TabStatus {
    /// Name of the tab.
    #[schemars(with = "String", length(max = 64))]
    pub name: Tab,
    /// InSync, Drifted, Invalid, Restricted, NotManaged, or Unknown while the platform cannot be asked about the present spec; unknown
    /// values may appear.
    #[schemars(with = "String", length(max = 64))]
    pub state: TabState,
    /// Details, such as the number of settings that are not managed while their section is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::MESSAGE))]
    pub message: Option<String>,
}

/// A managed setting that differs from the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Drift {
    /// Path of the setting, beginning with `spec`.
    #[schemars(length(max = 256))]
    pub path: String,
    /// Value of this Tenant; masked if it identifies a person.
    #[schemars(length(max = 256))]
    pub wanted: String,
    /// Value on the platform; masked if it identifies a person.
    #[schemars(length(max = 256))]
    pub found: String,
}

/// Result of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckStatus {
    /// Name of the check.
    #[schemars(with = "String", length(max = 128))]
    pub name: CheckName,
    /// Passed, Failed or Unknown.
    #[schemars(with = "String", length(max = 32))]
    pub result: CheckResult,
    /// CamelCase reason of the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub reason: Option<String>,
    /// Human-readable explanation of the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::MESSAGE))]
    pub message: Option<String>,
}

/// Licenses of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LicenseStatus {
    /// Kind of license, such as `users.contactCenter`.
    #[schemars(length(max = bounds::LICENSE_KIND))]
    pub kind: String,
    /// Number of licenses in use.
    pub used: i64,
    /// Number of licenses purchased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contingent: Option<i64>,
    /// Whether usage exceeds the contingent.
    pub overused: bool,
}

/// A Secret that was sent to the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SealedStatus {
    /// Path of the setting, beginning with `spec`.
    #[schemars(with = "String", length(max = 256))]
    pub path: SpecPath,
    /// uid and resourceVersion of the Secret, and the key.
    #[schemars(length(max = 512))]
    pub secret_version: String,
    /// The platform's version of the value.
    #[serde(deserialize_with = "stored_version")]
    #[schemars(with = "String", length(max = bounds::WORD))]
    pub platform_version: Version,
}

/// What the platform stored otherwise than it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RewritesStatus {
    /// Hash of the settings that were written.
    #[schemars(with = "String", length(max = 64))]
    pub hash: SpecHash,
    /// Number of writes in a row after which the platform had another value, up to 3.
    pub count: i32,
    /// Hash of what still differed.
    #[schemars(length(max = 64))]
    pub left: String,
}

/// Provisioning script of the tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProvisioningScript {
    /// Whether changes wait for a run of the script.
    pub pending: bool,
    /// Changes that wait for a run of the script; the first 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending_changes: Vec<PendingChange>,
    /// Where to download the script; sign-in is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::LINK))]
    pub download_url: Option<String>,
}

/// A change that waits for a run of the script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PendingChange {
    /// tenant or service; other values may appear.
    #[schemars(length(max = bounds::WORD))]
    pub scope: String,
    /// ID of the tenant or service.
    #[schemars(length(max = bounds::NAME))]
    pub id: String,
    /// The change.
    #[schemars(length(max = bounds::NAME))]
    pub change: String,
}

/// Widget key of Interact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WidgetKeyStatus {
    /// The platform's version of the published key.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "stored_versions")]
    #[schemars(with = "Option<String>", length(max = bounds::WORD))]
    pub version: Option<Version>,
    /// Rotation token that was last sent to the platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::WORD))]
    pub last_token: Option<String>,
    /// Secret that the key was published to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub secret_name: Option<String>,
    /// uid and resourceVersion of that Secret after it was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub secret_version: Option<String>,
}

/// Test message of Instant Messaging.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestMessageStatus {
    /// Token that was last sent to the platform.
    #[schemars(length(max = bounds::WORD))]
    pub last_token: String,
}

/// What Instant Messaging waits for: the grant of a Tenant Administrator and the invitations of its guest accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstantMessagingStatus {
    /// Invitation of the primary account: None, Pending or Accepted; unknown values may appear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::WORD))]
    pub primary_invitation: Option<String>,
    /// Invitation of the secondary account: None, Pending or Accepted; unknown values may appear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::WORD))]
    pub secondary_invitation: Option<String>,
    /// Link by which a Tenant Administrator grants the permissions of the chat app, as in `grantLinks`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048))]
    pub grant_url: Option<String>,
}

/// The name of the link for the app that handles chats.
pub const CHAT_APP: &str = "ChatApp";

/// A link by which an administrator grants a permission to Nimbus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrantLink {
    /// Name of the permission.
    #[schemars(length(max = 128))]
    pub name: String,
    /// URL of the link; it contains no secret.
    #[schemars(length(max = 2048))]
    pub url: String,
}

/// What the deletion of the tenant waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeletionStatus {
    /// Number of services that are marked for deletion and still exist.
    pub services_pending: i64,
    /// Whether the provisioning script has to be run.
    pub script_pending: bool,
    /// Time at which the platform was first seen to delete the tenant. It counts against the limit of deletions per hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64), extend("format" = "date-time"))]
    pub requested_at: Option<String>,
}

/// Reads a list without the entries of another version: their names would not be known, and a list-map takes each once.
fn known<'de, T: DeserializeOwned, D: Deserializer<'de>>(entries: D) -> Result<Vec<T>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored<T> {
        Known(T),
        Other {},
    }
    let stored = Vec::<Stored<T>>::deserialize(entries)?;
    let known = stored.into_iter().filter_map(|stored| match stored {
        Stored::Known(entry) => Some(entry),
        Stored::Other {} => None,
    });
    Ok(known.collect())
}

/// Reads a version. An earlier operator stored a number, which is no version any more and must not make the object unreadable.
fn stored_version<'de, D: Deserializer<'de>>(version: D) -> Result<Version, D::Error> {
    stored_versions(version).map(Option::unwrap_or_default)
}

fn stored_versions<'de, D: Deserializer<'de>>(version: D) -> Result<Option<Version>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        Text(String),
        Other(IgnoredAny),
    }
    Ok(match Option::<Stored>::deserialize(version)? {
        Some(Stored::Text(text)) => Version::parse(&text),
        Some(Stored::Other(_)) | None => None,
    })
}

fn unseen() -> i64 {
    -1
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    #[test]
    fn a_version_of_an_earlier_operator_is_unknown_and_no_obstacle() {
        let sealed = |version: Value| {
            let stored = json!({ "path": "p", "secretVersion": "u/1/k", "platformVersion": version });
            from_value::<SealedStatus>(stored).unwrap().platform_version
        };
        assert_eq!((sealed(json!("v1")), sealed(json!(7))), (Version::parse("v1").unwrap(), Version::default()));
        let key = |version: Value| from_value::<WidgetKeyStatus>(json!({ "version": version })).unwrap().version;
        assert_eq!((key(json!("v1")), key(json!(7)), key(json!(null))), (Version::parse("v1"), None, None));
    }
}

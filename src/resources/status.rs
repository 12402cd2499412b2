//! `TenantStatus`: what the operator knows about a tenant. Everything is bounded, and no value of a secret or of a person
//! stands in it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::bounds;
use super::check::{CheckName, CheckResult, TabState};
use super::spec_hash::SpecHash;

/// What the operator knows about a tenant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantStatus {
    /// The generation of the spec that this status speaks of; -1 until the operator looked.
    #[serde(default = "unseen")]
    pub observed_generation: i64,
    /// What was last written to the platform, or found equal to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<Applied>,
    /// The tenant as the platform describes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_tenant: Option<PlatformTenant>,
    /// Ready, Accepted, Synced, and what else is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    /// One entry per tab that has something to say: the warning icons of the UI.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tabs: Vec<TabStatus>,
    /// Managed settings that differ from the platform, the first 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<Drift>,
    /// Checks of values that only Microsoft or the platform can judge.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "known_checks")]
    pub checks: Vec<CheckStatus>,
    /// Licences in use and bought, one entry per kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<LicenseStatus>,
    /// Secrets that the platform was given, by version.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sealed: Vec<SealedStatus>,
    /// The provisioning script of the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioning_script: Option<ProvisioningScript>,
    /// The widget key of Interact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub widget_key: Option<WidgetKeyStatus>,
    /// The test message of Instant Messaging.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_message: Option<TestMessageStatus>,
    /// Links with which an administrator grants permissions to Nimbus.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grant_links: Vec<GrantLink>,
    /// What the deletion of the tenant waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<DeletionStatus>,
    /// The platform's id of the request that it refused, as the message of Ready quotes it; for a ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub refused_request_id: Option<String>,
    /// The last value of the annotation `nimbus.luware.com/reconcile-requested-at` that was handled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::RECONCILE_TOKEN))]
    pub last_handled_reconcile_at: Option<String>,
}

/// What was last written to the platform, or found equal to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Applied {
    /// The generation of the spec.
    pub generation: i64,
    /// Hash over the managed settings and the versions of the Secrets they name.
    #[schemars(with = "String", length(max = 64))]
    pub hash: SpecHash,
    /// The platform's version of the settings after it.
    #[schemars(length(max = bounds::WORD))]
    pub settings_version: String,
    /// The data retention time that was applied, in months.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_retention_months: Option<i32>,
}

/// The tenant as the platform describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlatformTenant {
    /// The tenant's id, in lower case.
    #[schemars(length(max = 64))]
    pub id: String,
    /// Active, Trial, Suspended, Expired, Canceled or Lab; unknown values may appear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::WORD))]
    pub state: Option<String>,
    /// The name in the tenant list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::NAME))]
    pub display_name: Option<String>,
    /// The id of the partner that is assigned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::NAME))]
    pub partner: Option<String>,
}

/// What there is to say about one tab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TabStatus {
    /// The tab's name.
    #[schemars(length(max = 64))]
    pub name: String,
    /// InSync, Drifted, Invalid, Restricted or NotManaged; unknown values may appear.
    #[schemars(with = "String", length(max = 64))]
    pub state: TabState,
    /// What is wrong, or how many settings are hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::MESSAGE))]
    pub message: Option<String>,
}

/// A managed setting that differs from the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Drift {
    /// The setting, as a path from `spec`.
    #[schemars(length(max = 256))]
    pub path: String,
    /// What this Tenant wants; masked where it names a person.
    #[schemars(length(max = 256))]
    pub wanted: String,
    /// What the platform has; masked where it names a person.
    #[schemars(length(max = 256))]
    pub found: String,
}

/// The outcome of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckStatus {
    /// The check's name.
    #[schemars(with = "String", length(max = 128))]
    pub name: CheckName,
    /// Passed, Failed or Unknown.
    #[schemars(with = "String", length(max = 32))]
    pub result: CheckResult,
    /// Why, in one word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128))]
    pub reason: Option<String>,
    /// Why, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::MESSAGE))]
    pub message: Option<String>,
}

/// Licences of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LicenseStatus {
    /// The kind, e.g. `users.contactCenter`.
    #[schemars(length(max = bounds::LICENSE_KIND))]
    pub kind: String,
    /// How many are in use.
    pub used: i64,
    /// How many were bought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contingent: Option<i64>,
    /// Whether more are in use than were bought.
    pub overused: bool,
}

/// A Secret that the platform was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SealedStatus {
    /// The setting, as a path from `spec`.
    #[schemars(length(max = 256))]
    pub path: String,
    /// The Secret by uid and resourceVersion, and the key.
    #[schemars(length(max = 512))]
    pub secret_version: String,
    /// The platform's version of the value.
    pub platform_version: i64,
}

/// The provisioning script of the tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProvisioningScript {
    /// Whether changes wait for a run.
    pub pending: bool,
    /// What waits, the first 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pending_changes: Vec<PendingChange>,
    /// Where the script is; signing in is up to the reader.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::LINK))]
    pub download_url: Option<String>,
}

/// A change that waits for a run of the script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PendingChange {
    /// tenant or service; unknown values may appear.
    #[schemars(length(max = bounds::WORD))]
    pub scope: String,
    /// The id of the tenant or service.
    #[schemars(length(max = bounds::NAME))]
    pub id: String,
    /// What changes.
    #[schemars(length(max = bounds::NAME))]
    pub change: String,
}

/// The widget key of Interact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WidgetKeyStatus {
    /// The platform's version of the key that was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
    /// The rotation token that the platform was last given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::WORD))]
    pub last_token: Option<String>,
    /// The Secret that it was published to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 253))]
    pub secret_name: Option<String>,
    /// That Secret as it was left, by uid and resourceVersion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub secret_version: Option<String>,
}

/// The test message of Instant Messaging.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestMessageStatus {
    /// The token that the platform was last given.
    #[schemars(length(max = bounds::WORD))]
    pub last_token: String,
}

/// A link with which an administrator grants a permission to Nimbus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrantLink {
    /// What it grants.
    #[schemars(length(max = 128))]
    pub name: String,
    /// The link; it holds no secret.
    #[schemars(length(max = 2048))]
    pub url: String,
}

/// What the deletion of the tenant waits for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeletionStatus {
    /// Services that are marked for deletion and still there.
    pub services_pending: i64,
    /// Whether the provisioning script has to run.
    pub script_pending: bool,
}

/// Reads a list of checks without those of another version: their names would not be known, and a list-map takes each once.
fn known_checks<'de, D: Deserializer<'de>>(checks: D) -> Result<Vec<CheckStatus>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Stored {
        Known(CheckStatus),
        Other {},
    }
    let stored = Vec::<Stored>::deserialize(checks)?;
    let known = stored.into_iter().filter_map(|stored| match stored {
        Stored::Known(check) => Some(check),
        Stored::Other {} => None,
    });
    Ok(known.collect())
}

fn unseen() -> i64 {
    -1
}

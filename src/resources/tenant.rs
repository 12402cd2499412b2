//! `Tenant`: the settings of one Nimbus tenant, and how this operator treats it.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::confirmations::{self, Confirmations};
use super::status::TenantStatus;
use super::unknown::Unknown;
use crate::settings::{Authority, Settings, value::object_name};

/// The settings of the *Tenant Administration* view, and how the operator treats the tenant. A setting that is not set
/// is not managed: its value on the platform is not changed. An empty text clears the value.
#[expect(clippy::duplicated_attributes, reason = "each printcolumn has a type")]
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "nimbus.luware.com",
    version = "v1alpha1",
    kind = "Tenant",
    plural = "tenants",
    shortname = "nten",
    category = "nimbus",
    namespaced,
    status = "TenantStatus",
    derive = "PartialEq",
    doc = "Tenant declares the settings of one Nimbus tenant, a contact centre for Microsoft Teams.",
    selectable = ".spec.platformRef.name",
    selectable = ".spec.general.tenantId",
    selectable = ".spec.partner.partnerRef.name",
    selectable = ".spec.suspend",
    selectable = ".spec.deletionPolicy",
    selectable = ".status.platformTenant.state",
    selectable = ".status.platformTenant.partner",
    selectable = ".status.provisioningScript.pending",
    printcolumn(name = "Platform", type_ = "string", json_path = ".spec.platformRef.name"),
    printcolumn(name = "State", type_ = "string", json_path = ".status.platformTenant.state"),
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(
        name = "Display Name",
        type_ = "string",
        json_path = ".status.platformTenant.displayName",
        priority = 1
    ),
    printcolumn(name = "Partner", type_ = "string", json_path = ".spec.partner.partnerRef.name", priority = 1),
    printcolumn(
        name = "Synced",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Synced")].status"#,
        priority = 1
    ),
    printcolumn(name = "Suspended", type_ = "boolean", json_path = ".spec.suspend", priority = 1),
    printcolumn(
        name = "Script",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="ScriptExecutionPending")].status"#,
        priority = 1
    ),
    printcolumn(
        name = "Overuse",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="LicenseOveruse")].status"#,
        priority = 1
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#,
        priority = 1
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct TenantSpec {
    /// Platform that the tenant is hosted on. It cannot be changed once set: a move to another platform is a migration.
    #[schemars(extend("x-kubernetes-validations" = platform_ref_rules()))]
    pub platform_ref: PlatformRef,

    /// If true, the operator does not call the platform for this Tenant. Unset means false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,

    /// Interval in seconds at which the platform is compared with this spec. Unset means 3600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 60, max = 604_800))]
    pub sync_interval_seconds: Option<i32>,

    /// What happens when a managed setting is changed on the platform: Correct restores the value of this spec, Report
    /// only reports the difference. Unset means Correct.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift_policy: Option<DriftPolicy>,

    /// Whether an existing tenant without an owner is adopted: Never; IfMatches, if its settings already equal those of
    /// this spec; Always, regardless of differences. A tenant of another partner than that of this spec is never adopted
    /// without `spec.confirmations.adopt`. Unset means IfMatches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adoption_policy: Option<AdoptionPolicy>,

    /// What happens to the tenant on the platform when this Tenant is deleted: Retain keeps the tenant and releases its
    /// ownership. Delete deletes it, which requires `spec.confirmations.deletion`. Unset means Retain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_policy: Option<DeletionPolicy>,

    /// Confirmations of what cannot be undone. Each is bound to a value, so that one that is left in git does not confirm
    /// the next change. All but that of a new creation also name the last day on which they are valid (UTC,
    /// inclusive), at most 7 days ahead: after it, or with a later day, they confirm nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmations: Option<Confirmations>,

    /// The tabs.
    #[serde(flatten)]
    pub settings: Settings,

    /// What the stored spec says and this version does not know.
    #[serde(skip)]
    #[schemars(skip)]
    pub unknown: Unknown,
}

/// A reference to a Platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlatformRef {
    /// Name of the Platform.
    #[schemars(schema_with = "name_schema")]
    pub name: String,
}

/// What happens when a managed setting is changed on the platform.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "described at the field: docs on variants would change the schema's shape")]
pub enum DriftPolicy {
    #[default]
    Correct,
    Report,
}

/// Whether an existing tenant without an owner is adopted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "described at the field: docs on variants would change the schema's shape")]
pub enum AdoptionPolicy {
    Never,
    #[default]
    IfMatches,
    Always,
}

/// What happens to the tenant on the platform when the Tenant is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "described at the field: docs on variants would change the schema's shape")]
pub enum DeletionPolicy {
    #[default]
    Retain,
    Delete,
}

/// The drift check's interval where the spec says nothing, in seconds.
pub const DEFAULT_SYNC_INTERVAL_SECONDS: i32 = 3600;

/// The field that names the Platform.
pub const PLATFORM_REF: &str = "platformRef";

/// The field that says what a deletion does.
pub const DELETION_POLICY: &str = "deletionPolicy";

/// Who may change the head of a spec, which is no setting of the platform.
pub const HEAD: [(&str, Authority); 10] = [
    (PLATFORM_REF, Authority::Partner),
    ("suspend", Authority::Partner),
    ("syncIntervalSeconds", Authority::Tenant),
    ("driftPolicy", Authority::Partner),
    ("adoptionPolicy", Authority::Partner),
    (DELETION_POLICY, Authority::Partner),
    (confirmations::DELETION, Authority::Partner),
    (confirmations::RETENTION, Authority::Partner),
    (confirmations::RECREATE, Authority::Partner),
    (confirmations::ADOPT, Authority::System),
];

impl TenantSpec {
    /// Whether the platform is left alone.
    pub fn suspended(&self) -> bool {
        self.suspend.unwrap_or(false)
    }

    /// What is confirmed.
    pub fn confirmations(&self) -> &Confirmations {
        Confirmations::of(self.confirmations.as_ref())
    }
}

fn name_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    object_name()
}

fn platform_ref_rules() -> serde_json::Value {
    serde_json::json!([{
        "rule": "self.name == oldSelf.name",
        "message": "cannot be changed once set: a move to another platform is a migration",
    }])
}

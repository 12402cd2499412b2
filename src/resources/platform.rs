//! `Platform`: one backing platform, how to reach it, and which namespaces may use it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::unknown::Unknown;
use super::{TenantTotals, bounds};
use crate::settings::endpoint;
use crate::settings::format::{Guid, Line, NamespaceName};
use crate::settings::value::{Clearable, Text, fixed_once_set, object_name};

/// How to reach one backing platform, and which namespaces can use it.
#[expect(clippy::duplicated_attributes, reason = "each printcolumn has a type")]
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "nimbus.luware.com",
    version = "v1alpha1",
    kind = "Platform",
    plural = "platforms",
    shortname = "nplat",
    category = "nimbus",
    status = "PlatformStatus",
    derive = "PartialEq",
    doc = "Platform is one backing platform of Nimbus that Tenants live on.",
    printcolumn(name = "Instance", type_ = "string", json_path = ".spec.instance"),
    printcolumn(name = "Endpoint", type_ = "string", json_path = ".spec.endpoint"),
    printcolumn(name = "Role", type_ = "string", json_path = ".status.role"),
    printcolumn(name = "Tenants", type_ = "integer", json_path = ".status.tenants.total"),
    printcolumn(name = "Not Ready", type_ = "integer", json_path = ".status.tenants.notReady"),
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#,
        priority = 1
    ),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct PlatformSpec {
    /// Base URL of the platform's admin API. Plain http is allowed for loopback addresses only.
    #[schemars(schema_with = "endpoint_schema")]
    pub endpoint: String,

    /// PEM-encoded CA certificates that are trusted for the endpoint, and for nothing else. They replace the public ones. Unset
    /// means that the public ones are trusted. The token endpoint has a setting of its own, `authentication.caBundle`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 65_536))]
    pub ca_bundle: Option<String>,

    /// Credentials of the operator. Their role on the platform limits what the operator can write.
    pub authentication: Authentication,

    /// `platformId` of the environment that the endpoint must lead to, as `GET /v1/capabilities` names it. Unset means the first
    /// one that answered, which the status records. After a move to another environment, set it to the ID of the new one:
    /// until then nothing is created, changed, released or deleted there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "line_schema")]
    pub platform_id: Option<String>,

    /// Operator instance that serves this Platform (its `--instance`). It cannot be changed once set. Unset means
    /// 'default'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "instance_schema")]
    pub instance: Option<String>,

    /// Namespaces that can contain Tenants of this Platform. Unset means none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-validations" = allowed_namespaces_rules()))]
    pub allowed_namespaces: Option<AllowedNamespaces>,

    /// Limits on what the operator does on the platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,

    /// Microsoft endpoints and the apps of Nimbus, for checks and grant links. If unset, Microsoft is not called and
    /// every check is Unknown. `microsoft: {}` runs only the checks that need no app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub microsoft: Option<Microsoft>,

    /// Where users find help; shown in hints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support: Option<Support>,

    /// What the stored spec says and this version does not know.
    #[serde(skip)]
    #[schemars(skip)]
    pub unknown: Unknown,
}

/// Microsoft endpoints and the apps of Nimbus.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Microsoft {
    /// Base URL of the Microsoft login. Plain http is allowed for loopback addresses only. Unset means
    /// 'https://login.microsoftonline.com'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "endpoint_schema")]
    pub login_base_url: Option<String>,
    /// Base URL of Microsoft Graph, without a version. Plain http is allowed for loopback addresses only. Unset means
    /// 'https://graph.microsoft.com'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "endpoint_schema")]
    pub graph_base_url: Option<String>,
    /// The Nimbus app, which the operator uses to call Microsoft Graph: only the permissions of this app determine what
    /// Nimbus can do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nimbus_app: Option<NimbusApp>,
    /// Application (client) ID of the app that sends chats, for its grant link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "guid_schema")]
    pub chat_app_client_id: Option<Text<Guid>>,
}

/// The Nimbus app in Microsoft Entra.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NimbusApp {
    /// Application (client) ID of the app.
    #[schemars(schema_with = "guid_schema")]
    pub client_id: Text<Guid>,
    /// Secret with the key `client-secret`, in the operator's namespace. Unset means that the federated token of the
    /// operator is used, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials_secret_ref: Option<SecretRef>,
}

impl Microsoft {
    /// Base URL of the log-in.
    pub fn login(&self) -> &str {
        self.login_base_url.as_deref().unwrap_or("https://login.microsoftonline.com")
    }

    /// Base URL of Microsoft Graph.
    pub fn graph(&self) -> &str {
        self.graph_base_url.as_deref().unwrap_or("https://graph.microsoft.com")
    }
}

/// OAuth 2.0 client credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Authentication {
    /// URL of the OAuth 2.0 token endpoint. Plain http is allowed for loopback addresses only.
    #[schemars(schema_with = "endpoint_schema")]
    pub token_url: String,
    /// PEM-encoded CA certificates that are trusted for the token endpoint, and for nothing else. They replace the public ones.
    /// Unset means that the public ones are trusted, regardless of `spec.caBundle`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 65_536))]
    pub ca_bundle: Option<String>,
    /// Client ID.
    #[schemars(schema_with = "line_schema")]
    pub client_id: String,
    /// Scope to request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "line_schema")]
    pub scope: Option<String>,
    /// Secret with the key `client-secret`, in the operator's namespace.
    pub credentials_secret_ref: SecretRef,
}

/// A Secret in the operator's namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretRef {
    /// Name of the Secret.
    #[schemars(schema_with = "crate::settings::value::secret_name")]
    pub name: String,
}

/// Namespaces that can use a Platform: either a list or all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AllowedNamespaces {
    /// Names of the namespaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "namespaces_schema")]
    pub names: Option<Vec<String>>,
    /// All namespaces. Must be true when set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
}

/// Limits on what the operator does on the platform.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Maximum number of confirmed tenant deletions per hour; further deletions wait. Must be a whole number from 0 to
    /// 1000. Unset means 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1000))]
    pub confirmed_deletions_per_hour: Option<i32>,
    /// Maximum number of these deletions for the tenants of one partner, so that a partner cannot use up the limit of all. Tenants
    /// without a partner count against 'confirmedDeletionsPerHour' alone. Must be a whole number from 0 to 1000. Unset means half of
    /// 'confirmedDeletionsPerHour', rounded up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1000))]
    pub confirmed_deletions_per_hour_and_partner: Option<i32>,
}

/// Where users find help.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Support {
    /// Website of the vendor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "shown_line_schema")]
    pub website: Option<String>,
    /// Where to raise a ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "shown_line_schema")]
    pub helpdesk: Option<String>,
    /// Where the status of the service is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "shown_line_schema")]
    pub service_status: Option<String>,
}

/// Observed state of a Platform.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlatformStatus {
    /// Generation that this status describes; -1 before the first observation.
    #[serde(default)]
    pub observed_generation: i64,
    /// `platformId` of the environment that the Tenants of this Platform are in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::WORD))]
    pub platform_id: Option<String>,
    /// Role of the credentials on the platform: system, partner or tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::WORD))]
    pub role: Option<String>,
    /// Tenants of this Platform, in the namespaces that it allows. Written at most once a minute; absent where the operator does not
    /// watch all of these namespaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenants: Option<TenantTotals>,
    /// Tenants whose deletion was requested in the last hour, which counts against the limit. Each is listed once,
    /// regardless of the number of attempts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub confirmed_deletions: Vec<ConfirmedDeletion>,
    /// Tenants on the platform with the owner stamp of this cluster and without a Tenant object; the first 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orphans: Vec<Orphan>,
    /// Number of orphans and what to do. The operator does not change them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::MESSAGE))]
    pub orphans_message: Option<String>,
    /// Ready: the platform is reachable and the credentials are valid. Until then Reconciling says that the operator continues by
    /// itself, or Stalled that someone must act.
    #[serde(default)]
    pub conditions: Vec<Condition>,
}

/// A tenant whose deletion was requested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfirmedDeletion {
    /// ID of the tenant.
    #[schemars(length(min = 1, max = 64))]
    pub tenant_id: String,
    /// Time of the first request.
    #[schemars(length(max = 64), extend("format" = "date-time"))]
    pub at: String,
    /// ID on the platform of the partner for which it was requested; empty without a partner. Absent where an older operator counted
    /// the deletion: then it counts against every partner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::NAME))]
    pub partner_id: Option<String>,
}

/// A tenant on the platform without a Tenant object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Orphan {
    /// ID of the tenant.
    #[schemars(length(min = 1, max = 64))]
    pub id: String,
    /// Owner stamp: cluster, namespace and name of the former Tenant.
    #[schemars(length(max = bounds::STAMP))]
    pub stamp: String,
}

/// The instance that serves Platforms which name none.
pub const DEFAULT_INSTANCE: &str = "default";

/// The most confirmed deletions in an hour where the Platform says nothing.
pub const DEFAULT_DELETIONS_PER_HOUR: usize = 10;

impl PlatformSpec {
    /// The most confirmed deletions in an hour.
    pub fn confirmed_deletions_per_hour(&self) -> usize {
        let said = self.limits.as_ref().and_then(|limits| limits.confirmed_deletions_per_hour);
        said.map_or(DEFAULT_DELETIONS_PER_HOUR, number)
    }

    /// The most confirmed deletions in an hour for the tenants of one partner.
    pub fn confirmed_deletions_per_hour_and_partner(&self) -> usize {
        let said = self.limits.as_ref().and_then(|limits| limits.confirmed_deletions_per_hour_and_partner);
        said.map_or_else(|| self.confirmed_deletions_per_hour().div_ceil(2), number)
    }

    /// The operator instance that serves this Platform.
    pub fn instance(&self) -> &str {
        self.instance.as_deref().unwrap_or(DEFAULT_INSTANCE)
    }

    /// Whether Tenants of a namespace may use this Platform.
    pub fn allows(&self, namespace: &str) -> bool {
        self.allowed_namespaces.as_ref().is_some_and(|allowed| {
            allowed.all == Some(true) || allowed.names.iter().flatten().any(|name| name == namespace)
        })
    }
}

/// A limit that is below zero, under a laxer CRD, allows nothing.
fn number(limit: i32) -> usize {
    usize::try_from(limit).unwrap_or(0)
}

fn endpoint_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "maxLength": 1024,
        "x-kubernetes-validations": [{
            "rule": endpoint::rule(),
            "message": format!("must be {}", endpoint::ALLOWED),
        }],
    })
}

fn guid_schema(generator: &mut SchemaGenerator) -> Schema {
    Text::<Guid>::json_schema(generator)
}

fn line_schema(generator: &mut SchemaGenerator) -> Schema {
    Text::<Line>::json_schema(generator)
}

/// One that may be empty.
fn shown_line_schema(generator: &mut SchemaGenerator) -> Schema {
    Clearable::<Line>::json_schema(generator)
}

fn instance_schema(_: &mut SchemaGenerator) -> Schema {
    fixed_once_set(object_name())
}

fn namespaces_schema(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 1024,
        "x-kubernetes-list-type": "set",
        "items": Text::<NamespaceName>::json_schema(generator),
    })
}

/// The rule of [`has_one_member`] as a CEL expression.
pub const ONE_OF_RULE: &str = "has(self.names) != has(self.all)";
/// The rule of [`says_all_or_nothing`] as a CEL expression.
pub const ALL_RULE: &str = "!has(self.all) || self.all";

/// Whether `allowedNamespaces` is either a list or all of them.
pub fn has_one_member(allowed: &serde_json::Value) -> bool {
    AllowedNamespaces::deserialize(allowed)
        .is_ok_and(|AllowedNamespaces { names, all }| names.is_some() != all.is_some())
}

/// Whether `allowedNamespaces` does not say `all: false`.
pub fn says_all_or_nothing(allowed: &serde_json::Value) -> bool {
    AllowedNamespaces::deserialize(allowed).is_ok_and(|AllowedNamespaces { names: _, all }| all != Some(false))
}

fn allowed_namespaces_rules() -> serde_json::Value {
    serde_json::json!([
        { "rule": ONE_OF_RULE, "message": "must have exactly one of 'names' and 'all'" },
        { "rule": ALL_RULE, "message": "'all' must be true; omit allowedNamespaces to allow none" },
    ])
}

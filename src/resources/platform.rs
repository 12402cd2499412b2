//! `Platform`: one backing platform, how to reach it, and which namespaces may use it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::bounds;
use crate::settings::endpoint;
use crate::settings::format::Guid;
use crate::settings::value::{Text, object_name};

/// How to reach one backing platform, and which namespaces may use it.
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
    printcolumn(name = "Endpoint", type_ = "string", json_path = ".spec.endpoint"),
    printcolumn(name = "Role", type_ = "string", json_path = ".status.role"),
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
    /// Base URL of the platform's admin API. Plain http is for loopback only.
    #[schemars(schema_with = "endpoint_schema")]
    pub endpoint: String,

    /// Certificates (PEM) that the endpoint's certificate may be issued by, instead of the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 65_536))]
    pub ca_bundle: Option<String>,

    /// How the operator proves who it is. The role behind the credentials is the ceiling of what can be written.
    pub authentication: Authentication,

    /// Which operator serves this Platform, by its `--instance`. Unset means 'default'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "instance_schema")]
    pub instance: Option<String>,

    /// Which namespaces may hold Tenants of this Platform. Unset means none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-kubernetes-validations" = allowed_namespaces_rules()))]
    pub allowed_namespaces: Option<AllowedNamespaces>,

    /// How much may happen on the platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,

    /// Where Microsoft is and as which apps Nimbus is known there, for checks and grant links. While it is unset, Microsoft is
    /// not asked anything and every check is Unknown; `microsoft: {}` checks what needs no app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub microsoft: Option<Microsoft>,

    /// Where people find help; shown in hints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub support: Option<Support>,
}

/// Where Microsoft is and as which apps Nimbus is known there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Microsoft {
    /// Base URL of the log-in. Plain http is for loopback only. Unset means 'https://login.microsoftonline.com'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "endpoint_schema")]
    pub login_base_url: Option<String>,
    /// Base URL of Microsoft Graph, without a version. Plain http is for loopback only. Unset means
    /// 'https://graph.microsoft.com'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "endpoint_schema")]
    pub graph_base_url: Option<String>,
    /// The Nimbus app, as which Microsoft Graph is asked: only what this app may see says something about Nimbus.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nimbus_app: Option<NimbusApp>,
    /// Application (client) id of the app that sends chats, for its grant link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "guid_schema")]
    pub chat_app_client_id: Option<Text<Guid>>,
}

/// The Nimbus app in Microsoft Entra.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NimbusApp {
    /// Its application (client) id.
    #[schemars(schema_with = "guid_schema")]
    pub client_id: Text<Guid>,
    /// The Secret with the key `client-secret`, in the operator's namespace. Unset means that the operator's own federated token
    /// is used, where it has one.
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
    /// URL of the token endpoint. Plain http is for loopback only.
    #[schemars(schema_with = "endpoint_schema")]
    pub token_url: String,
    /// The client's id.
    #[schemars(length(min = 1, max = 256))]
    pub client_id: String,
    /// The scope to ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512))]
    pub scope: Option<String>,
    /// The Secret with the key `client-secret`, in the operator's namespace.
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

/// Namespaces that may use a Platform: either a list or all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AllowedNamespaces {
    /// These namespaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "namespaces_schema")]
    pub names: Option<Vec<String>>,
    /// Every namespace; only `true` means something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<bool>,
}

/// How much may happen on a platform.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// The most confirmed deletions of tenants in an hour; further ones wait. Must be a whole number from 0 to 1000. Unset
    /// means 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1000))]
    pub confirmed_deletions_per_hour: Option<i32>,
}

/// Where people find help.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Support {
    /// The vendor's website.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub website: Option<String>,
    /// Where to raise a ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub helpdesk: Option<String>,
    /// Where the state of the service is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub service_status: Option<String>,
}

/// What the operator last saw of a Platform.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlatformStatus {
    /// The generation that this status speaks of; -1 until the operator looked.
    #[serde(default)]
    pub observed_generation: i64,
    /// The role that the credentials have on the platform: system, partner or tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::WORD))]
    pub role: Option<String>,
    /// The tenants whose deletion was asked for in the last hour: what the limit counts, each once however often it is tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub confirmed_deletions: Vec<ConfirmedDeletion>,
    /// Tenants on the platform with the stamp of this cluster and without a Tenant: the first 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orphans: Vec<Orphan>,
    /// How many such tenants there are, and what to do. They are left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::MESSAGE))]
    pub orphans_message: Option<String>,
    /// Ready: the platform is reachable and the credentials are good.
    #[serde(default)]
    pub conditions: Vec<Condition>,
}

/// A tenant whose deletion was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfirmedDeletion {
    /// The tenant's id.
    #[schemars(length(min = 1, max = 64))]
    pub tenant_id: String,
    /// When it was asked for first.
    #[schemars(length(max = 64), extend("format" = "date-time"))]
    pub at: String,
}

/// A tenant on the platform without a Tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Orphan {
    /// The tenant's id.
    #[schemars(length(min = 1, max = 64))]
    pub id: String,
    /// Its stamp: cluster, namespace and name of the Tenant that it had.
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
        said.map_or(DEFAULT_DELETIONS_PER_HOUR, |limit| usize::try_from(limit).unwrap_or(0))
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

fn endpoint_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "string",
        "maxLength": 512,
        "x-kubernetes-validations": [{
            "rule": endpoint::rule(),
            "message": format!("must be {}", endpoint::ALLOWED),
        }],
    })
}

fn guid_schema(generator: &mut SchemaGenerator) -> Schema {
    Text::<Guid>::json_schema(generator)
}

fn instance_schema(_: &mut SchemaGenerator) -> Schema {
    let mut schema = object_name();
    let mut rules =
        schema.get("x-kubernetes-validations").and_then(|rules| rules.as_array()).cloned().unwrap_or_default();
    rules.push(serde_json::json!({ "rule": "self == oldSelf", "message": "may not be changed once set" }));
    schema.insert("x-kubernetes-validations".into(), rules.into());
    schema
}

fn namespaces_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 1024,
        "x-kubernetes-list-type": "set",
        "items": { "type": "string", "minLength": 1, "maxLength": 63 },
    })
}

fn allowed_namespaces_rules() -> serde_json::Value {
    serde_json::json!([
        { "rule": "has(self.names) != has(self.all)", "message": "must have exactly one of 'names' and 'all'" },
        { "rule": "!has(self.all) || self.all", "message": "'all' may only be true; leave allowedNamespaces out to allow none" },
    ])
}

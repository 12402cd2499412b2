//! `Partner`: the object on which partner authority is checked.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::CustomResource;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use crate::settings::format::Guid;
use crate::settings::partner::PartnerId;
use crate::settings::value::Text;

/// A partner that administers tenants.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "nimbus.luware.com",
    version = "v1alpha1",
    kind = "Partner",
    plural = "partners",
    shortname = "npart",
    category = "nimbus",
    status = "PartnerStatus",
    derive = "PartialEq",
    doc = "Partner is a partner of Luware that administers tenants; partner authority is checked on it.",
    printcolumn(name = "Display Name", type_ = "string", json_path = ".spec.displayName"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp")
)]
#[serde(rename_all = "camelCase")]
pub struct PartnerSpec {
    /// The partner's name as people know it.
    #[schemars(length(min = 1, max = 128))]
    pub display_name: String,
    /// The partner's id on the platform: what the platform holds for a Tenant that names this Partner.
    pub platform_partner_id: Text<PartnerId>,
    /// The partner's own Entra tenant, where its administration groups live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "guid_schema")]
    pub entra_tenant_id: Option<Text<Guid>>,
}

/// What the operator last saw of a Partner.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartnerStatus {
    /// The generation that this status speaks of; -1 until the operator looked.
    #[serde(default)]
    pub observed_generation: i64,
    /// Ready: always true once the operator looked.
    #[serde(default)]
    pub conditions: Vec<Condition>,
}

fn guid_schema(generator: &mut SchemaGenerator) -> Schema {
    Text::<Guid>::json_schema(generator)
}

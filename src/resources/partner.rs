//! `Partner`: the object on which partner authority is checked.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, ResourceExt};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use super::condition::ConditionUpdate;
use super::unknown::Unknown;
use super::{ConditionType, IN_USE, Reason, TenantTotals};
use crate::settings::format::{Guid, Line};
use crate::settings::tabs::partner::PartnerId;
use crate::settings::value::{Text, fixed_once_set, object_name};

/// A partner that administers tenants.
#[expect(clippy::duplicated_attributes, reason = "each printcolumn has a type")]
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
pub struct PartnerSpec {
    /// Display name of the partner.
    #[schemars(schema_with = "line_schema")]
    pub display_name: String,
    /// ID of the partner on the platform, which a Tenant that names this Partner is assigned to. It cannot be changed once set,
    /// since that would move every tenant of the Partner to another partner.
    #[schemars(schema_with = "platform_partner_id_schema")]
    pub platform_partner_id: Text<PartnerId>,
    /// Names of the Platforms on which this Partner counts. Unset means all of them. System administrators of these Platforms may
    /// change a Partner that names at most four; any other needs the verb `administer` on all Platforms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "platforms_schema")]
    pub platforms: Option<Vec<String>>,
    /// Entra tenants that a Tenant with this Partner may name. Unset means any; the platform's partner of an existing tenant has
    /// to be this one in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "tenant_ids_schema")]
    pub tenant_ids: Option<Vec<Text<Guid>>>,
    /// The partner's own Entra tenant, which contains its administration groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "guid_schema")]
    pub entra_tenant_id: Option<Text<Guid>>,

    /// What the stored spec says and this version does not know.
    #[serde(skip)]
    #[schemars(skip)]
    pub unknown: Unknown,
}

/// Observed state of a Partner.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartnerStatus {
    /// Generation that this status describes; -1 before the first observation.
    #[serde(default)]
    pub observed_generation: i64,
    /// Tenants that name this Partner, of every operator instance. Written by operators that watch all namespaces, each at most
    /// once a minute; others leave it as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenants: Option<TenantTotals>,
    /// Ready: Tenants can refer to this Partner. False while it is being deleted; then Reconciling says that it waits for its Tenants.
    /// Stalled says that someone must act.
    #[serde(default)]
    pub conditions: Vec<Condition>,
}

impl PartnerSpec {
    /// Whether this Partner counts on a Platform.
    pub fn counts_on(&self, platform: &str) -> bool {
        self.platforms.as_ref().is_none_or(|names| names.iter().any(|name| name == platform))
    }
}

impl Partner {
    /// What Ready says, which follows from the object alone: several operators may say it. `None` of one that is being deleted
    /// and that none of them holds.
    pub fn update(&self) -> Option<ConditionUpdate> {
        let unknown = &self.spec.unknown;
        if self.metadata.deletion_timestamp.is_none() && !unknown.is_empty() {
            let message = unknown.sentence("The Partner");
            return Some(ConditionUpdate::new(ConditionType::Ready, false, Reason::OperatorTooOld, message));
        }
        if self.metadata.deletion_timestamp.is_none() {
            return Some(ConditionUpdate::new(
                ConditionType::Ready,
                true,
                Reason::Accepted,
                "Tenants can refer to this Partner",
            ));
        }
        let mut instances: Vec<&str> = self.finalizers().iter().filter_map(|name| name.strip_prefix(IN_USE)).collect();
        instances.sort_unstable();
        let message = format!(
            "Being deleted; waiting for the Tenants that refer to it, of operator instance {}",
            instances.join(", ")
        );
        (!instances.is_empty()).then(|| ConditionUpdate::new(ConditionType::Ready, false, Reason::InUse, message))
    }
}

fn platform_partner_id_schema(generator: &mut SchemaGenerator) -> Schema {
    fixed_once_set(Text::<PartnerId>::json_schema(generator))
}

fn platforms_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "minItems": 1,
        "maxItems": 64,
        "x-kubernetes-list-type": "set",
        "items": object_name(),
    })
}

fn tenant_ids_schema(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "minItems": 1,
        "maxItems": 1000,
        "x-kubernetes-list-type": "set",
        "items": Text::<Guid>::json_schema(generator),
    })
}

fn line_schema(generator: &mut SchemaGenerator) -> Schema {
    Text::<Line>::json_schema(generator)
}

fn guid_schema(generator: &mut SchemaGenerator) -> Schema {
    Text::<Guid>::json_schema(generator)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use super::*;
    use crate::resources::ConditionStatus;

    #[test]
    fn a_partner_names_the_instances_that_it_waits_for() {
        let says = |deleting: bool, finalizers: &[&str]| {
            let mut partner: Partner = serde_json::from_value(serde_json::json!({
                "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Partner",
                "metadata": { "name": "northwind", "finalizers": finalizers },
                "spec": { "displayName": "Northwind", "platformPartnerId": "northwind" }
            }))
            .unwrap();
            let at = deleting.then(|| serde_json::json!("2026-01-01T00:00:00Z"));
            partner.metadata.deletion_timestamp = at.map(|at| serde_json::from_value(at).unwrap());
            partner.update().map(|update| (update.status, update.reason, update.message))
        };
        let ready = Some((ConditionStatus::True, Reason::Accepted, "Tenants can refer to this Partner".to_owned()));
        assert_eq!(says(false, &[]), ready);
        assert_eq!(says(false, &["nimbus.luware.com/in-use-east"]), ready);
        let waits = "Being deleted; waiting for the Tenants that refer to it, of operator instance east, west";
        let waits = Some((ConditionStatus::False, Reason::InUse, waits.to_owned()));
        let both = ["nimbus.luware.com/in-use-west", "example.com/theirs", "nimbus.luware.com/in-use-east"];
        assert_eq!(says(true, &both), waits);
        assert_eq!(says(true, &["example.com/theirs"]), None, "others have their own words");
    }
}

//! The Partner tab: which partner looks after the tenant.
//!
//! The spec names a `Partner` object; the platform holds that object's id of the partner. So the mapping only notes the
//! reference, and the id is filled in where the reference was resolved.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::settings::format::{Format, formats};
use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::mapping::Check;
use crate::settings::value::object_name;
use crate::settings::wire::{Canonical, WireLeaf};

formats! {
    /// The id of a partner on the platform.
    PartnerId {
        pattern: "^[a-zA-Z0-9._-]+$",
        max: 64,
        allowed: "the id of a partner on the platform: 1 to 64 letters, digits, '-', '.' and '_'",
    }
}

/// Which partner looks after the tenant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = union_rules()))]
pub struct PartnerTabSpec {
    /// "Partner" that looks after this tenant, by the name of its Partner object. A new Partner is looked for every few
    /// seconds until it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_ref: Option<PartnerRef>,
    /// True says that no partner looks after this tenant, and takes it from the one that does. False says nothing and is
    /// refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unassigned: Option<bool>,
}

/// A reference to a Partner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartnerRef {
    /// Name of the Partner.
    #[schemars(schema_with = "name_schema")]
    pub name: String,
}

/// The Partner tab on the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PartnerTabWire {
    /// The platform's id of the partner.
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub partner_id: WireLeaf<Canonical<PartnerId>>,
}

const WIRE: &str = "partner.partnerId";

/// The reference to the Partner.
pub const PARTNER: &Leaf = &Leaf::reference("partner.partnerRef", WIRE, System).example("{\"name\": \"northwind\"}");

/// The leaves of the tab.
pub const LEAVES: &[&Leaf] = &[PARTNER, &Leaf::clears("partner.unassigned", WIRE, System)];

/// What the vendor's manual says of each, for the reference.
pub const MANUAL: &[(&str, &str)] = &[
    ("partner.partnerRef", "This section is restricted to Luware and Partner administrators."),
    ("partner.unassigned", "Assigns a Partner to this tenant."),
];

const UNION: &str = "exactly one of partnerRef and unassigned: true";

fn union_rules() -> serde_json::Value {
    json!([{
        "rule": "has(self.partnerRef) ? !has(self.unassigned) : has(self.unassigned) && self.unassigned",
        "message": format!("must have {UNION}"),
    }])
}

fn name_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    object_name()
}

impl PartnerTabSpec {
    /// The tab in the platform's words. The id of a partner that is named is not known yet.
    pub fn to_wire(&self, check: &mut Check) -> PartnerTabWire {
        let Self { partner_ref, unassigned } = self;
        let partner_id = match (partner_ref, unassigned) {
            (Some(PartnerRef { name }), None) => {
                check.partner = Some(name.clone());
                WireLeaf::Absent
            }
            (None, Some(true)) => WireLeaf::Null,
            (Some(_), Some(_)) => check.refuse("partner", format!("has both members, must have {UNION}")),
            (None, Some(false)) => check.refuse("partner", format!("says unassigned: false, must have {UNION}")),
            (None, None) => check.refuse("partner", format!("is empty, must have {UNION}")),
        };
        PartnerTabWire { partner_id }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partner_is_named_or_taken_off_and_never_both() {
        let judged = |spec| {
            let mut check = Check::default();
            let spec: PartnerTabSpec = serde_json::from_value(spec).unwrap_or_default();
            let wire = serde_json::to_value(spec.to_wire(&mut check)).unwrap_or_default();
            (wire, check.partner, check.violations.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let named = json!({ "partnerRef": { "name": "northwind" } });
        assert_eq!(judged(named), (json!({}), Some("northwind".into()), vec![]));
        assert_eq!(judged(json!({ "unassigned": true })), (json!({ "partnerId": null }), None, vec![]));
        for (spec, problem) in [
            (json!({ "partnerRef": { "name": "northwind" }, "unassigned": true }), "has both members"),
            (json!({ "partnerRef": { "name": "northwind" }, "unassigned": false }), "has both members"),
            (json!({ "unassigned": false }), "says unassigned: false"),
            (json!({}), "is empty"),
        ] {
            let message = format!("spec.partner {problem}, must have exactly one of partnerRef and unassigned: true");
            assert_eq!(judged(spec), (json!({}), None, vec![message]));
        }
    }
}

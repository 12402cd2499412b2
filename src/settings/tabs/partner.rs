//! The Partner tab: which partner administers the tenant.
//!
//! The spec names a `Partner` object; the platform holds the ID that this object contains. So the mapping only records the
//! reference, and the ID is filled in once the reference is resolved.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::settings::format::{Format, formats};
use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::value::{Text, object_name};

formats! {
    /// The id of a partner on the platform.
    PartnerId {
        pattern: "^[a-zA-Z0-9._-]+$",
        max: 64,
        allowed: "the id of a partner on the platform: 1 to 64 letters, digits, '-', '.' and '_'",
    }
}

/// The partner that administers the tenant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = union_rules()))]
pub struct PartnerTabSpec {
    /// "Partner" that administers this tenant, by the name of its Partner object. If there is no such Partner yet, the
    /// operator looks for it every few seconds. A tenant whose partner the vendor changes is not taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_ref: Option<PartnerRef>,
    /// Removes the partner from this tenant. Must be true when set.
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

const WIRE: &str = "partner.partnerId";

/// The reference to the Partner.
pub const PARTNER: &Leaf = &Leaf::reference::<Text<PartnerId>>("partner.partnerRef", WIRE, System)
    .example("{\"name\": \"northwind\"}")
    .manual("This section is restricted to Luware and Partner administrators.");

pub(in crate::settings) const LEAVES: &[&Leaf] =
    &[PARTNER, &Leaf::clears("partner.unassigned", WIRE, System).manual("Assigns a Partner to this tenant.")];

const UNION: &str = "exactly one of partnerRef and unassigned: true";

/// The rule of [`is_union`] as a CEL expression.
pub const UNION_RULE: &str = "has(self.partnerRef) ? !has(self.unassigned) : has(self.unassigned) && self.unassigned";

/// Whether a tab names a partner or takes it off.
pub fn is_union(tab: &serde_json::Value) -> bool {
    PartnerTabSpec::deserialize(tab).is_ok_and(|tab| tab.assigned().is_ok())
}

fn union_rules() -> serde_json::Value {
    json!([{
        "rule": UNION_RULE,
        "message": format!("must have {UNION}"),
    }])
}

fn name_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    object_name()
}

impl PartnerTabSpec {
    /// The name of the Partner that is assigned; `None` takes the partner off.
    ///
    /// *Errors*: what was found and what is allowed.
    pub fn assigned(&self) -> Result<Option<&str>, String> {
        let found = match (&self.partner_ref, self.unassigned) {
            (Some(PartnerRef { name }), None) => return Ok(Some(name)),
            (None, Some(true)) => return Ok(None),
            (Some(_), Some(_)) => "has both members",
            (None, Some(false)) => "says unassigned: false",
            (None, None) => "is empty",
        };
        Err(format!("{found}, must have {UNION}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Mapped, Settings};

    #[test]
    fn a_partner_is_named_or_taken_off_and_never_both() {
        let judged = |spec| {
            let settings: Settings =
                serde_json::from_value(json!({ "general": { "tenantId": "" }, "partner": spec })).unwrap();
            let Mapped { settings, partner, violations, .. } = settings.to_wire();
            let violations = violations.into_iter().filter(|violation| violation.path != "general.tenantId");
            (settings, partner, violations.map(|violation| violation.to_string()).collect::<Vec<_>>())
        };
        let named = json!({ "partnerRef": { "name": "northwind" } });
        assert_eq!(judged(named), (json!({}), Some("northwind".into()), vec![]));
        assert_eq!(judged(json!({ "unassigned": true })), (json!({ "partner": { "partnerId": null } }), None, vec![]));
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

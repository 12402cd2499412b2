//! The Licenses tab: the state of the subscription and what was bought. What is in use is read in the status.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::contingents::{ContingentsSpec, ContingentsWire};
use crate::settings::format::{Format, formats};
use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::mapping::{Check, spec_leaf};
use crate::settings::value::Text;
use crate::settings::wire::{Canonical, WireLeaf};

formats! {
    /// The state of the subscription.
    TenantState {
        pattern: "^(Active|Trial|Suspended|Expired|Canceled|Lab)$",
        max: 32,
        allowed: "one of 'Active', 'Trial', 'Suspended', 'Expired', 'Canceled', 'Lab'",
        values: &["Active", "Trial", "Suspended", "Expired", "Canceled", "Lab"],
    }
}

/// The Licenses tab of the spec.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LicensesSpec {
    /// "Tenant State": Active, the subscription is valid; Trial; Suspended: nobody can log in, tasks are rejected and calls go
    /// to an announcement, while the configuration stays; Expired; Canceled; Lab, for tests. Only a system administrator of
    /// Luware changes it; everybody else reads it in `status.platformTenant.state`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_state: Option<Text<TenantState>>,
    /// How many licences of each kind were bought. More may be in use: that is overuse, which the status shows, and nothing is
    /// switched off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contingents: Option<ContingentsSpec>,
}

/// The Licenses tab on the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the members are those of the spec")]
pub struct LicensesWire {
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub tenant_state: WireLeaf<Canonical<TenantState>>,
    pub contingents: ContingentsWire,
}

/// The leaf of the tab beside the contingents. No default of the state is published.
pub const LEAVES: &[&Leaf] = &[&Leaf::value("licenses.tenantState", System).example("Active")];

/// What the vendor's manual says of each, for the reference.
pub const MANUAL: &[(&str, &str)] =
    &[("licenses.tenantState", "Your status can only be changed by a Luware System Administrator.")];

impl LicensesSpec {
    /// The tab in the platform's words.
    pub fn to_wire(&self, check: &mut Check) -> LicensesWire {
        let Self { tenant_state, contingents } = self;
        LicensesWire {
            tenant_state: check.section("licenses").leaf("tenantState", tenant_state),
            contingents: contingents.as_ref().map(|kinds| kinds.to_wire(check)).unwrap_or_default(),
        }
    }
}

impl From<&LicensesWire> for LicensesSpec {
    fn from(wire: &LicensesWire) -> Self {
        let LicensesWire { tenant_state, contingents } = wire;
        Self { tenant_state: spec_leaf(tenant_state), contingents: Some(contingents.into()) }
    }
}

/// The example of [`LEAVES`] in the platform's words, by hand.
#[cfg(test)]
pub(in crate::settings) fn golden() -> serde_json::Value {
    serde_json::json!({ "licenses": { "tenantState": "Active" } })
}

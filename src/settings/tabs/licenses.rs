//! The Licenses tab: the state of the subscription and the purchased contingents. Usage is reported in the status.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::contingents::ContingentsSpec;
use crate::settings::format::{Format, formats};
use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::value::Text;

formats! {
    /// The state of the subscription.
    TenantState {
        pattern: "^(Active|Trial|Suspended|Expired|Canceled|Lab)$",
        max: 32,
        allowed: "one of 'Active', 'Trial', 'Suspended', 'Expired', 'Canceled', 'Lab'",
        values: &["Active", "Trial", "Suspended", "Expired", "Canceled", "Lab"],
    }
}

/// The published states of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "described at the field of the spec")]
pub enum SubscriptionState {
    Active,
    Trial,
    Suspended,
    Expired,
    Canceled,
    Lab,
}

impl SubscriptionState {
    /// All published states.
    pub const ALL: [Self; 6] = [Self::Active, Self::Trial, Self::Suspended, Self::Expired, Self::Canceled, Self::Lab];

    /// The word of the platform.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Trial => "Trial",
            Self::Suspended => "Suspended",
            Self::Expired => "Expired",
            Self::Canceled => "Canceled",
            Self::Lab => "Lab",
        }
    }

    /// The state that a word names; `None` for a word of another version.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// The Licenses tab of the spec.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LicensesSpec {
    /// "Tenant State": Active (the subscription is valid), Trial, Suspended (logins are refused, tasks are rejected and
    /// calls go to an announcement; the configuration is kept), Expired, Canceled or Lab (for tests). Only a system
    /// administrator of Luware changes it. It is reported in `status.platformTenant.state`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant_state: Option<Text<TenantState>>,
    /// Number of licenses that were purchased, by kind. Usage above a contingent is reported as overuse in the status;
    /// nothing is turned off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contingents: Option<ContingentsSpec>,
}

/// The state of the subscription. No default of it is published.
pub const TENANT_STATE: &Leaf = &Leaf::value::<Text<TenantState>>("licenses.tenantState", System)
    .example("Active")
    .manual("Your status can only be changed by a Luware System Administrator.");

pub(in crate::settings) const LEAVES: &[&Leaf] = &[TENANT_STATE];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_takes_exactly_the_published_states() {
        assert_eq!(TenantState::VALUES, SubscriptionState::ALL.map(SubscriptionState::as_str));
    }
}

//! The words of checks and tabs in a status. Each is a closed list, so that code compares variants and metrics have labels; a
//! stored status may hold words of another version.

use serde::{Deserialize, Serialize};

/// The checks, in the order in which a status lists them, which is that of the alphabet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CheckName {
    /// `spec.extensions.assistant.acsConnectionStringRef`.
    AssistantConnectionString,
    /// Whether the tenant can have the modalities that are configured.
    Available,
    /// `spec.extensions.attendantConsole.globalContactSearchFilter`.
    GlobalContactSearchFilter,
    /// `spec.modalities.instantMessaging.acsConnectionStringRef`, compared with the resource id beside it.
    InstantMessagingConnectionString,
    /// Whether the chat app was granted its permissions, while Instant Messaging is on.
    InstantMessagingGrant,
    /// `spec.extensions.interact.acsConnectionStringRef`.
    InteractConnectionString,
    /// Whether there are licenses for what is configured.
    Licensed,
    /// `spec.general.partnerAdministrationGroupId`.
    PartnerAdministrationGroup,
    /// Whether presence may be read, while `spec.extensions.presenceTracking` is given.
    PresenceGrant,
    /// `spec.extensions.presenceTracking.testUpn`.
    PresenceTest,
    /// `spec.general.tenantAdministrationGroupId`.
    TenantAdministrationGroup,
}

impl CheckName {
    /// All of them, in order.
    pub const ALL: [Self; 11] = [
        Self::AssistantConnectionString,
        Self::Available,
        Self::GlobalContactSearchFilter,
        Self::InstantMessagingConnectionString,
        Self::InstantMessagingGrant,
        Self::InteractConnectionString,
        Self::Licensed,
        Self::PartnerAdministrationGroup,
        Self::PresenceGrant,
        Self::PresenceTest,
        Self::TenantAdministrationGroup,
    ];

    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AssistantConnectionString => "AssistantConnectionString",
            Self::Available => "Available",
            Self::GlobalContactSearchFilter => "GlobalContactSearchFilter",
            Self::InstantMessagingConnectionString => "InstantMessagingConnectionString",
            Self::InstantMessagingGrant => "InstantMessagingGrant",
            Self::InteractConnectionString => "InteractConnectionString",
            Self::Licensed => "Licensed",
            Self::PartnerAdministrationGroup => "PartnerAdministrationGroup",
            Self::PresenceGrant => "PresenceGrant",
            Self::PresenceTest => "PresenceTest",
            Self::TenantAdministrationGroup => "TenantAdministrationGroup",
        }
    }
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum CheckResult {
    /// It is as it should be.
    Passed,
    /// It is not.
    Failed,
    /// It could not be looked at.
    #[serde(other)]
    Unknown,
}

impl CheckResult {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Passed, Self::Failed, Self::Unknown];

    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "Passed",
            Self::Failed => "Failed",
            Self::Unknown => "Unknown",
        }
    }
}

/// How a tab compares with the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TabState {
    /// Every managed setting equals the platform.
    InSync,
    /// A managed setting differs.
    Drifted,
    /// A setting was refused.
    Invalid,
    /// A setting may not be changed with the operator's credentials.
    Restricted,
    /// The spec sets nothing of it.
    NotManaged,
    /// The platform could not be asked about the present spec. Also a word of another version.
    #[serde(other)]
    Unknown,
}

impl TabState {
    /// All that this version states.
    pub const ALL: [Self; 6] =
        [Self::InSync, Self::Drifted, Self::Invalid, Self::Restricted, Self::NotManaged, Self::Unknown];

    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InSync => "InSync",
            Self::Drifted => "Drifted",
            Self::Invalid => "Invalid",
            Self::Restricted => "Restricted",
            Self::NotManaged => "NotManaged",
            Self::Unknown => "Unknown",
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::TenantStatus;
    use crate::settings::{Leaf, Tab, leaves};

    #[test]
    fn words_are_the_same_in_json_and_in_order() {
        let sorted = |names: &[CheckName]| names.is_sorted_by_key(|name| name.as_str());
        assert!(sorted(&CheckName::ALL) && CheckName::ALL.is_sorted());
        for name in CheckName::ALL {
            assert_eq!(json!(name), json!(name.as_str()));
        }
        for result in CheckResult::ALL {
            assert_eq!(json!(result), json!(result.as_str()));
        }
        for state in TabState::ALL {
            assert_eq!(json!(state), json!(state.as_str()));
        }
        for tab in leaves().filter_map(Leaf::tab) {
            assert_eq!(json!(tab), json!(tab.as_str()));
        }
    }

    #[test]
    fn a_status_of_another_version_can_be_read() {
        let check = |name: &str, result: &str| json!({ "name": name, "result": result });
        let status: TenantStatus = serde_json::from_value(json!({
            "checks": [check("Licensed", "Passed"), check("Weather", "Passed"), check("PresenceTest", "Skipped")],
            "tabs": [{ "name": "Weather", "state": "InSync" }, { "name": "General", "state": "Bleached" }]
        }))
        .unwrap();
        let checks: Vec<_> = status.checks.iter().map(|check| (check.name, check.result)).collect();
        let expected = [(CheckName::Licensed, CheckResult::Passed), (CheckName::PresenceTest, CheckResult::Unknown)];
        assert_eq!(checks, expected);
        let tabs: Vec<_> = status.tabs.iter().map(|tab| (tab.name, tab.state)).collect();
        assert_eq!(tabs, [(Tab::General, TabState::Unknown)]);
    }
}

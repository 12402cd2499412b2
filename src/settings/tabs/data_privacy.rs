//! The Data Privacy tab: what a partner sees, what is recorded, and for how long.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::mapping::{Check, spec_leaf};
use crate::settings::value::Count;
use crate::settings::wire::WireLeaf;

/// The Data Privacy tab of the spec.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataPrivacySpec {
    /// "Allow Partner to see User Identifiers": whether the partner sees the clear names of Nimbus users. While off, it sees
    /// asterisks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_partner_to_see_user_identifiers: Option<bool>,
    /// "Allow Partner to see Customer Identifiers": whether the partner sees the identifiers of calling customers. While off,
    /// it sees asterisks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_partner_to_see_customer_identifiers: Option<bool>,
    /// "Persist User States in Reporting": whether states of users are recorded for reports and the OData feed, with user,
    /// organization unit, responsibility profile and presence. That is personal data: judge it by the GDPR before switching it
    /// on. Switching it off closes open records and leaves existing ones alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persist_user_states_in_reporting: Option<bool>,
    /// "Show User Time in State": whether dashboards, widgets and the list of services show how long users have been in their
    /// state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show_user_time_in_state: Option<bool>,
    /// "Data Retention Time" in months, after which historical data is purged; a purge is completed within 24 hours. What is
    /// purged cannot be brought back: a shorter time than the platform has, or the first one, needs the annotation
    /// `nimbus.luware.com/confirm-retention` with old and new value, such as "24->12" or "none->12", on an existing tenant.
    /// Correcting drift never shortens it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_retention_months: Option<Count<1, 1200>>,
    /// "Allow to share Personal Identifiable Information (PII)": whether personal data serves as identifier of a user. While
    /// off, it is a pseudonym. To change it, raise a ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_sharing_pii: Option<bool>,
}

/// The Data Privacy tab on the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the members are those of the spec")]
pub struct DataPrivacyWire {
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub allow_partner_to_see_user_identifiers: WireLeaf<bool>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub allow_partner_to_see_customer_identifiers: WireLeaf<bool>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub persist_user_states_in_reporting: WireLeaf<bool>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub show_user_time_in_state: WireLeaf<bool>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub data_retention_months: WireLeaf<i32>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub allow_sharing_pii: WireLeaf<bool>,
}

/// How long historical data is kept.
pub const RETENTION: &Leaf = &Leaf::value("dataPrivacy.dataRetentionMonths", System).irreversible().example("24");

/// The leaves of the tab. A partner must not grant itself a look, so those two are the vendor's. No retention time is
/// published as the platform's own, and none is invented.
pub const LEAVES: &[&Leaf] = &[
    &Leaf::value("dataPrivacy.allowPartnerToSeeUserIdentifiers", System).default("false"),
    &Leaf::value("dataPrivacy.allowPartnerToSeeCustomerIdentifiers", System).default("false"),
    &Leaf::value("dataPrivacy.persistUserStatesInReporting", Tenant).default("false"),
    &Leaf::value("dataPrivacy.showUserTimeInState", Tenant).default("false"),
    RETENTION,
    &Leaf::value("dataPrivacy.allowSharingPii", System).default("false"),
];

/// What the vendor's manual says of each, for the reference.
pub const MANUAL: &[(&str, &str)] = &[
    (
        "dataPrivacy.allowPartnerToSeeUserIdentifiers",
        "When disabled, Nimbus users will be shown anonymized with asterisk * placeholders.",
    ),
    (
        "dataPrivacy.allowPartnerToSeeCustomerIdentifiers",
        "When disabled, Nimbus calling customers will be shown anonymized with asterisk * placeholders.",
    ),
    (
        "dataPrivacy.persistUserStatesInReporting",
        "When disabled, existing User Presence State reports will be closed and no further entries are generated. Already existing data is not affected.",
    ),
    (
        "dataPrivacy.showUserTimeInState",
        "When disabled, the \"Time in State\" columns will not be shown in either Portal UI.",
    ),
    (
        "dataPrivacy.dataRetentionMonths",
        "The purge is completed within 24 hours after the data retention time has expired.",
    ),
    ("dataPrivacy.allowSharingPii", "When disabled, pseudo anonymized string without PII is used."),
];

impl DataPrivacySpec {
    /// The tab in the platform's words.
    pub fn to_wire(&self, check: &mut Check) -> DataPrivacyWire {
        let Self {
            allow_partner_to_see_user_identifiers,
            allow_partner_to_see_customer_identifiers,
            persist_user_states_in_reporting,
            show_user_time_in_state,
            data_retention_months,
            allow_sharing_pii,
        } = self;
        let mut at = check.section("dataPrivacy");
        DataPrivacyWire {
            allow_partner_to_see_user_identifiers: at
                .leaf("allowPartnerToSeeUserIdentifiers", allow_partner_to_see_user_identifiers),
            allow_partner_to_see_customer_identifiers: at
                .leaf("allowPartnerToSeeCustomerIdentifiers", allow_partner_to_see_customer_identifiers),
            persist_user_states_in_reporting: at.leaf("persistUserStatesInReporting", persist_user_states_in_reporting),
            show_user_time_in_state: at.leaf("showUserTimeInState", show_user_time_in_state),
            data_retention_months: at.leaf("dataRetentionMonths", data_retention_months),
            allow_sharing_pii: at.leaf("allowSharingPii", allow_sharing_pii),
        }
    }
}

impl From<&DataPrivacyWire> for DataPrivacySpec {
    fn from(wire: &DataPrivacyWire) -> Self {
        let DataPrivacyWire {
            allow_partner_to_see_user_identifiers,
            allow_partner_to_see_customer_identifiers,
            persist_user_states_in_reporting,
            show_user_time_in_state,
            data_retention_months,
            allow_sharing_pii,
        } = wire;
        Self {
            allow_partner_to_see_user_identifiers: spec_leaf(allow_partner_to_see_user_identifiers),
            allow_partner_to_see_customer_identifiers: spec_leaf(allow_partner_to_see_customer_identifiers),
            persist_user_states_in_reporting: spec_leaf(persist_user_states_in_reporting),
            show_user_time_in_state: spec_leaf(show_user_time_in_state),
            data_retention_months: spec_leaf(data_retention_months),
            allow_sharing_pii: spec_leaf(allow_sharing_pii),
        }
    }
}

/// The examples of [`LEAVES`] in the platform's words, by hand.
#[cfg(test)]
pub(in crate::settings) fn golden() -> serde_json::Value {
    serde_json::json!({ "dataPrivacy": {
        "allowPartnerToSeeUserIdentifiers": true,
        "allowPartnerToSeeCustomerIdentifiers": true,
        "persistUserStatesInReporting": true,
        "showUserTimeInState": true,
        "dataRetentionMonths": 24,
        "allowSharingPii": true
    } })
}

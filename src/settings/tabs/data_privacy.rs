//! The Data Privacy tab: what a partner sees, what is recorded, and for how long.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::value::Count;

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

/// How long historical data is kept.
pub const RETENTION: &Leaf = &Leaf::value::<Count<1, 1200>>("dataPrivacy.dataRetentionMonths", System)
    .irreversible()
    .example("24")
    .manual("The purge is completed within 24 hours after the data retention time has expired.");

/// The leaves of the tab. A partner must not grant itself a look, so those two are the vendor's. No retention time is
/// published as the platform's own, and none is invented.
pub const LEAVES: &[&Leaf] = &[
    &Leaf::value::<bool>("dataPrivacy.allowPartnerToSeeUserIdentifiers", System).default("false").manual("When disabled, Nimbus users will be shown anonymized with asterisk * placeholders."),
    &Leaf::value::<bool>("dataPrivacy.allowPartnerToSeeCustomerIdentifiers", System).default("false").manual("When disabled, Nimbus calling customers will be shown anonymized with asterisk * placeholders."),
    &Leaf::value::<bool>("dataPrivacy.persistUserStatesInReporting", Tenant).default("false").manual("When disabled, existing User Presence State reports will be closed and no further entries are generated. Already existing data is not affected."),
    &Leaf::value::<bool>("dataPrivacy.showUserTimeInState", Tenant).default("false").manual("When disabled, the \"Time in State\" columns will not be shown in either Portal UI."),
    RETENTION,
    &Leaf::value::<bool>("dataPrivacy.allowSharingPii", System).default("false").manual("When disabled, pseudo anonymized string without PII is used."),
];

//! The Data Privacy tab: what a partner sees, what is recorded, and for how long.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::value::Count;

/// The Data Privacy tab of the spec.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DataPrivacySpec {
    /// "Allow Partner to see User Identifiers": whether the partner sees the names of Nimbus users. If false, the
    /// partner sees asterisks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_partner_to_see_user_identifiers: Option<bool>,
    /// "Allow Partner to see Customer Identifiers": whether the partner sees the identifiers of calling customers. If
    /// false, the partner sees asterisks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_partner_to_see_customer_identifiers: Option<bool>,
    /// "Persist User States in Reporting": whether the states of users are recorded for reports and the OData feed,
    /// with user, organization unit, responsibility profile and presence. This is personal data: check your obligations
    /// under the GDPR before you turn it on. Turning it off closes open records and leaves existing ones unchanged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub persist_user_states_in_reporting: Option<bool>,
    /// "Show User Time in State": whether dashboards, widgets and the list of services show how long users have been in
    /// their current state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub show_user_time_in_state: Option<bool>,
    /// "Data Retention Time" in months. Historical data is purged when it is older; a purge completes within 24 hours.
    /// Purged data cannot be restored: on an existing tenant, a shorter time than that of the platform, or the first
    /// one, requires `spec.confirmations.retention` with the old and the new value and a last day, such as
    /// "24->12 until 2026-12-01" or "none->12 until 2026-12-01". Drift correction never shortens the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_retention_months: Option<Count<1, 1200>>,
    /// "Allow to share Personal Identifiable Information (PII)": whether personal data identifies a user. If false, a
    /// pseudonym is used instead. To change this setting, raise a ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_sharing_pii: Option<bool>,
}

/// How long historical data is kept.
pub const RETENTION: &Leaf = &Leaf::value::<Count<1, 1200>>("dataPrivacy.dataRetentionMonths", System)
    .irreversible()
    .example("24")
    .manual("The purge is completed within 24 hours after the data retention time has expired.");

/// A partner must not grant itself access, so only the vendor can change what a partner sees. No default of the retention time is
/// published, and none is invented.
pub(in crate::settings) const LEAVES: &[&Leaf] = &[
    &Leaf::value::<bool>("dataPrivacy.allowPartnerToSeeUserIdentifiers", System)
        .default("false")
        .manual("When disabled, Nimbus users will be shown anonymized with asterisk * placeholders."),
    &Leaf::value::<bool>("dataPrivacy.allowPartnerToSeeCustomerIdentifiers", System)
        .default("false")
        .manual("When disabled, Nimbus calling customers will be shown anonymized with asterisk * placeholders."),
    &Leaf::value::<bool>("dataPrivacy.persistUserStatesInReporting", Tenant)
        .default("false")
        .manual("When disabled, existing User Presence State reports will be closed and no further entries are generated. Already existing data is not affected."),
    &Leaf::value::<bool>("dataPrivacy.showUserTimeInState", Tenant)
        .default("false")
        .manual("When disabled, the \"Time in State\" columns will not be shown in either Portal UI."),
    RETENTION,
    &Leaf::value::<bool>("dataPrivacy.allowSharingPii", System)
        .default("false")
        .manual("When disabled, pseudo anonymized string without PII is used."),
];

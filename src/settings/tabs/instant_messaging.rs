//! The Instant Messaging section of the Modalities tab.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::presence_tracking::Upn;
use crate::settings::format::{Email, Guid, Token};
use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::value::{Clearable, Count, SecretKeyRef, Text};

/// Instant Messaging: users handle chats. While it is off, the other settings of the section are not managed: they are
/// kept, but neither compared nor sent. The same holds for connection string and resource ID while useOwnAcsInstance is
/// false.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstantMessagingSpec {
    /// "Instant Messaging": whether users of this tenant can handle chats. Requires a primary account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// "Primary Account": sign-in name of the guest account that is invited to the tenant to send and receive messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_account: Option<Clearable<Email>>,
    /// "Secondary Account": sign-in name of a second guest account. Must differ from the primary account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secondary_account: Option<Clearable<Email>>,
    /// "Test UPN": sends a test message to a user, once per token, after the primary account has accepted its
    /// invitation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_message: Option<TestMessageSpec>,
    /// "Max concurrent IM Tasks per Service": maximum number of instant messaging tasks per service at the same time.
    /// Takes effect immediately; new tasks wait until the number is below the limit, running tasks are not affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrent_tasks_per_service: Option<Count<1, 50>>,
    /// "Use your own ACS Instance": whether chats use your own instance of Azure Communication Services instead of the
    /// default one of Nimbus. Requires a connection string and a resource ID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_own_acs_instance: Option<bool>,
    /// "ACS connection string" of Azure Communication Services, read from a Secret. It cannot be cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acs_connection_string_ref: Option<SecretKeyRef>,
    /// "ACS Resource ID": resource ID (a GUID that never changes) of the Azure Communication Services instance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acs_resource_id: Option<Clearable<Guid>>,
}

/// A test message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestMessageSpec {
    /// "Test UPN": user of this tenant who receives the message.
    pub upn: Text<Upn>,
    /// Any text, such as a date. A token that was not used before sends one message. A token that was used before sends
    /// none, and neither does the one that a tenant is adopted with.
    pub token: Text<Token>,
}

/// Where the section stands below `spec`.
pub const SECTION: &str = "modalities.instantMessaging";
/// Switches Instant Messaging on.
pub const ENABLED: &Leaf = &Leaf::value::<bool>("modalities.instantMessaging.enabled", Tenant)
    .default("false")
    .manual("Required to enable the feature and show further options");
/// The guest account that sends and receives messages.
pub const PRIMARY_ACCOUNT: &Leaf =
    &Leaf::value::<Clearable<Email>>("modalities.instantMessaging.primaryAccount", Tenant)
        .under(ENABLED)
        .when_on()
        .personal()
        .example("nimbus-im-1@contoso.com")
        .manual("Guest accounts to invite on your Tenant to enable Instant Messaging capabilities.");
/// Switches an own instance of Azure Communication Services on.
pub const OWN_ACS: &Leaf = &Leaf::value::<bool>("modalities.instantMessaging.useOwnAcsInstance", Tenant)
    .under(ENABLED)
    .default("false")
    .manual("Only required when you don't want to use the default Nimbus ACS instance.");
/// The connection string of that instance.
pub const CONNECTION_STRING: &Leaf = &Leaf::sealed(
    "modalities.instantMessaging.acsConnectionStringRef",
    "modalities.instantMessaging.acsConnectionString",
    Tenant,
)
.under(OWN_ACS)
.when_on()
.manual("Required to use Chat Handling with your own ACS instance.");
/// The resource that the connection string has to belong to.
pub const RESOURCE_ID: &Leaf = &Leaf::value::<Clearable<Guid>>("modalities.instantMessaging.acsResourceId", Tenant)
    .under(OWN_ACS)
    .when_on()
    .example("55555555-0d3e-4f5a-8b7c-9d0e1f2a3b4c")
    .manual(
        "Connection ID for Azure Communication Services. Required to use Chat Handling with your own ACS instance.",
    );
/// The user who gets the test message.
pub const TEST_UPN: &Leaf = &Leaf::trigger::<Text<Upn>>("modalities.instantMessaging.testMessage.upn", Tenant)
    .under(ENABLED)
    .personal()
    .example("ada@contoso.onmicrosoft.com")
    .manual("Use this (after the successful user invite) to send test messages to any user within your tenant.");
/// The token for which a test message is sent once.
pub const TEST_TOKEN: &Leaf = &Leaf::trigger::<Text<Token>>("modalities.instantMessaging.testMessage.token", Tenant)
    .under(ENABLED)
    .example("2026-11-25")
    .manual("send test messages to any user within your tenant.");

pub(in crate::settings) const LEAVES: &[&Leaf] = &[
    ENABLED,
    PRIMARY_ACCOUNT,
    &Leaf::value::<Clearable<Email>>("modalities.instantMessaging.secondaryAccount", Tenant)
        .under(ENABLED)
        .must_differ_from(PRIMARY_ACCOUNT)
        .personal()
        .example("nimbus-im-2@contoso.com")
        .manual("Guest accounts to invite on your Tenant to enable Instant Messaging capabilities."),
    &Leaf::value::<Count<1, 50>>("modalities.instantMessaging.maxConcurrentTasksPerService", Tenant)
        .under(ENABLED)
        .default("20")
        .example("25")
        .manual("Max limit of concurrent Instant messaging tasks per service (similar to ET)"),
    OWN_ACS,
    CONNECTION_STRING,
    RESOURCE_ID,
    TEST_UPN,
    TEST_TOKEN,
];

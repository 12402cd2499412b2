//! The Instant Messaging section of the Modalities tab.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::presence_tracking::Upn;
use crate::settings::format::{Email, Guid, Token};
use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::mapping::{Check, spec_leaf};
use crate::settings::trigger::Trigger;
use crate::settings::value::{Clearable, Count, SecretKeyRef, Text};
use crate::settings::wire::{Canonical, SealedState, WireLeaf};

/// Instant Messaging: users handle chats. While it is off, the other settings of the section are hidden: they are kept,
/// neither compared nor sent. So are connection string and resource id while useOwnAcsInstance is off.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InstantMessagingSpec {
    /// "Instant Messaging": whether users of this tenant can handle chats. Needs a primary account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// "Primary Account": the guest account, by its sign-in name, that is invited to the tenant to send and receive messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub primary_account: Option<Clearable<Email>>,
    /// "Secondary Account": a second guest account beside the primary one, and another than it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secondary_account: Option<Clearable<Email>>,
    /// "Test UPN": sends a test message to a user, once per token, as soon as the primary account accepted its invitation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_message: Option<TestMessageSpec>,
    /// "Max concurrent IM Tasks per Service": the most instant messaging tasks per service at the same time. Acts at once;
    /// further tasks wait until the backlog is below the limit, running ones are left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrent_tasks_per_service: Option<Count<1, 50>>,
    /// "Use your own ACS Instance": whether chats go through an instance of Azure Communication Services of your own instead
    /// of the one of Nimbus. Needs a connection string and a resource id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_own_acs_instance: Option<bool>,
    /// "ACS connection string" of Azure Communication Services, in a Secret. It cannot be cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acs_connection_string_ref: Option<SecretKeyRef>,
    /// "ACS Resource ID": the resource id (a GUID that never changes) of the instance of Azure Communication Services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acs_resource_id: Option<Clearable<Guid>>,
}

/// A test message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestMessageSpec {
    /// "Test UPN": the user of this tenant who gets the message.
    pub upn: Text<Upn>,
    /// A text of your own, such as a date. Each one that the tenant never had sends one message; an old one sends none, and
    /// neither does the one that a tenant is taken over with.
    pub token: Text<Token>,
}

/// The Instant Messaging section on the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the members are those of the spec")]
pub struct InstantMessagingWire {
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub enabled: WireLeaf<bool>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub primary_account: WireLeaf<Canonical<Email>>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub secondary_account: WireLeaf<Canonical<Email>>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub max_concurrent_tasks_per_service: WireLeaf<i32>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub use_own_acs_instance: WireLeaf<bool>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub acs_connection_string: WireLeaf<SealedState>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub acs_resource_id: WireLeaf<Canonical<Guid>>,
}

/// Where the section stands below `spec`.
pub const SECTION: &str = "modalities.instantMessaging";
/// Switches Instant Messaging on.
pub const ENABLED: &Leaf = &Leaf::value("modalities.instantMessaging.enabled", Tenant).default("false");
/// The guest account that sends and receives messages.
pub const PRIMARY_ACCOUNT: &Leaf = &Leaf::value("modalities.instantMessaging.primaryAccount", Tenant)
    .under(ENABLED)
    .when_on()
    .personal()
    .example("nimbus-im-1@contoso.com");
/// Switches an own instance of Azure Communication Services on.
pub const OWN_ACS: &Leaf =
    &Leaf::value("modalities.instantMessaging.useOwnAcsInstance", Tenant).under(ENABLED).default("false");
/// The connection string of that instance.
pub const CONNECTION_STRING: &Leaf = &Leaf::sealed(
    "modalities.instantMessaging.acsConnectionStringRef",
    "modalities.instantMessaging.acsConnectionString",
    Tenant,
)
.under(OWN_ACS)
.when_on();
/// The resource that the connection string has to belong to.
pub const RESOURCE_ID: &Leaf = &Leaf::value("modalities.instantMessaging.acsResourceId", Tenant)
    .under(OWN_ACS)
    .when_on()
    .example("55555555-0d3e-4f5a-8b7c-9d0e1f2a3b4c");
/// The user who gets the test message.
pub const TEST_UPN: &Leaf = &Leaf::trigger("modalities.instantMessaging.testMessage.upn", Tenant)
    .under(ENABLED)
    .personal()
    .example("ada@contoso.com");
/// The token for which a test message is sent once.
pub const TEST_TOKEN: &Leaf =
    &Leaf::trigger("modalities.instantMessaging.testMessage.token", Tenant).under(ENABLED).example("2026-11-25");

/// The leaves of the section.
pub const LEAVES: &[&Leaf] = &[
    ENABLED,
    PRIMARY_ACCOUNT,
    &Leaf::value("modalities.instantMessaging.secondaryAccount", Tenant)
        .under(ENABLED)
        .must_differ_from(PRIMARY_ACCOUNT)
        .personal()
        .example("nimbus-im-2@contoso.com"),
    &Leaf::value("modalities.instantMessaging.maxConcurrentTasksPerService", Tenant)
        .under(ENABLED)
        .default("20")
        .example("25"),
    OWN_ACS,
    CONNECTION_STRING,
    RESOURCE_ID,
    TEST_UPN,
    TEST_TOKEN,
];

/// What the vendor's manual says of each, for the reference.
pub const MANUAL: &[(&str, &str)] = &[
    ("modalities.instantMessaging.enabled", "Required to enable the feature and show further options"),
    (
        "modalities.instantMessaging.primaryAccount",
        "Guest accounts to invite on your Tenant to enable Instant Messaging capabilities.",
    ),
    (
        "modalities.instantMessaging.secondaryAccount",
        "Guest accounts to invite on your Tenant to enable Instant Messaging capabilities.",
    ),
    (
        "modalities.instantMessaging.maxConcurrentTasksPerService",
        "Max limit of concurrent Instant messaging tasks per service (similar to ET)",
    ),
    (
        "modalities.instantMessaging.useOwnAcsInstance",
        "Only required when you don't want to use the default Nimbus ACS instance.",
    ),
    ("modalities.instantMessaging.acsConnectionStringRef", "Required to use Chat Handling with your own ACS instance."),
    (
        "modalities.instantMessaging.acsResourceId",
        "Connection ID for Azure Communication Services. Required to use Chat Handling with your own ACS instance.",
    ),
    (
        "modalities.instantMessaging.testMessage.upn",
        "Use this (after the successful user invite) to send test messages to any user within your tenant.",
    ),
    ("modalities.instantMessaging.testMessage.token", "send test messages to any user within your tenant."),
];

impl InstantMessagingSpec {
    /// The section in the platform's words.
    pub fn to_wire(&self, check: &mut Check) -> InstantMessagingWire {
        let Self {
            enabled,
            primary_account,
            secondary_account,
            test_message,
            max_concurrent_tasks_per_service,
            use_own_acs_instance,
            acs_connection_string_ref,
            acs_resource_id,
        } = self;
        let mut at = check.section("modalities.instantMessaging");
        if let Some(TestMessageSpec { upn, token }) = test_message {
            let (upn, token) = (at.text("testMessage.upn", upn), at.text("testMessage.token", token));
            at.trigger(upn.zip(token).map(|(upn, token)| Trigger::TestMessage { token, upn }));
        }
        InstantMessagingWire {
            enabled: at.leaf("enabled", enabled),
            primary_account: at.leaf("primaryAccount", primary_account),
            secondary_account: at.leaf("secondaryAccount", secondary_account),
            max_concurrent_tasks_per_service: at.leaf("maxConcurrentTasksPerService", max_concurrent_tasks_per_service),
            use_own_acs_instance: at.leaf("useOwnAcsInstance", use_own_acs_instance),
            acs_connection_string: at.sealed(CONNECTION_STRING, acs_connection_string_ref),
            acs_resource_id: at.leaf("acsResourceId", acs_resource_id),
        }
    }
}

impl From<&InstantMessagingWire> for InstantMessagingSpec {
    fn from(wire: &InstantMessagingWire) -> Self {
        let InstantMessagingWire {
            enabled,
            primary_account,
            secondary_account,
            max_concurrent_tasks_per_service,
            use_own_acs_instance,
            acs_connection_string: _,
            acs_resource_id,
        } = wire;
        Self {
            enabled: spec_leaf(enabled),
            primary_account: spec_leaf(primary_account),
            secondary_account: spec_leaf(secondary_account),
            test_message: None,
            max_concurrent_tasks_per_service: spec_leaf(max_concurrent_tasks_per_service),
            use_own_acs_instance: spec_leaf(use_own_acs_instance),
            acs_connection_string_ref: None,
            acs_resource_id: spec_leaf(acs_resource_id),
        }
    }
}

/// The examples of [`LEAVES`] in the platform's words, by hand.
#[cfg(test)]
pub(in crate::settings) fn golden() -> serde_json::Value {
    serde_json::json!({ "modalities": { "instantMessaging": {
        "enabled": true,
        "primaryAccount": "nimbus-im-1@contoso.com",
        "secondaryAccount": "nimbus-im-2@contoso.com",
        "maxConcurrentTasksPerService": 25,
        "useOwnAcsInstance": true,
        "acsResourceId": "55555555-0d3e-4f5a-8b7c-9d0e1f2a3b4c"
    } } })
}

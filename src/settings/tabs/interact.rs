//! The Interact section of the Extensions tab.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::format::{Format, Guid, Token, formats};
use crate::settings::leaf::{Authority::*, Leaf, Script};
use crate::settings::value::{Clearable, Count, OutputRef, SecretKeyRef, Text};

formats! {
    /// Whether a session of Interact needs further authentication.
    Authorization {
        pattern: "^(None|VerifyToken|VerifyTokenAndTenant)$",
        max: 32,
        allowed: "one of 'None', 'VerifyToken', 'VerifyTokenAndTenant'",
        values: &["None", "VerifyToken", "VerifyTokenAndTenant"],
    }
}

/// Interact: calls from a web page to an agent in Teams. While it is off, the other settings of the section are not
/// managed: they are kept, but neither compared nor sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InteractSpec {
    /// "Interact enabled": whether calls in Interact reach an agent. Requires a connection string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// "ACS connection string" of Azure Communication Services, read from a Secret. It cannot be cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acs_connection_string_ref: Option<SecretKeyRef>,
    /// "O365 UserID": object ID of the user on whose behalf meetings are created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub o365_user_id: Option<Clearable<Guid>>,
    /// "Widget Key": key that the platform generates and that a widget sends with each request. Requests without it are
    /// rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub widget_key: Option<WidgetKeySpec>,
    /// "Session recovery timeout in seconds": time after which a closed session ends permanently.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_recovery_timeout_seconds: Option<Count<5, 60>>,
    /// "Authorization": None does not verify the token. VerifyToken verifies that the token is valid.
    /// VerifyTokenAndTenant also verifies that it belongs to a certain tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization: Option<Text<Authorization>>,
}

/// The widget key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WidgetKeySpec {
    /// "Copy": Secret that the operator publishes the key to, under `widget-key`. The operator creates it for this
    /// Tenant, and it is deleted together with the Tenant. A Secret that the operator did not create is never
    /// changed. Changes made to the published Secret are reverted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<OutputRef>,
    /// "Refresh": any text, such as a date. A text that was not used before generates a new key once; the platform
    /// rejects the old key immediately. A text that was used before has no effect, and neither has the one that a
    /// tenant is created or adopted with. Nothing is sent while the new key could not be published to `secretRef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Text<Token>>,
}

/// Where the section stands below `spec`.
pub const SECTION: &str = "extensions.interact";
/// Switches Interact on.
pub const ENABLED: &Leaf =
    &Leaf::value::<bool>("extensions.interact.enabled", Tenant)
        .default("false")
        .script(Script::SwitchedOn)
        .manual("When disabled, the calls in Interact will not reach an agent, even if the tenant is configured for Interact calls.");
/// The connection string of Interact.
pub const CONNECTION_STRING: &Leaf =
    &Leaf::sealed("extensions.interact.acsConnectionStringRef", "extensions.interact.acsConnectionString", Tenant)
        .under(ENABLED)
        .when_on()
        .manual("Connection string for Azure Communication Services. Required to use Interact");
/// The Secret that the widget key is published to.
pub const WIDGET_SECRET: &Leaf = &Leaf::output("extensions.interact.widgetKey.secretRef", Tenant)
    .under(ENABLED)
    .manual("copies the guide value for (future) use in a web client.");
/// The token for which the widget key is rotated once.
pub const ROTATION: &Leaf = &Leaf::trigger::<Text<Token>>("extensions.interact.widgetKey.rotation", Tenant)
    .under(ENABLED)
    .example("2026-11-25")
    .manual("updates the guide with a new one.");

pub(in crate::settings) const LEAVES: &[&Leaf] = &[
    ENABLED,
    CONNECTION_STRING,
    &Leaf::value::<Clearable<Guid>>("extensions.interact.o365UserId", Tenant)
        .under(ENABLED)
        .example("33333333-0d3e-4f5a-8b7c-9d0e1f2a3b4c")
        .manual("ID of the user on behalf of whom meetings on the backend will be created."),
    &Leaf::value::<Count<5, 60>>("extensions.interact.sessionRecoveryTimeoutSeconds", Tenant)
        .under(ENABLED)
        .default("20")
        .example("30")
        .manual("Default: 20; Min: 5; Max: 60."),
    &Leaf::value::<Text<Authorization>>("extensions.interact.authorization", Tenant)
        .under(ENABLED)
        .default("\"None\"")
        .example("VerifyToken")
        .manual("Determine if a session requires further authentication"),
    WIDGET_SECRET,
    ROTATION,
];

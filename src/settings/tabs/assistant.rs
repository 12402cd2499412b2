//! The Assistant section of the Extensions tab.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::value::SecretKeyRef;

/// Assistant. The connection string is managed only while its own ACS instance is on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssistantSpec {
    /// "Use your own ACS Instance": whether Assistant uses your own instance of Azure Communication Services. Requires
    /// a connection string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_own_acs_instance: Option<bool>,
    /// "ACS connection string" of Azure Communication Services, read from a Secret. It cannot be cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acs_connection_string_ref: Option<SecretKeyRef>,
}

/// Where the section stands below `spec`.
pub const SECTION: &str = "extensions.assistant";
/// Switches an own instance of Azure Communication Services on.
pub const OWN_ACS: &Leaf = &Leaf::value::<bool>("extensions.assistant.useOwnAcsInstance", Tenant)
    .default("false")
    .manual("When this option is disabled, all corresponding fields are hidden in the section. Configured values are not cleaned up and can be used when enabling the option again.");
/// The connection string of that instance.
pub const CONNECTION_STRING: &Leaf =
    &Leaf::sealed("extensions.assistant.acsConnectionStringRef", "extensions.assistant.acsConnectionString", Tenant)
        .under(OWN_ACS)
        .when_on()
        .manual(
            "Connection string for Azure Communication Services. Required to use Assistant with your own ACS instance.",
        );

pub(in crate::settings) const LEAVES: &[&Leaf] = &[OWN_ACS, CONNECTION_STRING];

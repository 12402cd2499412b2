//! The Assistant section of the Extensions tab.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::mapping::{Check, spec_leaf};
use crate::settings::value::SecretKeyRef;
use crate::settings::wire::{SealedState, WireLeaf};

/// Assistant. While its own ACS instance is off, the connection string is hidden: it is kept, neither compared nor sent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssistantSpec {
    /// "Use your own ACS Instance": whether Assistant uses an instance of Azure Communication Services of your own. Needs a
    /// connection string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_own_acs_instance: Option<bool>,
    /// "ACS connection string" of Azure Communication Services, in a Secret. It cannot be cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acs_connection_string_ref: Option<SecretKeyRef>,
}

/// The Assistant section on the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the members are those of the spec")]
pub struct AssistantWire {
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub use_own_acs_instance: WireLeaf<bool>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub acs_connection_string: WireLeaf<SealedState>,
}

/// Where the section stands below `spec`.
pub const SECTION: &str = "extensions.assistant";
/// Switches an own instance of Azure Communication Services on.
pub const OWN_ACS: &Leaf = &Leaf::value("extensions.assistant.useOwnAcsInstance", Tenant).default("false");
/// The connection string of that instance.
pub const CONNECTION_STRING: &Leaf =
    &Leaf::sealed("extensions.assistant.acsConnectionStringRef", "extensions.assistant.acsConnectionString", Tenant)
        .under(OWN_ACS)
        .when_on();

/// The leaves of the section.
pub const LEAVES: &[&Leaf] = &[OWN_ACS, CONNECTION_STRING];

/// What the vendor's manual says of each, for the reference.
pub const MANUAL: &[(&str, &str)] = &[
    (
        "extensions.assistant.useOwnAcsInstance",
        "When this option is disabled, all corresponding fields are hidden in the section. Configured values are not cleaned up and can be used when enabling the option again.",
    ),
    (
        "extensions.assistant.acsConnectionStringRef",
        "Connection string for Azure Communication Services. Required to use Assistant with your own ACS instance.",
    ),
];

impl AssistantSpec {
    /// The section in the platform's words.
    pub fn to_wire(&self, check: &mut Check) -> AssistantWire {
        let Self { use_own_acs_instance, acs_connection_string_ref } = self;
        let mut at = check.section("extensions.assistant");
        AssistantWire {
            use_own_acs_instance: at.leaf("useOwnAcsInstance", use_own_acs_instance),
            acs_connection_string: at.sealed(CONNECTION_STRING, acs_connection_string_ref),
        }
    }
}

impl From<&AssistantWire> for AssistantSpec {
    fn from(wire: &AssistantWire) -> Self {
        let AssistantWire { use_own_acs_instance, acs_connection_string: _ } = wire;
        Self { use_own_acs_instance: spec_leaf(use_own_acs_instance), acs_connection_string_ref: None }
    }
}

/// The examples of [`LEAVES`] in the platform's words, by hand.
#[cfg(test)]
pub(in crate::settings) fn golden() -> serde_json::Value {
    serde_json::json!({ "extensions": { "assistant": { "useOwnAcsInstance": true } } })
}

//! The vocabulary: every setting of the *Tenant Administration* view, one file per tab or section in `tabs/`.
//!
//! A setting is a documented field of its tab's struct and a row in the tab's table. The row says where the setting stands on both
//! sides, its type, who can change it, its class, the platform's default, what a status may show and what the vendor's manual says.
//! Mapping, diff, plan, status, policies, CRD and docs walk the table, so that they need no edit when a setting is added.
//!
//! Law of mapping: a leaf of the spec is a leaf of the platform under another name. Same unit, same granularity.
//! This room is pure: no async, no clock, no I/O.

pub mod connection_string;
pub mod endpoint;
pub mod format;
pub mod leaf;
pub mod mapping;
mod spec_path;
mod tab;
pub mod tabs;
mod tenant_id;
pub mod trigger;
pub mod value;
pub mod version;
pub mod wire;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use leaf::{Authority, Class, Disclosure, Leaf};
pub use mapping::{Mapped, SealedRef, Violation};
pub use spec_path::SpecPath;
pub use tab::Tab;
pub use tenant_id::TenantId;
pub use trigger::Trigger;
pub use version::Version;

use tabs::assistant::AssistantSpec;
use tabs::attendant_console::AttendantConsoleSpec;
use tabs::contact::ContactSpec;
use tabs::data_privacy::DataPrivacySpec;
use tabs::email::EmailSpec;
use tabs::external_task::ExternalTaskSpec;
use tabs::general::GeneralSpec;
use tabs::instant_messaging::InstantMessagingSpec;
use tabs::interact::InteractSpec;
use tabs::licenses::LicensesSpec;
use tabs::outbound::OutboundSpec;
use tabs::partner::PartnerTabSpec;
use tabs::presence_tracking::PresenceTrackingSpec;
use tabs::provisioning::ProvisioningSpec;

/// Everything that the tabs of the *Tenant Administration* view hold. A setting that is not set is not managed: it is
/// never compared, never sent and never defaulted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// The General tab: names, identity, administration groups and billing address.
    pub general: GeneralSpec,

    /// The Contact tab: the person to notify about maintenance, issues and other technical questions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactSpec>,

    /// The Partner tab: the partner that administers this tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerTabSpec>,

    /// The Data Privacy tab: what the partner sees, what is recorded, and how long it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_privacy: Option<DataPrivacySpec>,

    /// The Provisioning tab: defaults for new services. Existing services are not changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioning: Option<ProvisioningSpec>,

    /// The Extensions tab. Extensions can be configured before they are licensed; the settings take effect later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extensions: Option<ExtensionsSpec>,

    /// The Modalities tab. Modalities can be configured before they are available; the settings take effect later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modalities: Option<ModalitiesSpec>,

    /// The Licenses tab: the state of the subscription and the purchased contingents. Usage is reported in
    /// `status.licenses`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub licenses: Option<LicensesSpec>,
}

/// The sections of the Extensions tab.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExtensionsSpec {
    /// Outbound tasks, which Power Automate schedules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outbound: Option<OutboundSpec>,
    /// Interact: calls from a web page to an agent in Teams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interact: Option<InteractSpec>,
    /// Assistant. The connection string is managed only while useOwnAcsInstance is true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assistant: Option<AssistantSpec>,
    /// Attendant Console. While overwriteUserSettings is false, users choose between the old and the new design if
    /// useNewDesign is true, and see the old design otherwise. While it is true, all users see the new design if
    /// useNewDesign is true, and the old design otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attendant_console: Option<AttendantConsoleSpec>,
    /// Presence Tracking. With the permission Presence.Read.All, Nimbus distinguishes a user in a call from a user who
    /// is only busy, and also routes calls to users in "Presence Privacy mode". An administrator grants the permission
    /// by the grant link or by running the provisioning script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence_tracking: Option<PresenceTrackingSpec>,
}

/// The sections of the Modalities tab.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModalitiesSpec {
    /// Instant Messaging: users handle chats. While it is off, the other settings of the section are not managed: they
    /// are kept, but neither compared nor sent. The same holds for connection string and resource ID while
    /// useOwnAcsInstance is false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instant_messaging: Option<InstantMessagingSpec>,
    /// External tasks, which Power Automate creates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_task: Option<ExternalTaskSpec>,
    /// Email tasks. This modality has no on/off switch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailSpec>,
}

/// Every leaf of every tab, in the order of the UI.
pub fn leaves() -> impl Iterator<Item = &'static Leaf> {
    [
        tabs::general::LEAVES,
        tabs::contact::LEAVES,
        tabs::partner::LEAVES,
        tabs::data_privacy::LEAVES,
        tabs::provisioning::LEAVES,
        tabs::outbound::LEAVES,
        tabs::interact::LEAVES,
        tabs::assistant::LEAVES,
        tabs::attendant_console::LEAVES,
        tabs::presence_tracking::LEAVES,
        tabs::instant_messaging::LEAVES,
        tabs::external_task::LEAVES,
        tabs::email::LEAVES,
        tabs::licenses::LEAVES,
        tabs::contingents::LEAVES,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// The leaf at a place of the platform's settings, as RFC 6901 writes it.
pub fn leaf_at(pointer: &str) -> Option<&'static Leaf> {
    leaves().find(|leaf| leaf.pointer() == pointer)
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

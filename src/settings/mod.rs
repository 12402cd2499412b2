//! The vocabulary: every setting of the *Tenant Administration* view, one file per tab or section.
//!
//! A tab's file holds the struct of the spec, the struct of the wire, both mappings and the table of its leaves (who may
//! change it, its class, the platform's default, what a status may show). Whatever comes later (diff, plan, status, CLI,
//! docs) walks values by that table and needs no edit when a setting is added.
//!
//! Law of mapping: a leaf of the spec is a leaf of the platform under another name. Same unit, same granularity.
//! This room is pure: no async, no clock, no I/O.

pub mod connection_string;
pub mod endpoint;
pub mod format;
pub mod leaf;
pub mod mapping;
pub mod tabs;
pub mod text;
pub mod trigger;
pub mod value;
pub mod wire;

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use leaf::{Authority, Class, Leaf, Show, Tab};
pub use mapping::{Check, SealedRef, Violation};
pub use trigger::Trigger;

use tabs::assistant::{AssistantSpec, AssistantWire};
use tabs::attendant_console::{AttendantConsoleSpec, AttendantConsoleWire};
use tabs::contact::{ContactSpec, ContactWire};
use tabs::data_privacy::{DataPrivacySpec, DataPrivacyWire};
use tabs::email::{EmailSpec, EmailWire};
use tabs::external_task::{ExternalTaskSpec, ExternalTaskWire};
use tabs::general::{GeneralSpec, GeneralWire};
use tabs::instant_messaging::{InstantMessagingSpec, InstantMessagingWire};
use tabs::interact::{InteractSpec, InteractWire};
use tabs::licenses::{LicensesSpec, LicensesWire};
use tabs::outbound::{OutboundSpec, OutboundWire};
use tabs::partner::{PartnerTabSpec, PartnerTabWire};
use tabs::presence_tracking::PresenceTrackingSpec;
use tabs::provisioning::{ProvisioningSpec, ProvisioningWire};

/// Everything that the tabs of the *Tenant Administration* view hold. A setting that is not given is not managed: it is
/// never compared, never sent and never defaulted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// The General tab: names, identity, administration groups and billing address.
    pub general: GeneralSpec,

    /// The Contact tab: whom to notify in case of maintenance, issues and other technical questions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactSpec>,

    /// The Partner tab: which partner looks after this tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<PartnerTabSpec>,

    /// The Data Privacy tab: what a partner sees, what is recorded, and for how long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_privacy: Option<DataPrivacySpec>,

    /// The Provisioning tab: defaults for new services. Nothing in it changes services that are there already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioning: Option<ProvisioningSpec>,

    /// The Extensions tab. Extensions may be configured before they are licensed; they take effect later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extensions: Option<ExtensionsSpec>,

    /// The Modalities tab. Modalities may be configured before they are available; they take effect later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modalities: Option<ModalitiesSpec>,

    /// The Licenses tab: the state of the subscription, and what was bought. What is in use is read in the status.
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
    /// Interact: calls from a web page that reach an agent in Teams.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interact: Option<InteractSpec>,
    /// Assistant. While useOwnAcsInstance is off, the connection string is hidden: it is kept, neither compared nor
    /// sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assistant: Option<AssistantSpec>,
    /// Attendant Console. While overwriteUserSettings is off, users choose between both designs if useNewDesign is on,
    /// and see the old one if it is off. While it is on, everybody sees the new design if useNewDesign is on, and the
    /// old one if it is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attendant_console: Option<AttendantConsoleSpec>,
    /// Presence Tracking: with the permission Presence.Read.All, Nimbus tells a user in a call from one that is only
    /// busy, and also routes calls in "Presence Privacy mode". An administrator grants it by the grant link or by a run
    /// of the provisioning script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence_tracking: Option<PresenceTrackingSpec>,
}

/// The sections of the Modalities tab.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModalitiesSpec {
    /// Instant Messaging: users handle chats. While it is off, the other settings of the section are hidden: they are
    /// kept, neither compared nor sent. So are connection string and resource id while useOwnAcsInstance is off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instant_messaging: Option<InstantMessagingSpec>,
    /// External tasks, which Power Automate creates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_task: Option<ExternalTaskSpec>,
    /// Email tasks. This modality has no switch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailSpec>,
}

/// The platform's settings document, as far as this version knows it. Members it does not know are ignored.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Wire {
    /// The General tab.
    pub general: GeneralWire,
    /// The Contact tab.
    pub contact: ContactWire,
    /// The Partner tab.
    pub partner: PartnerTabWire,
    /// The Data Privacy tab.
    pub data_privacy: DataPrivacyWire,
    /// The Provisioning tab.
    pub provisioning: ProvisioningWire,
    /// The Extensions tab.
    pub extensions: ExtensionsWire,
    /// The Modalities tab.
    pub modalities: ModalitiesWire,
    /// The Licenses tab.
    pub licenses: LicensesWire,
}

/// The sections of the Extensions tab on the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ExtensionsWire {
    /// Outbound tasks.
    pub outbound: OutboundWire,
    /// Interact.
    pub interact: InteractWire,
    /// Assistant.
    pub assistant: AssistantWire,
    /// Attendant Console.
    pub attendant_console: AttendantConsoleWire,
}

/// The sections of the Modalities tab on the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ModalitiesWire {
    /// Instant Messaging.
    pub instant_messaging: InstantMessagingWire,
    /// External tasks.
    pub external_task: ExternalTaskWire,
    /// Email tasks.
    pub email: EmailWire,
}

impl Settings {
    /// The same settings in the platform's words. What cannot be said there is reported to `check` and left out.
    pub fn to_wire(&self, check: &mut Check) -> Wire {
        let Self { general, contact, partner, data_privacy, provisioning, extensions, modalities, licenses } = self;
        Wire {
            general: general.to_wire(check),
            contact: contact.as_ref().map(|part| part.to_wire(check)).unwrap_or_default(),
            partner: partner.as_ref().map(|part| part.to_wire(check)).unwrap_or_default(),
            data_privacy: data_privacy.as_ref().map(|part| part.to_wire(check)).unwrap_or_default(),
            provisioning: provisioning.as_ref().map(|part| part.to_wire(check)).unwrap_or_default(),
            extensions: extensions.as_ref().map(|part| part.to_wire(check)).unwrap_or_default(),
            modalities: modalities.as_ref().map(|part| part.to_wire(check)).unwrap_or_default(),
            licenses: licenses.as_ref().map(|part| part.to_wire(check)).unwrap_or_default(),
        }
    }
}

impl ExtensionsSpec {
    fn to_wire(&self, check: &mut Check) -> ExtensionsWire {
        let Self { outbound, interact, assistant, attendant_console, presence_tracking } = self;
        if let Some(section) = presence_tracking {
            section.check(check);
        }
        ExtensionsWire {
            outbound: outbound.as_ref().map(|part| part.to_wire(check)).unwrap_or_default(),
            interact: interact.as_ref().map(|part| part.to_wire(check)).unwrap_or_default(),
            assistant: assistant.as_ref().map(|part| part.to_wire(check)).unwrap_or_default(),
            attendant_console: attendant_console.as_ref().map(|part| part.to_wire(check)).unwrap_or_default(),
        }
    }
}

impl ModalitiesSpec {
    fn to_wire(&self, check: &mut Check) -> ModalitiesWire {
        let Self { instant_messaging, external_task, email } = self;
        ModalitiesWire {
            instant_messaging: instant_messaging.as_ref().map(|part| part.to_wire(check)).unwrap_or_default(),
            external_task: external_task.as_ref().map(|part| part.to_wire(check)).unwrap_or_default(),
            email: email.as_ref().map(|part| part.to_wire(check)).unwrap_or_default(),
        }
    }
}

impl From<&Wire> for Settings {
    /// What a spec would have to say to describe this platform state. Values that this version cannot read, sealed values
    /// and empty values are left out, and so is the partner, who stands there by id and not by the name of an object.
    fn from(wire: &Wire) -> Self {
        let Wire {
            general,
            contact,
            partner: PartnerTabWire { partner_id: _ },
            data_privacy,
            provisioning,
            extensions,
            modalities,
            licenses,
        } = wire;
        Self {
            general: general.into(),
            contact: Some(contact.into()),
            partner: None,
            data_privacy: Some(data_privacy.into()),
            provisioning: Some(provisioning.into()),
            extensions: Some(extensions.into()),
            modalities: Some(modalities.into()),
            licenses: Some(licenses.into()),
        }
    }
}

impl From<&ExtensionsWire> for ExtensionsSpec {
    fn from(wire: &ExtensionsWire) -> Self {
        let ExtensionsWire { outbound, interact, assistant, attendant_console } = wire;
        Self {
            outbound: Some(outbound.into()),
            interact: Some(interact.into()),
            assistant: Some(assistant.into()),
            attendant_console: Some(attendant_console.into()),
            presence_tracking: None,
        }
    }
}

impl From<&ModalitiesWire> for ModalitiesSpec {
    fn from(wire: &ModalitiesWire) -> Self {
        let ModalitiesWire { instant_messaging, external_task, email } = wire;
        Self {
            instant_messaging: Some(instant_messaging.into()),
            external_task: Some(external_task.into()),
            email: Some(email.into()),
        }
    }
}

impl Wire {
    /// The document as a value without empty sections, which is what diff and plan walk.
    pub fn to_value(&self) -> Value {
        // A struct of leaves that serialise to scalars cannot fail; an empty document would only leave everything alone.
        let mut value = serde_json::to_value(self).unwrap_or_default();
        prune(&mut value);
        value
    }

    /// Reads the platform's document: known leaves in their canonical spelling, foreign values as they are.
    ///
    /// *Errors*: a tab, a section or the state of a sealed leaf is something else than an object. A list would be read as one,
    /// member by member.
    pub fn from_value(value: &Value) -> Result<Self, serde_json::Error> {
        match holders().find(|holder| !is_object_or_nothing(value, holder)) {
            Some(holder) => Err(serde_json::Error::custom(format!("{} is no object", holder.join(".")))),
            None => Self::deserialize(value),
        }
    }
}

/// Where the platform's document holds members: all that its leaves lie in, and the sealed leaves themselves.
fn holders() -> impl Iterator<Item = Vec<&'static str>> {
    leaves().filter(|leaf| leaf.class != Class::CheckInput).flat_map(|leaf| {
        let steps: Vec<&str> = leaf.wire.split('.').collect();
        let deepest = if leaf.class == Class::Sealed { steps.len() } else { steps.len() - 1 };
        (0..=deepest).map(move |length| steps.iter().copied().take(length).collect())
    })
}

fn is_object_or_nothing(value: &Value, path: &[&str]) -> bool {
    let found = path.iter().try_fold(value, |at, name| at.get(name));
    found.is_none_or(|found| found.is_object() || found.is_null())
}

/// Removes objects that hold nothing, deepest first.
fn prune(value: &mut Value) {
    if let Value::Object(members) = value {
        members.values_mut().for_each(prune);
        members.retain(|_, member| !member.as_object().is_some_and(serde_json::Map::is_empty));
    }
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

/// What the vendor's manual says of the leaf at a path, in its own words.
pub fn manual(path: &str) -> Option<&'static str> {
    let all = [
        tabs::general::MANUAL,
        tabs::contact::MANUAL,
        tabs::partner::MANUAL,
        tabs::data_privacy::MANUAL,
        tabs::provisioning::MANUAL,
        tabs::outbound::MANUAL,
        tabs::interact::MANUAL,
        tabs::assistant::MANUAL,
        tabs::attendant_console::MANUAL,
        tabs::presence_tracking::MANUAL,
        tabs::instant_messaging::MANUAL,
        tabs::external_task::MANUAL,
        tabs::email::MANUAL,
        tabs::licenses::MANUAL,
        tabs::contingents::MANUAL,
    ];
    all.into_iter().flatten().find(|(known, _)| *known == path).map(|(_, words)| *words)
}

/// What each tab says of its examples in the platform's words, by hand.
#[cfg(test)]
fn golden() -> Vec<Value> {
    vec![
        tabs::general::golden(),
        tabs::contact::golden(),
        tabs::data_privacy::golden(),
        tabs::provisioning::golden(),
        tabs::outbound::golden(),
        tabs::interact::golden(),
        tabs::assistant::golden(),
        tabs::attendant_console::golden(),
        tabs::instant_messaging::golden(),
        tabs::external_task::golden(),
        tabs::email::golden(),
        tabs::licenses::golden(),
        tabs::contingents::golden(),
    ]
}

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

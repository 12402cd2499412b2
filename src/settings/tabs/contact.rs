//! The Contact tab: the technical contact for this tenant.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::format::{Email, Line, Phone, Sip};
use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::mapping::{Check, spec_leaf};
use crate::settings::value::Clearable;
use crate::settings::wire::{Canonical, WireLeaf};

/// Whom to notify in case of maintenance, issues and other technical questions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContactSpec {
    /// "Name" of the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Clearable<Line>>,
    /// "Email" of the contact: one address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Clearable<Email>>,
    /// "Phone Number" of the contact, in E.164 format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Clearable<Phone>>,
    /// "SIP Address" of the contact; in Teams usually the user principal name. The scheme `sip:` may be left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_address: Option<Clearable<Sip>>,
}

/// The Contact tab on the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the members are those of the spec")]
pub struct ContactWire {
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub name: WireLeaf<Canonical<Line>>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub email: WireLeaf<Canonical<Email>>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub phone: WireLeaf<Canonical<Phone>>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub sip_address: WireLeaf<Canonical<Sip>>,
}

/// The leaves of the tab.
pub const LEAVES: &[&Leaf] = &[
    &Leaf::value("contact.name", NonTechnical).personal().example("Ada Keller"),
    &Leaf::value("contact.email", NonTechnical).personal().example("ada@contoso.com"),
    &Leaf::value("contact.phone", NonTechnical).personal().example("+41445551234"),
    &Leaf::value("contact.sipAddress", NonTechnical).personal().example("sip:ada@contoso.com"),
];

/// What the vendor's manual says of each, for the reference.
pub const MANUAL: &[(&str, &str)] = &[
    ("contact.name", "a technical contact to notify in case of maintenance, issues and for other technical questions"),
    ("contact.email", "a technical contact to notify in case of maintenance, issues and for other technical questions"),
    ("contact.phone", "Phone Number, E 164 Format"),
    (
        "contact.sipAddress",
        "a technical contact to notify in case of maintenance, issues and for other technical questions",
    ),
];

impl ContactSpec {
    /// The tab in the platform's words.
    pub fn to_wire(&self, check: &mut Check) -> ContactWire {
        let Self { name, email, phone, sip_address } = self;
        let mut at = check.section("contact");
        ContactWire {
            name: at.leaf("name", name),
            email: at.leaf("email", email),
            phone: at.leaf("phone", phone),
            sip_address: at.leaf("sipAddress", sip_address),
        }
    }
}

impl From<&ContactWire> for ContactSpec {
    fn from(wire: &ContactWire) -> Self {
        let ContactWire { name, email, phone, sip_address } = wire;
        Self {
            name: spec_leaf(name),
            email: spec_leaf(email),
            phone: spec_leaf(phone),
            sip_address: spec_leaf(sip_address),
        }
    }
}

/// The examples of [`LEAVES`] in the platform's words, by hand.
#[cfg(test)]
pub(in crate::settings) fn golden() -> serde_json::Value {
    serde_json::json!({ "contact": {
        "name": "Ada Keller",
        "email": "ada@contoso.com",
        "phone": "+41445551234",
        "sipAddress": "sip:ada@contoso.com"
    } })
}

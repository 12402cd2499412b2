//! The Contact tab: the technical contact for this tenant.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::format::{Email, Line, Phone, Sip};
use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::value::Clearable;

/// The person to notify about maintenance, issues and other technical questions.
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
    /// "SIP Address" of the contact. In Teams, this is usually the user principal name. The `sip:` prefix is optional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_address: Option<Clearable<Sip>>,
}

pub(in crate::settings) const LEAVES: &[&Leaf] = &[
    &Leaf::value::<Clearable<Line>>("contact.name", NonTechnical)
        .personal()
        .example("Ada Keller")
        .manual("a technical contact to notify in case of maintenance, issues and for other technical questions"),
    &Leaf::value::<Clearable<Email>>("contact.email", NonTechnical)
        .personal()
        .example("ada@contoso.com")
        .manual("a technical contact to notify in case of maintenance, issues and for other technical questions"),
    &Leaf::value::<Clearable<Phone>>("contact.phone", NonTechnical)
        .personal()
        .example("+41445551234")
        .manual("Phone Number, E 164 Format"),
    &Leaf::value::<Clearable<Sip>>("contact.sipAddress", NonTechnical)
        .personal()
        .example("sip:ada@contoso.com")
        .manual("a technical contact to notify in case of maintenance, issues and for other technical questions"),
];

//! The Outbound section of the Extensions tab.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::mapping::{Check, spec_leaf};
use crate::settings::value::Count;
use crate::settings::wire::WireLeaf;

/// Outbound tasks, which Power Automate schedules.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutboundSpec {
    /// "Max Scheduled Outbound Tasks per service": the most outbound tasks per service that can be scheduled or in progress at
    /// the same time. At the limit a further task is discarded with a flow error. Acts at once; running tasks are left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_scheduled_tasks_per_service: Option<Count<1, 50>>,
    /// "Directly invite PSTN for Outbound calls": whether phone numbers are added directly to a group call, which avoids a
    /// delay of the audio. Luware Support switches it on after tests on the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directly_invite_pstn: Option<bool>,
    /// "Directly invite UPN for Outbound calls": whether users are added directly to a group call, which avoids a delay of the
    /// audio. Luware Support switches it on after tests on the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directly_invite_upn: Option<bool>,
}

/// The Outbound section on the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the members are those of the spec")]
pub struct OutboundWire {
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub max_scheduled_tasks_per_service: WireLeaf<i32>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub directly_invite_pstn: WireLeaf<bool>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub directly_invite_upn: WireLeaf<bool>,
}

/// The leaves of the section.
pub const LEAVES: &[&Leaf] = &[
    &Leaf::value("extensions.outbound.maxScheduledTasksPerService", Tenant).default("20").example("40"),
    &Leaf::value("extensions.outbound.directlyInvitePstn", System).default("false"),
    &Leaf::value("extensions.outbound.directlyInviteUpn", System).default("false"),
];

/// What the vendor's manual says of each, for the reference.
pub const MANUAL: &[(&str, &str)] = &[
    ("extensions.outbound.maxScheduledTasksPerService", "Default 20 / Min 1 / Max 50"),
    (
        "extensions.outbound.directlyInvitePstn",
        "If enabled, PSTNs are directly added to a group call in case of a scheduled outbound session or Call On Behalf, avoiding audio delay between agents and customers.",
    ),
    (
        "extensions.outbound.directlyInviteUpn",
        "If enabled, UPNs are directly added to a group call in case of a scheduled outbound session or Call On Behalf, avoiding audio delay between agents and customers.",
    ),
];

impl OutboundSpec {
    /// The section in the platform's words.
    pub fn to_wire(&self, check: &mut Check) -> OutboundWire {
        let Self { max_scheduled_tasks_per_service, directly_invite_pstn, directly_invite_upn } = self;
        let mut at = check.section("extensions.outbound");
        OutboundWire {
            max_scheduled_tasks_per_service: at.leaf("maxScheduledTasksPerService", max_scheduled_tasks_per_service),
            directly_invite_pstn: at.leaf("directlyInvitePstn", directly_invite_pstn),
            directly_invite_upn: at.leaf("directlyInviteUpn", directly_invite_upn),
        }
    }
}

impl From<&OutboundWire> for OutboundSpec {
    fn from(wire: &OutboundWire) -> Self {
        let OutboundWire { max_scheduled_tasks_per_service, directly_invite_pstn, directly_invite_upn } = wire;
        Self {
            max_scheduled_tasks_per_service: spec_leaf(max_scheduled_tasks_per_service),
            directly_invite_pstn: spec_leaf(directly_invite_pstn),
            directly_invite_upn: spec_leaf(directly_invite_upn),
        }
    }
}

/// The examples of [`LEAVES`] in the platform's words, by hand.
#[cfg(test)]
pub(in crate::settings) fn golden() -> serde_json::Value {
    serde_json::json!({ "extensions": { "outbound": {
        "maxScheduledTasksPerService": 40,
        "directlyInvitePstn": true,
        "directlyInviteUpn": true
    } } })
}

//! The Outbound section of the Extensions tab.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::value::Count;

/// Outbound tasks, which Power Automate schedules.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutboundSpec {
    /// "Max Scheduled Outbound Tasks per service": maximum number of outbound tasks per service that are scheduled or
    /// in progress at the same time. At the limit, a new task is discarded with a flow error. Takes effect immediately;
    /// running tasks are not affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_scheduled_tasks_per_service: Option<Count<1, 50>>,
    /// "Directly invite PSTN for Outbound calls": whether phone numbers are added directly to a group call, which
    /// avoids an audio delay. Luware Support turns it on after tests on the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directly_invite_pstn: Option<bool>,
    /// "Directly invite UPN for Outbound calls": whether users are added directly to a group call, which avoids an
    /// audio delay. Luware Support turns it on after tests on the tenant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directly_invite_upn: Option<bool>,
}

pub(in crate::settings) const LEAVES: &[&Leaf] = &[
    &Leaf::value::<Count<1, 50>>("extensions.outbound.maxScheduledTasksPerService", Tenant)
        .default("20")
        .example("40")
        .manual("Default 20 / Min 1 / Max 50"),
    &Leaf::value::<bool>("extensions.outbound.directlyInvitePstn", System)
        .default("false")
        .manual("If enabled, PSTNs are directly added to a group call in case of a scheduled outbound session or Call On Behalf, avoiding audio delay between agents and customers."),
    &Leaf::value::<bool>("extensions.outbound.directlyInviteUpn", System)
        .default("false")
        .manual("If enabled, UPNs are directly added to a group call in case of a scheduled outbound session or Call On Behalf, avoiding audio delay between agents and customers."),
];

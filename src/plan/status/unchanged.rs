//! What a pass comes to whose tenant is as the last pass left it. Only what is not of the platform may be news: the checks.

use super::availability;
use super::facts::{Conclusion, Facts};
use crate::plan::disposition::Delay;
use crate::resources::ConditionType;
use crate::resources::condition::ConditionChange;
use crate::resources::status::{CHAT_APP, TenantStatus};

pub(super) fn unchanged(facts: Facts<'_>) -> Conclusion {
    let previous = facts.previous().cloned().unwrap_or_default();
    let known = facts.checked.map_or(previous.checks.as_slice(), |checked| &checked.checks);
    let checks = availability::kept(&previous.checks, known);
    let conditions = ConditionType::ALL.into_iter().filter_map(|condition_type| match condition_type {
        ConditionType::ChecksPassed => availability::worst(&checks).map(ConditionChange::Set),
        ConditionType::Ready
        | ConditionType::Accepted
        | ConditionType::Synced
        | ConditionType::Reconciling
        | ConditionType::Stalled
        | ConditionType::ScriptExecutionPending
        | ConditionType::LicenseOveruse
        | ConditionType::TenantActive => Some(ConditionChange::Keep(condition_type)),
    });
    let status = facts.status(conditions.collect());
    let mut status =
        TenantStatus { checks, last_handled_check_at: facts.repeated(), compared: previous.compared.clone(), ..status };
    if let Some(checked) = facts.checked {
        status.grant_links.clone_from(&checked.links);
        if let Some(waits) = &mut status.instant_messaging {
            waits.grant_url = checked.links.iter().find(|link| link.name == CHAT_APP).map(|link| link.url.clone());
        }
    }
    let is_pending = status.provisioning_script.as_ref().is_some_and(|script| script.pending);
    let delay = if is_pending { Delay::Script } else { Delay::Sync };
    Conclusion { status: Some(status), compared: None, release_outcome: None, events: vec![], delay }
}

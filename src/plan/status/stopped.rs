//! What a pass comes to that stopped before the spec was live.

use super::facts::{Conclusion, Facts, SPEC_ACCEPTED, known, mode_update};
use super::tabs::mark_invalid;
use crate::plan::disposition::{Accepted, Disposition, TabMarks};
use crate::plan::stop::{Stop, StopClass};
use crate::resources::condition::{ConditionChange, ConditionUpdate};
use crate::resources::status::TenantStatus;
use crate::resources::{ConditionStatus, ConditionType, Reason};

pub(super) fn stopped(facts: Facts<'_>, stop: &Stop) -> Conclusion {
    let disposition = stop.disposition(facts.platform);
    let status = match stop.class() {
        StopClass::Transient => None,
        // The spec is live, as far as is known. The Platform reports once that it is not reachable.
        StopClass::Unreachable if is_live(facts) => {
            Some(facts.status(ConditionType::ALL.map(ConditionChange::Keep).to_vec()))
        }
        StopClass::Suspended => {
            let ready = ConditionUpdate { status: ConditionStatus::Unknown, ..ready(facts, &disposition) };
            let keeps_ready = is_live(facts) && facts.was(ConditionType::Ready).is_some();
            let kept = keeps_ready.then_some(ConditionChange::Keep(ConditionType::Ready));
            Some(status(facts, &disposition, &ready, kept.unwrap_or_else(|| ready.clone().into())))
        }
        StopClass::Unreachable | StopClass::Internal | StopClass::Verdict => {
            let ready = ready(facts, &disposition);
            Some(status(facts, &disposition, &ready, ready.clone().into()))
        }
    };
    Conclusion { status, release_outcome: None, events: vec![], delay: disposition.delay }
}

/// Whether the spec is what was applied. One that was taken back to that was never judged in this generation: what was said of
/// the other one is not true of it.
fn is_live(facts: Facts<'_>) -> bool {
    let applied = facts.previous().and_then(|status| status.applied.as_ref());
    applied.is_some_and(|applied| Some(&applied.hash) == facts.hash)
        && facts.was(ConditionType::Accepted) != Some(ConditionStatus::False)
}

fn ready(facts: Facts<'_>, disposition: &Disposition) -> ConditionUpdate {
    let Disposition { reason, message, request_id, .. } = disposition;
    let ready = ConditionUpdate::new(ConditionType::Ready, false, *reason, message);
    ConditionUpdate { request_id: facts.quoted(request_id.as_deref(), &ready), ..ready }
}

/// The status of a stop: `stated` becomes of Ready, and the words are those of `ready`.
fn status(
    facts: Facts<'_>,
    disposition: &Disposition,
    ready: &ConditionUpdate,
    stated: ConditionChange,
) -> TenantStatus {
    let mut changes = known();
    changes.extend(mode_update(disposition.mode, ready).map(ConditionChange::Set));
    changes.push(accepted(facts, disposition.accepted, ready));
    let synced = if disposition.out_of_sync { ConditionStatus::False } else { ConditionStatus::Unknown };
    changes.push(ConditionUpdate::new(ConditionType::Synced, synced, ready.reason, "").into());
    changes.push(stated);
    let mut status = TenantStatus { refused_request_id: ready.request_id.clone(), ..facts.status(changes) };
    match &disposition.tabs {
        TabMarks::Leave => {}
        TabMarks::Mark(violations) => mark_invalid(&mut status.tabs, violations),
    }
    status
}

fn accepted(facts: Facts<'_>, accepted: Accepted, ready: &ConditionUpdate) -> ConditionChange {
    let condition_type = ConditionType::Accepted;
    match accepted {
        Accepted::Yes => ConditionUpdate::new(condition_type, true, Reason::Accepted, SPEC_ACCEPTED).into(),
        Accepted::No => ConditionUpdate { condition_type, ..ready.clone() }.into(),
        Accepted::NotJudged if facts.was(condition_type).is_some() => ConditionChange::Keep(condition_type),
        Accepted::NotJudged => ConditionUpdate::new(
            condition_type,
            ConditionStatus::Unknown,
            Reason::Progressing,
            "The spec has not been evaluated yet",
        )
        .into(),
    }
}

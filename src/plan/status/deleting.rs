//! What a pass comes to for a Tenant that is being deleted.

use super::facts::{Conclusion, Facts, mode_update};
use super::platform_state;
use crate::plan::deletion::{DeletionWait, ReleaseOutcome};
use crate::plan::disposition::{Delay, Mode};
use crate::plan::events;
use crate::plan::seen::Seen;
use crate::resources::condition::{self, ConditionChange, ConditionUpdate};
use crate::resources::status::{DeletionStatus, TenantStatus};
use crate::resources::{ConditionType, Reason};

/// It waits. The facts about the tenant are those of the last answer: a deletion, too, waits for the provisioning script.
pub(super) fn waiting(facts: Facts<'_>, wait: DeletionWait) -> Conclusion {
    let pending = wait.pending();
    let DeletionWait { reason, message, accepted, started, error } = wait;
    // Nothing that the operator can do ends these waits.
    let stuck = [Reason::TenantLost, Reason::PlatformChanged, Reason::OperatorTooOld, Reason::PoliciesNotEnforced]
        .contains(&reason);
    let mode = if stuck { Mode::Stalled } else { Mode::Reconciling };
    let was = facts.previous().and_then(|status| condition::find(&status.conditions, ConditionType::Ready));
    // The deletion moved the generation: what was said before was not about it.
    let is_news =
        was.is_none_or(|was| was.reason != reason.as_str() || was.observed_generation != Some(facts.generation()));
    let accepted = accepted.map(Seen::Leaving);
    let facts = Facts { seen: accepted.as_ref().unwrap_or(facts.seen), ..facts };
    let ready = ConditionUpdate::new(ConditionType::Ready, false, reason, message);
    let mut changes = platform_state::changes(facts, reason);
    let kept = [ConditionType::Accepted, ConditionType::Synced, ConditionType::ChecksPassed];
    changes.extend(kept.map(ConditionChange::Keep));
    changes.extend(mode_update(mode, &ready).map(ConditionChange::Set));
    let stopped = (mode == Mode::Stalled && is_news).then(|| events::deletion_stopped(reason, &ready.message));
    changes.push(ready.into());
    let mut status = TenantStatus { refused_request_id: None, ..facts.status(changes) };
    // What was accepted stays recorded while the platform is out of reach, and not where it shows that it took it back.
    if facts.seen.ours().is_some_and(|document| document.runtime.deletion.is_none()) {
        status.deletion = None;
    }
    let requested_at = status.deletion.as_ref().and_then(|deletion| deletion.requested_at.clone());
    status.deletion = pending.map_or(status.deletion, |pending| {
        Some(DeletionStatus {
            services_pending: pending.services_pending,
            script_pending: pending.script_pending,
            requested_at: requested_at.or_else(|| Some(facts.now.to_string())),
        })
    });
    if facts.seen.is_answer() || [Reason::ReconciliationSuspended, Reason::OperatorTooOld].contains(&reason) {
        status.last_handled_reconcile_at = facts.handled();
    }
    platform_state::follow(&mut status, facts);
    let events = started.then(events::deletion_started).into_iter().chain(stopped).collect();
    let delay = Delay::of_deletion(error.as_ref());
    Conclusion { status: Some(status), compared: None, release_outcome: None, events, delay }
}

/// It is released, and nothing more is written to its status.
pub(super) fn released(release_outcome: ReleaseOutcome) -> Conclusion {
    let events = events::of_release(release_outcome).into_iter().collect();
    Conclusion { status: None, compared: None, release_outcome: Some(release_outcome), events, delay: Delay::Never }
}

//! What a pass comes to for a Tenant that is being deleted.

use super::facts::{Conclusion, Facts, known, mode_update};
use crate::plan::deletion::{DeletionWait, ReleaseOutcome};
use crate::plan::disposition::{Delay, Mode};
use crate::plan::events;
use crate::resources::ConditionType;
use crate::resources::condition::{ConditionChange, ConditionUpdate};
use crate::resources::status::{DeletionStatus, TenantStatus};

/// It waits.
pub(super) fn waiting(facts: Facts<'_>, wait: DeletionWait) -> Conclusion {
    let DeletionWait { reason, message, pending, started, error } = wait;
    let ready = ConditionUpdate::new(ConditionType::Ready, false, reason, message);
    let mut changes = known();
    changes.extend([ConditionType::Accepted, ConditionType::Synced].map(ConditionChange::Keep));
    changes.extend(mode_update(Mode::Reconciling, &ready).map(ConditionChange::Set));
    changes.push(ready.into());
    let mut status = TenantStatus { refused_request_id: None, ..facts.status(changes) };
    // What was accepted stays recorded while the platform is out of reach.
    status.deletion = pending.map_or(status.deletion, |pending| {
        Some(DeletionStatus { services_pending: pending.services_pending, script_pending: pending.script_pending })
    });
    let events = started.then(events::deletion_started).into_iter().collect();
    let delay = error.as_ref().map_or(Delay::Deletion, Delay::after);
    Conclusion { status: Some(status), release_outcome: None, events, delay }
}

/// It is released, and nothing more is written to its status.
pub(super) fn released(release_outcome: ReleaseOutcome) -> Conclusion {
    let events = events::of_release(release_outcome).into_iter().collect();
    Conclusion { status: None, release_outcome: Some(release_outcome), events, delay: Delay::Never }
}

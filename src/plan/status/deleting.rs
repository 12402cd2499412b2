//! What a pass comes to for a Tenant that is being deleted.

use super::facts::{Conclusion, Facts, known, mode_update};
use crate::admin_api::ApiError;
use crate::admin_api::types::PendingDeletion;
use crate::plan::deletion::ReleaseOutcome;
use crate::plan::disposition::{Delay, Mode};
use crate::plan::events;
use crate::resources::ConditionType;
use crate::resources::condition::{ConditionChange, ConditionUpdate};
use crate::resources::status::{DeletionStatus, TenantStatus};

/// It waits, and `ready` says for what.
pub(super) fn waiting(
    facts: Facts<'_>,
    deletion: Option<PendingDeletion>,
    ready: ConditionUpdate,
    error: Option<&ApiError>,
) -> Conclusion {
    let mut changes = known();
    changes.extend([ConditionType::Accepted, ConditionType::Synced].map(ConditionChange::Keep));
    changes.extend(mode_update(Mode::Reconciling, &ready).map(ConditionChange::Set));
    changes.push(ready.into());
    let mut status = TenantStatus { refused_request_id: None, ..facts.status(changes) };
    // What was accepted stays recorded while the platform is out of reach.
    status.deletion = deletion.map_or(status.deletion, |deletion| {
        Some(DeletionStatus { services_pending: deletion.services_pending, script_pending: deletion.script_pending })
    });
    let delay = error.map_or(Delay::Deletion, Delay::after);
    Conclusion { status: Some(status), release_outcome: None, events: vec![], delay }
}

/// It is released, and nothing more is written to its status.
pub(super) fn released(release_outcome: ReleaseOutcome) -> Conclusion {
    let events = events::of_release(release_outcome).into_iter().collect();
    Conclusion { status: None, release_outcome: Some(release_outcome), events, delay: Delay::Never }
}

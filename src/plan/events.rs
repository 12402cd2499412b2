//! The events of a pass: what people should notice and a condition does not keep.

use super::deletion::{ReleaseOutcome, RetainReason};
use super::outcome::{Done, SideEffects};
use crate::resources::Reason;

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// Whether it is a warning.
    pub warning: bool,
    /// The reason.
    pub reason: Reason,
    /// A sentence for people.
    pub message: String,
}

/// The events of a pass; `differs` says whether the platform still is not as wanted.
pub(super) fn of(done: Done, differs: bool, side_effects: &SideEffects) -> Vec<EventRecord> {
    let mut notes = match done {
        Done::Nothing | Done::Created | Done::Applied => vec![],
        Done::Adopted if side_effects.fired.iter().any(|(_, done)| !done) => vec![normal(
            Reason::Adopted,
            "took over a tenant that belonged to nobody; its tokens were recorded, and nothing was done for them",
        )],
        Done::Adopted => vec![normal(Reason::Adopted, "took over a tenant that belonged to nobody")],
        // The platform did not keep it: nothing was corrected.
        Done::Corrected if differs => vec![],
        Done::Corrected => {
            vec![normal(Reason::DriftCorrected, "wrote managed settings again that were changed on the platform")]
        }
    };
    if side_effects.has_rotated() {
        notes.push(normal(Reason::Rotated, "rotated the widget key; widgets with the old one are rejected"));
    }
    notes
}

/// The platform accepted the deletion in this pass.
pub(super) fn deletion_started() -> EventRecord {
    normal(
        Reason::DeletionStarted,
        "the platform accepted the deletion of the tenant; it is gone after the next run of the provisioning script",
    )
}

/// The event of a release, if it has one.
pub(super) fn of_release(release_outcome: ReleaseOutcome) -> Option<EventRecord> {
    use RetainReason::{NotConfirmed, Policy, ScopeTerminating};
    Some(match release_outcome {
        ReleaseOutcome::NeverOurs | ReleaseOutcome::GoesOn => return None,
        ReleaseOutcome::Abandoned => {
            warning(Reason::Abandoned, "let go without a call by annotation; the tenant stays on the platform")
        }
        ReleaseOutcome::Released(Policy) => {
            normal(Reason::Released, "the tenant stays on the platform and belongs to nobody now")
        }
        ReleaseOutcome::Released(NotConfirmed) | ReleaseOutcome::StaleStamp(NotConfirmed) => warning(
            Reason::DeletionNotConfirmed,
            "deletionPolicy is Delete and nobody confirmed it: the tenant stays on the platform",
        ),
        ReleaseOutcome::Released(ScopeTerminating) | ReleaseOutcome::StaleStamp(ScopeTerminating) => {
            warning(Reason::Released, "its namespace or the CRD was deleted: the tenant stays on the platform")
        }
        ReleaseOutcome::TooLate => warning(
            Reason::DeletionStarted,
            "too late to keep the tenant: the platform had accepted its deletion and goes on with it",
        ),
        ReleaseOutcome::StaleStamp(Policy) => {
            warning(Reason::ReleaseFailed, "the tenant stays on the platform; its stamp could not be taken off")
        }
        ReleaseOutcome::Suspended => {
            normal(Reason::Released, "suspended: the tenant stays on the platform with its stamp")
        }
        ReleaseOutcome::Deleted => normal(Reason::Deleted, "the tenant is gone from the platform"),
    })
}

fn normal(reason: Reason, message: &str) -> EventRecord {
    EventRecord { warning: false, reason, message: message.to_owned() }
}

fn warning(reason: Reason, message: &str) -> EventRecord {
    EventRecord { warning: true, reason, message: message.to_owned() }
}

//! The events of a pass: what is worth noticing and no condition keeps.

use super::deletion::{NotRequested, ReleaseOutcome, RetainReason};
use super::difference::Differing;
use super::mismatch::Mismatch;
use super::outcome::{Done, SideEffects};
use crate::resources::Reason;
use crate::resources::annotation::ABANDON;
use crate::resources::confirmations::{ADOPT, DELETION};
use crate::settings::Trigger;

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// Whether it is a warning.
    pub warning: bool,
    /// The reason.
    pub reason: Reason,
    /// What happened.
    pub message: String,
}

/// The events of a pass; `differs` says whether the platform still differs from the spec.
pub(super) fn of(done: Done, differs: bool, side_effects: &SideEffects) -> Vec<EventRecord> {
    let mut notes = match done {
        Done::Nothing | Done::Created | Done::Applied => vec![],
        Done::Adopted if side_effects.fired.iter().any(|(_, done)| !done) => vec![normal(
            Reason::Adopted,
            "Adopted a tenant that had no current owner; its trigger tokens were recorded without any action",
        )],
        Done::Adopted => vec![normal(Reason::Adopted, "Adopted a tenant that had no current owner")],
        // The platform did not keep it: nothing was corrected.
        Done::Corrected(_) if differs => vec![],
        Done::Corrected(Differing { first, more }) => {
            let others = if more > 0 { format!(" (+{more} more)") } else { String::new() };
            vec![normal(Reason::DriftCorrected, format!("Corrected drift in {first}{others}"))]
        }
    };
    notes.extend(once(&side_effects.fired));
    notes
}

/// What was done once for a token. It is said also where the pass stopped after it: it will not be done again.
pub(super) fn once(fired: &[(Trigger, bool)]) -> Vec<EventRecord> {
    let done = fired.iter().filter(|(_, done)| *done);
    done.map(|(trigger, _)| match trigger {
        Trigger::Rotation { .. } => {
            normal(Reason::Rotated, "Rotated the widget key; widgets with the old key are rejected")
        }
        Trigger::TestMessage { .. } => normal(
            Reason::TestMessageSent,
            "Sent a test message of Instant Messaging to the user of spec.modalities.instantMessaging.testMessage.upn",
        ),
    })
    .collect()
}

/// Kubernetes began to refuse what has to be done.
pub(super) fn refused_by_kubernetes(message: &str) -> EventRecord {
    warning(Reason::KubernetesRefused, message)
}

/// A confirmed deletion cannot end as it was meant to.
pub(super) fn deletion_stopped(reason: Reason, message: &str) -> EventRecord {
    warning(reason, message)
}

/// The platform accepted the deletion in this pass.
pub(super) fn deletion_started() -> EventRecord {
    normal(
        Reason::DeletionStarted,
        "The platform accepted the deletion of the tenant; the next run of the provisioning script deletes it",
    )
}

const HAS_OWNER: &str = "metadata.ownerReferences is set, so garbage collection may have deleted this Tenant and no confirmation \
                         counts: the tenant stays on the platform";
const NOT_PERMITTED: &str = "The Platform does not allow Tenants in this namespace, so no confirmation counts: the tenant stays on the platform";

/// The event of a release, if it has one.
pub(super) fn of_release(release_outcome: ReleaseOutcome) -> Option<EventRecord> {
    use RetainReason::{HasOwner, NotConfirmed, NotPermitted, OtherPartner, Policy, ScopeTerminating};
    Some(match release_outcome {
        ReleaseOutcome::NeverOurs | ReleaseOutcome::GoesOn => return None,
        ReleaseOutcome::Abandoned => warning(
            Reason::Abandoned,
            format!("Abandoned by annotation {ABANDON}: the platform was not called and keeps the tenant"),
        ),
        ReleaseOutcome::Released(Policy) => {
            normal(Reason::Released, "The tenant stays on the platform and has no owner now")
        }
        ReleaseOutcome::Released(NotConfirmed(flaw)) | ReleaseOutcome::StaleStamp(NotConfirmed(flaw)) => warning(
            Reason::DeletionNotConfirmed,
            format!("deletionPolicy is Delete, but spec.{DELETION} {flaw}: the tenant stays on the platform"),
        ),
        ReleaseOutcome::Released(ScopeTerminating) | ReleaseOutcome::StaleStamp(ScopeTerminating) => {
            warning(Reason::Released, "The namespace or the CRD was deleted: the tenant stays on the platform")
        }
        ReleaseOutcome::Released(HasOwner) | ReleaseOutcome::StaleStamp(HasOwner) => {
            warning(Reason::DeletionNotConfirmed, HAS_OWNER)
        }
        ReleaseOutcome::Released(NotPermitted) | ReleaseOutcome::StaleStamp(NotPermitted) => {
            warning(Reason::DeletionNotConfirmed, NOT_PERMITTED)
        }
        ReleaseOutcome::Released(OtherPartner(mismatch)) | ReleaseOutcome::StaleStamp(OtherPartner(mismatch)) => {
            warning(Reason::DeletionNotConfirmed, other_partner(mismatch))
        }
        ReleaseOutcome::TooLate => warning(
            Reason::DeletionStarted,
            "Too late to keep the tenant: the platform had already accepted its deletion and continues it",
        ),
        ReleaseOutcome::StaleStamp(Policy) => {
            warning(Reason::ReleaseFailed, "The tenant stays on the platform; its owner stamp could not be removed")
        }
        ReleaseOutcome::Suspended => {
            normal(Reason::Released, "Suspended: the tenant stays on the platform with its owner stamp")
        }
        ReleaseOutcome::Deleted => normal(Reason::Deleted, "The tenant was deleted from the platform"),
        ReleaseOutcome::NotRequested(because) => {
            let happened = match because {
                NotRequested::NoTenant => "there is no such tenant on the platform, and none was ever recorded",
                NotRequested::DeletedBefore => {
                    "the platform says that the tenant was deleted, and no request of this operator is recorded"
                }
                NotRequested::NotOurs => {
                    "the tenant does not have the owner stamp of this Tenant any more, and stays on the platform"
                }
            };
            warning(Reason::DeletionNotRequested, format!("The confirmed deletion ended without a request: {happened}"))
        }
    })
}

fn other_partner(mismatch: Mismatch) -> String {
    format!(
        "The confirmed deletion does not count without spec.{ADOPT}, since {}: the tenant stays on the platform",
        mismatch.words()
    )
}

fn normal(reason: Reason, message: impl Into<String>) -> EventRecord {
    EventRecord { warning: false, reason, message: message.into() }
}

fn warning(reason: Reason, message: impl Into<String>) -> EventRecord {
    EventRecord { warning: true, reason, message: message.into() }
}

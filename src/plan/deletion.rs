//! `plan` for a Tenant that is being deleted. The first row that fits decides:
//!
//! abandon → off · never ours → off · accepted and the surroundings end → off · the surroundings end → release, off ·
//! suspended → off, or wait · Retain → release, off · Delete without confirmation, or of another partner's tenant → release, off,
//! warn · Delete confirmed → ask for the deletion, wait until the platform says that the tenant is gone.

use std::sync::Arc;
use std::time::Duration;

pub use super::deletion_intent::{DeletionIntent, DeletionMode, RetainReason};
use super::environment;
use super::mismatch::{Mismatch, NoPartner};
use super::observation::{Observation, Owner};
use super::script;
use super::target::Target;
use crate::admin_api::types::PendingDeletion;
use crate::admin_api::{ApiError, TenantDocument};
use crate::resources::Reason;
use crate::resources::confirmations::ADOPT;

/// The way out that needs neither a platform nor a spec that is understood.
const ABANDONING: &str =
    "set the annotation nimbus.luware.com/abandon to the tenant ID to leave the tenant on the platform";

/// What to do about a Tenant that is being deleted.
#[derive(Clone, Debug, PartialEq)]
pub enum DeletionPlan {
    /// Remove the finalizer without a call.
    Off(ReleaseOutcome),
    /// Take our stamp off, then the finalizer, even if that fails.
    Release(Target, RetainReason),
    /// Ask for the deletion, which was decided on this version of the settings and holds for no other one.
    Delete(Target, String),
    /// Wait.
    Wait(DeletionWait),
}

/// For what a deletion waits.
#[derive(Clone, Debug, PartialEq)]
pub struct DeletionWait {
    /// The reason of Ready.
    pub reason: Reason,
    /// For what.
    pub message: String,
    /// The tenant as it was when the platform said that it accepted the deletion; `None` before that.
    pub accepted: Option<Arc<TenantDocument>>,
    /// Whether the platform accepted the deletion in this pass.
    pub started: bool,
    /// What to wait before looking again; `None` for the usual time.
    pub error: Option<ApiError>,
}

/// Which limit of the Platform holds a deletion up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionLimit {
    /// That of all tenants.
    Platform,
    /// That of the tenants of one partner.
    Partner,
}

/// How a Tenant left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReleaseOutcome {
    /// By the annotation, without a call.
    Abandoned,
    /// It never had a tenant on the platform.
    NeverOurs,
    /// The platform goes on with the deletion.
    GoesOn,
    /// The tenant was released.
    Released(RetainReason),
    /// The tenant was released, and the platform goes on with a deletion that it had accepted: the answer had been lost.
    TooLate,
    /// Releasing failed, or was not possible; the stamp is stale.
    StaleStamp(RetainReason),
    /// Suspended, so nothing was called.
    Suspended,
    /// The tenant is gone from the platform.
    Deleted,
    /// The deletion was confirmed and ends without a request of ours.
    NotRequested(NotRequested),
}

/// Why a confirmed deletion ends without a request of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotRequested {
    /// There is no tenant, and none was ever recorded.
    NoTenant,
    /// The platform says that the tenant was deleted.
    DeletedBefore,
    /// The tenant does not have our stamp any more.
    NotOurs,
}

/// Decides on a Tenant that is being deleted. `observation` is there where the plan depends on it; what is unknown is waited for.
pub fn plan(intent: &DeletionIntent, observation: Option<&Observation>) -> DeletionPlan {
    of_mode(intent, &intent.mode, observation)
}

fn of_mode(intent: &DeletionIntent, mode: &DeletionMode, observation: Option<&Observation>) -> DeletionPlan {
    match mode.clone() {
        DeletionMode::Abandon => DeletionPlan::Off(ReleaseOutcome::Abandoned),
        DeletionMode::GoesOn => DeletionPlan::Off(ReleaseOutcome::GoesOn),
        DeletionMode::SuspendedRetain(
            because @ (RetainReason::NotConfirmed(_)
            | RetainReason::HasOwner
            | RetainReason::NotPermitted
            | RetainReason::OtherPartner(_)),
        )
        | DeletionMode::UnenforcedRetain(because) => DeletionPlan::Off(ReleaseOutcome::StaleStamp(because)),
        DeletionMode::UnenforcedDelete(lacking) => DeletionPlan::Wait(DeletionWait {
            reason: Reason::PoliciesNotEnforced,
            ..DeletionWait::because(&format!(
                "The deletion is confirmed and waits until the admission policies are in force: {lacking}"
            ))
        }),
        DeletionMode::SuspendedRetain(RetainReason::Policy | RetainReason::ScopeTerminating) => {
            DeletionPlan::Off(ReleaseOutcome::Suspended)
        }
        DeletionMode::SuspendedDelete => {
            let message = "The deletion is confirmed and waits until spec.suspend is false";
            DeletionPlan::Wait(DeletionWait {
                reason: Reason::ReconciliationSuspended,
                ..DeletionWait::because(message)
            })
        }
        DeletionMode::Unclear => DeletionPlan::Wait(DeletionWait::because(
            "The deletion waits: cannot read whether the namespace or the CRD is being deleted",
        )),
        DeletionMode::NotUnderstood => {
            let message = format!(
                "The deletion waits: the spec has {}, which this version of the operator does not know. If that does not change, {ABANDONING}",
                intent.unknown
            );
            DeletionPlan::Wait(DeletionWait { reason: Reason::OperatorTooOld, ..DeletionWait::because(&message) })
        }
        DeletionMode::Retain(because) => retain(intent, because, observation),
        DeletionMode::Delete => delete(intent, observation),
        DeletionMode::Accepted(afresh) => match observation {
            Some(Observation::Exists { snapshot, owner: Owner::Ours | Owner::OursLast })
                if snapshot.document.runtime.deletion.is_none() =>
            {
                of_mode(intent, &afresh, observation)
            }
            _ => delete(intent, observation),
        },
    }
}

fn retain(intent: &DeletionIntent, because: RetainReason, observation: Option<&Observation>) -> DeletionPlan {
    let Some(target) = intent.target.clone() else {
        let outcome = if intent.applied { ReleaseOutcome::StaleStamp(because) } else { ReleaseOutcome::NeverOurs };
        return DeletionPlan::Off(outcome);
    };
    // In another environment nothing may be believed or written. A namespace must be able to end all the same: the stamp stays.
    let other = match observation {
        Some(Observation::Unknown(error)) => error.other_platform().map(|_| error.clone()),
        Some(Observation::Exists { .. } | Observation::Absent { .. } | Observation::Tombstone { .. }) | None => None,
    };
    if let (
        Some(error),
        RetainReason::Policy
        | RetainReason::NotConfirmed(_)
        | RetainReason::HasOwner
        | RetainReason::NotPermitted
        | RetainReason::OtherPartner(_),
    ) = (other, because)
    {
        return DeletionPlan::Wait(DeletionWait::not_requested(error));
    }
    match observation {
        Some(
            Observation::Absent { .. }
            | Observation::Tombstone { .. }
            | Observation::Exists { owner: Owner::Other(_) | Owner::Free | Owner::OursLast, .. },
        ) => DeletionPlan::Off(ReleaseOutcome::NeverOurs),
        Some(Observation::Exists { owner: Owner::Ours, .. } | Observation::Unknown(_)) | None => {
            DeletionPlan::Release(target, because)
        }
    }
}

fn delete(intent: &DeletionIntent, observation: Option<&Observation>) -> DeletionPlan {
    let (Some(target), Some(observation)) = (intent.target.clone(), observation) else {
        let message = format!("The Platform does not exist; create it again, or {ABANDONING}");
        return DeletionPlan::Wait(DeletionWait::because(&message));
    };
    match observation {
        Observation::Unknown(error) => DeletionPlan::Wait(DeletionWait::not_requested(error.clone())),
        // It was there, and nothing says that it was deleted.
        Observation::Absent { .. } if intent.applied || intent.accepted => DeletionPlan::Wait(DeletionWait::missing()),
        Observation::Absent { .. } => not_requested(NotRequested::NoTenant),
        Observation::Tombstone { .. } if intent.accepted => DeletionPlan::Off(ReleaseOutcome::Deleted),
        Observation::Tombstone { .. } => not_requested(NotRequested::DeletedBefore),
        Observation::Exists { snapshot, owner } => match (&snapshot.document.runtime.deletion, owner) {
            (_, Owner::Other(_) | Owner::Free) => not_requested(NotRequested::NotOurs),
            (Some(_), Owner::OursLast) if !intent.accepted => match intent.may_delete(snapshot) {
                Ok(()) => DeletionPlan::Wait(DeletionWait::accepted(&snapshot.document)),
                Err(mismatch) if mismatch.is_unknown() => DeletionPlan::Wait(DeletionWait::for_partner(mismatch)),
                // It was handed on since: what becomes of it is another partner's affair.
                Err(_) => not_requested(NotRequested::NotOurs),
            },
            (Some(_), Owner::Ours | Owner::OursLast) => DeletionPlan::Wait(DeletionWait::accepted(&snapshot.document)),
            (None, Owner::Ours) => match intent.may_delete(snapshot) {
                Ok(()) => DeletionPlan::Delete(target, snapshot.document.settings_version.clone()),
                // Unknown is no reason to give up what was confirmed.
                Err(mismatch) if mismatch.is_unknown() => DeletionPlan::Wait(DeletionWait::for_partner(mismatch)),
                Err(mismatch) => DeletionPlan::Release(target, RetainReason::OtherPartner(mismatch)),
            },
            // Our stamp was taken off, as for a tenant that is handed on.
            (None, Owner::OursLast) => not_requested(NotRequested::NotOurs),
        },
    }
}

fn not_requested(because: NotRequested) -> DeletionPlan {
    DeletionPlan::Off(ReleaseOutcome::NotRequested(because))
}

impl DeletionWait {
    fn because(message: &str) -> Self {
        Self { reason: Reason::Deleting, message: message.to_owned(), accepted: None, started: false, error: None }
    }

    /// The platform accepted the deletion, and services and script have to follow.
    fn accepted(document: &Arc<TenantDocument>) -> Self {
        let pending = document.runtime.deletion.clone().unwrap_or_default();
        let message = match (pending.services_pending > 0, pending.script_pending) {
            (_, true) => script::waiting(&document.runtime),
            (true, false) => "Waiting for the platform to delete the services of the tenant".to_owned(),
            (false, false) => "Waiting for the platform to finish the deletion".to_owned(),
        };
        Self { accepted: Some(document.clone()), ..Self::because(&message) }
    }

    /// The deletion is confirmed, and nothing is known of the Partner that has to stand for the tenant.
    fn for_partner(mismatch: Mismatch) -> Self {
        let reason = match mismatch {
            Mismatch::Unresolved(NoPartner::Missing) => Reason::PartnerNotFound,
            Mismatch::Unresolved(NoPartner::Undecodable) | Mismatch::TooNew => Reason::OperatorTooOld,
            Mismatch::Unresolved(NoPartner::Unread)
            | Mismatch::NotCounted
            | Mismatch::NotListed
            | Mismatch::Other
            | Mismatch::NotNamed => Reason::Deleting,
        };
        let message = format!(
            "The deletion is confirmed and waits: {}. If that does not change, set spec.deletionPolicy to Retain to \
             release the tenant, or {ABANDONING}; or a system administrator sets spec.{ADOPT} to delete it all the same",
            mismatch.words()
        );
        Self { reason, ..Self::because(&message) }
    }

    /// What the platform still has to do, once it accepted the deletion.
    pub fn pending(&self) -> Option<PendingDeletion> {
        self.accepted.as_ref().map(|document| document.runtime.deletion.clone().unwrap_or_default())
    }

    /// The platform accepted the deletion in this pass.
    pub fn started(document: &Arc<TenantDocument>) -> Self {
        Self { started: true, ..Self::accepted(document) }
    }

    /// The tenant was there and is missing, which is not known to be its deletion.
    pub fn missing() -> Self {
        let message = "The deletion is not finished: the tenant is missing on the platform, which has no record that it was \
                       deleted. If it does not exist any more, set the annotation nimbus.luware.com/abandon to the tenant ID \
                       to delete the Tenant";
        Self { reason: Reason::TenantLost, ..Self::because(message) }
    }

    /// As many tenants were deleted in the last hour as the Platform allows. How long it takes is no part of the text, which must
    /// not change.
    pub fn rate_limited(limit: DeletionLimit, after: Duration) -> Self {
        let reached = match limit {
            DeletionLimit::Platform => "the limit of the Platform (spec.limits.confirmedDeletionsPerHour)",
            DeletionLimit::Partner => {
                "the limit of the Platform for each partner (spec.limits.confirmedDeletionsPerHourAndPartner)"
            }
        };
        let message = format!("The deletion is confirmed and waits: {reached} is reached");
        let error = Some(ApiError::Throttled { after });
        Self { reason: Reason::DeletionRateLimited, error, ..Self::because(&message) }
    }

    /// A confirmed deletion does not go on. The same words for the whole of an outage, whether the platform was called or is known to
    /// be out of reach: each other text is another write of the status.
    pub fn not_requested(error: ApiError) -> Self {
        if let Some(other) = error.other_platform() {
            let message = format!("The deletion waits: the endpoint of the Platform {}", environment::describe(other));
            return Self { reason: Reason::PlatformChanged, error: Some(error), ..Self::because(&message) };
        }
        let message = match &error {
            ApiError::Forbidden | ApiError::Throttled { .. } | ApiError::Refused(_) => {
                format!("The deletion waits: {error}")
            }
            ApiError::Unreachable(_)
            | ApiError::Unauthenticated(_)
            | ApiError::Unexpected(_)
            | ApiError::NotCalled(_) => {
                format!(
                    "The deletion waits for the platform: {}. If it does not come back, {ABANDONING}",
                    error.cause()
                )
            }
        };
        Self { error: Some(error), ..Self::because(&message) }
    }
}

//! `plan` for a Tenant that is being deleted. The first row that fits decides:
//!
//! abandon → off · never ours → off · accepted and the surroundings end → off · the surroundings end → release, off ·
//! suspended → off, or wait · Retain → release, off · Delete without confirmation → release, off, warn · Delete confirmed →
//! ask for the deletion, wait until the platform says that the tenant is gone.

use super::observation::{Observation, Owner};
use super::resolved::{PlatformReference, Resolved};
use super::stop::Stop;
use crate::admin_api::ApiError;
use crate::admin_api::types::PendingDeletion;
use crate::resources::tenant::DeletionPolicy;
use crate::resources::{Reason, Tenant, TenantId, annotation};

/// What is known about a Tenant that is being deleted, before the platform is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletionIntent {
    /// The tenant: the one that was recorded, else the one of the spec. `None` where the platform cannot be asked about it, since
    /// the id or the Platform is missing.
    pub tenant_id: Option<TenantId>,
    /// Which row fits so far.
    pub mode: DeletionMode,
    /// Whether anything was ever recorded as applied. Without it, a crash may still have left a tenant behind.
    pub applied: bool,
}

/// The rows that do not depend on the platform's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionMode {
    /// The annotation says to let go without a call.
    Abandon,
    /// The platform goes on with a deletion that it accepted.
    GoesOn,
    /// Nothing may be called.
    SuspendedRetain(RetainReason),
    /// A confirmed deletion waits for the suspension to end.
    SuspendedDelete,
    /// Release the tenant.
    Retain(RetainReason),
    /// Delete the tenant.
    Delete {
        /// Whether that is still wanted; what the platform accepted goes on all the same.
        confirmed: bool,
    },
    /// Whether the namespace or CRD ends cannot be read: wait, do not delete.
    Unclear,
}

/// Why a tenant is retained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetainReason {
    /// The policy says so.
    Policy,
    /// The policy is Delete, and nobody confirmed it.
    NotConfirmed,
    /// The namespace or the CRD is being deleted: nobody asked for this tenant.
    ScopeTerminating,
}

/// What to do with the platform.
#[derive(Clone, Debug, PartialEq)]
pub enum DeletionPlan {
    /// Take the finalizer off without a call.
    Off(ReleaseOutcome),
    /// Take our stamp off, then the finalizer, whatever comes of it.
    Release(TenantId, RetainReason),
    /// Ask for the deletion.
    Delete(TenantId),
    /// Wait for services and script.
    Await(PendingDeletion),
    /// Wait for something else.
    Wait {
        /// The reason of Ready.
        reason: Reason,
        /// For what, for people.
        why: String,
        /// The failed call, if one is the cause.
        error: Option<ApiError>,
    },
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
}

impl DeletionIntent {
    /// Reads the rows that the Tenant and its surroundings decide.
    pub fn of(tenant: &Tenant, resolved: &Resolved) -> Self {
        let status = tenant.status.as_ref();
        let recorded = status.and_then(|status| status.platform_tenant.as_ref()).map(|platform| platform.id.as_str());
        let tenant_id = TenantId::parse(recorded.unwrap_or(tenant.spec.settings.general.tenant_id.as_str()));
        Self {
            mode: mode(tenant, resolved, tenant_id),
            applied: status.is_some_and(|status| status.applied.is_some()),
            tenant_id: tenant_id.filter(|_| resolved.platform != PlatformReference::Missing),
        }
    }

    /// Whether the plan depends on what the platform says.
    pub fn asks(&self) -> bool {
        match self.mode {
            DeletionMode::Abandon
            | DeletionMode::GoesOn
            | DeletionMode::SuspendedRetain(_)
            | DeletionMode::SuspendedDelete
            | DeletionMode::Unclear => false,
            DeletionMode::Retain(_) => !self.applied && self.tenant_id.is_some(),
            DeletionMode::Delete { .. } => self.tenant_id.is_some(),
        }
    }
}

fn mode(tenant: &Tenant, resolved: &Resolved, tenant_id: Option<TenantId>) -> DeletionMode {
    let says = |name: &str| {
        let value = annotation::get(tenant, name);
        tenant_id.is_some() && value.and_then(|value| TenantId::parse(value.trim())) == tenant_id
    };
    let deletes = tenant.spec.deletion_policy.unwrap_or_default() == DeletionPolicy::Delete;
    let confirmed = says(annotation::CONFIRM_DELETION);
    let accepted = tenant.status.as_ref().is_some_and(|status| status.deletion.is_some());
    match resolved.scope_terminating {
        _ if says(annotation::ABANDON) => DeletionMode::Abandon,
        Some(true) if accepted => DeletionMode::GoesOn,
        Some(true) => DeletionMode::Retain(RetainReason::ScopeTerminating),
        // After the platform accepted the deletion, edits change nothing.
        _ if tenant.spec.suspended() && !accepted => match (deletes, confirmed) {
            (true, true) => DeletionMode::SuspendedDelete,
            (true, false) => DeletionMode::SuspendedRetain(RetainReason::NotConfirmed),
            (false, _) => DeletionMode::SuspendedRetain(RetainReason::Policy),
        },
        _ if !deletes && !accepted => DeletionMode::Retain(RetainReason::Policy),
        _ if !confirmed && !accepted => DeletionMode::Retain(RetainReason::NotConfirmed),
        None => DeletionMode::Unclear,
        Some(false) => DeletionMode::Delete { confirmed: deletes && confirmed },
    }
}

/// Decides on a Tenant that is being deleted.
///
/// *Errors*: none; what is unknown is waited for.
pub fn plan(deletion_intent: &DeletionIntent, observation: &Observation) -> Result<DeletionPlan, Stop> {
    Ok(match deletion_intent.mode {
        DeletionMode::Abandon => DeletionPlan::Off(ReleaseOutcome::Abandoned),
        DeletionMode::GoesOn => DeletionPlan::Off(ReleaseOutcome::GoesOn),
        DeletionMode::SuspendedRetain(RetainReason::NotConfirmed) => {
            DeletionPlan::Off(ReleaseOutcome::StaleStamp(RetainReason::NotConfirmed))
        }
        DeletionMode::SuspendedRetain(_) => DeletionPlan::Off(ReleaseOutcome::Suspended),
        DeletionMode::SuspendedDelete => DeletionPlan::Wait {
            reason: Reason::Suspended,
            why: "the deletion is confirmed and waits: spec.suspend is true".to_owned(),
            error: None,
        },
        DeletionMode::Unclear => {
            wait("cannot read whether the namespace or the CRD is being deleted, so nothing is deleted")
        }
        DeletionMode::Retain(because) => retain(deletion_intent, because, observation),
        DeletionMode::Delete { confirmed } => delete(deletion_intent, confirmed, observation),
    })
}

fn retain(deletion_intent: &DeletionIntent, because: RetainReason, observation: &Observation) -> DeletionPlan {
    let Some(tenant) = deletion_intent.tenant_id else {
        let outcome =
            if deletion_intent.applied { ReleaseOutcome::StaleStamp(because) } else { ReleaseOutcome::NeverOurs };
        return DeletionPlan::Off(outcome);
    };
    match observation {
        Observation::Absent { .. } | Observation::Tombstone { .. } => DeletionPlan::Off(ReleaseOutcome::NeverOurs),
        Observation::Exists { owner: Owner::Other(_) | Owner::Free | Owner::OursLast, .. } => {
            DeletionPlan::Off(ReleaseOutcome::NeverOurs)
        }
        Observation::Exists { owner: Owner::Ours, .. } | Observation::NotAsked | Observation::Unknown(_) => {
            DeletionPlan::Release(tenant, because)
        }
    }
}

fn delete(deletion_intent: &DeletionIntent, confirmed: bool, observation: &Observation) -> DeletionPlan {
    let missing = || wait("the Platform is missing; create it again, or abandon the tenant by annotation");
    let Some(tenant) = deletion_intent.tenant_id else { return missing() };
    match observation {
        Observation::NotAsked => missing(),
        Observation::Unknown(error) => {
            DeletionPlan::Wait { reason: Reason::Deleting, why: not_requested(error), error: Some(error.clone()) }
        }
        Observation::Absent { .. } | Observation::Tombstone { .. } => DeletionPlan::Off(ReleaseOutcome::Deleted),
        Observation::Exists { owner: Owner::Other(_) | Owner::Free, .. } => {
            DeletionPlan::Off(ReleaseOutcome::NeverOurs)
        }
        Observation::Exists { document, owner: Owner::Ours | Owner::OursLast, .. } => {
            match &document.runtime.deletion {
                Some(deletion) => DeletionPlan::Await(deletion.clone()),
                None if confirmed => DeletionPlan::Delete(tenant),
                // The platform took its deletion back, and nobody asks for another one.
                None => DeletionPlan::Release(tenant, RetainReason::NotConfirmed),
            }
        }
    }
}

fn wait(why: &str) -> DeletionPlan {
    DeletionPlan::Wait { reason: Reason::Deleting, why: why.to_owned(), error: None }
}

/// Why a confirmed deletion does not go on. The same words for the whole of an outage, whether the platform was called or is
/// known to be out of reach: each other word is another write of the status.
pub fn not_requested(error: &ApiError) -> String {
    match error {
        ApiError::Forbidden | ApiError::Throttled { .. } | ApiError::Refused(_) => {
            format!("the deletion waits: {error}")
        }
        ApiError::Unreachable(_) | ApiError::Unauthenticated(_) | ApiError::Unexpected(_) | ApiError::NotCalled(_) => {
            format!("the deletion waits: the platform cannot be asked: {}", error.cause())
        }
    }
}

//! `plan` for a Tenant that is being deleted. The first row that fits decides:
//!
//! abandon → off · never ours → off · accepted and the surroundings end → off · the surroundings end → release, off ·
//! suspended → off, or wait · Retain → release, off · Delete without confirmation → release, off, warn · Delete confirmed →
//! ask for the deletion, wait until the platform says that the tenant is gone.

use super::{Observation, Owner, PlatformReference, Resolved, Stop};
use crate::admin_api::ApiError;
use crate::admin_api::types::PendingDeletion;
use crate::resources::tenant::DeletionPolicy;
use crate::resources::{Tenant, annotation, reason};
use crate::settings::format::{Guid, canonical};

/// What is known about a Tenant that is being deleted, before the platform is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    /// The tenant's id in lower case: the one that was recorded, else the one of the spec.
    pub tenant_id: String,
    /// Which row fits so far.
    pub way: Way,
    /// Whether anything was ever recorded as applied. Without it, a crash may still have left a tenant behind.
    pub applied: bool,
    /// Whether the platform can be called at all.
    pub platform: bool,
}

/// The rows that do not depend on the platform's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The annotation says to let go without a call.
    Abandon,
    /// The platform goes on with a deletion that it accepted.
    GoesOn,
    /// Nothing may be called.
    SuspendedRetain(Because),
    /// A confirmed deletion waits for the suspension to end.
    SuspendedDelete,
    /// Release the tenant.
    Retain(Because),
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
pub enum Because {
    /// The policy says so.
    Policy,
    /// The policy is Delete, and nobody confirmed it.
    NotConfirmed,
    /// The namespace or the CRD is being deleted: nobody asked for this tenant.
    SurroundingsEnd,
}

/// What to do with the platform.
#[derive(Clone, Debug, PartialEq)]
pub enum Leave {
    /// Take the finalizer off without a call.
    Off(Farewell),
    /// Take our stamp off, then the finalizer, whatever comes of it.
    Release(Because),
    /// Ask for the deletion.
    Delete,
    /// Wait for services and script.
    Await(PendingDeletion),
    /// Wait for something else.
    Wait {
        /// The reason of Ready.
        reason: &'static str,
        /// For what, for people.
        why: String,
        /// The failed call, if one is the cause.
        error: Option<ApiError>,
    },
}

/// How a Tenant left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// By the annotation, without a call.
    Abandoned,
    /// It never had a tenant on the platform.
    NeverOurs,
    /// The platform goes on with the deletion.
    GoesOn,
    /// The tenant was released.
    Released(Because),
    /// The tenant was released, and the platform goes on with a deletion that it had accepted: the answer had been lost.
    TooLate,
    /// Releasing failed, or was not possible; the stamp is stale.
    StaleStamp(Because),
    /// Suspended, so nothing was called.
    Suspended,
    /// The tenant is gone from the platform.
    Deleted,
}

impl Departure {
    /// Reads the rows that the Tenant and its surroundings decide.
    pub fn of(tenant: &Tenant, resolved: &Resolved) -> Self {
        let status = tenant.status.as_ref();
        let recorded = status.and_then(|status| status.platform_tenant.as_ref()).map(|platform| platform.id.clone());
        let written = tenant.spec.settings.general.tenant_id.as_str();
        let tenant_id = recorded.or_else(|| canonical::<Guid>(written)).unwrap_or_default();
        Self {
            way: way(tenant, resolved, &tenant_id),
            applied: status.is_some_and(|status| status.applied.is_some()),
            // Without an id there is nothing to ask for, and nothing was ever applied.
            platform: resolved.platform != PlatformReference::Missing && !tenant_id.is_empty(),
            tenant_id,
        }
    }

    /// Whether the plan depends on what the platform says.
    pub fn asks(&self) -> bool {
        match self.way {
            Way::Abandon | Way::GoesOn | Way::SuspendedRetain(_) | Way::SuspendedDelete | Way::Unclear => false,
            Way::Retain(_) => !self.applied && self.platform,
            Way::Delete { .. } => self.platform,
        }
    }
}

fn way(tenant: &Tenant, resolved: &Resolved, tenant_id: &str) -> Way {
    let says = |name: &str| {
        let value = tenant.metadata.annotations.as_ref().and_then(|annotations| annotations.get(name));
        !tenant_id.is_empty() && value.is_some_and(|value| value.trim().eq_ignore_ascii_case(tenant_id))
    };
    let deletes = tenant.spec.deletion_policy.unwrap_or_default() == DeletionPolicy::Delete;
    let confirmed = says(annotation::CONFIRM_DELETION);
    let accepted = tenant.status.as_ref().is_some_and(|status| status.deletion.is_some());
    match resolved.surroundings_end {
        _ if says(annotation::ABANDON) => Way::Abandon,
        Some(true) if accepted => Way::GoesOn,
        Some(true) => Way::Retain(Because::SurroundingsEnd),
        // After the platform accepted the deletion, edits change nothing.
        _ if tenant.spec.suspended() && !accepted => match (deletes, confirmed) {
            (true, true) => Way::SuspendedDelete,
            (true, false) => Way::SuspendedRetain(Because::NotConfirmed),
            (false, _) => Way::SuspendedRetain(Because::Policy),
        },
        _ if !deletes && !accepted => Way::Retain(Because::Policy),
        _ if !confirmed && !accepted => Way::Retain(Because::NotConfirmed),
        None => Way::Unclear,
        Some(false) => Way::Delete { confirmed: deletes && confirmed },
    }
}

/// Decides on a Tenant that is being deleted.
///
/// *Errors*: none; what is unknown is waited for.
pub fn plan(departure: &Departure, observation: &Observation) -> Result<Leave, Stop> {
    Ok(match departure.way {
        Way::Abandon => Leave::Off(Farewell::Abandoned),
        Way::GoesOn => Leave::Off(Farewell::GoesOn),
        Way::SuspendedRetain(Because::NotConfirmed) => Leave::Off(Farewell::StaleStamp(Because::NotConfirmed)),
        Way::SuspendedRetain(_) => Leave::Off(Farewell::Suspended),
        Way::SuspendedDelete => Leave::Wait {
            reason: reason::SUSPENDED,
            why: "the deletion is confirmed and waits: spec.suspend is true".to_owned(),
            error: None,
        },
        Way::Unclear => wait("cannot read whether the namespace or the CRD is being deleted, so nothing is deleted"),
        Way::Retain(because) => retain(departure, because, observation),
        Way::Delete { confirmed } => delete(confirmed, observation),
    })
}

fn retain(departure: &Departure, because: Because, observation: &Observation) -> Leave {
    match observation {
        _ if !departure.platform => {
            Leave::Off(if departure.applied { Farewell::StaleStamp(because) } else { Farewell::NeverOurs })
        }
        Observation::Absent { .. } | Observation::Tombstone { .. } => Leave::Off(Farewell::NeverOurs),
        Observation::Exists { owner: Owner::Other(_) | Owner::Free | Owner::OursLast, .. } => {
            Leave::Off(Farewell::NeverOurs)
        }
        Observation::Exists { owner: Owner::Ours, .. } | Observation::NotAsked | Observation::Unknown(_) => {
            Leave::Release(because)
        }
    }
}

fn delete(confirmed: bool, observation: &Observation) -> Leave {
    match observation {
        Observation::NotAsked => wait("the Platform is missing; create it again, or abandon the tenant by annotation"),
        Observation::Unknown(error) => {
            Leave::Wait { reason: reason::DELETING, why: unasked(error), error: Some(error.clone()) }
        }
        Observation::Absent { .. } | Observation::Tombstone { .. } => Leave::Off(Farewell::Deleted),
        Observation::Exists { owner: Owner::Other(_) | Owner::Free, .. } => Leave::Off(Farewell::NeverOurs),
        Observation::Exists { document, owner: Owner::Ours | Owner::OursLast, .. } => {
            match &document.runtime.deletion {
                Some(deletion) => Leave::Await(deletion.clone()),
                None if confirmed => Leave::Delete,
                // The platform took its deletion back, and nobody asks for another one.
                None => Leave::Release(Because::NotConfirmed),
            }
        }
    }
}

fn wait(why: &str) -> Leave {
    Leave::Wait { reason: reason::DELETING, why: why.to_owned(), error: None }
}

/// Why a confirmed deletion does not go on. The same words for the whole of an outage, whether the platform was called or is
/// known to be out of reach: each other word is another write of the status.
pub fn unasked(error: &ApiError) -> String {
    match error {
        ApiError::Throttled { .. } => "the deletion waits: the platform asks for fewer requests".to_owned(),
        ApiError::Refused(problem) => format!("the deletion waits: the platform refused: {}", problem.slug),
        ApiError::Forbidden => format!("the deletion waits: {error}"),
        ApiError::Unreachable { what }
        | ApiError::Unauthenticated { what }
        | ApiError::Unexpected { what, .. }
        | ApiError::NotCalled { because: what } => {
            format!("the deletion waits: the platform cannot be asked: {what}")
        }
    }
}

//! Carries out the plan for a Tenant that is being deleted.

use std::sync::Arc;
use std::time::Instant;

use super::finalizer::ensure_unchanged;
use super::stops::at_write;
use super::writer::Writer;
use crate::admin_api::{ApiError, Client, Deletion, Lookup, ProblemType, TenantDocument};
use crate::cluster::Cluster;
use crate::controller::options::Timing;
use crate::controller::platform::deletion_rate::{Breaker, Slot};
use crate::plan::deletion::{DeletionPlan, DeletionWait, NotRequested, ReleaseOutcome, RetainReason};
use crate::plan::{Outcome, Stop, Target};
use crate::resources::Tenant;

/// What carrying out a deletion needs.
pub(crate) struct Deleter<'d> {
    pub(crate) cluster: &'d Cluster,
    pub(crate) timing: &'d Timing,
    pub(crate) breaker: Breaker<'d>,
    pub(crate) client: Result<&'d Client, ApiError>,
    /// As it was decided on.
    pub(crate) tenant: &'d Tenant,
}

impl Deleter<'_> {
    /// Carries out the plan: the Tenant may go, or waits and says for what.
    ///
    /// *Errors*: the Tenant changed meanwhile, or Kubernetes did not let the deletion be counted.
    pub(crate) async fn execute(&self, plan: DeletionPlan) -> Result<Outcome, Stop> {
        match plan {
            DeletionPlan::Off(release_outcome) => Ok(Outcome::Released(release_outcome)),
            DeletionPlan::Wait(wait) => Ok(Outcome::Deleting(wait)),
            DeletionPlan::Release(target, because) => Ok(Outcome::Released(self.release(&target, because).await)),
            DeletionPlan::Delete(target) => self.delete(&target).await,
        }
    }

    /// One attempt, successful or not, for which the platform may let us wait: a stale stamp heals, a Tenant that cannot be deleted does not.
    async fn release(&self, target: &Target, because: RetainReason) -> ReleaseOutcome {
        let Ok(client) = &self.client else { return ReleaseOutcome::StaleStamp(because) };
        let most = match because {
            RetainReason::ScopeTerminating => self.timing.release_in_ending_namespace,
            RetainReason::Policy
            | RetainReason::NotConfirmed(_)
            | RetainReason::HasOwner
            | RetainReason::NotPermitted => self.timing.release,
        };
        let writer = Writer::new(client, target);
        let outcome = tokio::time::timeout(most, release(&writer, because, Instant::now() + most)).await;
        outcome.unwrap_or(ReleaseOutcome::StaleStamp(because))
    }

    /// Asks for the deletion of a Tenant that did not change meanwhile, within the limit of its Platform.
    async fn delete(&self, target: &Target) -> Result<Outcome, Stop> {
        ensure_unchanged(self.cluster, self.tenant).await?;
        let client = match &self.client {
            Ok(client) => client,
            Err(error) => return Ok(Outcome::Deleting(DeletionWait::not_requested(error.clone()))),
        };
        let id = target.tenant.to_string();
        let slot = self.breaker.take(&target.platform, &id).await;
        match slot.map_err(at_write("counting the deletion on the Platform"))? {
            Slot::Taken => Ok(request(&Writer::new(client, target)).await),
            Slot::Wait(after) => Ok(Outcome::Deleting(DeletionWait::rate_limited(after))),
        }
    }
}

/// Takes our stamp off.
async fn release(writer: &Writer<'_>, because: RetainReason, until: Instant) -> ReleaseOutcome {
    match release_when_allowed(writer, until).await {
        Ok(document) => released(&document, because),
        // Taken off by an attempt whose answer was lost, or another's by now: only a look can tell.
        Err(error) if error.is(&ProblemType::OwnerChanged) => match writer.client.tenant(writer.id).await {
            Ok(Lookup::Found(document)) if document.owner.as_deref() == Some(writer.ours().owner) => {
                ReleaseOutcome::StaleStamp(because)
            }
            Ok(Lookup::Found(document))
                if document.owner.is_none() && document.last_owner.as_deref() == Some(writer.ours().owner) =>
            {
                released(&document, because)
            }
            Ok(Lookup::Found(_) | Lookup::Absent | Lookup::Tombstone { .. }) => ReleaseOutcome::NeverOurs,
            Err(_) => ReleaseOutcome::StaleStamp(because),
        },
        Err(ApiError::Refused(_)) => ReleaseOutcome::NeverOurs,
        Err(_) => ReleaseOutcome::StaleStamp(because),
    }
}

/// Takes our stamp off, once the platform takes calls again: it asks to be left alone for whichever tenant.
async fn release_when_allowed(writer: &Writer<'_>, until: Instant) -> Result<TenantDocument, ApiError> {
    loop {
        match writer.client.release(writer.ours()).await {
            Err(ApiError::Throttled { after }) if Instant::now() + after < until => tokio::time::sleep(after).await,
            outcome => return outcome,
        }
    }
}

/// How a Tenant left whose stamp is off.
fn released(document: &TenantDocument, because: RetainReason) -> ReleaseOutcome {
    match document.runtime.deletion {
        Some(_) => ReleaseOutcome::TooLate,
        None => ReleaseOutcome::Released(because),
    }
}

/// Asks for the deletion and reads what came of it.
async fn request(writer: &Writer<'_>) -> Outcome {
    match writer.client.delete(writer.ours()).await {
        Ok(Deletion::Gone) => Outcome::Released(ReleaseOutcome::Deleted),
        Err(error) if error.is(&ProblemType::OwnedByOther) => {
            Outcome::Released(ReleaseOutcome::NotRequested(NotRequested::NotOurs))
        }
        // It was there a moment ago, and nothing says that it was deleted.
        Err(error) if error.is(&ProblemType::TenantNotFound) => Outcome::Deleting(DeletionWait::missing()),
        Err(error) => Outcome::Deleting(DeletionWait::not_requested(error)),
        Ok(Deletion::Pending(accepted)) => match writer.client.tenant(writer.id).await {
            Ok(Lookup::Tombstone { .. }) => Outcome::Released(ReleaseOutcome::Deleted),
            Ok(Lookup::Found(document)) => Outcome::Deleting(DeletionWait::started(&Arc::from(document))),
            Ok(Lookup::Absent) | Err(_) => Outcome::Deleting(DeletionWait::started(&Arc::from(accepted))),
        },
    }
}

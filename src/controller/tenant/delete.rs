//! Carries out the plan for a Tenant that is being deleted.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::ResourceExt;

use super::resolve::resolve;
use super::second_look::within;
use super::stops::{at_read, at_write};
use super::writer::Writer;
use crate::admin_api::{ApiError, Client, Deletion, Lookup, ProblemType, TenantDocument};
use crate::cluster::Guarded;
use crate::controller::context::Context;
use crate::controller::platform::deletion_rate::{Breaker, Slot};
use crate::plan::deletion::{DeletionPlan, DeletionWait, NotRequested, ReleaseOutcome, RetainReason};
use crate::plan::deletion_intent::DeletionIntent;
use crate::plan::{LastLook, Outcome, Stop, Target};
use crate::resources::Tenant;

/// What carrying out a deletion needs.
pub(crate) struct Deleter<'d> {
    pub(crate) context: &'d Context,
    pub(crate) client: Result<&'d Client, ApiError>,
    /// As it was decided on.
    pub(crate) tenant: &'d Tenant,
    /// What it and its surroundings said then.
    pub(crate) intent: &'d DeletionIntent,
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
            DeletionPlan::Delete(target, seen) => self.delete(&target, &seen).await,
        }
    }

    /// One attempt, successful or not, for which the platform may let us wait: a stale stamp heals, a Tenant that cannot be deleted does not.
    async fn release(&self, target: &Target, because: RetainReason) -> ReleaseOutcome {
        let Ok(client) = &self.client else { return ReleaseOutcome::StaleStamp(because) };
        let timing = &self.context.options.timing;
        let most = match because {
            RetainReason::ScopeTerminating => timing.release_in_ending_namespace,
            RetainReason::Policy
            | RetainReason::NotConfirmed(_)
            | RetainReason::HasOwner
            | RetainReason::NotPermitted
            | RetainReason::OtherPartner(_) => timing.release,
        };
        let writer = Writer::new(client, target);
        let outcome = tokio::time::timeout(most, release(&writer, because, Instant::now() + most)).await;
        outcome.unwrap_or(ReleaseOutcome::StaleStamp(because))
    }

    /// Asks for the deletion within the limit of the Platform, if it is still wanted once nothing else stands before the request, and of a
    /// tenant whose settings are still of the version that was `seen`.
    async fn delete(&self, target: &Target, seen: &str) -> Result<Outcome, Stop> {
        let client = match &self.client {
            Ok(client) => client,
            Err(error) => return Ok(Outcome::Deleting(DeletionWait::not_requested(error.clone()))),
        };
        let slot = Breaker::of(self.context).take(target, self.intent.partner_id()).await;
        match slot.map_err(at_write("counting the deletion on the Platform"))? {
            Slot::Taken => {}
            Slot::Wait(limit, after) => return Ok(Outcome::Deleting(DeletionWait::rate_limited(limit, after))),
        }
        let writer = Writer::new(client, target);
        let answer = client.delete(writer.ours(), seen, || self.last_look()).await?;
        match &answer {
            Ok(Deletion::Pending(_)) => self.context.options.telemetry.metrics.deletion_confirmed(&target.platform),
            // They say whose the tenant is, so it is looked at again.
            Err(error) if error.is(&ProblemType::SettingsChanged) => {
                return Err(Stop::Raced("the settings changed before the deletion was requested".to_owned()));
            }
            Ok(Deletion::Gone) | Err(_) => {}
        }
        Ok(outcome(&writer, answer).await)
    }

    /// Looks at all that the deletion was decided on. Returns how much of the time between this look and an answer is left.
    ///
    /// *Errors*: it is not wanted any more, or that was not found out in time.
    async fn last_look(&self) -> Result<Duration, Stop> {
        within(self.context.options.timing.last_look, self.is_confirmed()).await
    }

    async fn is_confirmed(&self) -> Result<bool, Stop> {
        let (context, was) = (self.context, self.tenant);
        let platform = context.platforms.find(&was.spec.platform_ref.name).await;
        let platform = platform.map_err(at_read("reading the Platform"))?;
        let (resolved, _) = resolve(context, was, platform.clone()).await?;
        // Last, since people confirm and withdraw here.
        let tenants = context.cluster.namespaced::<Guarded<Tenant>>(&was.namespace().unwrap_or_default());
        let now = tenants.get(&was.name_any()).await.map_err(at_read("reading the Tenant"))?;
        let Ok(tenant) = &now.0 else { return Ok(false) };
        let look = LastLook { tenant, resolved: &resolved, today: context.today(platform.as_deref()) };
        Ok(look.confirms(self.intent, was))
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

/// What came of the request to delete.
async fn outcome(writer: &Writer<'_>, answer: Result<Deletion, ApiError>) -> Outcome {
    match answer {
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

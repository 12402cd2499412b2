//! Carries out the plan for a Tenant that is being deleted.

use std::time::Duration;

use kube::ResourceExt;

use super::pass::Pass;
use super::stops::at_write;
use crate::admin_api::types::PendingDeletion;
use crate::admin_api::{ApiError, Client, Deletion, Lookup, ProblemType, Write};
use crate::cluster::Cluster;
use crate::controller::options::Timing;
use crate::controller::platform::deletion_rate::{self, Slot};
use crate::plan::deletion::{self, DeletionPlan, ReleaseOutcome, RetainReason};
use crate::plan::{Outcome, Stop};
use crate::resources::Reason;

/// Carries out the plan for a Tenant that is being deleted: it may go, or waits and says for what.
///
/// *Errors*: Kubernetes did not let the deletion be counted.
pub(crate) async fn delete(
    cluster: &Cluster,
    timing: &Timing,
    client: Result<&Client, ApiError>,
    pass: &Pass,
    plan: DeletionPlan,
) -> Result<Outcome, Stop> {
    let stamp = pass.stamp.to_string();
    Ok(match (plan, client) {
        (DeletionPlan::Off(release_outcome), _) => Outcome::Left(release_outcome),
        (DeletionPlan::Wait { reason, why, error }, _) => {
            Outcome::Waiting { deletion: None, reason, why, started: false, error }
        }
        (DeletionPlan::Await(pending), _) => waits(pending, false),
        (DeletionPlan::Release(tenant, retain_reason), Ok(client)) => {
            let most = match retain_reason {
                RetainReason::ScopeTerminating => timing.release_in_ending_namespace,
                RetainReason::Policy | RetainReason::NotConfirmed => timing.release,
            };
            Outcome::Left(release(client, &tenant.to_string(), &stamp, retain_reason, most).await)
        }
        (DeletionPlan::Release(_, retain_reason), Err(_)) => Outcome::Left(ReleaseOutcome::StaleStamp(retain_reason)),
        (DeletionPlan::Delete(tenant), Ok(client)) => match slot(cluster, pass, &tenant.to_string()).await? {
            Slot::Taken => request_deletion(client, &tenant.to_string(), &stamp).await,
            Slot::Wait(after) => rate_limited(after),
        },
        (DeletionPlan::Delete(_), Err(error)) => not_requested(error),
    })
}

/// As many were deleted in the last hour as the Platform allows. How long it takes is no part of the text, which must not change.
fn rate_limited(after: Duration) -> Outcome {
    let why = "the deletion is confirmed and waits: as many tenants of this Platform were deleted in the last hour as it allows";
    let (reason, error) = (Reason::DeletionRateLimited, Some(ApiError::Throttled { after }));
    Outcome::Waiting { deletion: None, reason, why: why.to_owned(), started: false, error }
}

/// A deletion without a Platform cannot be counted, and so is not asked for.
async fn slot(cluster: &Cluster, pass: &Pass, id: &str) -> Result<Slot, Stop> {
    let platform = pass.platform.as_deref().ok_or(Stop::Bug("a deletion without a Platform"))?;
    deletion_rate::take(cluster, &platform.name_any(), id).await.map_err(at_write)
}

/// One attempt, successful or not: a stale stamp heals, a Tenant that cannot be deleted does not.
async fn release(
    client: &Client,
    id: &str,
    stamp: &str,
    retain_reason: RetainReason,
    most: Duration,
) -> ReleaseOutcome {
    match tokio::time::timeout(most, client.release(Write { id, owner: stamp })).await {
        Ok(Ok(Some(document))) if document.runtime.deletion.is_some() => ReleaseOutcome::TooLate,
        Ok(Ok(_)) => ReleaseOutcome::Released(retain_reason),
        Ok(Err(ApiError::Refused(_))) => ReleaseOutcome::NeverOurs,
        Ok(Err(_)) | Err(_) => ReleaseOutcome::StaleStamp(retain_reason),
    }
}

/// Asks for the deletion and looks what came of it.
async fn request_deletion(client: &Client, id: &str, stamp: &str) -> Outcome {
    match client.delete(Write { id, owner: stamp }).await {
        Ok(Deletion::Gone) => Outcome::Left(ReleaseOutcome::Deleted),
        Err(error) if error.is(&ProblemType::OwnedByOther) => Outcome::Left(ReleaseOutcome::NeverOurs),
        Err(error) => not_requested(error),
        Ok(Deletion::Pending(accepted)) => match client.tenant(id).await {
            Ok(Lookup::Absent | Lookup::Tombstone { .. }) => Outcome::Left(ReleaseOutcome::Deleted),
            Ok(Lookup::Found(document)) => waits(document.runtime.deletion.unwrap_or_default(), true),
            Err(_) => waits(accepted.runtime.deletion.unwrap_or_default(), true),
        },
    }
}

fn waits(deletion: PendingDeletion, started: bool) -> Outcome {
    let services = (deletion.services_pending > 0).then_some("the services that are pending deletion");
    let script = deletion.script_pending.then_some("a run of the provisioning script");
    let waits: Vec<_> = [services, script].into_iter().flatten().collect();
    let why = match waits.as_slice() {
        [] => "the platform accepted the deletion and has not finished it".to_owned(),
        waits => format!("the platform accepted the deletion and waits for {}", waits.join(" and for ")),
    };
    Outcome::Waiting { deletion: Some(deletion), reason: Reason::Deleting, why, started, error: None }
}

fn not_requested(error: ApiError) -> Outcome {
    let why = deletion::not_requested(&error);
    Outcome::Waiting { deletion: None, reason: Reason::Deleting, why, started: false, error: Some(error) }
}

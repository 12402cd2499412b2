//! `publish`: writes what a pass came to. Status at most once and only when it changed; never the spec, never the whole object.

use kube::Resource;
use kube::core::ObjectMeta;
use serde_json::{Value, json};
use tracing::info;

use super::finalizer::remove_finalizer;
use super::stops::refused;
use crate::cluster::{Cluster, Event, NotWritten, Patch, Refusal, Scope};
use crate::controller::readiness::log_ready;
use crate::plan::deletion::{ReleaseOutcome, RetainReason};
use crate::plan::{Conclusion, Stop};
use crate::resources::Tenant;

/// Writes status, finalizer and events, in this order: an event says what has happened.
///
/// *Errors*: Kubernetes does not take them; the pass comes again. What is refused for good is another conclusion.
pub(crate) async fn publish(
    cluster: &Cluster,
    instance: &str,
    tenant: &Tenant,
    conclusion: Conclusion,
) -> Result<(), Unpublished> {
    if let Some(status) = &conclusion.status {
        write_status(cluster, &tenant.metadata, json!(status)).await?;
        let before = tenant.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
        log_ready(before, &status.conditions);
    }
    if let Some(release_outcome) = conclusion.release_outcome {
        release(cluster, tenant, release_outcome).await?;
    }
    let scope = match conclusion.release_outcome {
        Some(
            ReleaseOutcome::Released(RetainReason::ScopeTerminating)
            | ReleaseOutcome::StaleStamp(RetainReason::ScopeTerminating),
        ) => Scope::Terminating,
        Some(_) | None => Scope::Namespaced,
    };
    for event in &conclusion.events {
        info!(reason = event.reason.as_str(), note = event.message, "event");
        let (reason, message) = (event.reason.as_str(), event.message.as_str());
        let regarding = tenant.object_ref(&());
        cluster.record(Event { regarding, warning: event.warning, reason, message, instance }, scope).await;
    }
    Ok(())
}

async fn release(cluster: &Cluster, tenant: &Tenant, release_outcome: ReleaseOutcome) -> Result<(), Unpublished> {
    match remove_finalizer(cluster, &tenant.metadata).await {
        Ok(()) => {
            info!(outcome = ?release_outcome, "finalizer removed");
            Ok(())
        }
        Err(Refusal::NotFound | Refusal::Conflict) => Err(NotWritten("the Tenant changed in the meantime").into()),
        Err(Refusal::Forbidden(denier) | Refusal::Invalid(denier)) => {
            Err(Unpublished::Refused(refused("removing the finalizer", &denier)))
        }
        Err(Refusal::Unanswered(_) | Refusal::NotLeader) => {
            Err(NotWritten("the finalizer could not be removed").into())
        }
    }
}

/// Why a conclusion is not in Kubernetes.
pub(crate) enum Unpublished {
    /// The pass is tried again.
    NotWritten(NotWritten),
    /// Kubernetes will refuse it again, which has to be published instead.
    Refused(Stop),
}

impl Unpublished {
    /// The same where nothing more can be published.
    pub(crate) fn into_not_written(self) -> NotWritten {
        match self {
            Self::NotWritten(cause) => cause,
            Self::Refused(_) => NotWritten("the finalizer could not be removed"),
        }
    }
}

impl From<NotWritten> for Unpublished {
    fn from(cause: NotWritten) -> Self {
        Self::NotWritten(cause)
    }
}

/// Replaces the status of the Tenant that was seen, and of no successor of the same name. The Tenant may be one that cannot be
/// decoded.
pub(crate) async fn write_status(
    cluster: &Cluster,
    seen: &ObjectMeta,
    status: Value,
) -> Result<Option<String>, NotWritten> {
    let tenants = cluster.namespaced::<Tenant>(seen.namespace.as_deref().unwrap_or_default());
    tenants.write_status(Patch::of(seen).status(status)).await
}

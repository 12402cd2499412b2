//! `publish`: writes what a pass came to. Status at most once and only when it changed; never the spec, never the whole object.

use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use tracing::info;

use super::execute::remove_finalizer;
use super::reconcile::NotPublished;
use crate::controller::FIELD_MANAGER;
use crate::controller::context::{Context, Refusal};
use crate::plan::deletion::{ReleaseOutcome, RetainReason};
use crate::plan::{Conclusion, Stop};
use crate::resources::condition;
use crate::resources::{ConditionType, Tenant};

/// Writes status, events and finalizer.
///
/// *Errors*: Kubernetes does not take them; the pass comes again.
pub(crate) async fn publish(context: &Context, tenant: &Tenant, conclusion: Conclusion) -> Result<(), NotPublished> {
    if let Some(status) = &conclusion.status {
        if let Some(ready) = condition::find(&status.conditions, ConditionType::Ready) {
            info!(ready = ready.status, reason = ready.reason, message = ready.message, "status changed");
        }
        let status = serde_json::to_value(status).map_err(|_| NotPublished("a status that is no JSON"))?;
        write_status(context, tenant, status).await?;
    }
    let ending = matches!(
        conclusion.release_outcome,
        Some(
            ReleaseOutcome::Released(RetainReason::ScopeTerminating)
                | ReleaseOutcome::StaleStamp(RetainReason::ScopeTerminating)
        )
    );
    for note in &conclusion.events {
        info!(reason = note.reason.as_str(), message = note.message, "event");
        crate::controller::events::record(context, tenant, note, ending).await;
    }
    if let Some(release_outcome) = conclusion.release_outcome {
        info!(?release_outcome, "finalizer comes off");
        match remove_finalizer(context, tenant).await {
            Ok(()) => context.memory.forget(&tenant.metadata),
            Err(Stop::Raced) => return Err(NotPublished("the Tenant changed meanwhile")),
            Err(_) => return Err(NotPublished("the finalizer could not be taken off")),
        }
    }
    Ok(())
}

/// Replaces the status of the object that was looked at, and of no successor of the same name.
pub(crate) async fn write_status(
    context: &Context,
    tenant: &impl kube::Resource<DynamicType = ()>,
    status: Value,
) -> Result<(), NotPublished> {
    let meta = tenant.meta();
    let steps = json!([
        { "op": "test", "path": "/metadata/uid", "value": meta.uid },
        { "op": "add", "path": "/status", "value": status },
    ]);
    let patch: json_patch::Patch = serde_json::from_value(steps).map_err(|_| NotPublished("not a JSON patch"))?;
    let api = Api::<kube::core::PartialObjectMeta<Tenant>>::namespaced(
        context.client.clone(),
        meta.namespace.as_deref().unwrap_or_default(),
    );
    let params = PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
    match context.kubernetes(api.patch_status(&tenant.name_any(), &params, &Patch::Json::<()>(patch))).await {
        // Gone or replaced: there is nobody to tell.
        Ok(_) | Err(Refusal::NotFound) => Ok(()),
        Err(Refusal::Conflict) => Err(NotPublished("the Tenant changed meanwhile")),
        Err(Refusal::Forbidden) => Err(NotPublished("the operator's account may not write the status")),
        Err(Refusal::Unknown(what)) => Err(NotPublished(what)),
    }
}

//! The pass over one Partner: a finalizer keeps it while Tenants name it, and its status says so when it is being deleted.
//!
//! Several operators share a Partner, and each says the same of it: what stands in the status follows from the object alone.

use std::sync::Arc;

use jiff::Timestamp;
use kube::ResourceExt;
use kube::runtime::controller::Action;
use serde_json::json;
use tracing::warn;

use super::context::Context;
use super::readiness::log_ready;
use crate::cluster::{Guarded, NotWritten, Patch, Refusal};
use crate::resources::condition::merge;
use crate::resources::partner::PartnerStatus;
use crate::resources::{Partner, Tenant};

/// Reconciles one Partner.
pub(super) async fn reconcile(guarded: Arc<Guarded<Partner>>, context: Arc<Context>) -> Result<Action, NotWritten> {
    let partner = match &guarded.0 {
        Ok(partner) => partner,
        Err(_) => {
            warn!("cannot decode Partner; Tenants that refer to it wait");
            return Ok(Action::await_change());
        }
    };
    let timing = &context.options.timing;
    let Context { cluster, platforms, .. } = &*context;
    let dependent = dependent(&context, partner).await;
    match context.in_use.keep::<Partner>(cluster, &partner.metadata, dependent.as_deref()).await {
        Ok(false) => {}
        // The write brings another pass.
        Ok(true) => {
            warn!("the finalizer that keeps a Partner in use was taken off, and is put back");
            return Ok(Action::requeue(timing.backoff_first));
        }
        Err(refusal) => return Err(refusal.not_written()),
    }
    let used = match context.in_use.release_partner_if_unused(cluster, platforms, partner).await {
        Ok(used) => used,
        // Changed meanwhile: the change brings another look.
        Err(Refusal::Conflict | Refusal::NotFound) => {
            return Ok(Action::requeue(timing.backoff_first));
        }
        Err(Refusal::Forbidden(_) | Refusal::Invalid(_) | Refusal::Unanswered(_)) => {
            return Err(NotWritten("cannot read whether Tenants refer to it"));
        }
    };
    let released = context.in_use.is_on(&partner.metadata) && !used;
    // What was let go comes again as a change, or is gone.
    if !released {
        publish(&context, partner).await?;
    }
    Ok(match (used, partner.metadata.deletion_timestamp.is_some()) {
        (true, true) => Action::requeue(timing.platform_retry),
        (true, false) => Action::requeue(timing.platform_check),
        (false, _) => Action::await_change(),
    })
}

/// The Tenants of this instance that name a Partner, as far as the watches hold them.
async fn dependent(context: &Context, partner: &Partner) -> Option<Vec<Arc<Tenant>>> {
    let name = partner.name_any();
    let named = context.fleet.tenants(|tenant| tenant.spec.settings.to_wire().partner.as_ref() == Some(&name))?;
    let mut ours = vec![];
    for tenant in named {
        let platform = context.platforms.find(&tenant.spec.platform_ref.name).await.ok().flatten();
        ours.extend(platform.filter(|found| found.spec.instance() == context.options.instance).map(|_| tenant));
    }
    Some(ours)
}

async fn publish(context: &Context, partner: &Partner) -> Result<(), NotWritten> {
    let Some(update) = partner.update() else { return Ok(()) };
    let previous = partner.status.clone().unwrap_or_default();
    let generation = partner.metadata.generation.unwrap_or_default();
    let conditions = merge(&previous.conditions, vec![update.into()], generation, Timestamp::now(), None);
    let status = PartnerStatus { observed_generation: generation, conditions };
    if partner.status.as_ref() == Some(&status) {
        return Ok(());
    }
    let patch = Patch::of_version(&partner.metadata).status(json!(status));
    context.cluster.cluster_scoped::<Partner>().write_status(patch).await?;
    log_ready(&previous.conditions, &status.conditions);
    Ok(())
}

//! A Tenant that cannot be decoded. It is named in its own status and stops no other. Nothing is written to the platform for it; it
//! can be deleted, which retains the tenant.

use std::time::Instant;

use kube::Resource;
use kube::api::{ApiResource, DynamicObject};
use kube::core::error_boundary::InvalidObject;
use serde_json::Value;
use tracing::{info, warn};

use super::finalizer::{add_finalizer, has_finalizer, remove_finalizer};
use super::publish::write_status;
use crate::cluster::{Denier, Event, NotWritten, Refusal, Scope};
use crate::controller::context::Context;
use crate::controller::passed::{PassResult, Passed};
use crate::controller::queue::Next;
use crate::controller::undecodable::{MESSAGE, status_with};
use crate::resources::condition::ConditionUpdate;
use crate::resources::{ConditionStatus, ConditionType, Reason, Tenant};

/// Reconciles one Tenant that a pass could not decode.
pub(crate) async fn reconcile(context: &Context, invalid: &InvalidObject) -> Result<Passed, NotWritten> {
    let namespace = invalid.metadata.namespace.as_deref().unwrap_or_default();
    context.checks.cancel(&format!("{namespace}/{}", invalid.metadata.name.as_deref().unwrap_or_default()));
    let mut entry = context.memory.get(&invalid.metadata);
    // No pass looks at its Secrets any more.
    entry.notes.secrets.clear();
    let Some(object) = fresh(context, invalid).await? else { return Ok(Passed::done(PassResult::Skipped)) };
    if !is_of_instance(context, &object).await? {
        return Ok(Passed::done(PassResult::Skipped));
    }
    warn!("cannot decode Tenant");
    let held = hold(context, &object).await?;
    let timing = &context.options.timing;
    let (updates, wait) = if object.metadata.deletion_timestamp.is_some() {
        match release(context, &object).await? {
            Release::Done => return Ok(Passed::done(PassResult::Released)),
            Release::Refused(denier) => (refused("removing the finalizer", &denier), timing.reference_most),
        }
    } else if let Some(denier) = held {
        (refused("putting back the finalizer", &denier), timing.reference_most)
    } else {
        (updates(), timing.backoff_most)
    };
    if let Some(status) = status_with(&object, updates) {
        write_status(&context.cluster, &object.metadata, status).await?;
    }
    let now = Instant::now();
    context.memory.store(&invalid.metadata, entry, Next { due: now + wait, attempts: 0 }, now);
    Ok(Passed::again(PassResult::Stopped, wait))
}

async fn fresh(context: &Context, invalid: &InvalidObject) -> Result<Option<DynamicObject>, NotWritten> {
    let tenants = context.cluster.untyped::<Tenant>(invalid.metadata.namespace.as_deref());
    match tenants.get(invalid.metadata.name.as_deref().unwrap_or_default()).await {
        Ok(object) => Ok(Some(object).filter(|object| object.metadata.uid == invalid.metadata.uid)),
        Err(Refusal::NotFound) => Ok(None),
        Err(_) => Err(NotWritten("a Tenant that cannot be decoded could not be read")),
    }
}

/// Puts our finalizer back on one that was ever applied. `Some` says who refuses that.
async fn hold(context: &Context, object: &DynamicObject) -> Result<Option<Denier>, NotWritten> {
    let applied = object.data.pointer("/status/applied").is_some();
    if !applied || object.metadata.deletion_timestamp.is_some() || has_finalizer(&object.metadata) {
        return Ok(None);
    }
    match add_finalizer(&context.cluster, &object.metadata).await {
        Ok(_) => Ok(None),
        Err(Refusal::Forbidden(denier) | Refusal::Invalid(denier)) => Ok(Some(denier)),
        Err(refusal @ (Refusal::NotFound | Refusal::Conflict | Refusal::Unanswered(_) | Refusal::NotLeader)) => {
            Err(refusal.not_written())
        }
    }
}

/// Whether its Platform is of our instance, as far as that can be read.
async fn is_of_instance(context: &Context, object: &DynamicObject) -> Result<bool, NotWritten> {
    let Some(name) = object.data.pointer("/spec/platformRef/name").and_then(Value::as_str) else { return Ok(true) };
    let found = context.platforms.find(name).await.map_err(|_| NotWritten("the Platform could not be read"))?;
    Ok(found.is_none_or(|platform| platform.spec.instance() == context.options.instance))
}

/// What became of the finalizer.
enum Release {
    Done,
    /// It will be refused again.
    Refused(Denier),
}

/// The tenant stays on the platform, with its stamp: whose it is cannot be read.
async fn release(context: &Context, object: &DynamicObject) -> Result<Release, NotWritten> {
    if !has_finalizer(&object.metadata) {
        return Ok(Release::Done);
    }
    match remove_finalizer(&context.cluster, &object.metadata).await {
        Ok(()) => {}
        Err(Refusal::Forbidden(denier) | Refusal::Invalid(denier)) => return Ok(Release::Refused(denier)),
        Err(Refusal::NotFound | Refusal::Conflict | Refusal::Unanswered(_) | Refusal::NotLeader) => {
            return Err(NotWritten("the finalizer could not be removed"));
        }
    }
    info!("finalizer removed; cannot decode Tenant");
    let event = Event {
        regarding: object.object_ref(&ApiResource::erase::<Tenant>(&())),
        warning: true,
        reason: Reason::Undecodable.as_str(),
        message: "Cannot decode Tenant: the finalizer was removed, and the tenant stays on the platform with its owner stamp",
        instance: &context.options.instance,
    };
    context.cluster.record(event, Scope::Namespaced).await;
    Ok(Release::Done)
}

/// The conditions of a Tenant where Kubernetes refuses what has to be done.
fn refused(what: &str, denier: &Denier) -> Vec<ConditionUpdate> {
    let message = format!("Kubernetes refuses {what}: {denier}");
    let refused = |update: ConditionUpdate| {
        let says_it = [ConditionType::Ready, ConditionType::Stalled].contains(&update.condition_type);
        let refused = ConditionUpdate { reason: Reason::KubernetesRefused, message: message.clone(), ..update.clone() };
        if says_it { refused } else { update }
    };
    updates().into_iter().map(refused).collect()
}

fn updates() -> Vec<ConditionUpdate> {
    let undecodable = |condition_type, status: ConditionStatus, message: &str| {
        ConditionUpdate::new(condition_type, status, Reason::Undecodable, message)
    };
    vec![
        undecodable(ConditionType::Ready, ConditionStatus::False, MESSAGE),
        undecodable(ConditionType::Accepted, ConditionStatus::False, MESSAGE),
        undecodable(ConditionType::Synced, ConditionStatus::Unknown, ""),
        undecodable(ConditionType::Stalled, ConditionStatus::True, MESSAGE),
    ]
}

//! The pass over one Partner: a finalizer keeps it while Tenants name it, and its status says so when it is being deleted.
//!
//! Several operators share a Partner, and each says the same of it: the condition follows from the object alone, and the totals of
//! its Tenants from all of them, whichever operator serves them. Only what Kubernetes refuses to one of them is said by that one.

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;
use kube::core::error_boundary::InvalidObject;
use serde_json::json;
use tracing::warn;

use super::attempt;
use super::context::Context;
use super::in_use::Hold;
use super::passed::{PassResult, Passed};
use super::readiness::log_ready;
use super::refusals::{Refused, refuses};
use super::undecodable::{status_with, undecodable};
use crate::cluster::{Guarded, NotWritten, Refusal};
use crate::plan::status::references::{ReferenceFacts, with_refusal};
use crate::resources::partner::PartnerStatus;
use crate::resources::{CachedTenant, ConditionType, Partner, Reason, condition};

/// Reconciles one Partner.
pub(super) async fn reconcile(guarded: Arc<Guarded<Partner>>, context: Arc<Context>) -> Result<Passed, NotWritten> {
    let partner = match &guarded.0 {
        Ok(partner) => partner,
        Err(invalid) => return say_undecodable(&context, invalid).await,
    };
    let dependent = dependent(&context, partner).await;
    let put_back = context.in_use.keep::<Partner>(&context.cluster, &partner.metadata, dependent.as_deref());
    let kept = attempt::keep(&context, &**partner, put_back).await?;
    let partner = kept.written.as_ref().unwrap_or(partner);
    let Context { cluster, platforms, options, .. } = &*context;
    let timing = &options.timing;
    let hold = Hold::of(&partner.metadata, timing.pass);
    let release = context.in_use.release_partner_if_unused(cluster, platforms, partner, hold);
    let used = match attempt::release::<Partner>(&context, &partner.metadata, release).await {
        Ok(used) => used,
        // Changed meanwhile: the change brings another look.
        Err(Refusal::Conflict | Refusal::NotFound) => {
            return Ok(Passed::again(PassResult::Raced, timing.backoff_first));
        }
        Err(Refusal::Forbidden(_) | Refusal::Invalid(_) | Refusal::Unanswered(_) | Refusal::NotLeader) => {
            return Err(NotWritten("cannot read whether Tenants refer to it"));
        }
    };
    let refused = used.refused.or(kept.refused);
    let released = context.in_use.is_on(&partner.metadata) && !used.in_use;
    // What was let go comes again as a change, or is gone.
    if !released {
        publish(&context, partner, refused.as_ref()).await?;
    }
    let wait = match (used.in_use, partner.metadata.deletion_timestamp.is_some()) {
        (true, true) => Some(timing.platform_retry),
        // Its Tenants are counted again, also those of other operators.
        (true | false, false) => Some(timing.platform_check),
        (false, true) => None,
    };
    let again = refused.map(|refused| refused.wait);
    let result = if released { PassResult::Released } else { PassResult::Succeeded };
    let result = if again.is_some() { PassResult::Stopped } else { result };
    Ok(Passed { result, wait: wait.into_iter().chain(again).min() })
}

/// A Partner that cannot be decoded says so, in the same words of every operator. Its Tenants wait.
async fn say_undecodable(context: &Context, invalid: &InvalidObject) -> Result<Passed, NotWritten> {
    warn!("cannot decode Partner; Tenants that refer to it wait");
    let name = invalid.metadata.name.as_deref().unwrap_or_default();
    match context.cluster.untyped::<Partner>(None).get(name).await {
        Ok(object) => {
            if let Some(status) = status_with(&object, undecodable().to_vec()) {
                attempt::write_status::<Partner>(context, &object.metadata, status).await?;
            }
            Ok(Passed::again(PassResult::Stopped, context.options.timing.backoff_most))
        }
        Err(Refusal::NotFound) => Ok(Passed::done(PassResult::Skipped)),
        Err(_) => Err(NotWritten("a Partner that cannot be decoded could not be read")),
    }
}

/// The Tenants of this instance that name a Partner, as far as the watches hold them.
async fn dependent(context: &Context, partner: &Partner) -> Option<Vec<Arc<CachedTenant>>> {
    let named = context.fleet.of_partner(&partner.name_any())?;
    let mut ours = vec![];
    for tenant in named {
        let Some(name) = &tenant.platform else { continue };
        let platform = context.platforms.find(name).await.ok().flatten();
        ours.extend(platform.filter(|found| found.spec.instance() == context.options.instance).map(|_| tenant));
    }
    Some(ours)
}

async fn publish(context: &Context, partner: &Partner, refused: Option<&Refused>) -> Result<(), NotWritten> {
    let Some(update) = partner.update() else { return Ok(()) };
    let previous = partner.status.clone().unwrap_or_default();
    let generation = partner.metadata.generation.unwrap_or_default();
    let instance = &context.options.instance;
    if is_refused_to_other(&previous.conditions, generation, instance) {
        return Ok(());
    }
    let ready = match refused {
        Some(refused) => with_refusal(update, &refused.describe_for(instance)),
        None => update,
    };
    let facts = ReferenceFacts {
        conditions: &previous.conditions,
        generation,
        now: Timestamp::now(),
        grace: context.options.timing.reference_grace,
        support: None,
    };
    let tenants = context.totals.of_partner(context.sight(), partner);
    let status = PartnerStatus { observed_generation: generation, tenants, conditions: facts.conditions(ready) };
    if partner.status.as_ref() == Some(&status) {
        return Ok(());
    }
    attempt::write_status::<Partner>(context, &partner.metadata, json!(status)).await?;
    log_ready(&previous.conditions, &status.conditions);
    Ok(())
}

/// Whether a Partner says what Kubernetes refuses to another instance of the operator. That instance takes it back; two that each said
/// their own would never come to rest.
fn is_refused_to_other(conditions: &[Condition], generation: i64, own: &str) -> bool {
    condition::find(conditions, ConditionType::Ready).is_some_and(|ready| {
        ready.reason == Reason::KubernetesRefused.as_str()
            && ready.observed_generation == Some(generation)
            && !ready.message.starts_with(&refuses(own))
    })
}

//! A Tenant that cannot be decoded: stored under another schema. It is named in its own status and stops no other. Nothing is
//! written to the platform for it; it can be deleted, which retains the tenant.

use std::time::Instant;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{ApiResource, DynamicObject};
use kube::core::error_boundary::InvalidObject;
use kube::runtime::controller::Action;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use tracing::warn;

use super::execute::remove_finalizer;
use super::publish::write_status;
use super::reconcile::NotPublished;
use crate::controller::context::{Context, Refusal};
use crate::controller::undecodable::MESSAGE;
use crate::plan::EventRecord;
use crate::resources::condition::{ConditionChange, ConditionUpdate, merge};
use crate::resources::{ConditionStatus, ConditionType, FINALIZER, Reason, Tenant};

/// Looks at one Tenant that cannot be read.
pub(crate) async fn reconcile(context: &Context, invalid: &InvalidObject) -> Result<Action, NotPublished> {
    let wait = context.options.timing.backoff_most;
    if let Some(wait) = context.memory.wait(&invalid.metadata, Instant::now()) {
        return Ok(Action::requeue(wait));
    }
    let namespace = invalid.metadata.namespace.as_deref().unwrap_or_default();
    context.checks.cancel(&format!("{namespace}/{}", invalid.metadata.name.as_deref().unwrap_or_default()));
    let entry = context.memory.get(&invalid.metadata);
    let Some(object) = fresh(context, invalid).await? else { return Ok(Action::await_change()) };
    if !serves(context, &object).await? {
        return Ok(Action::await_change());
    }
    warn!(tenant = object.name_any(), namespace = object.namespace(), "tenant cannot be read");
    let shell = shell(&object);
    if object.metadata.deletion_timestamp.is_some() {
        if object.finalizers().iter().any(|name| name == FINALIZER) {
            let message = "the Tenant could not be read: the tenant stays on the platform with its stamp".to_owned();
            crate::controller::events::record(
                context,
                &shell,
                &EventRecord { warning: true, reason: Reason::Undecodable, message },
                false,
            )
            .await;
            remove_finalizer(context, &shell)
                .await
                .map_err(|_| NotPublished("the finalizer could not be taken off"))?;
        }
        return Ok(Action::await_change());
    }
    publish(context, &object, &shell).await?;
    context.memory.store(&invalid.metadata, entry, Instant::now(), wait);
    Ok(Action::requeue(wait))
}

async fn fresh(context: &Context, invalid: &InvalidObject) -> Result<Option<DynamicObject>, NotPublished> {
    let namespace = invalid.metadata.namespace.as_deref().unwrap_or_default();
    let resource = ApiResource::erase::<Tenant>(&());
    let api: Api<DynamicObject> = Api::namespaced_with(context.client.clone(), namespace, &resource);
    match context.kubernetes(api.get(invalid.metadata.name.as_deref().unwrap_or_default())).await {
        Ok(object) => Ok(Some(object).filter(|object| object.metadata.uid == invalid.metadata.uid)),
        Err(Refusal::NotFound) => Ok(None),
        Err(_) => Err(NotPublished("an unreadable Tenant could not be fetched")),
    }
}

/// Whether its Platform is of our instance, as far as that can be read.
async fn serves(context: &Context, object: &DynamicObject) -> Result<bool, NotPublished> {
    let Some(name) = object.data.pointer("/spec/platformRef/name").and_then(Value::as_str) else { return Ok(true) };
    let found =
        context.platforms.find(context, name).await.map_err(|_| NotPublished("the Platform could not be read"))?;
    Ok(found.is_none_or(|platform| platform.spec.instance() == context.options.instance))
}

async fn publish(context: &Context, object: &DynamicObject, shell: &Tenant) -> Result<(), NotPublished> {
    let before = object.data.pointer("/status/conditions").cloned().unwrap_or_default();
    let previous: Vec<Condition> = serde_json::from_value(before).unwrap_or_default();
    let updates = vec![
        ConditionUpdate::new(ConditionType::Ready, false, Reason::Undecodable, MESSAGE),
        ConditionUpdate::new(ConditionType::Accepted, false, Reason::Undecodable, MESSAGE),
        ConditionUpdate::new(ConditionType::Synced, ConditionStatus::Unknown, Reason::Undecodable, ""),
        ConditionUpdate::new(ConditionType::Stalled, true, Reason::Undecodable, MESSAGE),
    ];
    let generation = object.metadata.generation.unwrap_or_default();
    let changes = updates.into_iter().map(ConditionChange::Set).collect();
    let conditions = merge(&previous, changes, generation, Timestamp::now(), None);
    if conditions == previous {
        return Ok(());
    }
    // The rest of the status may be what cannot be read, but what was applied must survive: it is how the tenant is known.
    let mut status =
        object.data.get("status").filter(|status| status.is_object()).cloned().unwrap_or_else(|| json!({}));
    status["observedGeneration"] = json!(generation);
    status["conditions"] = json!(conditions);
    write_status(context, shell, status).await
}

/// A Tenant of which only the metadata counts.
fn shell(object: &DynamicObject) -> Tenant {
    let spec = crate::resources::TenantSpec {
        platform_ref: crate::resources::tenant::PlatformRef { name: String::new() },
        suspend: None,
        sync_interval_seconds: None,
        drift_policy: None,
        adoption_policy: None,
        deletion_policy: None,
        settings: Default::default(),
    };
    Tenant { metadata: object.metadata.clone(), spec, status: None }
}

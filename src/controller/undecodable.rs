//! Tenants and Platforms that cannot be read: stored under another schema. They are named in their own status and stop nobody
//! else. Nothing is written to the platform for such a Tenant; it can be deleted, which retains the tenant. Tenants of such a
//! Platform stay as they were.

use std::time::Instant;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::{ApiResource, DynamicObject};
use kube::core::error_boundary::InvalidObject;
use kube::runtime::controller::Action;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use tracing::warn;

use super::context::{Context, Refusal};
use super::execute::remove_finalizer;
use super::in_use;
use super::platform::{self, NotWritten};
use super::publish::write_status;
use super::reconcile::NotPublished;
use crate::plan::conclude::EventRecord;
use crate::resources::condition::{ConditionUpdate, condition_type, merge};
use crate::resources::platform::DEFAULT_INSTANCE;
use crate::resources::{FINALIZER, Platform, Tenant, reason};

const MESSAGE: &str =
    "the stored object does not fit the CRD and cannot be read; nothing is done for it. Apply a correct one";

/// Looks at one Tenant that cannot be read.
pub(super) async fn reconcile(context: &Context, invalid: &InvalidObject) -> Result<Action, NotPublished> {
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
            super::events::record(
                context,
                &shell,
                &EventRecord { warning: true, reason: reason::UNDECODABLE, message },
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

/// Looks at one Platform that cannot be read.
pub(super) async fn reconcile_platform(context: &Context, invalid: &InvalidObject) -> Result<Action, NotWritten> {
    let unread = |_| NotWritten("an unreadable Platform could not be fetched");
    let name = invalid.metadata.name.as_deref().unwrap_or_default();
    let resource = ApiResource::erase::<Platform>(&());
    let api: Api<DynamicObject> = Api::all_with(context.client.clone(), &resource);
    let object = match context.kubernetes(api.get(name)).await {
        Err(Refusal::NotFound) => return Ok(Action::await_change()),
        outcome => outcome.map_err(unread)?,
    };
    let instance = object.data.pointer("/spec/instance").and_then(Value::as_str).unwrap_or(DEFAULT_INSTANCE);
    if instance != context.options.instance {
        return Ok(Action::await_change());
    }
    warn!(platform = name, "platform cannot be read");
    let in_use = in_use::release_platform(context, &object.metadata).await.map_err(unread)?;
    if object.metadata.deletion_timestamp.is_some() && !in_use {
        return Ok(Action::await_change());
    }
    let before = object.data.pointer("/status/conditions").cloned().unwrap_or_default();
    let previous: Vec<Condition> = serde_json::from_value(before).unwrap_or_default();
    let generation = object.metadata.generation.unwrap_or_default();
    let update = ConditionUpdate::new(condition_type::READY, false, reason::UNDECODABLE, MESSAGE);
    let conditions = merge(&previous, vec![update], generation, Timestamp::now(), None);
    if conditions != previous {
        // What stands beside is kept: which deletions the last hour saw must not be forgotten.
        let known = object.data.get("status").filter(|status| status.is_object()).cloned();
        let mut status = known.unwrap_or_else(|| json!({}));
        status["observedGeneration"] = json!(generation);
        status["conditions"] = json!(conditions);
        platform::write_status::<Platform>(context, &object.metadata, status).await?;
    }
    Ok(Action::requeue(context.options.timing.backoff_most))
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
        ConditionUpdate::new(condition_type::READY, false, reason::UNDECODABLE, MESSAGE),
        ConditionUpdate::new(condition_type::ACCEPTED, false, reason::UNDECODABLE, MESSAGE),
        ConditionUpdate::new(
            condition_type::SYNCED,
            crate::resources::condition::ConditionStatus::Unknown,
            reason::UNDECODABLE,
            "",
        ),
        ConditionUpdate::new(condition_type::STALLED, true, reason::UNDECODABLE, MESSAGE),
    ];
    let generation = object.metadata.generation.unwrap_or_default();
    let conditions = merge(&previous, updates, generation, Timestamp::now(), None);
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

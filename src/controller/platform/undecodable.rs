//! A Platform that cannot be decoded: stored under another schema. It is named in its own status and stops no other; its Tenants
//! stay as they were.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::Api;
use kube::api::{ApiResource, DynamicObject};
use kube::core::error_boundary::InvalidObject;
use kube::runtime::controller::Action;
use serde_json::{Value, json};
use tracing::warn;

use super::reconcile::{NotWritten, write_status};
use crate::controller::context::{Context, Refusal};
use crate::controller::in_use;
use crate::controller::undecodable::MESSAGE;
use crate::resources::condition::{ConditionUpdate, merge};
use crate::resources::platform::DEFAULT_INSTANCE;
use crate::resources::{ConditionType, Platform, Reason};

/// Looks at one Platform that cannot be read.
pub(crate) async fn reconcile(context: &Context, invalid: &InvalidObject) -> Result<Action, NotWritten> {
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
    let update = ConditionUpdate::new(ConditionType::Ready, false, Reason::Undecodable, MESSAGE);
    let conditions = merge(&previous, vec![update.into()], generation, Timestamp::now(), None);
    if conditions != previous {
        // What stands beside is kept: which deletions the last hour saw must not be forgotten.
        let known = object.data.get("status").filter(|status| status.is_object()).cloned();
        let mut status = known.unwrap_or_else(|| json!({}));
        status["observedGeneration"] = json!(generation);
        status["conditions"] = json!(conditions);
        write_status::<Platform>(context, &object.metadata, status).await?;
    }
    Ok(Action::requeue(context.options.timing.backoff_most))
}

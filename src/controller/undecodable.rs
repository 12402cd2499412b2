//! The status of an object that cannot be decoded, since it was stored under another schema.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::api::DynamicObject;
use serde_json::{Value, json};

use crate::resources::condition::{ConditionUpdate, merge};
use crate::resources::{ConditionStatus, ConditionType, Reason};

pub(super) const MESSAGE: &str = "The stored object does not match the CRD and cannot be decoded; it is not reconciled";

/// What a Platform or a Partner says of itself.
pub(super) fn undecodable() -> [ConditionUpdate; 2] {
    let ready = ConditionUpdate::new(ConditionType::Ready, false, Reason::Undecodable, MESSAGE);
    let stalled =
        ConditionUpdate { condition_type: ConditionType::Stalled, status: ConditionStatus::True, ..ready.clone() };
    [ready, stalled]
}

/// The status with other conditions; `None` if they are as they were. All else in the status stays: by what was
/// applied a tenant is known, and by the deletions of the last hour the next ones are limited.
pub(super) fn status_with(object: &DynamicObject, updates: Vec<ConditionUpdate>) -> Option<Value> {
    let before = object.data.pointer("/status/conditions").cloned().unwrap_or_default();
    let previous: Vec<Condition> = serde_json::from_value(before).unwrap_or_default();
    let generation = object.metadata.generation.unwrap_or_default();
    let changes = updates.into_iter().map(Into::into).collect();
    let conditions = merge(&previous, changes, generation, Timestamp::now(), None);
    if conditions == previous {
        return None;
    }
    let known = object.data.get("status").filter(|status| status.is_object()).cloned();
    let mut status = known.unwrap_or_else(|| json!({}));
    status["observedGeneration"] = json!(generation);
    status["conditions"] = json!(conditions);
    Some(status)
}

//! The schema of `runtime`.
use serde_json::{Value, json};

use super::shapes::{count, flag, guid, list, object, one_of, pointer, text, version};
use crate::model::runtime::{CHANGES, MODALITIES, SERVICE_LICENSES, USER_LICENSES};

pub(super) fn schema() -> Value {
    let effective_max = json!({"type": "integer"});
    object(&[
        ("used", used()),
        ("licensed", by_kind(&flag())),
        ("pendingChanges", list(pending_change())),
        ("scriptUrl", json!({"type": "string", "format": "uri"})),
        ("widgetKey", object(&[("set", flag()), ("version", version()), ("lastToken", token_or_null())])),
        ("instantMessaging", instant_messaging()),
        ("availableModalities", list(one_of(&MODALITIES))),
        ("movedReferences", list(object(&[("pointer", pointer()), ("from", text()), ("to", text())]))),
        ("caps", list(object(&[("pointer", pointer()), ("effectiveMax", effective_max)]))),
        ("deletion", deletion()),
    ])
}

/// Returns an object with a member per kind of license.
fn by_kind(schema: &Value) -> Value {
    let members = |names: &[&'static str]| -> Value {
        object(&names.iter().map(|name| (*name, schema.clone())).collect::<Vec<_>>())
    };
    object(&[
        ("services", members(&SERVICE_LICENSES)),
        ("users", members(&USER_LICENSES)),
        ("modalities", members(&MODALITIES)),
    ])
}

fn used() -> Value {
    let mut used = by_kind(&count());
    let services = &mut used["properties"]["services"];
    services["properties"]["features"] = json!({"type": "object", "additionalProperties": count()});
    if let Some(required) = services["required"].as_array_mut() {
        required.push(json!("features"));
    }
    used
}

pub(super) fn pending_change() -> Value {
    object(&[("scope", one_of(&["tenant", "service"])), ("id", text()), ("change", one_of(&CHANGES))])
}

fn instant_messaging() -> Value {
    let invitation = || one_of(&["none", "pending", "accepted"]);
    object(&[("primary", invitation()), ("secondary", invitation()), ("lastToken", token_or_null())])
}

fn token_or_null() -> Value {
    json!({"type": ["string", "null"], "minLength": 1, "maxLength": 64})
}

fn deletion() -> Value {
    let members = [("deletionId", guid()), ("servicesPending", count()), ("scriptPending", flag())];
    let mut deletion = object(&members);
    deletion["type"] = json!(["object", "null"]);
    deletion
}

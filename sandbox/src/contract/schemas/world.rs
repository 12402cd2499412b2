//! Schemas of the routes under `/sandbox`.
use serde_json::{Value, json};

use super::shapes::{count, flag, guid, list, object, one_of, pointer, text, text_or_null};
use crate::model::problem::Slug;
use crate::model::roles::Role;
use crate::model::runtime::{MODALITIES, SERVICE_LICENSES};
use crate::model::trace::EFFECTS;
use crate::world::faults::KINDS;

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let mut schemas = vec![
        ("Health", object(&[("status", one_of(&["ok"]))])),
        ("Document", json!({"type": "object", "description": "OpenAPI 3.1"})),
        ("UiEdit", object(&[("settings", ui_settings())])),
        ("Nothing", object(&[])),
        ("AutoRun", object(&[("enabled", flag())])),
        ("ScriptRun", object(&[("pushed", list(super::runtime::pending_change())), ("deleted", flag())])),
        ("Clock", object(&[("now", moment()), ("advancedSeconds", count())])),
        ("ClockAdvance", object(&[("advanceSeconds", count())])),
        ("Stamp", object(&[("owner?", text_or_null()), ("lastOwner?", text_or_null())])),
        ("Normaliser", object(&[("pointer", pointer()), ("mode", one_of(&["ignore", "upper", "off"]))])),
        ("Log", object(&[("items", list(log_entry()))])),
    ];
    schemas.extend(clients());
    schemas.extend(faults());
    schemas.extend(people());
    schemas
}

fn ui_settings() -> Value {
    json!({"type": "object", "description": "As SettingsPatch; with `plant` also unknown members"})
}

fn moment() -> Value {
    json!({"type": "string", "format": "date-time"})
}

fn clients() -> Vec<(&'static str, Value)> {
    let lifetime = json!({"type": "integer", "minimum": 1, "maximum": 86_400});
    vec![
        (
            "ClientChange",
            object(&[
                ("id", text()),
                ("secret?", text()),
                ("role?", one_of(&Role::NAMES)),
                ("partnerId?", text_or_null()),
                ("tenantIds?", list(guid())),
                ("tokenLifetimeSeconds?", lifetime.clone()),
            ]),
        ),
        (
            "Client",
            object(&[
                ("id", text()),
                ("role", one_of(&Role::NAMES)),
                ("partnerId", text_or_null()),
                ("tenantIds", list(guid())),
                ("tokenLifetimeSeconds", lifetime),
            ]),
        ),
    ]
}

fn faults() -> Vec<(&'static str, Value)> {
    let route = json!({
        "type": "string",
        "description": "`GET /v1/tenants/{id}`, or with an id; `*` for any method, path or both",
    });
    let from_one = || json!({"type": "integer", "minimum": 1});
    let mut members =
        vec![("route", route), ("tenant?", guid()), ("nth?", from_one()), ("times?", from_one()), ("action", action())];
    let stated = object(&members);
    members.extend([("seen", count()), ("faulted", count())]);
    vec![
        ("FaultsToPlant", object(&[("faults", list(stated))])),
        ("Faults", object(&[("faults", list(object(&members)))])),
    ]
}

fn action() -> Value {
    let slugs: Vec<&str> = Slug::all().map(Slug::name).collect();
    object(&[
        ("kind", one_of(&KINDS)),
        ("status?", json!({"type": "integer", "minimum": 200, "maximum": 599})),
        ("contentType?", text()),
        ("headers?", json!({"type": "object", "additionalProperties": {"type": "string"}})),
        ("body?", json!({"description": "A text is sent as it is, anything else as JSON"})),
        ("slug?", one_of(&slugs)),
        ("seconds?", json!({"type": "number", "minimum": 0})),
        ("after?", json!({"type": "boolean", "description": "Carry out the request first"})),
    ])
}

fn people() -> Vec<(&'static str, Value)> {
    let caps = json!({"type": "object", "additionalProperties": {"type": "integer"}});
    let answer = || one_of(&["pending", "accepted"]);
    let service = [
        ("displayName", text()),
        ("upn?", text_or_null()),
        ("phone?", text_or_null()),
        ("license?", one_of(&SERVICE_LICENSES)),
        ("features?", list(text())),
        ("organizationUnitId?", text()),
        ("members?", list(text())),
    ];
    let message = object(&[("token", text()), ("upn", text()), ("sender", text())]);
    vec![
        ("Modalities", object(&[("available", list(one_of(&MODALITIES)))])),
        ("Caps", object(&[("caps", caps)])),
        ("Service", object(&service)),
        ("Invitations", object(&[("primary?", answer()), ("secondary?", answer())])),
        ("Messages", object(&[("items", list(message))])),
    ]
}

/// Returns the schema of a log entry, with these additional members.
pub(super) fn request_log(more: &[(&str, Value)]) -> Value {
    let nullable = |schema: &str| json!({"type": [schema, "null"]});
    let mut members = vec![
        ("seq", count()),
        ("at", json!({"type": "string", "format": "date-time"})),
        ("requestId", guid()),
        ("method", text()),
        ("path", text()),
        ("query", nullable("string")),
        ("route", nullable("string")),
        ("tenant", nullable("string")),
        ("client", nullable("string")),
        ("userAgent", nullable("string")),
        ("status", nullable("integer")),
        ("fault", nullable("string")),
    ];
    members.extend(more.iter().cloned());
    object(&members)
}

fn log_entry() -> Value {
    let nullable = |schema: &str| json!({"type": [schema, "null"]});
    let effects: Vec<Value> = EFFECTS.iter().map(|name| json!(name)).chain([Value::Null]).collect();
    request_log(&[
        ("owner", nullable("string")),
        ("slug", nullable("string")),
        ("accepted", flag()),
        ("effect", json!({"type": ["string", "null"], "enum": effects})),
        ("settingsVersion", object(&[("before", nullable("string")), ("after", nullable("string"))])),
        ("changedPointers", list(pointer())),
    ])
}

//! Schemas of the routes under `/sandbox`.
use serde_json::{Value, json};

use super::super::faults::KINDS;
use super::super::log::EFFECTS;
use super::super::problem::Slug;
use super::super::roles::Role;
use super::super::runtime::{MODALITIES, SERVICE_LICENCES, user_kinds};
use super::{count, flag, guid, list, object, one_of, pointer, text, text_or_null};

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let mut schemas = vec![
        ("Health", object(&[("status", one_of(&["ok"]))])),
        (
            "UiEdit",
            object(&[(
                "settings",
                json!({"type": "object", "description": "as SettingsPatch; with `plant` also unknown members"}),
            )]),
        ),
        ("AutoRun", object(&[("enabled", flag())])),
        (
            "ScriptRun",
            object(&[
                ("pushed", list(json!({"type": "object"}))),
                ("deleted", flag()),
            ]),
        ),
        (
            "Clock",
            object(&[
                ("now", json!({"type": "string", "format": "date-time"})),
                ("advancedSeconds", count()),
            ]),
        ),
        ("ClockAdvance", object(&[("advanceSeconds", count())])),
        (
            "Stamp",
            object(&[("owner?", text_or_null()), ("lastOwner?", text_or_null())]),
        ),
        (
            "Normaliser",
            object(&[
                ("pointer", pointer()),
                ("mode", one_of(&["ignore", "upper", "off"])),
            ]),
        ),
        ("Log", object(&[("items", list(log_entry()))])),
    ];
    schemas.extend(clients());
    schemas.extend(faults());
    schemas.extend(people());
    schemas
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
    let action = object(&[
        ("kind", one_of(&KINDS)),
        (
            "status?",
            json!({"type": "integer", "minimum": 200, "maximum": 599}),
        ),
        ("contentType?", text()),
        (
            "headers?",
            json!({"type": "object", "additionalProperties": {"type": "string"}}),
        ),
        (
            "body?",
            json!({"description": "a text as it is, anything else as JSON"}),
        ),
        ("slug?", one_of(&Slug::ALL.map(Slug::name))),
        ("seconds?", json!({"type": "number", "minimum": 0})),
        (
            "after?",
            json!({"type": "boolean", "description": "delay the answer, not the request"}),
        ),
    ]);
    let from_one = || json!({"type": "integer", "minimum": 1});
    let members = [
        (
            "route",
            json!({"type": "string", "description": "`GET /v1/tenants/{id}`, with a tenant's id too; `*` for any"}),
        ),
        ("tenant?", guid()),
        ("nth?", from_one()),
        ("times?", from_one()),
        ("action", action),
    ];
    let stated = object(&members);
    let mut members = members.to_vec();
    members.extend([("seen", count()), ("struck", count())]);
    vec![
        ("FaultsToPlant", object(&[("faults", list(stated))])),
        ("Faults", object(&[("faults", list(object(&members)))])),
    ]
}

fn people() -> Vec<(&'static str, Value)> {
    let kinds: Vec<String> = user_kinds().collect();
    let answer = || one_of(&["pending", "accepted"]);
    vec![
        (
            "Modalities",
            object(&[("available", list(one_of(&MODALITIES)))]),
        ),
        (
            "Caps",
            object(&[(
                "caps",
                json!({"type": "object", "additionalProperties": {"type": "integer"}}),
            )]),
        ),
        (
            "Service",
            object(&[
                ("displayName", text()),
                ("upn?", text_or_null()),
                ("phone?", text_or_null()),
                ("licence?", one_of(&SERVICE_LICENCES)),
                ("features?", list(text())),
            ]),
        ),
        (
            "User",
            object(&[("licences", list(json!({"type": "string", "enum": kinds})))]),
        ),
        (
            "Invitations",
            object(&[("primary?", answer()), ("secondary?", answer())]),
        ),
        (
            "Messages",
            object(&[(
                "items",
                list(object(&[
                    ("token", text()),
                    ("upn", text()),
                    ("sender", text()),
                ])),
            )]),
        ),
    ]
}

fn log_entry() -> Value {
    let nullable = |schema: &str| json!({"type": [schema, "null"]});
    let effects: Vec<Value> = EFFECTS
        .iter()
        .map(|name| json!(name))
        .chain([Value::Null])
        .collect();
    object(&[
        ("seq", count()),
        ("at", json!({"type": "string", "format": "date-time"})),
        ("requestId", guid()),
        ("method", text()),
        ("path", text()),
        ("query", nullable("string")),
        ("route", nullable("string")),
        ("tenant", nullable("string")),
        ("client", nullable("string")),
        ("owner", nullable("string")),
        ("userAgent", nullable("string")),
        ("status", nullable("integer")),
        ("slug", nullable("string")),
        ("accepted", flag()),
        (
            "effect",
            json!({"type": ["string", "null"], "enum": effects}),
        ),
        (
            "settingsVersion",
            object(&[
                ("before", nullable("string")),
                ("after", nullable("string")),
            ]),
        ),
        ("changedPointers", list(pointer())),
        ("fault", nullable("string")),
    ])
}

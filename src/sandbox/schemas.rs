//! The JSON schemas of the OpenAPI document: those of settings come from the table, the others are written here.
use serde_json::{Map, Value, json};

use super::problem::{Code, Slug};
use super::roles::Role;
use super::runtime::{CHANGES, MODALITIES, SERVICE_LICENCES, USER_LICENCES};

mod settings;
mod world;

/// Returns all schemas by name.
pub(super) fn all() -> Value {
    let mut all: Map<String, Value> = Map::new();
    let named = settings::schemas()
        .into_iter()
        .chain(admin())
        .chain(world::schemas());
    all.extend(named.map(|(name, schema)| (name.to_owned(), schema)));
    Value::Object(all)
}

/// Returns an object schema; a name that ends in `?` may be missing.
fn object(members: &[(&str, Value)]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, schema) in members {
        let bare = name.trim_end_matches('?');
        if bare == *name {
            required.push(bare);
        }
        properties.insert(bare.to_owned(), schema.clone());
    }
    json!({
        "type": "object", "properties": properties, "required": required, "additionalProperties": false,
    })
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

fn text() -> Value {
    json!({"type": "string", "minLength": 1})
}

fn text_or_null() -> Value {
    json!({"type": ["string", "null"], "minLength": 1})
}

fn one_of(names: &[&str]) -> Value {
    json!({"type": "string", "enum": names})
}

fn flag() -> Value {
    json!({"type": "boolean"})
}

fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

fn guid() -> Value {
    json!({"type": "string", "format": "uuid"})
}

fn pointer() -> Value {
    json!({"type": "string", "description": "RFC 6901, into settings"})
}

/// A token of a trigger.
fn token() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 64})
}

fn admin() -> Vec<(&'static str, Value)> {
    let version =
        json!({"type": "string", "minLength": 1, "maxLength": 64, "description": "opaque"});
    let mut item = object(&[
        ("id?", guid()),
        ("settingsVersion?", version.clone()),
        ("runtimeVersion?", version.clone()),
        ("owner?", text_or_null()),
        ("lastOwner?", text_or_null()),
    ]);
    item["description"] = json!("the members named by `fields`");
    vec![
        ("Tenant", tenant(&version)),
        ("Runtime", runtime()),
        (
            "Tenants",
            object(&[("items", list(item)), ("nextCursor", text_or_null())]),
        ),
        (
            "Changes",
            object(&[("cursor", text()), ("ids", list(guid()))]),
        ),
        (
            "Capabilities",
            object(&[
                ("role", one_of(&Role::NAMES)),
                ("restrictedPaths", list(pointer())),
            ]),
        ),
        (
            "WidgetKey",
            object(&[("key", guid()), ("version", count())]),
        ),
        (
            "Rotation",
            object(&[("token", token()), ("baseline?", flag())]),
        ),
        (
            "TestMessage",
            object(&[
                ("token", token()),
                (
                    "upn?",
                    json!({"type": "string", "format": "email", "description": "required unless baseline"}),
                ),
                ("baseline?", flag()),
            ]),
        ),
        (
            "TriggerOutcome",
            object(&[("done", flag()), ("last", token())]),
        ),
        ("Problem", problem()),
        (
            "TokenRequest",
            object(&[
                ("grant_type", one_of(&["client_credentials"])),
                ("client_id", text()),
                ("client_secret", text()),
                ("scope?", text()),
            ]),
        ),
        (
            "Token",
            object(&[
                ("access_token", text()),
                ("token_type", one_of(&["Bearer"])),
                ("expires_in", json!({"type": "integer", "minimum": 1})),
            ]),
        ),
        (
            "TokenError",
            object(&[("error", one_of(&super::auth::TOKEN_ERRORS))]),
        ),
    ]
}

fn tenant(version: &Value) -> Value {
    object(&[
        ("id", guid()),
        ("settingsVersion", version.clone()),
        ("runtimeVersion", version.clone()),
        ("owner", text_or_null()),
        ("lastOwner", text_or_null()),
        ("settings", reference("Settings")),
        ("runtime", reference("Runtime")),
        ("restrictedPaths", list(pointer())),
    ])
}

fn counts_of(names: &[&str], schema: &Value) -> Value {
    let members: Vec<(&str, Value)> = names.iter().map(|name| (*name, schema.clone())).collect();
    object(&members)
}

fn runtime() -> Value {
    let mut services = counts_of(&SERVICE_LICENCES, &count());
    services["properties"]["features"] = json!({"type": "object", "additionalProperties": count()});
    let invitation = || one_of(&["none", "pending", "accepted"]);
    let token_or_null = || json!({"type": ["string", "null"], "minLength": 1, "maxLength": 64});
    let mut deletion = object(&[
        ("deletionId", guid()),
        ("servicesPending", count()),
        ("scriptPending", flag()),
    ]);
    deletion["type"] = json!(["object", "null"]);
    let change = object(&[
        ("scope", one_of(&["tenant", "service"])),
        ("id", text()),
        ("change", one_of(&CHANGES)),
    ]);
    object(&[
        (
            "used",
            object(&[
                ("services", services),
                ("users", counts_of(&USER_LICENCES, &count())),
                ("modalities", counts_of(&MODALITIES, &count())),
            ]),
        ),
        (
            "licensed",
            object(&[
                ("services", counts_of(&SERVICE_LICENCES, &flag())),
                ("users", counts_of(&USER_LICENCES, &flag())),
                ("modalities", counts_of(&MODALITIES, &flag())),
            ]),
        ),
        ("pendingChanges", list(change)),
        ("scriptUrl", json!({"type": "string", "format": "uri"})),
        (
            "widgetKey",
            object(&[
                ("set", flag()),
                ("version", count()),
                ("lastToken", token_or_null()),
            ]),
        ),
        (
            "instantMessaging",
            object(&[
                ("primary", invitation()),
                ("secondary", invitation()),
                ("lastToken", token_or_null()),
            ]),
        ),
        ("availableModalities", list(one_of(&MODALITIES))),
        (
            "movedReferences",
            list(object(&[
                ("pointer", pointer()),
                ("from", text()),
                ("to", text()),
            ])),
        ),
        (
            "caps",
            list(object(&[
                ("pointer", pointer()),
                ("effectiveMax", json!({"type": "integer"})),
            ])),
        ),
        ("deletion", deletion),
    ])
}

fn problem() -> Value {
    let error = object(&[
        ("pointer", pointer()),
        ("code", one_of(&Code::ALL.map(|code| code.row().0))),
        ("min?", json!({"type": "integer"})),
        ("max?", json!({"type": "integer"})),
    ]);
    let urns = Slug::ALL.map(|slug| format!("urn:nimbus:problem:{}", slug.name()));
    object(&[
        ("type", json!({"type": "string", "enum": urns})),
        ("status", json!({"type": "integer"})),
        ("requestId", guid()),
        ("errors", list(error)),
        ("owner?", text()),
        ("deletionId?", guid()),
    ])
}

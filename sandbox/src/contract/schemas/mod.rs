//! The JSON schemas of the OpenAPI document: those of settings come from the table, the others are written here.
use serde_json::{Map, Value, json};

use crate::model::format::pattern;
use crate::model::leaf::Format;
use crate::model::problem::{Code, Slug};
use crate::model::roles::Role;

mod behaviours;
mod microsoft;
mod runtime;
mod settings;
mod world;

/// Returns all schemas by name.
pub(crate) fn all() -> Value {
    let mut all: Map<String, Value> = Map::new();
    let named = settings::schemas()
        .into_iter()
        .chain(admin())
        .chain(world::schemas())
        .chain(behaviours::schemas())
        .chain(microsoft::schemas());
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
    json!({"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f]+$"})
}

fn version() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 64, "description": "opaque"})
}

fn admin() -> Vec<(&'static str, Value)> {
    let capabilities = object(&[("role", one_of(&Role::NAMES)), ("restrictedPaths", list(pointer()))]);
    let mut schemas = vec![
        ("Tenant", tenant()),
        ("Runtime", runtime::schema()),
        ("Tenants", object(&[("items", list(item())), ("nextCursor", text_or_null())])),
        ("Changes", object(&[("cursor", text()), ("ids", list(guid()))])),
        ("Capabilities", capabilities),
        ("Problem", problem()),
    ];
    schemas.extend(triggers());
    schemas.extend(tokens());
    schemas
}

fn tenant() -> Value {
    object(&[
        ("id", guid()),
        ("settingsVersion", version()),
        ("runtimeVersion", version()),
        ("owner", text_or_null()),
        ("lastOwner", text_or_null()),
        ("settings", reference("Settings")),
        ("runtime", reference("Runtime")),
        ("restrictedPaths", list(pointer())),
    ])
}

fn item() -> Value {
    let mut item = object(&[
        ("id?", guid()),
        ("settingsVersion?", version()),
        ("runtimeVersion?", version()),
        ("owner?", text_or_null()),
        ("lastOwner?", text_or_null()),
    ]);
    item["description"] = json!("the members named by `fields`");
    item
}

fn triggers() -> Vec<(&'static str, Value)> {
    let upn = json!({"type": "string", "format": "email", "pattern": pattern(Format::Email), "description": "required unless baseline"});
    vec![
        ("WidgetKey", object(&[("key", guid()), ("version", count())])),
        ("Rotation", object(&[("token", token()), ("baseline?", flag())])),
        ("TestMessage", object(&[("token", token()), ("upn?", upn), ("baseline?", flag())])),
        ("TriggerOutcome", object(&[("done", flag()), ("last", token())])),
    ]
}

fn tokens() -> Vec<(&'static str, Value)> {
    let request = [
        ("grant_type", one_of(&["client_credentials"])),
        ("client_id", text()),
        ("client_secret", text()),
        ("scope?", json!({"type": "string", "description": "says nothing here"})),
    ];
    let token = [
        ("access_token", text()),
        ("token_type", one_of(&["Bearer"])),
        ("expires_in", json!({"type": "integer", "minimum": 1})),
    ];
    vec![
        ("TokenRequest", object(&request)),
        ("Token", object(&token)),
        ("TokenError", object(&[("error", one_of(&crate::api::auth::TOKEN_ERRORS))])),
    ]
}

fn problem() -> Value {
    let error = object(&[
        ("pointer", pointer()),
        ("code", one_of(&Code::all().map(Code::name).collect::<Vec<_>>())),
        ("min?", json!({"type": "integer"})),
        ("max?", json!({"type": "integer"})),
    ]);
    let urns: Vec<String> = Slug::all().map(|slug| format!("urn:nimbus:problem:{}", slug.name())).collect();
    object(&[
        ("type", json!({"type": "string", "enum": urns})),
        ("status", json!({"type": "integer"})),
        ("requestId", guid()),
        ("errors", list(error)),
        ("owner?", text()),
        ("deletionId?", guid()),
    ])
}

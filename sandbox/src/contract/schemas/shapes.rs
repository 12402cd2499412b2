//! Small schemas that the others are made of.
use serde_json::{Map, Value, json};

/// Returns an object schema; a name that ends in `?` may be missing.
pub(super) fn object(members: &[(&str, Value)]) -> Value {
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

pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

pub(super) fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

pub(super) fn text() -> Value {
    json!({"type": "string", "minLength": 1})
}

pub(super) fn text_or_null() -> Value {
    json!({"type": ["string", "null"], "minLength": 1})
}

pub(super) fn one_of(names: &[&str]) -> Value {
    json!({"type": "string", "enum": names})
}

pub(super) fn flag() -> Value {
    json!({"type": "boolean"})
}

pub(super) fn count() -> Value {
    json!({"type": "integer", "minimum": 0})
}

pub(super) fn guid() -> Value {
    json!({"type": "string", "format": "uuid"})
}

pub(super) fn pointer() -> Value {
    json!({"type": "string", "description": "RFC 6901, into settings"})
}

/// A token of a trigger.
pub(super) fn token() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[^\\x00-\\x1f\\x7f-\\x9f]+$"})
}

pub(super) fn version() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 64, "description": "Opaque, never used twice, also where the tenant is created again"})
}

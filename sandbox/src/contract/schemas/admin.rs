//! Schemas of the admin API and its token endpoint.
use serde_json::{Value, json};

use super::runtime;
use super::shapes::{flag, guid, list, object, one_of, pointer, reference, text, text_or_null, token, version};
use crate::api::auth::TOKEN_ERRORS;
use crate::model::format::pattern;
use crate::model::leaf::Format;
use crate::model::problem::{Code, Slug};
use crate::model::roles::Role;

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let capabilities =
        object(&[("platformId", platform_id()), ("role", one_of(&Role::NAMES)), ("restrictedPaths", list(pointer()))]);
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
        ("lastWriter", last_writer()),
        ("settings", reference("Settings")),
        ("runtime", reference("Runtime")),
        ("restrictedPaths", list(pointer())),
    ])
}

fn platform_id() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": 64, "description": "Opaque; the same for as long as it is the same environment"})
}

fn last_writer() -> Value {
    let about = "`Nimbus-Owner` of the last write that moved `settingsVersion`; null for anybody without one";
    json!({"type": ["string", "null"], "minLength": 1, "description": about})
}

fn item() -> Value {
    let mut item = object(&[
        ("id?", guid()),
        ("settingsVersion?", version()),
        ("runtimeVersion?", version()),
        ("owner?", text_or_null()),
        ("lastOwner?", text_or_null()),
    ]);
    item["description"] = json!("The members named by `fields`");
    item
}

fn triggers() -> Vec<(&'static str, Value)> {
    let upn = json!({"type": "string", "format": "email", "pattern": pattern(Format::Email), "description": "Required unless baseline"});
    vec![
        ("WidgetKey", object(&[("key", guid()), ("version", version())])),
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
        ("scope?", json!({"type": "string", "description": "Ignored"})),
    ];
    let token = [
        ("access_token", text()),
        ("token_type", one_of(&["Bearer"])),
        ("expires_in", json!({"type": "integer", "minimum": 1})),
    ];
    vec![
        ("TokenRequest", object(&request)),
        ("Token", object(&token)),
        ("TokenError", object(&[("error", one_of(&TOKEN_ERRORS))])),
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

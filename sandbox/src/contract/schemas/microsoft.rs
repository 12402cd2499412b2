//! Schemas of Microsoft's APIs, and of the data that is planted there.
use serde_json::{Value, json};

use super::shapes::{count, flag, guid, list, object, one_of, text, text_or_null};
use crate::microsoft::filter::user_properties;

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let mut schemas = planted();
    schemas.extend(entra());
    schemas.extend(graph());
    schemas.extend(acs());
    schemas
}

/// An object with further members.
fn open(members: &[(&str, Value)]) -> Value {
    let mut schema = object(members);
    schema["additionalProperties"] = json!(true);
    schema
}

fn lag() -> Value {
    json!({"type": "integer", "minimum": 0, "maximum": 86_400, "description": "Seconds until it can be read"})
}

fn planted() -> Vec<(&'static str, Value)> {
    let mut schemas = planted_apps();
    schemas.extend(planted_directory());
    schemas.extend(planted_resources());
    schemas
}

fn planted_apps() -> Vec<(&'static str, Value)> {
    let from_one = || json!({"type": "integer", "minimum": 1});
    let key = object(&[("n", text()), ("e", text()), ("kty?", text()), ("kid?", text())]);
    let permissions = json!({"type": "string", "description": permissions()});
    vec![
        ("EntraApp", object(&[("displayName?", text()), ("secret?", text_or_null()), ("keys?", list(key))])),
        (
            "EntraTenant",
            object(&[
                ("domains?", list(text())),
                ("lagSeconds?", lag()),
                ("identityUnits?", from_one()),
                ("presenceRequests?", from_one()),
            ]),
        ),
        (
            "Grants",
            object(&[
                ("clientId", guid()),
                ("permissions", list(permissions)),
                ("resourceAppId?", guid()),
                ("lagSeconds?", lag()),
            ]),
        ),
    ]
}

fn planted_directory() -> Vec<(&'static str, Value)> {
    let member = object(&[("type", one_of(&crate::microsoft::MEMBER_TYPES)), ("id", guid())]);
    let mut properties = object(&[]);
    for name in user_properties() {
        properties["properties"][name] = json!({});
    }
    let presence = object(&[("availability", text()), ("activity", text())]);
    vec![
        (
            "GroupToPlant",
            object(&[
                ("displayName", text()),
                ("groupTypes?", list(text())),
                ("mailEnabled?", flag()),
                ("securityEnabled?", flag()),
                ("members?", list(member.clone())),
                ("owners?", list(member)),
                ("lagSeconds?", lag()),
            ]),
        ),
        (
            "GraphUserToPlant",
            object(&[
                ("userPrincipalName", text()),
                ("properties?", properties),
                ("presence?", presence),
                ("lagSeconds?", lag()),
            ]),
        ),
    ]
}

fn planted_resources() -> Vec<(&'static str, Value)> {
    let log_entry = super::world::request_log(&[("code", json!({"type": ["string", "null"]}))]);
    vec![
        ("AcsResource", object(&[("resourceId", guid()), ("accessKeys", list(text())), ("permitted?", flag())])),
        (
            "AcsCounts",
            object(&[
                ("resourceId", guid()),
                ("permitted", flag()),
                ("identitiesCreated", count()),
                ("identitiesDeleted", count()),
                ("tokensIssued", count()),
                ("revocations", count()),
            ]),
        ),
        ("MicrosoftLog", object(&[("items", list(log_entry))])),
    ]
}

fn permissions() -> String {
    let names: Vec<&str> = crate::microsoft::PERMISSIONS.iter().map(|(name, _)| *name).collect();
    format!("An app role id, or one of {}", names.join(", "))
}

fn entra() -> Vec<(&'static str, Value)> {
    let request = object(&[
        ("grant_type", one_of(&["client_credentials"])),
        ("client_id", guid()),
        ("scope", text()),
        ("client_secret?", text()),
        ("client_assertion_type?", text()),
        ("client_assertion?", text()),
    ]);
    let token = open(&[
        ("token_type", one_of(&["Bearer"])),
        ("expires_in", count()),
        ("ext_expires_in", count()),
        ("access_token", text()),
    ]);
    let error = open(&[
        ("error", text()),
        ("error_description", text()),
        ("error_codes", list(count())),
        ("timestamp", text()),
        ("trace_id", guid()),
        ("correlation_id", guid()),
        ("error_uri", text()),
    ]);
    let configuration = open(&[
        ("issuer", text()),
        ("token_endpoint", text()),
        ("authorization_endpoint", text()),
        ("jwks_uri", text()),
    ]);
    let discovery = open(&[("tenant_discovery_endpoint", text()), ("metadata", list(open(&[])))]);
    vec![
        ("EntraTokenRequest", request),
        ("EntraToken", token),
        ("EntraError", error),
        ("OpenIdConfiguration", configuration),
        ("InstanceDiscovery", discovery),
    ]
}

fn graph() -> Vec<(&'static str, Value)> {
    let inner = object(&[("date", text()), ("request-id", text()), ("client-request-id", text())]);
    let error = object(&[("code", text()), ("message", text()), ("innerError", inner)]);
    let page = object(&[
        ("@odata.context", text()),
        ("@odata.count?", count()),
        ("@odata.nextLink?", json!({"type": "string", "format": "uri"})),
        ("value", list(open(&[("id?", guid())]))),
    ]);
    let presence =
        object(&[("@odata.context", text()), ("id", guid()), ("availability", text()), ("activity", text())]);
    let invitation = open(&[("invitedUserEmailAddress", text()), ("inviteRedirectUrl", text())]);
    vec![
        ("GraphError", object(&[("error", error)])),
        ("GraphObject", open(&[("@odata.context", text())])),
        ("GraphPage", page),
        ("GraphPresence", presence),
        ("GraphInvitation", invitation),
    ]
}

fn acs() -> Vec<(&'static str, Value)> {
    let minutes = || json!({"type": "integer", "minimum": 60, "maximum": 1440});
    let token = || object(&[("token", text()), ("expiresOn", json!({"type": "string", "format": "date-time"}))]);
    let error = open(&[("code", text()), ("message", text())]);
    let request = open(&[("createTokenWithScopes?", list(text())), ("expiresInMinutes?", minutes())]);
    vec![
        ("AcsError", object(&[("error", error)])),
        ("AcsIdentityRequest", request),
        ("AcsIdentity", object(&[("identity", object(&[("id", text())])), ("accessToken?", token())])),
        ("AcsTokenRequest", open(&[("scopes", list(text())), ("expiresInMinutes?", minutes())])),
        ("AcsToken", token()),
    ]
}

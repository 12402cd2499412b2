//! The OpenAPI document itself: up to date in the repository, complete, and correct for every route.
use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::contract::DOCUMENT;
use super::support::*;
use super::tour;

/// `UPDATE=1` writes it.
#[test]
fn generated_document_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/admin-api.openapi.json");
    let fresh = serde_json::to_string_pretty(&*DOCUMENT).unwrap() + "\n";
    if std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &fresh).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == fresh, "docs/admin-api.openapi.json is stale: run `make generated`");
}

#[test]
fn every_reference_of_the_document_is_found() {
    fn walk(value: &Value) {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            assert!(DOCUMENT.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
        let members = value.as_object().into_iter().flat_map(|members| members.values());
        members.chain(value.as_array().into_iter().flatten()).for_each(walk);
    }
    walk(&DOCUMENT);
}

#[test]
fn every_rename_names_a_setting() {
    let settings = &DOCUMENT["components"]["schemas"]["Settings"];
    for rename in DOCUMENT["x-nimbus-renames"].as_array().unwrap() {
        let pointer = rename["settings"].as_str().unwrap().replace('/', "/properties/");
        assert!(settings.pointer(&pointer).is_some(), "{rename}");
    }
}

/// Collects all schemas that these schemas and operations refer to.
fn reached(from: &Value, found: &mut BTreeSet<String>) {
    if let Some(reference) = from.get("$ref").and_then(Value::as_str)
        && found.insert(reference.to_owned())
    {
        reached(DOCUMENT.pointer(reference.trim_start_matches('#')).unwrap(), found);
    }
    let members = from.as_object().into_iter().flat_map(|members| members.values());
    members.chain(from.as_array().into_iter().flatten()).for_each(|member| reached(member, found));
}

/// Another platform implements these operations, and nothing of the sandbox.
#[test]
fn the_admin_api_is_complete_without_the_sandbox() {
    let paths = DOCUMENT["paths"].as_object().unwrap().iter();
    let ours = paths.filter(|(path, _)| path.starts_with("/v1/") || path.starts_with("/oauth2/"));
    let operations = ours.clone().flat_map(|(path, methods)| {
        methods.as_object().unwrap().iter().map(move |(method, operation)| {
            format!("{} {path}: {}", method.to_uppercase(), operation["operationId"].as_str().unwrap())
        })
    });
    let expected = [
        "POST /oauth2/v2.0/token: issueToken",
        "GET /v1/capabilities: readCapabilities",
        "GET /v1/changes: listChanges",
        "GET /v1/tenants: listTenants",
        "DELETE /v1/tenants/{id}: deleteTenant",
        "GET /v1/tenants/{id}: readTenant",
        "PATCH /v1/tenants/{id}: patchTenant",
        "PUT /v1/tenants/{id}: createTenant",
        "POST /v1/tenants/{id}/instant-messaging/test: sendTestMessage",
        "DELETE /v1/tenants/{id}/owner: releaseTenant",
        "PUT /v1/tenants/{id}/owner: claimTenant",
        "GET /v1/tenants/{id}/widget-key: readWidgetKey",
        "POST /v1/tenants/{id}/widget-key/rotate: rotateWidgetKey",
    ];
    assert_eq!(expected.to_vec(), operations.collect::<Vec<_>>());
    let mut schemas = BTreeSet::new();
    for (path, methods) in ours {
        assert!(!methods.to_string().contains("/sandbox"), "{path} speaks of the sandbox");
        reached(methods, &mut schemas);
    }
    let words = schemas.iter().map(|name| DOCUMENT.pointer(name.trim_start_matches('#')).unwrap().to_string());
    assert!(words.clone().count() >= 15 && words.clone().all(|words| !words.contains("/sandbox")));
    // Organization units: the default of new services, and the replacement of a deleted unit.
    let unit = &DOCUMENT["components"]["schemas"]["Settings"]["properties"]["provisioning"]["properties"];
    assert_eq!("root-or-uuid", unit["defaultOrganizationUnitId"]["format"]);
    let moved = &DOCUMENT["components"]["schemas"]["Runtime"]["properties"]["movedReferences"]["items"]["required"];
    assert_eq!(&json!(["pointer", "from", "to"]), moved);
}

#[test]
fn every_problem_is_documented() {
    let listed: BTreeSet<(&str, u64)> = DOCUMENT["x-nimbus-problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| (problem["slug"].as_str().unwrap(), problem["status"].as_u64().unwrap()))
        .collect();
    let urns = DOCUMENT["components"]["schemas"]["Problem"]["properties"]["type"]["enum"].as_array().unwrap();
    let urns: BTreeSet<&str> =
        urns.iter().map(|urn| urn.as_str().unwrap().trim_start_matches("urn:nimbus:problem:")).collect();
    assert_eq!(urns, listed.iter().map(|(slug, _)| *slug).collect());
    let mut answered = BTreeSet::new();
    for (path, methods) in DOCUMENT["paths"].as_object().unwrap() {
        for operation in methods.as_object().unwrap().values() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                for slug in response["x-nimbus-problems"].as_array().into_iter().flatten() {
                    answered.insert((slug.as_str().unwrap(), status.parse::<u64>().unwrap()));
                    assert!(urns.contains(slug.as_str().unwrap()), "{path}: {slug}");
                }
            }
        }
    }
    // A creation gets a conflict for a tombstone. Unknown routes have no operation.
    answered.extend([("route-not-found", 404), ("method-not-allowed", 405)]);
    assert!(answered.remove(&("tenant-deleted", 409)));
    assert_eq!(listed, answered);
}

/// Requests that succeed one after the other, at least one for each route.
fn tour() -> Vec<Ask> {
    let end = [Ask::new("DELETE", tenant("?confirm=YES")), Ask::new("DELETE", world(""))];
    let parts = [admin(), tour::behaviours(), tour::planting(), end.to_vec()];
    parts.concat()
}

fn admin() -> Vec<Ask> {
    let named = json!({"general": {"name": "Contoso", "o365Domain": "contoso.com"}});
    let instant_messaging = json!({"enabled": true, "primaryAccount": "im@contoso.com"});
    let interact = json!({"enabled": true, "acsConnectionString": {"value": STRING}});
    let features = json!({"modalities": {"instantMessaging": instant_messaging}, "extensions": {"interact": interact}});
    vec![
        Ask::new("GET", "/healthz"),
        Ask::new("GET", "/openapi.json"),
        Ask::new("PUT", "/sandbox/auto-run").body(json!({"enabled": false})),
        Ask::new("PUT", "/sandbox/clients").body(json!({"id": "tenant", "tenantIds": [ID]})),
        Ask::new("GET", "/sandbox/clock"),
        Ask::new("POST", "/sandbox/clock").body(json!({"advanceSeconds": 1})),
        Ask::new("POST", "/sandbox/faults").body(json!({"faults": [
            {"route": "GET /v1/tenants/{id}", "tenant": OTHER_ID, "nth": 2, "action": {"kind": "html"}},
        ]})),
        Ask::new("GET", "/sandbox/faults"),
        Ask::new("DELETE", "/sandbox/faults"),
        Ask::new("GET", "/v1/capabilities"),
        Ask::new("PUT", tenant("")).settings(named),
        Ask::new("PUT", tenant("/owner")).owner(OWNER).expecting(None),
        Ask::new("DELETE", tenant("/owner")).owner(OWNER).expecting(Some(OWNER)),
        Ask::new("GET", tenant("")),
        Ask::new("PATCH", world("/settings")).settings(features),
        Ask::new("PUT", world("/invitations")).body(json!({"primary": "accepted"})),
        Ask::new("GET", tenant("/widget-key")),
        Ask::new("POST", tenant("/widget-key/rotate")).body(json!({"token": "1"})),
        Ask::new("POST", tenant("/instant-messaging/test")).body(json!({"token": "1", "upn": "anna@contoso.com"})),
        Ask::new("GET", world("/messages")),
        Ask::new("PUT", world("/services/help")).body(json!({"displayName": "Help"})),
        Ask::new("DELETE", world("/services/help")),
        Ask::new("PUT", world("/users/anna")).body(json!({"licenses": ["users/interact"]})),
        Ask::new("PUT", world("/modalities")).body(json!({"available": ["email"]})),
        Ask::new("PUT", world("/caps")).body(json!({"caps": {
            "/modalities/email/maxConcurrentTasksPerService": 10,
        }})),
        Ask::new("PUT", world("/normaliser")).body(json!({"pointer": "/general/crmId", "mode": "upper"})),
        Ask::new("PUT", world("/stamp")).body(json!({"owner": null, "lastOwner": STRANGER})),
        Ask::new("POST", world("/script/run")).body(json!({})),
        Ask::new("GET", "/v1/tenants"),
        Ask::new("GET", "/v1/changes"),
        Ask::new("GET", "/sandbox/log"),
    ]
}

#[tokio::test]
async fn every_route_answers_as_documented() {
    let api = Api::start().await;
    for ask in tour() {
        let (method, path) = (ask.method, ask.path.clone());
        let answer = api.send(ask).await;
        assert!(answer.status < 300, "{method} {path}: {answer:?}");
    }
    tour::microsoft(&api).await;
    let created = api.create(json!({})).await;
    let version = created["settingsVersion"].as_str().unwrap();
    let patch = Ask::new("PATCH", tenant("")).owner(OWNER).version(version).settings(json!({}));
    api.send(patch).await.expect(200);
    tour::session(&api).await;
    let documented: BTreeSet<(String, String)> = DOCUMENT["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    assert_eq!(documented, api.exercised());
}

#[tokio::test]
async fn every_route_under_v1_asks_for_a_token() {
    let api = Api::start().await;
    for ask in tour().into_iter().filter(|ask| ask.path.starts_with("/v1/")) {
        let answer = api.send(ask.without_client()).await;
        answer.refused(401, "unauthenticated");
        assert_eq!("Bearer error=\"invalid_token\"", answer.header("www-authenticate"));
    }
}

#[tokio::test]
async fn every_body_refuses_unknown_members() {
    let api = Api::start().await;
    api.create(json!({})).await;
    api.world("PUT", world("/stamp"), json!({})).await;
    for ask in tour().into_iter().filter(|ask| ask.body.is_some()) {
        let (mut body, path) = (ask.body.clone().unwrap(), ask.path.clone());
        body["unknwon"] = json!(1);
        let answer = api.send(ask.body(body)).await;
        if answer.status != 412 {
            assert_eq!(422, answer.status, "{path}: {answer:?}");
            assert_eq!("unknown-field", answer.json()["errors"][0]["code"], "{path}");
        }
    }
}

#[tokio::test]
async fn a_body_must_be_a_json_object() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let ask = || Ask::new("PUT", "/sandbox/auto-run");
    api.send(ask().body(json!([]))).await.refused(400, "malformed-request");
    api.send(ask()).await.refused(415, "unsupported-media-type");
    api.send(Ask::new("GET", "/v1/tenants/contoso")).await.refused(400, "malformed-request");
}

#[tokio::test]
async fn unknown_routes_differ_from_absent_tenants() {
    let api = Api::start().await;
    api.send(Ask::new("GET", "/v1/tenant")).await.refused(404, "route-not-found");
    api.send(Ask::new("POST", tenant(""))).await.refused(405, "method-not-allowed");
}

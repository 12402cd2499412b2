//! Entra: tokens for an app, and the tenant of a domain.
use serde_json::{Value, json};

use super::microsoft_support::*;
use super::support::*;

/// Changed members of the form.
type Changes = &'static [(&'static str, &'static str)];

#[track_caller]
fn refused(answer: &Answer, status: u16, error: &str, number: u32) {
    let body = answer.expect(status);
    assert_eq!((&json!(error), &json!([number])), (&body["error"], &body["error_codes"]));
    assert!(body["error_description"].as_str().unwrap().starts_with(&format!("AADSTS{number}: ")));
}

#[tokio::test]
async fn an_app_gets_a_token_in_a_tenant_with_consent() {
    let api = Api::start().await;
    grant(&api, &[]).await;
    let token = entra_token(&api, ID, &[]).await;
    let body = token.expect(200);
    assert_eq!((&json!("Bearer"), &json!(3599)), (&body["token_type"], &body["expires_in"]));
}

#[tokio::test]
async fn every_wrong_request_has_its_error() {
    let api = Api::start().await;
    grant(&api, &[]).await;
    let wrong: [(Changes, u16, &str, u32); 7] = [
        (&[("client_secret", "wrong")], 401, "invalid_client", 7_000_215),
        (&[("client_secret", "")], 401, "invalid_client", 7_000_218),
        (&[("client_secret", ""), ("client_assertion", "a.b.c")], 401, "invalid_client", 700_027),
        (&[("client_id", OTHER_ID)], 400, "unauthorized_client", 700_016),
        (&[("grant_type", "password")], 400, "unsupported_grant_type", 70_003),
        (&[("scope", "https://graph.microsoft.com/User.Read")], 400, "invalid_scope", 1_002_012),
        (&[("scope", "")], 400, "invalid_scope", 1_002_012),
    ];
    for (changes, status, error, number) in wrong {
        refused(&entra_token(&api, ID, changes).await, status, error, number);
    }
    refused(&entra_token(&api, OTHER_ID, &[]).await, 400, "invalid_request", 90_002);
    let tenant = format!("/sandbox/microsoft/tenants/{OTHER_ID}");
    api.world("PUT", tenant, json!({})).await;
    refused(&entra_token(&api, OTHER_ID, &[]).await, 401, "invalid_client", 7_000_229);
}

#[tokio::test]
async fn an_entra_token_expires_and_is_for_one_tenant() {
    let api = Api::start().await;
    plant_groups(&api).await;
    let graph = Graph::with(&api, &["Group.Read.All"]).await;
    let path = format!("/groups/{}", object(10));
    graph.get(&path).await;
    let body = json!({"clientId": NIMBUS, "permissions": ["Group.Read.All"]});
    api.world("PUT", format!("/sandbox/microsoft/tenants/{OTHER_ID}/grants"), body).await;
    let token = entra_token(&api, OTHER_ID, &[]).await.expect(200);
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let ask = Ask::new("GET", format!("/graph/v1.0{path}")).header("authorization", bearer);
    graph_error(&api.send(ask).await, 404, "Request_ResourceNotFound");
    api.world("POST", "/sandbox/clock".into(), json!({"advanceSeconds": 3600})).await;
    graph_error(&graph.answer(&path).await, 401, "InvalidAuthenticationToken");
    let without = Ask::new("GET", format!("/graph/v1.0{path}"));
    graph_error(&api.send(without).await, 401, "InvalidAuthenticationToken");
}

#[tokio::test]
async fn the_openid_document_has_the_tenant_of_a_domain() {
    let api = Api::start().await;
    api.world("PUT", entra(""), json!({"domains": ["Contoso.com"]})).await;
    for name in [ID, "contoso.com"] {
        let path = format!("/login/{name}/v2.0/.well-known/openid-configuration");
        let document = api.send(Ask::new("GET", path)).await.expect(200);
        assert_eq!(json!(format!("https://login.microsoftonline.com/{ID}/v2.0")), document["issuer"]);
        assert_eq!(json!(api.url(&format!("/login/{name}/oauth2/v2.0/token"))), document["token_endpoint"]);
    }
    let unknown = Ask::new("GET", "/login/fabrikam.com/v2.0/.well-known/openid-configuration");
    refused(&api.send(unknown).await, 400, "invalid_tenant", 90_002);
}

#[tokio::test]
async fn every_nimbus_tenant_is_an_entra_tenant() {
    let api = Api::start().await;
    api.create(json!({})).await;
    refused(&entra_token(&api, ID, &[]).await, 401, "invalid_client", 7_000_229);
    api.world("POST", world("/script/run"), Value::Null).await;
    entra_token(&api, ID, &[]).await.expect(200);
}

#[tokio::test]
async fn the_journal_holds_calls_and_no_secret() {
    let api = Api::start().await;
    plant_groups(&api).await;
    let graph = Graph::with(&api, &[]).await;
    entra_token(&api, ID, &[("client_secret", "a-wrong-secret")]).await;
    graph.answer(&format!("/groups/{}", object(10))).await;
    plant_resource(&api, true).await;
    let ask = signed(&api, Ask::new("POST", identities("")).body(json!({})), KEY, &date(0));
    api.send(ask).await.expect(201);
    let log = api.world("GET", "/sandbox/microsoft/log".into(), Value::Null).await;
    let entries = log["items"].as_array().unwrap().iter();
    let entries: Vec<Value> =
        entries.map(|entry| json!([entry["route"], entry["client"], entry["status"], entry["code"]])).collect();
    let login = "/login/{tenant}/oauth2/v2.0/token";
    let expected = [
        json!([login, NIMBUS, 200, null]),
        json!([login, NIMBUS, 401, "AADSTS7000215"]),
        json!(["/graph/v1.0/groups/{group}", NIMBUS, 403, "Authorization_RequestDenied"]),
        json!(["/acs/{resource}/identities", "contoso", 201, null]),
    ];
    assert_eq!(expected.to_vec(), entries);
    for secret in ["nimbus-app-secret", "a-wrong-secret", KEY, "Bearer", "Signature"] {
        assert!(!log.to_string().contains(secret), "{secret}");
    }
    assert_eq!(Vec::<Value>::new(), api.log().await, "the log of the admin API has nothing of it");
}

#[tokio::test]
async fn faults_apply_to_routes_of_microsoft_too() {
    let api = Api::start().await;
    plant_groups(&api).await;
    let graph = Graph::with(&api, &["Group.Read.All"]).await;
    let action = json!({"kind": "status", "status": 503, "headers": {"retry-after": "7"}, "body": "busy"});
    let fault = json!({"route": "GET /graph/v1.0/groups/{group}", "nth": 1, "action": action});
    api.world("POST", "/sandbox/faults".into(), json!({"faults": [fault]})).await;
    let path = format!("/groups/{}", object(10));
    let answer = api.try_send(graph.ask("GET", &path)).await.unwrap();
    assert_eq!((503, "7", "busy"), (answer.status, answer.header("retry-after"), answer.text.as_str()));
    graph.get(&path).await;
    let log = api.world("GET", "/sandbox/microsoft/log".into(), Value::Null).await;
    let faults: Vec<&Value> = log["items"].as_array().unwrap().iter().map(|entry| &entry["fault"]).collect();
    assert_eq!(vec![&Value::Null, &json!("status"), &Value::Null], faults);
}

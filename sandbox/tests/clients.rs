//! Tokens, roles and access to tenants.
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::support::*;

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

#[tokio::test]
async fn the_token_endpoint_answers_errors_of_oauth() {
    let api = Api::start().await;
    let rows = [
        (vec![GRANT, ("client_id", "system"), ("client_secret", "wrong")], 401, "invalid_client"),
        (vec![GRANT, ("client_id", "nobody"), ("client_secret", "x")], 401, "invalid_client"),
        (vec![GRANT, ("client_id", "system")], 400, "invalid_request"),
        (vec![("grant_type", "password")], 400, "unsupported_grant_type"),
        (vec![], 400, "invalid_request"),
    ];
    for (form, status, error) in rows {
        assert_eq!(json!({"error": error}), api.token_answer(&form).await.expect(status));
    }
    let token = api.token_answer(&[GRANT, ("client_id", "system"), ("client_secret", "system-secret")]).await;
    assert_eq!(json!(3600), token.expect(200)["expires_in"]);
    assert_eq!("no-store", token.header("cache-control"));
}

#[tokio::test]
async fn a_token_names_its_role_and_partner() {
    let api = Api::start().await;
    for (client, partner) in [("system", Value::Null), ("partner", json!("northwind")), ("tenant", Value::Null)] {
        let token = api.token(client).await;
        let parts: Vec<&str> = token.split('.').collect();
        assert_eq!(3, parts.len());
        let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
        assert_eq!((&json!([client]), &partner), (&claims["roles"], &claims["partnerId"]));
        // The claims alone open nothing.
        let forged = format!("Bearer {}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode([0; 32]));
        let ask = Ask::new("GET", "/v1/capabilities").without_client().header("authorization", forged);
        api.send(ask).await.refused(401, "unauthenticated");
    }
}

#[tokio::test]
async fn a_token_expires_on_the_virtual_clock() {
    let api = Api::start().await;
    let ask = || Ask::new("GET", "/v1/capabilities");
    api.send(ask()).await.expect(200);
    api.world("POST", "/sandbox/clock".into(), json!({"advanceSeconds": 3601})).await;
    api.send(ask()).await.refused(401, "unauthenticated");
    api.forget_tokens();
    api.send(ask()).await.expect(200);
}

#[tokio::test]
async fn a_new_client_secret_revokes_tokens() {
    let api = Api::start().await;
    let ask = || Ask::new("GET", "/v1/capabilities");
    api.send(ask()).await.expect(200);
    let change = |body: Value| api.world("PUT", "/sandbox/clients".into(), body);
    change(json!({"id": "system", "tokenLifetimeSeconds": 60})).await;
    api.send(ask()).await.expect(200);
    change(json!({"id": "system", "secret": "another"})).await;
    api.send(ask()).await.refused(401, "unauthenticated");
    let form = |secret| [GRANT, ("client_id", "system"), ("client_secret", secret)];
    api.token_answer(&form("system-secret")).await.expect(401);
    assert_eq!(json!(60), api.token_answer(&form("another")).await.expect(200)["expires_in"]);
}

#[tokio::test]
async fn out_of_reach_is_403_never_404() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let read = |client| Ask::new("GET", tenant("")).by(client);
    api.send(read("partner")).await.refused(403, "not-permitted");
    api.send(read("tenant")).await.refused(403, "not-permitted");
    let absent = |client| Ask::new("GET", format!("/v1/tenants/{OTHER_ID}")).by(client);
    api.send(absent("tenant")).await.refused(403, "not-permitted");
    api.send(absent("partner")).await.refused(404, "tenant-not-found");
    api.world("PUT", "/sandbox/clients".into(), json!({"id": "tenant", "tenantIds": [ID, OTHER_ID]})).await;
    api.send(read("tenant")).await.expect(200);
    api.send(absent("tenant")).await.refused(404, "tenant-not-found");
}

#[tokio::test]
async fn a_tombstone_is_seen_by_its_partner_only() {
    let api = Api::start().await;
    let settings = json!({"general": {"name": "x", "o365Domain": "contoso.com"}});
    api.send(Ask::new("PUT", tenant("")).by("partner").settings(settings)).await.expect(201);
    api.send(Ask::new("DELETE", tenant("?confirm=YES")).by("partner")).await.expect(202);
    api.world("POST", world("/script/run"), Value::Null).await;
    let other = json!({"id": "other", "secret": "other-secret", "role": "partner", "partnerId": "fabrikam"});
    api.world("PUT", "/sandbox/clients".into(), other).await;
    api.send(Ask::new("GET", tenant("")).by("partner")).await.refused(404, "tenant-deleted");
    api.send(Ask::new("GET", tenant("")).by("other")).await.refused(403, "not-permitted");
}

#[tokio::test]
async fn system_and_partner_create_and_delete_tenants() {
    let api = Api::start().await;
    let settings = json!({"general": {"name": "x", "o365Domain": "contoso.com"}});
    let create = |client, settings: &Value| Ask::new("PUT", tenant("")).by(client).settings(settings.clone());
    api.world("PUT", "/sandbox/clients".into(), json!({"id": "tenant", "tenantIds": [ID]})).await;
    api.send(create("tenant", &settings)).await.refused(403, "not-permitted");
    let mut foreign = settings.clone();
    foreign["partner"] = json!({"partnerId": "fabrikam"});
    let answer = api.send(create("partner", &foreign)).await;
    assert_eq!(vec![error("/partner/partnerId", "restricted")], answer.errors(403, "field-not-permitted"));
    let mut own = settings;
    own["partner"] = json!({"partnerId": "northwind"});
    api.send(create("partner", &own)).await.expect(201);
    let delete = |client| Ask::new("DELETE", tenant("?confirm=YES")).by(client);
    api.send(delete("tenant")).await.refused(403, "not-permitted");
    api.send(delete("partner")).await.expect(202);
}

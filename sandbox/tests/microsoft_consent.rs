//! The page on which an administrator grants an app its permissions.
use serde_json::{Value, json};

use super::microsoft_support::*;
use super::support::*;

const CHAT: &str = "0b2d7a51-6a3e-4a0e-9c5e-1f5c8b6d7e03";

fn link(version: &str, app: &str) -> String {
    format!("/login/{ID}{version}/adminconsent?client_id={app}")
}

#[tokio::test]
async fn a_visit_shows_a_page_and_grants_nothing() {
    let api = Api::start().await;
    api.create(json!({})).await;
    for version in ["", "/v2.0"] {
        let page = api.send(Ask::new("GET", link(version, NIMBUS))).await;
        assert_eq!((200, "text/html; charset=utf-8"), (page.status, page.header("content-type")));
        assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
        for text in ["Nimbus App", "Presence.Read.All", ID, "<form method=\"post\">"] {
            assert!(page.text.contains(text), "{text}: {}", page.text);
        }
    }
    assert_eq!(401, entra_token(&api, ID, &[]).await.status, "no consent yet");
}

#[tokio::test]
async fn accepting_grants_what_the_app_is_registered_with() {
    for version in ["", "/v2.0"] {
        let api = Api::start().await;
        api.create(json!({})).await;
        let page = api.form_answer(&link(version, NIMBUS), &[]).await;
        assert!(page.status == 200 && !page.text.contains("<form"), "{}", page.text);
        let token = entra_token(&api, ID, &[]).await.expect(200)["access_token"].as_str().unwrap().to_owned();
        let path = format!("/graph/v1.0/servicePrincipals(appId='{NIMBUS}')");
        let bearer = format!("Bearer {token}");
        let principal = api.send(Ask::new("GET", path).header("authorization", bearer.clone())).await.expect(200);
        let path = format!("/graph/v1.0/servicePrincipals/{}/appRoleAssignments", principal["id"].as_str().unwrap());
        let granted = api.send(Ask::new("GET", path).header("authorization", bearer)).await.expect(200);
        let roles = granted["value"].as_array().unwrap().iter();
        assert!(roles.into_iter().any(|role| role["appRoleId"] == PRESENCE_ROLE), "{granted}");
        assert_eq!(200, api.form_answer(&link(version, CHAT), &[]).await.status, "another app, with nothing of Graph");
    }
}

#[tokio::test]
async fn a_page_of_another_origin_grants_nothing() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let own = format!("http://{}", api.address());
    let grant = |origin: &str| Ask::new("POST", link("", NIMBUS)).header("origin", origin);
    for origin in ["https://attacker.example", "null", "http://127.0.0.1:1"] {
        api.send(grant(origin)).await.refused(403, "not-permitted");
    }
    // A page whose name leads to this machine by now.
    let rebound = grant("http://attacker.example").header("host", "attacker.example");
    api.send(rebound).await.refused(403, "not-permitted");
    assert_eq!(401, entra_token(&api, ID, &[]).await.status);
    assert_eq!(200, api.send(grant(&own)).await.status);
    assert_eq!(200, entra_token(&api, ID, &[]).await.status);
}

#[tokio::test]
async fn an_unknown_app_or_tenant_is_refused_and_a_name_is_no_markup() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let code = |answer: Answer| answer.expect(400)["error_codes"].clone();
    for app in [OTHER_ID, "x", ""] {
        assert_eq!(json!([700_016]), code(api.send(Ask::new("GET", link("", app))).await));
    }
    let elsewhere = format!("/login/{OTHER_ID}/adminconsent?client_id={NIMBUS}");
    assert_eq!(json!([90_002]), code(api.send(Ask::new("POST", elsewhere)).await));
    let app = json!({"displayName": "<script>\"&", "secret": null, "keys": []});
    api.world("PUT", format!("/sandbox/microsoft/apps/{OTHER_ID}"), app).await;
    let page = api.send(Ask::new("GET", link("", OTHER_ID))).await.text;
    assert!(page.contains("&lt;script&gt;&quot;&amp;") && !page.contains("<script>"), "{page}");
    let log = api.world("GET", "/sandbox/microsoft/log".into(), Value::Null).await;
    assert!(log["items"].as_array().unwrap().iter().any(|entry| entry["client"] == OTHER_ID));
}

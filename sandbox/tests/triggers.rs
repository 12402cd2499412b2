//! Triggers act once per token.
use serde_json::{Value, json};

use super::support::*;

fn interact() -> Value {
    json!({"extensions": {"interact": {"enabled": true, "acsConnectionString": {"value": STRING}}}})
}

fn instant_messaging() -> Value {
    json!({"modalities": {"instantMessaging": {"enabled": true, "primaryAccount": "im@contoso.com"}}})
}

async fn rotate(api: &Api, body: Value) -> Answer {
    api.send(Ask::new("POST", tenant("/widget-key/rotate")).owner(OWNER).body(body)).await
}

async fn message(api: &Api, token: &str) -> Answer {
    let body = json!({"token": token, "upn": "anna@contoso.com"});
    api.send(Ask::new("POST", tenant("/instant-messaging/test")).owner(OWNER).body(body)).await
}

async fn key(api: &Api) -> Value {
    api.send(Ask::new("GET", tenant("/widget-key"))).await.expect(200)
}

#[tokio::test]
async fn switching_interact_on_creates_the_widget_key() {
    let api = Api::start().await;
    api.create(json!({})).await;
    api.send(Ask::new("GET", tenant("/widget-key"))).await.refused(404, "widget-key-not-set");
    api.patch(interact()).await.expect(200);
    let first = key(&api).await;
    api.patch(json!({"extensions": {"interact": {"enabled": false}}})).await.expect(200);
    api.patch(interact()).await.expect(200);
    assert_eq!(first, key(&api).await);
    let runtime = api.read().await["runtime"].clone();
    assert_eq!(json!({"set": true, "version": first["version"], "lastToken": null}), runtime["widgetKey"]);
    assert!(!runtime.to_string().contains(first["key"].as_str().unwrap()));
}

#[tokio::test]
async fn a_token_rotates_the_key_once() {
    let api = Api::start().await;
    api.create(interact()).await;
    let version = api.read().await["settingsVersion"].clone();
    let mut versions = vec![key(&api).await["version"].clone()];
    for (token, done) in [("a", true), ("a", false), ("b", true), ("a", false), ("b", false)] {
        let outcome = rotate(&api, json!({"token": token})).await.expect(200);
        assert_eq!(json!({"done": done, "last": token}), outcome);
        let runtime = api.read().await["runtime"]["widgetKey"].clone();
        if done {
            assert!(!versions.contains(&runtime["version"]), "never used twice");
            versions.push(runtime["version"].clone());
        }
        assert_eq!(json!({"set": true, "version": versions.last(), "lastToken": token}), runtime);
    }
    assert_eq!(version, api.read().await["settingsVersion"]);
}

#[tokio::test]
async fn a_rotation_replaces_the_key() {
    let api = Api::start().await;
    api.create(interact()).await;
    let before = key(&api).await;
    rotate(&api, json!({"token": "a"})).await.expect(200);
    assert_ne!(before["key"], key(&api).await["key"]);
}

#[tokio::test]
async fn a_baseline_is_recorded_without_acting() {
    let api = Api::start().await;
    api.create(interact()).await;
    let before = key(&api).await;
    for body in [json!({"token": "a", "baseline": true}), json!({"token": "a"})] {
        assert_eq!(json!({"done": false, "last": "a"}), rotate(&api, body).await.expect(200));
    }
    assert_eq!(before, key(&api).await);
}

#[tokio::test]
async fn only_the_rotation_token_is_a_baseline_at_creation() {
    let api = Api::start().await;
    let mut settings = instant_messaging();
    settings["extensions"] = interact()["extensions"].clone();
    settings["general"] = json!({"name": "Contoso", "o365Domain": "contoso.com"});
    let body = json!({
        "settings": settings, "triggers": {"widgetKeyRotation": "a", "instantMessagingTest": "a"},
    });
    let created = api.send(Ask::new("PUT", tenant("")).owner(OWNER).body(body)).await.expect(201);
    assert_eq!(json!("a"), created["runtime"]["widgetKey"]["lastToken"]);
    assert_eq!(Value::Null, created["runtime"]["instantMessaging"]["lastToken"]);
    api.world("PUT", world("/invitations"), json!({"primary": "accepted"})).await;
    assert_eq!(json!(false), rotate(&api, json!({"token": "a"})).await.expect(200)["done"]);
    assert_eq!(json!(true), message(&api, "a").await.expect(200)["done"]);
}

#[tokio::test]
async fn hidden_triggers_wait_and_their_tokens_stay_unused() {
    let api = Api::start().await;
    api.create(json!({})).await;
    rotate(&api, json!({"token": "a"})).await.refused(409, "section-off");
    message(&api, "a").await.refused(409, "section-off");
    api.patch(interact()).await.expect(200);
    assert_eq!(json!({"done": true, "last": "a"}), rotate(&api, json!({"token": "a"})).await.expect(200));
}

#[tokio::test]
async fn a_test_message_needs_the_invitation() {
    let api = Api::start().await;
    api.create(instant_messaging()).await;
    message(&api, "a").await.refused(409, "invitation-pending");
    let status = api.read().await["runtime"]["instantMessaging"].clone();
    assert_eq!(json!({"primary": "pending", "secondary": "none", "lastToken": null}), status);
    api.world("PUT", world("/invitations"), json!({"primary": "accepted"})).await;
    assert_eq!(json!({"done": true, "last": "a"}), message(&api, "a").await.expect(200));
    assert_eq!(json!({"done": false, "last": "a"}), message(&api, "a").await.expect(200));
    let messages = api.world("GET", world("/messages"), Value::Null).await;
    let message = json!({"token": "a", "upn": "anna@contoso.com", "sender": "im@contoso.com"});
    assert_eq!(json!([message]), messages["items"]);
}

#[tokio::test]
async fn a_test_message_arrives_only_in_the_tenant() {
    let api = Api::start().await;
    api.create(instant_messaging()).await;
    api.world("PUT", world("/invitations"), json!({"primary": "accepted"})).await;
    let send = async |token: &str, upn: &str| {
        let body = json!({"token": token, "upn": upn});
        api.send(Ask::new("POST", tenant("/instant-messaging/test")).owner(OWNER).body(body)).await
    };
    for outsider in ["anna@fabrikam.com", "anna@sub.contoso.com", "anna@notcontoso.com"] {
        assert_eq!(vec![error("/upn", "unknown-reference")], send("a", outsider).await.errors(422, "invalid-request"));
    }
    assert_eq!(Value::Null, api.read().await["runtime"]["instantMessaging"]["lastToken"]);
    let done = json!({"done": true, "last": "a"});
    assert_eq!(done, send("a", "Anna@Contoso.com").await.expect(200), "the token is unused until then");
    // Another domain of the Entra tenant, and a guest with a name of its own.
    let entra = format!("/sandbox/microsoft/tenants/{ID}");
    api.world("PUT", entra.clone(), json!({"domains": ["contoso.onmicrosoft.com"]})).await;
    let guest = json!({"userPrincipalName": "guest@fabrikam.com"});
    api.world("PUT", format!("{entra}/users/{OTHER_ID}"), guest).await;
    for (token, upn) in [("b", "anna@contoso.onmicrosoft.com"), ("c", "guest@fabrikam.com")] {
        assert_eq!(json!({"done": true, "last": token}), send(token, upn).await.expect(200), "{upn}");
    }
    let messages = api.world("GET", world("/messages"), Value::Null).await;
    assert_eq!(3, messages["items"].as_array().unwrap().len());
}

#[tokio::test]
async fn another_account_has_not_accepted() {
    let api = Api::start().await;
    api.create(instant_messaging()).await;
    api.world("PUT", world("/invitations"), json!({"primary": "accepted"})).await;
    api.patch(json!({"modalities": {"instantMessaging": {"primaryAccount": "other@contoso.com"}}})).await.expect(200);
    message(&api, "a").await.refused(409, "invitation-pending");
}

#[tokio::test]
async fn tokens_outlive_the_tenant() {
    let api = Api::start().await;
    api.create(interact()).await;
    rotate(&api, json!({"token": "a"})).await.expect(200);
    api.world("DELETE", world(""), Value::Null).await;
    let created = api.create(interact()).await;
    assert_eq!(Value::Null, created["runtime"]["widgetKey"]["lastToken"]);
    assert_eq!(json!({"done": false, "last": "a"}), rotate(&api, json!({"token": "a"})).await.expect(200));
}

#[tokio::test]
async fn tokens_are_short_and_printable() {
    let api = Api::start().await;
    api.create(interact()).await;
    rotate(&api, json!({"token": "é".repeat(64)})).await.expect(200);
    for (token, code) in [
        (json!("x".repeat(65)), "bad-format"),
        (json!("a\nb"), "bad-format"),
        (json!(""), "empty"),
        (json!(1), "wrong-type"),
    ] {
        let answer = rotate(&api, json!({"token": token})).await;
        assert_eq!(vec![error("/token", code)], answer.errors(422, "invalid-request"));
    }
}

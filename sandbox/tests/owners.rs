//! The owner stamp is enforced by the platform.
use serde_json::{Value, json};

use super::support::*;

async fn stamps(api: &Api) -> (Value, Value) {
    let read = api.read().await;
    (read["owner"].clone(), read["lastOwner"].clone())
}

#[tokio::test]
async fn a_foreign_stamp_refuses_every_write() {
    let api = Api::start().await;
    let created = api.create(json!({})).await;
    let version = created["settingsVersion"].as_str().unwrap();
    let writes = [
        Ask::new("PATCH", tenant("")).version(version).settings(json!({})),
        Ask::new("DELETE", tenant("?confirm=YES")),
        Ask::new("POST", tenant("/widget-key/rotate")).body(json!({"token": "1"})),
        Ask::new("POST", tenant("/instant-messaging/test")).body(json!({"token": "1", "upn": "a@contoso.com"})),
        Ask::new("DELETE", tenant("/owner")),
    ];
    for write in writes {
        for ask in [write.clone().owner(STRANGER), write] {
            let refusal = api.send(ask).await.refused(409, "owned-by-other");
            assert_eq!(json!(OWNER), refusal["owner"]);
        }
    }
    assert_eq!(created, api.read().await);
}

#[tokio::test]
async fn a_write_without_a_stamp_needs_a_free_tenant() {
    let api = Api::start().await;
    let settings = json!({"general": {"name": "Contoso", "o365Domain": "contoso.com"}});
    let created = api.send(Ask::new("PUT", tenant("")).settings(settings)).await.expect(201);
    assert_eq!(Value::Null, created["owner"]);
    let version = created["settingsVersion"].as_str().unwrap();
    api.send(Ask::new("PATCH", tenant("")).version(version).settings(json!({}))).await.expect(200);
}

#[tokio::test]
async fn claim_and_release_keep_the_settings_version() {
    let api = Api::start().await;
    let created = api.create(json!({})).await;
    let released = api.send(Ask::new("DELETE", tenant("/owner")).owner(OWNER)).await.expect(200);
    assert_eq!((json!(null), json!(OWNER)), stamps(&api).await);
    let claim = || Ask::new("PUT", tenant("/owner")).owner(STRANGER).by("partner");
    api.world("PATCH", world("/settings"), json!({"settings": {"partner": {"partnerId": "northwind"}}})).await;
    let before = api.read().await["settingsVersion"].clone();
    let claimed = api.send(claim()).await.expect(200);
    assert_eq!((json!(STRANGER), json!(OWNER)), stamps(&api).await);
    assert_eq!(claimed, api.send(claim()).await.expect(200));
    assert_eq!(created["settingsVersion"], released["settingsVersion"]);
    assert_eq!(before, claimed["settingsVersion"]);
    assert_ne!(created["runtimeVersion"], released["runtimeVersion"]);
}

#[tokio::test]
async fn only_the_system_role_takes_over_a_stamp() {
    let api = Api::start().await;
    api.create(json!({})).await;
    api.world("PATCH", world("/settings"), json!({"settings": {"partner": {"partnerId": "northwind"}}})).await;
    let claim = || Ask::new("PUT", tenant("/owner")).owner(STRANGER);
    let refusal = api.send(claim().by("partner")).await.refused(409, "owned-by-other");
    assert_eq!(json!(OWNER), refusal["owner"]);
    api.send(claim()).await.expect(200);
    assert_eq!((json!(STRANGER), json!(OWNER)), stamps(&api).await);
}

#[tokio::test]
async fn a_stamp_names_cluster_namespace_and_name() {
    let api = Api::start().await;
    api.create(json!({})).await;
    for stamp in ["contoso", "a/b", "a//c", "a/b/c/d"] {
        api.send(Ask::new("PUT", tenant("/owner")).owner(stamp)).await.refused(400, "malformed-request");
    }
    api.send(Ask::new("PUT", tenant("/owner"))).await.refused(400, "malformed-request");
}

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
        Ask::new("DELETE", tenant("/owner")).expecting(Some(OWNER)),
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
    let released = api.send(Ask::new("DELETE", tenant("/owner")).owner(OWNER).expecting(Some(OWNER))).await.expect(200);
    assert_eq!((json!(null), json!(OWNER)), stamps(&api).await);
    let claim = |expected| Ask::new("PUT", tenant("/owner")).owner(STRANGER).expecting(expected).by("partner");
    api.world("PATCH", world("/settings"), json!({"settings": {"partner": {"partnerId": "northwind"}}})).await;
    let before = api.read().await["settingsVersion"].clone();
    let claimed = api.send(claim(None)).await.expect(200);
    assert_eq!((json!(STRANGER), json!(OWNER)), stamps(&api).await);
    assert_eq!(claimed, api.send(claim(Some(STRANGER))).await.expect(200));
    assert_eq!(created["settingsVersion"], released["settingsVersion"]);
    assert_eq!(before, claimed["settingsVersion"]);
    assert_ne!(created["runtimeVersion"], released["runtimeVersion"]);
}

#[tokio::test]
async fn only_the_system_role_takes_over_a_stamp() {
    let api = Api::start().await;
    api.create(json!({})).await;
    api.world("PATCH", world("/settings"), json!({"settings": {"partner": {"partnerId": "northwind"}}})).await;
    let claim = || Ask::new("PUT", tenant("/owner")).owner(STRANGER).expecting(Some(OWNER));
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
        let claim = Ask::new("PUT", tenant("/owner"));
        api.send(claim.clone().owner(stamp).expecting(Some(OWNER))).await.refused(400, "malformed-request");
        api.send(claim.owner(OWNER).expecting(Some(stamp))).await.refused(400, "malformed-request");
    }
    let unnamed = Ask::new("PUT", tenant("/owner")).expecting(Some(OWNER));
    api.send(unnamed).await.refused(400, "malformed-request");
}

#[tokio::test]
async fn a_claim_and_a_release_hold_only_for_the_stamp_that_was_seen() {
    let api = Api::start().await;
    let created = api.create(json!({})).await;
    let ask = |method| Ask::new(method, tenant("/owner"));
    for method in ["PUT", "DELETE"] {
        api.send(ask(method).owner(OWNER)).await.refused(428, "expected-owner-required");
        for expected in [None, Some(STRANGER)] {
            api.send(ask(method).owner(OWNER).expecting(expected)).await.refused(412, "owner-changed");
        }
    }
    assert_eq!(created, api.read().await);
    let released = api.send(ask("DELETE").owner(OWNER).expecting(Some(OWNER))).await.expect(200);
    assert_eq!((&json!(null), &json!(OWNER)), (&released["owner"], &released["lastOwner"]));
    api.send(ask("DELETE").owner(OWNER).expecting(Some(OWNER))).await.refused(412, "owner-changed");
    // Both saw a free tenant.
    api.send(ask("PUT").owner(STRANGER).expecting(None)).await.expect(200);
    api.send(ask("PUT").owner(OWNER).expecting(None)).await.refused(412, "owner-changed");
    assert_eq!((json!(STRANGER), json!(OWNER)), stamps(&api).await);
}

/// What was read of a tenant, such as its partner, decides whether it may be claimed, deleted, or acted upon.
#[tokio::test]
async fn what_was_decided_holds_only_for_the_settings_that_were_seen() {
    let api = Api::start().await;
    let seen = api.create(json!({})).await["settingsVersion"].as_str().unwrap().to_owned();
    api.send(Ask::new("DELETE", tenant("/owner")).owner(OWNER).expecting(Some(OWNER))).await.expect(200);
    api.world("PATCH", world("/settings"), json!({"settings": {"partner": {"partnerId": "northwind"}}})).await;
    let before = api.read().await;
    let claim = |version: &str| Ask::new("PUT", tenant("/owner")).owner(OWNER).expecting(None).version(version);
    api.send(claim(&seen)).await.refused(412, "settings-changed");
    let delete = |version: &str| Ask::new("DELETE", tenant("?confirm=YES")).owner(OWNER).version(version);
    api.send(delete(&seen)).await.refused(412, "settings-changed");
    assert_eq!(before, api.read().await);
    let now = before["settingsVersion"].as_str().unwrap();
    api.send(claim(now)).await.expect(200);
    let upn = json!({"token": "1", "upn": "a@contoso.com"});
    for (path, body) in [("/widget-key/rotate", json!({"token": "1"})), ("/instant-messaging/test", upn)] {
        let trigger = |version: &str| Ask::new("POST", tenant(path)).owner(OWNER).version(version).body(body.clone());
        api.send(trigger(&seen)).await.refused(412, "settings-changed");
        // It is off, which is another matter.
        api.send(trigger(now)).await.refused(409, "section-off");
    }
    api.send(delete(now)).await.expect(202);
}

#[tokio::test]
async fn the_last_writer_is_whose_write_moved_the_settings() {
    let api = Api::start().await;
    let writer = async || api.read().await["lastWriter"].clone();
    assert_eq!(json!(OWNER), api.create(json!({})).await["lastWriter"]);
    api.world("PATCH", world("/settings"), json!({"settings": {"general": {"crmId": "C-1"}}})).await;
    assert_eq!(Value::Null, writer().await, "an edit in the UI");
    api.patch(json!({"general": {"crmId": "C-1"}})).await.expect(200);
    assert_eq!(Value::Null, writer().await, "a write that moves nothing");
    api.patch(json!({"general": {"crmId": "C-2"}})).await.expect(200);
    assert_eq!(json!(OWNER), writer().await);
    // What is no setting leaves it.
    api.world("PUT", world("/caps"), json!({"caps": {"/modalities/email/maxConcurrentTasksPerService": 1}})).await;
    api.send(Ask::new("DELETE", tenant("/owner")).owner(OWNER).expecting(Some(OWNER))).await.expect(200);
    assert_eq!(json!(OWNER), writer().await);
    let version = api.read().await["settingsVersion"].as_str().unwrap().to_owned();
    let unnamed = Ask::new("PATCH", tenant("")).version(&version).settings(json!({"general": {"crmId": "C-3"}}));
    assert_eq!(Value::Null, api.send(unnamed).await.expect(200)["lastWriter"], "a write without a stamp");
}

//! Derived state: pending script changes, licenses, caps, invitations; and edits in the UI.
use serde_json::{Value, json};

use super::support::*;

async fn pending(api: &Api) -> Value {
    api.read().await["runtime"]["pendingChanges"].clone()
}

fn interact(enabled: bool) -> Value {
    json!({"extensions": {"interact": {"enabled": enabled, "acsConnectionString": {"value": STRING}}}})
}

async fn run_script(api: &Api) -> Value {
    api.world("POST", world("/script/run"), Value::Null).await
}

#[tokio::test]
async fn a_change_is_pending_until_the_script_runs() {
    let api = Api::start().await;
    api.create(json!({})).await;
    assert_eq!(json!([]), pending(&api).await);
    api.patch(interact(true)).await.expect(200);
    let change = json!([{"scope": "tenant", "id": ID, "change": "interact-enabled"}]);
    assert_eq!(change, pending(&api).await);
    assert_eq!(json!({"pushed": change, "deleted": false}), run_script(&api).await);
    assert_eq!(json!([]), pending(&api).await);
}

#[tokio::test]
async fn a_reverted_change_is_not_pending() {
    let api = Api::start().await;
    api.create(interact(true)).await;
    api.patch(interact(false)).await.expect(200);
    assert_eq!(json!([]), pending(&api).await);
    api.patch(interact(true)).await.expect(200);
    run_script(&api).await;
    api.patch(interact(false)).await.expect(200);
    assert_eq!(json!([]), pending(&api).await);
}

#[tokio::test]
async fn multihoming_is_pending_in_both_directions() {
    let api = Api::start().await;
    api.create(json!({})).await;
    for enabled in [true, false] {
        api.patch(json!({"provisioning": {"multihomingEnabled": enabled}})).await.expect(200);
        assert_eq!(json!("multihoming-changed"), pending(&api).await[0]["change"]);
        run_script(&api).await;
    }
}

#[tokio::test]
async fn limits_licenses_and_contacts_need_no_script() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let settings = json!({
        "extensions": {"outbound": {"maxScheduledTasksPerService": 1}},
        "licenses": {"tenantState": "Active"},
        "contact": {"name": "Anna"},
    });
    api.patch(settings).await.expect(200);
    assert_eq!(json!([]), pending(&api).await);
}

#[tokio::test]
async fn service_changes_are_pending() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let put = |name: &str, license: &str| {
        api.world("PUT", world("/services/help"), json!({"displayName": name, "license": license}))
    };
    let change = |name: &str| json!([{"scope": "service", "id": "help", "change": name}]);
    put("Help", "contactCenter").await;
    assert_eq!(change("service-created"), pending(&api).await);
    run_script(&api).await;
    put("Help", "enterpriseRouting").await;
    assert_eq!(json!([]), pending(&api).await);
    put("Help desk", "enterpriseRouting").await;
    assert_eq!(change("service-changed"), pending(&api).await);
    api.world("DELETE", world("/services/help"), Value::Null).await;
    assert_eq!(change("service-removed"), pending(&api).await);
    run_script(&api).await;
    assert_eq!(json!([]), pending(&api).await);
}

#[tokio::test]
async fn with_auto_run_nothing_is_ever_pending() {
    let api = Api::start().await;
    api.world("PUT", "/sandbox/auto-run".into(), json!({"enabled": true})).await;
    let created = api.create(interact(true)).await;
    assert_eq!(json!([]), created["runtime"]["pendingChanges"]);
    let deleting = api.send(Ask::new("DELETE", tenant("?confirm=YES")).owner(OWNER)).await.expect(202);
    let gone = api.send(Ask::new("GET", tenant(""))).await.refused(404, "tenant-deleted");
    assert_eq!(deleting["runtime"]["deletion"]["deletionId"], gone["deletionId"]);
}

#[tokio::test]
async fn the_script_url_is_stable_and_unsigned() {
    let api = Api::start().await;
    let created = api.create(json!({})).await;
    api.patch(interact(true)).await.expect(200);
    let url = api.read().await["runtime"]["scriptUrl"].clone();
    assert_eq!(created["runtime"]["scriptUrl"], url);
    assert!(!url.as_str().unwrap().contains('?'));
}

#[tokio::test]
async fn caps_and_modalities_keep_the_settings() {
    let api = Api::start().await;
    let created = api.create(json!({})).await;
    let pointer = "/modalities/email/maxConcurrentTasksPerService";
    api.world("PUT", world("/caps"), json!({"caps": {pointer: 10}})).await;
    api.world("PUT", world("/modalities"), json!({"available": ["externalTask"]})).await;
    let read = api.read().await;
    assert_eq!(json!([{"pointer": pointer, "effectiveMax": 10}]), read["runtime"]["caps"]);
    assert_eq!(json!(["externalTask"]), read["runtime"]["availableModalities"]);
    assert_eq!(created["settings"], read["settings"]);
    assert_eq!(created["settingsVersion"], read["settingsVersion"]);
    let settings = json!({"modalities": {"email": {"maxConcurrentTasksPerService": 60}}});
    api.patch(settings).await.expect(200);
}

#[tokio::test]
async fn a_kind_is_licensed_when_any_of_it_is_bought() {
    let api = Api::start().await;
    let created = api.create(json!({"licenses": {"contingents": {"users": {"interact": 5}}}})).await;
    let users = &created["runtime"]["licensed"]["users"];
    assert_eq!((&json!(true), &json!(false)), (&users["interact"], &users["assistant"]));
}

#[tokio::test]
async fn an_edit_in_the_ui_needs_a_role_and_no_stamp() {
    let api = Api::start().await;
    let created = api.create(json!({})).await;
    let edit =
        |role: &str, settings: Value| Ask::new("PATCH", world(&format!("/settings?as={role}"))).settings(settings);
    let name = json!({"general": {"name": "Fabrikam"}});
    let answer = api.send(edit("tenant", name.clone())).await;
    assert_eq!(vec![error("/general/name", "restricted")], answer.errors(403, "field-not-permitted"));
    let edited = api.send(edit("partner", name)).await.expect(200);
    assert_ne!(created["settingsVersion"], edited["settingsVersion"]);
    let misspelled = api.send(edit("system", json!({"general": {"nmae": "x"}}))).await;
    assert_eq!(vec![error("/general/nmae", "unknown-field")], misspelled.errors(422, "invalid-settings"));
    api.send(edit("nobody", json!({}))).await.refused(400, "malformed-request");
}

#[tokio::test]
async fn a_normaliser_ignores_or_changes_api_writes() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let normalise = |mode: &str| {
        let body = json!({"pointer": "/general/crmId", "mode": mode});
        api.world("PUT", world("/normaliser"), body)
    };
    for (mode, expected) in [("upper", json!("C-1")), ("ignore", json!("C-1")), ("off", json!("c-2"))] {
        normalise(mode).await;
        let written = if mode == "upper" { "c-1" } else { "c-2" };
        let patched = api.patch(json!({"general": {"crmId": written}})).await.expect(200);
        assert_eq!(expected, patched["settings"]["general"]["crmId"], "{mode}");
    }
}

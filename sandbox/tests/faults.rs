//! Planted faults, and their entries in the log.
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::support::*;

async fn plant(api: &Api, route: &str, action: Value) {
    plant_all(api, json!([{"route": route, "nth": 1, "action": action}])).await;
}

async fn plant_all(api: &Api, faults: Value) {
    api.world("POST", "/sandbox/faults".into(), json!({"faults": faults})).await;
}

fn patch(version: &Value) -> Ask {
    let settings = json!({"general": {"companyName": "Contoso AG"}});
    Ask::new("PATCH", tenant("")).owner(OWNER).version(version.as_str().unwrap()).settings(settings)
}

async fn company(api: &Api) -> Value {
    api.read().await["settings"]["general"]["companyName"].clone()
}

#[tokio::test]
async fn lost_response_is_committed() {
    let api = Api::start().await;
    let created = api.create(json!({})).await;
    plant(&api, "PATCH /v1/tenants/{id}", json!({"kind": "close-after"})).await;
    assert!(api.try_send(patch(&created["settingsVersion"])).await.is_err());
    assert_eq!(json!("Contoso AG"), company(&api).await);
    let entry = &api.log().await[1];
    assert_eq!(json!(true), entry["accepted"]);
    assert_eq!(json!("close-after"), entry["fault"]);
    assert_eq!(json!("settings-changed"), entry["effect"]);
}

#[tokio::test]
async fn lost_request_is_not_committed() {
    let api = Api::start().await;
    let created = api.create(json!({})).await;
    plant(&api, "PATCH /v1/tenants/{id}", json!({"kind": "close-before"})).await;
    assert!(api.try_send(patch(&created["settingsVersion"])).await.is_err());
    assert_eq!(Value::Null, company(&api).await);
    let entry = &api.log().await[1];
    assert_eq!((&json!(false), &Value::Null), (&entry["accepted"], &entry["status"]));
}

#[tokio::test]
async fn a_fault_answers_instead_of_the_platform() {
    let api = Api::start().await;
    let created = api.create(json!({})).await;
    let rows = [
        (json!({"kind": "status", "status": 503, "headers": {"Retry-After": "7"}}), 503, "", ""),
        (
            json!({"kind": "status", "status": 502, "body": "bad gateway", "contentType": "text/plain"}),
            502,
            "text/plain",
            "bad gateway",
        ),
        (json!({"kind": "status", "status": 200, "body": {"a": 1}}), 200, "", "{\"a\":1}"),
        (json!({"kind": "empty"}), 200, "", ""),
    ];
    for (action, status, media_type, body) in rows {
        plant(&api, "PATCH /v1/tenants/{id}", action.clone()).await;
        let answer = api.try_send(patch(&created["settingsVersion"])).await.unwrap();
        assert_eq!((status, media_type, body), (answer.status, answer.header("content-type"), answer.text.as_str()));
        if action["headers"].is_object() {
            assert_eq!("7", answer.header("retry-after"));
        }
    }
    plant(&api, "*", json!({"kind": "html"})).await;
    let answer = api.try_send(patch(&created["settingsVersion"])).await.unwrap();
    assert!(answer.header("content-type").starts_with("text/html") && answer.text.starts_with("<!doctype"));
    assert_eq!(Value::Null, company(&api).await);
    assert!(api.log().await.iter().skip(1).all(|entry| entry["accepted"] == json!(false)));
}

#[tokio::test]
async fn a_fault_answers_with_a_problem() {
    let api = Api::start().await;
    plant(&api, "GET /v1/tenants/{id}", json!({"kind": "problem", "slug": "tenant-not-found"})).await;
    api.create(json!({})).await;
    api.send(Ask::new("GET", tenant(""))).await.refused(404, "tenant-not-found");
    plant(
        &api,
        "GET /v1/tenants/{id}",
        json!({"kind": "problem", "slug": "too-many-requests", "headers": {"Retry-After": "1"}}),
    )
    .await;
    let limited = api.send(Ask::new("GET", tenant(""))).await;
    limited.refused(429, "too-many-requests");
    assert_eq!("1", limited.header("retry-after"));
}

#[tokio::test]
async fn truncated_and_cut_answers_send_half_a_body() {
    let api = Api::start().await;
    let whole = api.create(json!({})).await.to_string();
    plant(&api, "GET /v1/tenants/{id}", json!({"kind": "truncate"})).await;
    let answer = api.try_send(Ask::new("GET", tenant(""))).await.unwrap();
    assert_eq!(whole[..whole.len() / 2], answer.text);
    plant(&api, "GET /v1/tenants/{id}", json!({"kind": "cut"})).await;
    assert!(api.try_send(Ask::new("GET", tenant(""))).await.is_err());
}

#[tokio::test]
async fn a_delay_after_the_request_delays_the_answer() {
    let api = Api::start().await;
    api.create(json!({})).await;
    for after in [false, true] {
        plant(&api, "GET /v1/tenants/{id}", json!({"kind": "delay", "seconds": 0.2, "after": after})).await;
        let began = Instant::now();
        api.send(Ask::new("GET", tenant(""))).await.expect(200);
        assert!(began.elapsed() >= Duration::from_millis(200));
    }
}

#[tokio::test]
async fn a_request_runs_although_the_client_left() {
    let api = Api::start().await;
    let created = api.create(json!({})).await;
    plant(&api, "PATCH /v1/tenants/{id}", json!({"kind": "delay", "seconds": 0.3})).await;
    let feed = api.send(Ask::new("GET", "/v1/changes")).await.expect(200);
    let path = format!("/v1/changes?wait=30&after={}", feed["cursor"].as_str().unwrap());
    // Polling the request until the fault was applied and dropping it then hangs up.
    tokio::select! {
        answer = api.try_send(patch(&created["settingsVersion"])) => panic!("{answer:?}"),
        () = api.faulted() => {}
    }
    assert_eq!(json!([ID]), api.send(Ask::new("GET", path)).await.expect(200)["ids"]);
    assert_eq!(json!("Contoso AG"), company(&api).await);
}

#[tokio::test]
async fn a_fault_can_answer_after_the_request() {
    let api = Api::start().await;
    let created = api.create(json!({})).await;
    plant(&api, "PATCH /v1/tenants/{id}", json!({"kind": "status", "status": 504, "after": true})).await;
    assert_eq!(504, api.try_send(patch(&created["settingsVersion"])).await.unwrap().status);
    assert_eq!(json!("Contoso AG"), company(&api).await);
    let entry = &api.log().await[1];
    assert_eq!((&json!(200), &json!(true), &json!("status")), (&entry["status"], &entry["accepted"], &entry["fault"]));
}

#[tokio::test]
async fn faults_apply_by_route_tenant_and_count() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let status = |status: u16| json!({"kind": "status", "status": status});
    plant_all(
        &api,
        json!([
            {"route": "GET /v1/tenants/{id}", "tenant": OTHER_ID, "action": status(500)},
            {"route": "PUT *", "action": status(501)},
            {"route": format!("GET {}", tenant("")), "nth": 2, "times": 2, "action": status(502)},
            {"route": "* /v1/capabilities", "times": 1, "action": status(503)},
        ]),
    )
    .await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        statuses.push(api.try_send(Ask::new("GET", tenant(""))).await.unwrap().status);
    }
    assert_eq!(vec![200, 502, 502, 200], statuses);
    for expected in [503, 200] {
        assert_eq!(expected, api.try_send(Ask::new("GET", "/v1/capabilities")).await.unwrap().status);
    }
    let other = Ask::new("GET", format!("/v1/tenants/{OTHER_ID}"));
    assert_eq!(500, api.try_send(other).await.unwrap().status);
    let faults = api.world("GET", "/sandbox/faults".into(), Value::Null).await;
    let faulted: Vec<u64> =
        faults["faults"].as_array().unwrap().iter().map(|fault| fault["faulted"].as_u64().unwrap()).collect();
    assert_eq!(vec![1, 0, 2, 1], faulted);
    api.world("DELETE", "/sandbox/faults".into(), Value::Null).await;
    assert_eq!(json!({"faults": []}), api.world("GET", "/sandbox/faults".into(), Value::Null).await);
}

#[tokio::test]
async fn a_fault_that_could_never_apply_is_refused() {
    let api = Api::start().await;
    let rows = [
        json!({"route": "GET /v1/tenant/{id}", "action": {"kind": "html"}}),
        json!({"route": "GET /sandbox/log", "action": {"kind": "html"}}),
        json!({"route": "*", "action": {"kind": "explode"}}),
        json!({"route": "*", "action": {"kind": "problem", "slug": "no-such"}}),
        json!({"route": "*", "nth": 0, "action": {"kind": "html"}}),
    ];
    for fault in rows {
        let body = json!({"faults": [fault]});
        api.send(Ask::new("POST", "/sandbox/faults").body(body)).await.refused(422, "invalid-request");
    }
}

#[tokio::test]
async fn the_log_has_every_request_and_no_secret() {
    let api = Api::start().await;
    let created = api.create(json!({})).await;
    let secret = json!({"extensions": {"assistant": {"acsConnectionString": {"value": STRING}}}});
    let patched = api.patch(secret).await.expect(200);
    api.send(Ask::new("GET", format!("/v1/tenants/{OTHER_ID}")).header("user-agent", "test/1")).await;
    let log = api.world("GET", "/sandbox/log".into(), Value::Null).await;
    let (text, log) = (log.to_string(), api.log().await);
    for secret in [STRING, "system-secret", &api.token("system").await] {
        assert!(!text.contains(secret));
    }
    let told: Vec<Value> =
        log.iter().map(|entry| json!([entry["method"], entry["status"], entry["accepted"], entry["effect"]])).collect();
    let expected = json!([
        ["PUT", 201, true, "tenant-created"],
        ["GET", 200, false, null],
        ["PATCH", 200, true, "settings-changed"],
        ["GET", 404, false, null],
    ]);
    assert_eq!(expected, json!(told));
    let patch = &log[2];
    assert_eq!(json!("/v1/tenants/{id}"), patch["route"]);
    assert_eq!((&json!(ID), &json!("system"), &json!(OWNER)), (&patch["tenant"], &patch["client"], &patch["owner"]));
    assert_eq!(
        json!({"before": created["settingsVersion"], "after": patched["settingsVersion"]}),
        patch["settingsVersion"]
    );
    assert_eq!(json!(["/extensions/assistant/acsConnectionString"]), patch["changedPointers"]);
    assert_eq!((&json!("test/1"), &json!("tenant-not-found")), (&log[3]["userAgent"], &log[3]["slug"]));
    let after = api.world("GET", format!("/sandbox/log?after={}", patch["seq"]), Value::Null).await;
    assert_eq!(json!([log[3]]), after["items"]);
}

#[tokio::test]
async fn a_refused_write_has_no_effect_in_the_log() {
    let api = Api::start().await;
    let created = api.create(json!({})).await;
    api.patch(json!({"general": {"name": null}})).await.expect(422);
    let entry = api.log().await.pop().unwrap();
    assert_eq!((&json!(422), &json!("invalid-settings")), (&entry["status"], &entry["slug"]));
    assert_eq!((&json!(false), &json!([])), (&entry["accepted"], &entry["changedPointers"]));
    let version = &created["settingsVersion"];
    assert_eq!(json!({"before": version, "after": version}), entry["settingsVersion"]);
}

#[tokio::test]
async fn a_write_without_changes_has_no_log_effect() {
    let api = Api::start().await;
    api.create(json!({})).await;
    api.patch(json!({"general": {"name": "Contoso"}})).await.expect(200);
    api.send(Ask::new("PUT", tenant("/owner")).owner(OWNER).expecting(Some(OWNER))).await.expect(200);
    for entry in &api.log().await[2..] {
        assert_eq!((&json!(true), &Value::Null), (&entry["accepted"], &entry["effect"]));
        assert_eq!(json!([]), entry["changedPointers"]);
    }
}

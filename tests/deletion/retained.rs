//! Retain: the tenant stays without an owner, whether the platform is available or not.

use std::time::{Duration, Instant};

use nimbus_operator::controller::Timing;
use serde_json::{Value, json};

use super::{CONFIRM, FINALIZER_OFF, NO_EVENTS, Since, annotated, event, events, live, stamp, stamps};
use crate::support::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn retain_costs_one_write_one_call() {
    let stage = Stage::new("retain").await;
    let _operator = stage.connect().await;
    live(&stage, stage.manifest(json!({ "general": { "companyName": "Contoso AG" } }))).await;
    let (_, before) = stage.platform.tenant(&stage.id).await.unwrap();
    let since = Since::now(&stage).await;
    stage.delete().await;
    stage.gone().await;
    assert_eq!(["DELETE /v1/tenants/{id}/owner 200"], *since.calls(&stage).await);
    assert_eq!(FINALIZER_OFF, *since.writes(&stage).await);
    assert_eq!((None, Some(stamp(&stage))), stamps(&stage).await);
    assert_eq!([event("Normal", "Released")], *events(&stage).await);
    let (_, after) = stage.platform.tenant(&stage.id).await.unwrap();
    assert_eq!(before["settings"], after["settings"], "nothing else was touched");
    assert_eq!(Value::Null, after["runtime"]["deletion"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn retain_does_not_wait_for_a_dead_platform() {
    let stage = Stage::new("retain-dead").await;
    let _operator = stage.connect().await;
    live(&stage, stage.manifest(json!({}))).await;
    stage.platform.plant(json!([{ "route": "*", "action": { "kind": "close-before" } }])).await.unwrap();
    stage.delete().await;
    stage.gone().await;
    assert_eq!([event("Warning", "ReleaseFailed")], *events(&stage).await);

    // A stale stamp recovers: the same YAML adopts the tenant again, and nothing is sent.
    stage.platform.heal().await.unwrap();
    assert_eq!((Some(stamp(&stage)), None), stamps(&stage).await);
    stage.connected().await;
    let since = Since::now(&stage).await;
    live(&stage, stage.manifest(json!({}))).await;
    assert_eq!([""; 0], *since.effects(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn retain_waits_for_a_hanging_platform_with_limit() {
    assert_eq!(Duration::from_secs(60), Timing::default().release);
    let mut stage = Stage::new("retain-hangs").await;
    stage.timing.call = Duration::from_secs(100);
    stage.timing.release = Duration::from_secs(1);
    let _operator = stage.connect().await;
    live(&stage, stage.manifest(json!({}))).await;
    let hang = json!({ "kind": "delay", "seconds": 600 });
    stage.platform.plant(json!([{ "route": "DELETE /v1/tenants/{id}/owner", "action": hang }])).await.unwrap();
    let started = Instant::now();
    stage.delete().await;
    stage.gone().await;
    assert!(started.elapsed() >= stage.timing.release, "{:?}", started.elapsed());
    assert_eq!([event("Warning", "ReleaseFailed")], *events(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_credentials_do_not_block_retain() {
    let mut stage = Stage::new("retain-refused").await;
    let _operator = stage.connect().await;
    let refusals = [
        json!({ "kind": "status", "status": 401 }),
        json!({ "kind": "problem", "slug": "not-permitted" }),
        json!({ "kind": "status", "status": 500 }),
        json!({ "kind": "status", "status": 429, "headers": { "retry-after": "1" } }),
        json!({ "kind": "html" }),
    ];
    for (number, refusal) in refusals.iter().enumerate() {
        stage.id = uuid::Uuid::new_v4().to_string();
        live(&stage, stage.manifest(json!({}))).await;
        stage.platform.plant(json!([{ "route": "DELETE /v1/tenants/{id}/owner", "action": refusal }])).await.unwrap();
        let since = Since::now(&stage).await;
        stage.delete().await;
        stage.gone().await;
        stage.platform.heal().await.unwrap();
        assert_eq!([""; 0], *since.effects(&stage).await, "{refusal}");
        assert_eq!(0, since.deletions(&stage).await, "{refusal}");
        stage.connected().await;
        assert_eq!(number + 1, events(&stage).await.len(), "{refusal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn retain_of_a_missing_tenant_completes() {
    let stage = Stage::new("retain-gone").await;
    let _operator = stage.connect().await;
    live(&stage, stage.manifest(json!({}))).await;
    stage.platform.lose(&stage.id).await.unwrap();
    let since = Since::now(&stage).await;
    stage.delete().await;
    stage.gone().await;
    assert_eq!(["DELETE /v1/tenants/{id}/owner 404"], *since.calls(&stage).await);
    assert_eq!(NO_EVENTS, *events(&stage).await);
}

/// An earlier confirmation has no effect while the policy is Retain.
#[tokio::test(flavor = "multi_thread")]
async fn confirmation_without_delete_policy_is_ignored() {
    let stage = Stage::new("retain-confirmed").await;
    let _operator = stage.connect().await;
    live(&stage, annotated(&stage, json!({}), json!({ CONFIRM: stage.id }))).await;
    let since = Since::now(&stage).await;
    stage.delete().await;
    stage.gone().await;
    assert_eq!(0, since.deletions(&stage).await);
    assert_eq!([event("Normal", "Released")], *events(&stage).await);
}

//! Retain: the tenant stays without an owner, whether the platform is available or not.

use std::time::{Duration, Instant};

use nimbus_operator::controller::Timing;
use serde_json::{Value, json};

use super::{FINALIZER_OFF, NO_EVENTS, event, events, live, stamp, stamps, told};
use crate::support::confirmation::confirming;
use crate::support::fixture::Fixture;
use crate::support::since::Since;

#[tokio::test(flavor = "multi_thread")]
async fn retain_costs_one_write_one_call() {
    let fixture = Fixture::new("retain").await;
    let _operator = fixture.connect().await;
    live(&fixture, fixture.manifest(json!({ "general": { "companyName": "Contoso AG" } }))).await;
    let (_, before) = fixture.platform.tenant(&fixture.id).await.unwrap();
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    fixture.gone().await;
    assert_eq!(["DELETE /v1/tenants/{id}/owner 200"], *since.calls(&fixture).await);
    assert_eq!(FINALIZER_OFF, *since.writes(&fixture).await);
    assert_eq!((None, Some(stamp(&fixture))), stamps(&fixture).await);
    told(&fixture, [event("Normal", "Released")], "").await;
    let (_, after) = fixture.platform.tenant(&fixture.id).await.unwrap();
    assert_eq!(before["settings"], after["settings"], "nothing else was touched");
    assert_eq!(Value::Null, after["runtime"]["deletion"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn retain_does_not_wait_for_a_dead_platform() {
    let fixture = Fixture::new("retain-dead").await;
    let _operator = fixture.connect().await;
    live(&fixture, fixture.manifest(json!({}))).await;
    fixture.platform.add_faults(json!([{ "route": "*", "action": { "kind": "close-before" } }])).await.unwrap();
    fixture.delete().await;
    fixture.gone().await;
    told(&fixture, [event("Warning", "ReleaseFailed")], "").await;

    // A stale stamp recovers: the same YAML adopts the tenant again, and nothing is sent.
    fixture.platform.clear_faults().await.unwrap();
    assert_eq!((Some(stamp(&fixture)), None), stamps(&fixture).await);
    fixture.connected().await;
    let since = Since::now(&fixture).await;
    live(&fixture, fixture.manifest(json!({}))).await;
    assert_eq!([""; 0], *since.effects(&fixture).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn retain_waits_for_a_hanging_platform_with_limit() {
    assert_eq!(Duration::from_secs(60), Timing::default().release);
    let mut fixture = Fixture::new("retain-hangs").await;
    fixture.timing.call = Duration::from_secs(100);
    fixture.timing.release = Duration::from_secs(1);
    let _operator = fixture.connect().await;
    live(&fixture, fixture.manifest(json!({}))).await;
    let hang = json!({ "kind": "delay", "seconds": 600 });
    fixture.platform.add_faults(json!([{ "route": "DELETE /v1/tenants/{id}/owner", "action": hang }])).await.unwrap();
    let started = Instant::now();
    fixture.delete().await;
    fixture.gone().await;
    assert!(started.elapsed() >= fixture.timing.release, "{:?}", started.elapsed());
    told(&fixture, [event("Warning", "ReleaseFailed")], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_credentials_do_not_block_retain() {
    let mut fixture = Fixture::new("retain-refused").await;
    // One that throttles for as long as it is asked is waited for no longer than this.
    fixture.timing.release = Duration::from_secs(3);
    let _operator = fixture.connect().await;
    let refusals = [
        json!({ "kind": "status", "status": 401 }),
        json!({ "kind": "problem", "slug": "not-permitted" }),
        json!({ "kind": "status", "status": 500 }),
        json!({ "kind": "status", "status": 429, "headers": { "retry-after": "1" } }),
        json!({ "kind": "html" }),
    ];
    for (number, refusal) in refusals.iter().enumerate() {
        fixture.id = uuid::Uuid::new_v4().to_string();
        live(&fixture, fixture.manifest(json!({}))).await;
        fixture
            .platform
            .add_faults(json!([{ "route": "DELETE /v1/tenants/{id}/owner", "action": refusal }]))
            .await
            .unwrap();
        let since = Since::now(&fixture).await;
        fixture.delete().await;
        fixture.gone().await;
        fixture.platform.clear_faults().await.unwrap();
        assert_eq!([""; 0], *since.effects(&fixture).await, "{refusal}");
        assert_eq!(0, since.deletions(&fixture).await, "{refusal}");
        fixture.connected().await;
        assert_eq!(number + 1, events(&fixture).await.len(), "{refusal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn retain_of_a_missing_tenant_completes() {
    let fixture = Fixture::new("retain-gone").await;
    let _operator = fixture.connect().await;
    live(&fixture, fixture.manifest(json!({}))).await;
    fixture.platform.lose(&fixture.id).await.unwrap();
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    fixture.gone().await;
    assert_eq!(["DELETE /v1/tenants/{id}/owner 404"], *since.calls(&fixture).await);
    told(&fixture, NO_EVENTS, "").await;
}

/// An earlier confirmation has no effect while the policy is Retain.
#[tokio::test(flavor = "multi_thread")]
async fn confirmation_without_delete_policy_is_ignored() {
    let fixture = Fixture::new("retain-confirmed").await;
    let _operator = fixture.connect().await;
    live(&fixture, fixture.manifest(confirming(json!({}), &fixture.id))).await;
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    fixture.gone().await;
    assert_eq!(0, since.deletions(&fixture).await);
    told(&fixture, [event("Normal", "Released")], "").await;
}

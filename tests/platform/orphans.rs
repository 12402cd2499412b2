//! Tenants on the platform with the stamp of this cluster and without a Tenant are reported and otherwise left alone.

use std::time::Duration;

use kube::Api;
use nimbus_operator::resources::Platform;
use serde_json::json;

use crate::support::stage::{Stage, StageOn};
use crate::support::tenant::Handle;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

/// A fixture whose operator looks for orphans often.
async fn stage(name: &str) -> Stage {
    let mut stage = Stage::new(name).await;
    stage.timing.orphans = Duration::from_millis(400);
    stage.timing.platform_check = Duration::from_millis(100);
    stage
}

/// A tenant with a stamp that never had a Tenant here.
async fn stamped(stage: &StageOn<'_>, stamp: Option<&str>) -> String {
    let id = uuid::Uuid::new_v4().to_string();
    stage.platform.create(&id, json!({ "general": { "name": "Left", "o365Domain": "left.com" } })).await.unwrap();
    stage.platform.stamp(&id, stamp, None).await.unwrap();
    id
}

async fn status(stage: &StageOn<'_>) -> (Vec<(String, String)>, String) {
    let api: Api<Platform> = Api::all(stage.client(users::PLATFORM_ADMIN));
    let status = api.get(&stage.env.platform).await.unwrap().status.unwrap_or_default();
    let orphans = status.orphans.into_iter().map(|orphan| (orphan.id, orphan.stamp)).collect();
    (orphans, status.orphans_message.unwrap_or_default())
}

/// Waits until these are reported, and returns the message.
async fn reported(stage: &StageOn<'_>, mut expected: Vec<(String, String)>) -> String {
    expected.sort();
    until(&format!("{} orphans are reported", expected.len()), PATIENCE, async || {
        let (orphans, message) = status(stage).await;
        if orphans == expected { Ok(message) } else { Err(format!("{orphans:?} {message}")) }
    })
    .await
}

/// Waits until the operator has listed the platform's tenants twice more: the second list starts after the end of the first
/// round.
async fn rounds(stage: &StageOn<'_>, mark: u64, least: usize) {
    until("the list was asked for", PATIENCE, async || {
        let log = stage.platform.log_after(mark).await.map_err(|error| error.to_string())?;
        let lists = log.iter().filter(|seen| seen.call == "GET /v1/tenants").count();
        if lists >= least { Ok(()) } else { Err(format!("{lists} lists")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orphan_is_reported_and_not_changed() {
    let stage = stage("orphans").await;
    let of = |name: &str| format!("test/{}/{name}", stage.env.namespace);
    let (one, two) = (stamped(&stage, Some(&of("one"))).await, stamped(&stage, Some(&of("two"))).await);
    // Tenants of other owners and without an owner are ignored.
    for stamp in [Some("elsewhere/contoso/x"), Some("test-2/contoso/x"), None] {
        stamped(&stage, stamp).await;
    }
    let _operator = stage.connect().await;
    let live = Handle::new(&stage, "live");
    live.create(json!({})).await;
    live.ready().await;
    let mark = stage.platform.mark().await.unwrap();
    let message = reported(&stage, vec![(one.clone(), of("one")), (two.clone(), of("two"))]).await;
    assert!(message.starts_with("2 tenants on the platform with the stamp of this cluster"), "{message}");
    rounds(&stage, mark, 3).await;
    assert_eq!([""; 0], *stage.platform.effects(mark).await.unwrap(), "nothing is done about them");

    // The Tenant of the stamp is created again: it owns the tenant, which is no orphan any more.
    let mut again = Handle::new(&stage, "one");
    again.id.clone_from(&one);
    again.create(json!({ "general": { "name": "Left", "o365Domain": "left.com" } })).await;
    again.ready().await;
    let message = reported(&stage, vec![(two.clone(), of("two"))]).await;
    assert!(message.starts_with("1 tenant on the platform"), "{message}");
    // The other stamp is removed.
    stage.platform.stamp(&two, None, None).await.unwrap();
    assert_eq!("", reported(&stage, vec![]).await);
}

/// Removing the finalizer by force leaves an orphan behind.
#[tokio::test(flavor = "multi_thread")]
async fn tenant_without_finalizer_is_reported() {
    let stage = stage("orphans-strip").await;
    let operator = stage.connect().await;
    stage.create(json!({})).await;
    stage.ready().await;
    operator.stop().await;
    stage.delete().await;
    stage.patch(json!({ "metadata": { "finalizers": null } })).await;
    stage.gone().await;
    let _operator = stage.connect().await;
    let stamp = format!("test/{}/contoso", stage.env.namespace);
    reported(&stage, vec![(stage.id.clone(), stamp.clone())]).await;
    let (_, document) = stage.platform.tenant(&stage.id).await.unwrap();
    assert_eq!((json!(stamp), json!(null)), (document["owner"].clone(), document["runtime"]["deletion"].clone()));
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_state_keeps_the_report() {
    let stage = stage("orphans-unknown").await;
    let of = |name: &str| format!("test/{}/{name}", stage.env.namespace);
    let (one, two) = (stamped(&stage, Some(&of("one"))).await, stamped(&stage, Some(&of("two"))).await);
    let operator = stage.connect().await;
    let mut both = vec![(one.clone(), of("one")), (two.clone(), of("two"))];
    both.sort();
    let message = reported(&stage, both.clone()).await;
    for (route, action) in [
        ("GET /v1/tenants", json!({ "kind": "status", "status": 500 })),
        ("GET /v1/tenants", json!({ "kind": "problem", "slug": "not-permitted" })),
        ("GET /v1/tenants", json!({ "kind": "html" })),
        ("GET /v1/tenants", json!({ "kind": "status", "status": 200, "body": { "items": [{}] } })),
        ("GET /v1/tenants/{id}", json!({ "kind": "status", "status": 500 })),
        ("GET /v1/tenants/{id}", json!({ "kind": "problem", "slug": "not-permitted" })),
        ("GET /v1/tenants/{id}", json!({ "kind": "html", "status": 404 })),
        ("GET /v1/tenants/{id}", json!({ "kind": "close-before" })),
    ] {
        let case = format!("{route} {action}");
        let fault = json!({ "route": route, "nth": 1, "times": 10_000, "action": action });
        stage.platform.plant(json!([fault])).await.unwrap();
        let mark = stage.platform.mark().await.unwrap();
        rounds(&stage, mark, 2).await;
        assert_eq!((both.clone(), message.clone()), status(&stage).await, "{case}");
        stage.platform.heal().await.unwrap();
        stage.connected().await;
    }
    // The report survives a restart, until the next operator has checked.
    operator.stop().await;
    let _operator = stage.connect().await;
    assert_eq!((both, message), status(&stage).await);
    // Absence is documented and known.
    stage.platform.lose(&one).await.unwrap();
    reported(&stage, vec![(two, of("two"))]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_list_is_counted_and_truncated() {
    let stage = stage("orphans-many").await;
    let mut left = vec![];
    for number in 0..23 {
        let stamp = format!("test/{}/left-{number}", stage.env.namespace);
        left.push((stamped(&stage, Some(&stamp)).await, stamp));
    }
    left.sort();
    let _operator = stage.connect().await;
    let message = reported(&stage, left[..20].to_vec()).await;
    assert!(message.starts_with("23 tenants") && message.contains("the first 20 are listed"), "{message}");
}

//! Tenants on the platform with the stamp of this cluster and without a Tenant are reported and otherwise left alone.

use std::time::Duration;

use kube::Api;
use nimbus_operator::resources::Platform;
use serde_json::json;

use crate::support::fixture::{Fixture, FixtureOn};
use crate::support::tenant::TenantHandle;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

/// A fixture whose operator looks for orphans often.
async fn fixture(name: &str) -> Fixture {
    let mut fixture = Fixture::new(name).await;
    fixture.timing.orphans = Duration::from_millis(400);
    fixture.timing.platform_check = Duration::from_millis(100);
    fixture
}

/// A tenant with a stamp that never had a Tenant here.
async fn stamped(fixture: &FixtureOn<'_>, stamp: Option<&str>) -> String {
    let id = uuid::Uuid::new_v4().to_string();
    fixture.platform.create(&id, json!({ "general": { "name": "Left", "o365Domain": "left.com" } })).await.unwrap();
    fixture.platform.stamp(&id, stamp, None).await.unwrap();
    id
}

async fn status(fixture: &FixtureOn<'_>) -> (Vec<(String, String)>, String) {
    let api: Api<Platform> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    let status = api.get(&fixture.env.platform).await.unwrap().status.unwrap_or_default();
    let orphans = status.orphans.into_iter().map(|orphan| (orphan.id, orphan.stamp)).collect();
    (orphans, status.orphans_message.unwrap_or_default())
}

/// Waits until these are reported, and returns the message.
async fn reported(fixture: &FixtureOn<'_>, mut expected: Vec<(String, String)>) -> String {
    expected.sort();
    until(&format!("{} orphans are reported", expected.len()), PATIENCE, async || {
        let (orphans, message) = status(fixture).await;
        if orphans == expected { Ok(message) } else { Err(format!("{orphans:?} {message}")) }
    })
    .await
}

/// Waits until the operator has listed the platform's tenants twice more: the second list starts after the end of the first
/// round.
async fn rounds(fixture: &FixtureOn<'_>, mark: u64, least: usize) {
    until("the list was asked for", PATIENCE, async || {
        let log = fixture.platform.log_after(mark).await.map_err(|error| error.to_string())?;
        let lists = log.iter().filter(|seen| seen.call == "GET /v1/tenants").count();
        if lists >= least { Ok(()) } else { Err(format!("{lists} lists")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn orphan_is_reported_and_not_changed() {
    let fixture = fixture("orphans").await;
    let of = |name: &str| format!("test/{}/{name}", fixture.env.namespace);
    let (one, two) = (stamped(&fixture, Some(&of("one"))).await, stamped(&fixture, Some(&of("two"))).await);
    // Tenants of other owners and without an owner are ignored.
    for stamp in [Some("elsewhere/contoso/x"), Some("test-2/contoso/x"), None] {
        stamped(&fixture, stamp).await;
    }
    let _operator = fixture.connect().await;
    let live = TenantHandle::new(&fixture, "live");
    live.create(json!({})).await;
    live.ready().await;
    let mark = fixture.platform.mark().await.unwrap();
    let message = reported(&fixture, vec![(one.clone(), of("one")), (two.clone(), of("two"))]).await;
    assert!(message.starts_with("2 tenants have the owner stamp of this cluster"), "{message}");
    rounds(&fixture, mark, 3).await;
    assert_eq!([""; 0], *fixture.platform.effects(mark).await.unwrap(), "nothing is done about them");

    // The Tenant of the stamp is created again: it owns the tenant, which is no orphan any more.
    let mut again = TenantHandle::new(&fixture, "one");
    again.id.clone_from(&one);
    again.create(json!({ "general": { "name": "Left", "o365Domain": "left.com" } })).await;
    again.ready().await;
    let message = reported(&fixture, vec![(two.clone(), of("two"))]).await;
    assert!(message.starts_with("1 tenant has "), "{message}");
    // The other stamp is removed.
    fixture.platform.stamp(&two, None, None).await.unwrap();
    assert_eq!("", reported(&fixture, vec![]).await);
}

/// Removing the finalizer by force leaves an orphan behind.
#[tokio::test(flavor = "multi_thread")]
async fn tenant_without_finalizer_is_reported() {
    let fixture = fixture("orphans-strip").await;
    let operator = fixture.connect().await;
    fixture.create(json!({})).await;
    fixture.ready().await;
    operator.stop().await;
    fixture.delete().await;
    fixture.patch(json!({ "metadata": { "finalizers": null } })).await;
    fixture.gone().await;
    let _operator = fixture.connect().await;
    let stamp = format!("test/{}/contoso", fixture.env.namespace);
    reported(&fixture, vec![(fixture.id.clone(), stamp.clone())]).await;
    let (_, document) = fixture.platform.tenant(&fixture.id).await.unwrap();
    assert_eq!((json!(stamp), json!(null)), (document["owner"].clone(), document["runtime"]["deletion"].clone()));
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_state_keeps_the_report() {
    let fixture = fixture("orphans-unknown").await;
    let of = |name: &str| format!("test/{}/{name}", fixture.env.namespace);
    let (one, two) = (stamped(&fixture, Some(&of("one"))).await, stamped(&fixture, Some(&of("two"))).await);
    let operator = fixture.connect().await;
    let mut both = vec![(one.clone(), of("one")), (two.clone(), of("two"))];
    both.sort();
    let message = reported(&fixture, both.clone()).await;
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
        fixture.platform.add_faults(json!([fault])).await.unwrap();
        let mark = fixture.platform.mark().await.unwrap();
        rounds(&fixture, mark, 2).await;
        assert_eq!((both.clone(), message.clone()), status(&fixture).await, "{case}");
        fixture.platform.clear_faults().await.unwrap();
        fixture.connected().await;
    }
    // The report survives a restart, until the next operator has checked.
    operator.stop().await;
    let _operator = fixture.connect().await;
    assert_eq!((both, message), status(&fixture).await);
    // Absence is documented and known.
    fixture.platform.lose(&one).await.unwrap();
    reported(&fixture, vec![(two, of("two"))]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_list_is_counted_and_truncated() {
    let fixture = fixture("orphans-many").await;
    let mut left = vec![];
    for number in 0..23 {
        let stamp = format!("test/{}/left-{number}", fixture.env.namespace);
        left.push((stamped(&fixture, Some(&stamp)).await, stamp));
    }
    left.sort();
    let _operator = fixture.connect().await;
    let message = reported(&fixture, left[..20].to_vec()).await;
    assert!(message.starts_with("23 tenants") && message.contains("the first 20 are listed"), "{message}");
}

//! The list and the change feed of a platform lie, break off or fall silent. A tenant that they do not name is never taken for
//! absent, and what they hide is found all the same.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use nimbus_operator::controller::VersionTiming;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::live;
use crate::support::fixture::Fixture;
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;
use crate::support::running::observing;
use crate::support::sandbox::Sandbox;
use crate::support::tenant::TenantHandle;
use crate::support::wait::{PATIENCE, until};

const FEED: &str = "/v1/changes";
const LIST: &str = "/v1/tenants";

/// The list comes often.
fn listing() -> VersionTiming {
    VersionTiming {
        list: Duration::from_millis(500),
        list_beside_feed: Duration::from_millis(500),
        absent: Duration::from_secs(1),
        ..observing()
    }
}

/// A fixture whose platform is behind a proxy.
async fn behind_a_proxy(name: &str, timing: VersionTiming) -> (Fixture, Proxy) {
    let mut fixture = Fixture::new(name).await;
    fixture.timing.versions = Some(timing);
    let proxy = Proxy::start(Upstream::platform(&fixture.platform.url()), &Recorder::new(|_, _| false)).await.unwrap();
    fixture.platform_object(&proxy.url()).await;
    (fixture, proxy)
}

/// Waits until the platform was asked so often for a path through the proxy since now.
async fn looked(fixture: &Fixture, tenants: &[TenantHandle<'_>], mark: u64) {
    until("each Tenant was looked at", PATIENCE, async || {
        for tenant in tenants {
            let calls = fixture.platform.calls(&tenant.id, mark).await.map_err(|error| error.to_string())?;
            if calls.is_empty() {
                return Err(tenant.name.clone());
            }
        }
        Ok(())
    })
    .await;
}

/// Edits a tenant on the platform, and waits until the operator took that back.
async fn is_corrected(fixture: &Fixture, tenant: &TenantHandle<'_>) {
    let division = |division: &str| json!({ "general": { "division": division } });
    fixture.platform.edit(&tenant.id, division("Sales")).await.unwrap();
    until("the drift is corrected", PATIENCE, async || {
        let (_, found) = fixture.platform.tenant(&tenant.id).await.map_err(|error| error.to_string())?;
        let found = found["settings"]["general"]["division"].clone();
        if found == "Care" { Ok(()) } else { Err(found.to_string()) }
    })
    .await;
}

/// Tenants that manage their division.
async fn divisions<'s>(fixture: &'s Fixture) -> Vec<TenantHandle<'s>> {
    let tenants = live(fixture, 3).await;
    for tenant in &tenants {
        tenant.patch(json!({ "spec": { "general": { "division": "Care" } } })).await;
        tenant.ready().await;
    }
    tenants
}

fn item(tenant: &TenantHandle<'_>, versions: (&str, &str), owner: &str) -> Value {
    json!({ "id": tenant.id, "settingsVersion": versions.0, "runtimeVersion": versions.1, "owner": owner })
}

/// One after the other, each list lies. Nothing is written because of it, and no Tenant says anything else.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_lies_only_brings_looks() {
    let (fixture, proxy) = behind_a_proxy("observe-lies", listing()).await;
    let operator = fixture.start();
    let tenants = divisions(&fixture).await;
    let stamps: Vec<String> =
        tenants.iter().map(|tenant| format!("test/{}/{}", fixture.env.namespace, tenant.name)).collect();
    let whole = |items: Vec<Value>| json!({ "items": items, "nextCursor": null });
    let other = |at: usize| item(&tenants[at], ("other", "versions"), &stamps[at]);
    let foreign = json!({ "id": "00000000-0000-4000-8000-000000000001", "settingsVersion": "s", "runtimeVersion": "r", "owner": null });
    let lies = [
        ("an empty list", whole(vec![])),
        ("a short page", whole(vec![other(0)])),
        ("other versions", whole((0..3).map(other).collect())),
        ("duplicates", whole(vec![other(0), other(0), item(&tenants[0], ("third", "v"), &stamps[0])])),
        ("foreign ids", whole(vec![foreign.clone(), json!({ "id": "../capabilities", "owner": null })])),
        ("another owner", whole((0..3).map(|at| item(&tenants[at], ("v", "w"), "elsewhere/n/t")).collect())),
        ("a cursor that leads back", json!({ "items": [other(0)], "nextCursor": "again" })),
        ("no list", json!({ "items": 7 })),
        ("members of the wrong kind", whole(vec![json!({ "id": tenants[0].id, "settingsVersion": 7 })])),
    ];
    let before: Vec<_> = futures::future::join_all(tenants.iter().map(TenantHandle::get)).await;
    let mark = fixture.platform.mark().await.unwrap();
    for (what, lie) in lies {
        proxy.detours.say(Method::GET, LIST, StatusCode::OK, lie);
        let asked = proxy.requests();
        // The feed alone asks once a second; the list more often.
        until(what, PATIENCE, async || match proxy.requests() - asked {
            more if more >= 6 => Ok(()),
            more => Err(format!("{more} requests")),
        })
        .await;
        proxy.detours.clear();
    }
    is_corrected(&fixture, &tenants[2]).await;
    operator.stop().await;
    let effects = fixture.platform.effects(mark).await.unwrap();
    assert_eq!(["settings-changed"], *effects, "the correction of the drift, and nothing else");
    for (tenant, before) in tenants.iter().zip(before) {
        assert_eq!(before.status, tenant.get().await.status, "{}", tenant.name);
        assert_eq!(before.metadata.generation, tenant.get().await.metadata.generation);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_is_silent_is_backed_by_the_list() {
    let (fixture, proxy) = behind_a_proxy("observe-silent", listing()).await;
    proxy.detours.say(Method::GET, FEED, StatusCode::OK, json!({ "cursor": "c", "ids": [] }));
    let _operator = fixture.start();
    let tenants = divisions(&fixture).await;
    for tenant in &tenants {
        is_corrected(&fixture, tenant).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_stands_still_or_names_strangers_is_no_obstacle() {
    let (fixture, proxy) = behind_a_proxy("observe-still", listing()).await;
    let _operator = fixture.start();
    let tenants = divisions(&fixture).await;
    let strangers = json!(["00000000-0000-4000-8000-000000000001", "../capabilities", "", tenants[0].id]);
    for lie in [json!({ "cursor": "c", "ids": strangers }), json!({ "cursor": "", "ids": [] }), json!({ "ids": 7 })] {
        proxy.detours.say(Method::GET, FEED, StatusCode::OK, lie);
        is_corrected(&fixture, &tenants[1]).await;
        proxy.detours.clear();
        is_corrected(&fixture, &tenants[2]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_hangs_or_fails_stops_no_tenant() {
    let timing = VersionTiming { list_beside_feed: Duration::from_secs(3600), ..listing() };
    let (mut fixture, proxy) = behind_a_proxy("observe-hangs", timing).await;
    fixture.timing.call = Duration::from_millis(500);
    fixture.timing.sync = Some(Duration::from_millis(700));
    let _operator = fixture.start();
    let tenants = divisions(&fixture).await;
    for status in [None, Some(StatusCode::BAD_GATEWAY), Some(StatusCode::UNAUTHORIZED)] {
        match status {
            None => proxy.detours.hang(Method::GET, FEED),
            Some(status) => proxy.detours.answer(Method::GET, FEED, status),
        }
        is_corrected(&fixture, &tenants[0]).await;
        proxy.detours.clear();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_cursor_brings_the_list_and_the_feed_goes_on() {
    let (fixture, proxy) = behind_a_proxy("observe-expired", listing()).await;
    let _operator = fixture.start();
    let tenants = divisions(&fixture).await;
    is_corrected(&fixture, &tenants[0]).await;
    let expired = json!({ "type": "urn:nimbus:problem:cursor-expired", "status": 410 });
    proxy.detours.say(Method::GET, FEED, StatusCode::GONE, expired);
    is_corrected(&fixture, &tenants[1]).await;
    proxy.detours.clear();
    is_corrected(&fixture, &tenants[2]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_another_environment_proves_nothing() {
    let (fixture, proxy) = behind_a_proxy("observe-elsewhere", observing()).await;
    let mut options = fixture.options();
    options.timing.platform_check = Duration::from_millis(300);
    options.timing.sync = Some(Duration::from_secs(1));
    let _operator = fixture.start_with(options);
    let tenants = divisions(&fixture).await;
    let elsewhere = json!({ "platformId": "another", "role": "system", "restrictedPaths": [] });
    proxy.detours.say(Method::GET, "/v1/capabilities", StatusCode::OK, elsewhere);
    for tenant in &tenants {
        tenant.condition("Ready", "False", "PlatformChanged").await;
    }
    let mark = fixture.platform.mark().await.unwrap();
    proxy.detours.clear();
    for tenant in &tenants {
        tenant.ready().await;
    }
    looked(&fixture, &tenants, mark).await;
    assert_eq!(Vec::<String>::new(), fixture.platform.effects(mark).await.unwrap());
}

/// After a restore of the platform its versions are those of before, and the feed does not know its cursors.
#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_went_back_is_brought_up_to_date() {
    let folder = TempDir::new().unwrap();
    let mut fixture = Fixture::new("observe-restored").await;
    fixture.platform = Sandbox::start_in(&folder.path().join("platform.db")).await.unwrap();
    // The list comes for the expired cursor alone.
    fixture.timing.versions = Some(VersionTiming { list_beside_feed: Duration::from_secs(3600), ..listing() });
    fixture.platform_object(&fixture.platform.url()).await;
    let operator = fixture.start();
    fixture.create(json!({ "general": { "division": "Care" } })).await;
    fixture.ready().await;
    operator.stop().await;
    let (platform, old) = fixture.platform.restart_with(None).await.unwrap();
    fixture.platform = platform;
    let operator = fixture.start();
    fixture.patch(json!({ "spec": { "general": { "division": "Sales" } } })).await;
    fixture.ready().await;
    let (platform, _) = fixture.platform.restart_with(Some(&old)).await.unwrap();
    fixture.platform = platform;
    fixture.settings("the edit is there again", |settings| settings["general"]["division"] == "Sales").await;
    operator.stop().await;
}

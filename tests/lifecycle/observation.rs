//! What it costs to find that nothing changed, and to find what did: by the platform's log and the audit log.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use futures::future::join_all;
use nimbus_operator::controller::{Step, VersionTiming};
use serde_json::{Value, json};

use crate::support::fixture::{Fixture, Operator};
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;
use crate::support::running::observing;
use crate::support::since::Since;
use crate::support::tenant::TenantHandle;
use crate::support::wait::{PATIENCE, until};

const TENANT: &str = "GET /v1/tenants/{id}";
const LIST: &str = "GET /v1/tenants";
const FEED: &str = "GET /v1/changes";

/// Counts the passes that came to an end.
fn count(fixture: &mut Fixture) -> Arc<AtomicUsize> {
    let ended = Arc::new(AtomicUsize::new(0));
    let counter = ended.clone();
    fixture.observer = Arc::new(move |step, _| {
        counter.fetch_add(usize::from(step == Step::Publish), Ordering::SeqCst);
    });
    ended
}

async fn at_least(ended: &AtomicUsize, most: usize) {
    until(&format!("{most} passes"), PATIENCE * 2, async || match ended.load(Ordering::SeqCst) {
        made if made >= most => Ok(()),
        made => Err(format!("{made} passes")),
    })
    .await;
}

/// So many Tenants that are Ready, without a running operator.
async fn at_rest(fixture: &Fixture, count: usize, spec: Value) -> Vec<String> {
    let operator = fixture.start();
    let tenants: Vec<_> = (1..=count).map(|number| TenantHandle::new(fixture, &format!("tenant-{number}"))).collect();
    join_all(tenants.iter().map(|tenant| tenant.create(spec.clone()))).await;
    join_all(tenants.iter().map(TenantHandle::ready)).await;
    operator.stop().await;
    tenants.into_iter().map(|tenant| tenant.id).collect()
}

/// How often each route was read since.
async fn reads(fixture: &Fixture, mark: u64) -> [usize; 3] {
    let reads = fixture.platform.reads(mark).await.unwrap();
    let of = |route: &str| reads.iter().filter(|read| read.rsplit_once(' ').is_some_and(|(of, _)| of == route)).count();
    [of(FEED), of(LIST), of(TENANT)]
}

async fn writes(fixture: &Fixture, operator: Operator, since: &Since) -> Vec<String> {
    operator.stop().await;
    since.writes(fixture).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_and_each_sweep_with_sixty_unchanged_read_no_tenant() {
    let mut fixture = Fixture::new("observe-restart").await;
    fixture.timing.versions = Some(observing());
    at_rest(&fixture, 60, json!({ "general": { "companyName": "Contoso AG" } })).await;
    let ended = count(&mut fixture);
    fixture.timing.sync = Some(Duration::from_secs(8));
    let (since, mark) = (Since::now(&fixture).await, fixture.platform.mark().await.unwrap());
    let operator = fixture.start();
    at_least(&ended, 60).await;
    assert_eq!([1, 3, 0], reads(&fixture, mark).await, "where the feed begins, and three pages of 20");
    at_least(&ended, 120).await;
    assert_eq!(Vec::<String>::new(), writes(&fixture, operator, &since).await);
    assert_eq!([1, 3, 0], reads(&fixture, mark).await, "a sweep reads nothing more");
    assert_eq!(Vec::<String>::new(), fixture.platform.effects(mark).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_feed_the_list_is_enough() {
    let mut fixture = Fixture::new("observe-list").await;
    fixture.timing.versions = Some(observing());
    let proxy = Proxy::start(Upstream::platform(&fixture.platform.url()), &Recorder::new(|_, _| false)).await.unwrap();
    let missing = json!({ "type": "urn:nimbus:problem:route-not-found", "status": 404 });
    proxy.detours.say(Method::GET, "/v1/changes", StatusCode::NOT_FOUND, missing);
    fixture.platform_object(&proxy.url()).await;
    at_rest(&fixture, 25, json!({})).await;
    let ended = count(&mut fixture);
    fixture.timing.sync = Some(Duration::from_secs(8));
    fixture.timing.versions = Some(VersionTiming { list: Duration::from_secs(2), ..observing() });
    let (since, mark) = (Since::now(&fixture).await, fixture.platform.mark().await.unwrap());
    let operator = fixture.start();
    at_least(&ended, 50).await;
    assert_eq!(Vec::<String>::new(), writes(&fixture, operator, &since).await);
    let [feed, list, tenant] = reads(&fixture, mark).await;
    assert_eq!((0, 0), (feed, tenant));
    assert!(list >= 4 && list % 2 == 0, "two pages each time: {list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_both_each_pass_asks_whether_something_changed() {
    let mut fixture = Fixture::new("observe-etag").await;
    fixture.timing.sync = Some(Duration::from_millis(50));
    at_rest(&fixture, 1, json!({ "contact": { "email": "ops@contoso.com" } })).await;
    let ended = count(&mut fixture);
    let (since, mark) = (Since::now(&fixture).await, fixture.platform.mark().await.unwrap());
    let operator = fixture.start();
    at_least(&ended, 4).await;
    assert_eq!(Vec::<String>::new(), writes(&fixture, operator, &since).await);
    let reads = fixture.platform.reads(mark).await.unwrap();
    assert!(reads.len() >= 4 && reads.iter().all(|read| *read == format!("{TENANT} 304")), "{reads:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_writes_itself_brings_no_look() {
    let mut fixture = Fixture::new("observe-own").await;
    fixture.timing.versions = Some(observing());
    let operator = fixture.start();
    let other = TenantHandle::new(&fixture, "other");
    other.create(json!({})).await;
    other.ready().await;
    let since = Since::now(&fixture).await;
    fixture.create(json!({ "general": { "companyName": "Contoso AG" } })).await;
    fixture.ready().await;
    fixture.patch(json!({ "spec": { "general": { "companyName": "Fabrikam AG" } } })).await;
    fixture.ready().await;
    // A change of another tenant comes by the same feed, after those.
    let mark = fixture.platform.mark().await.unwrap();
    fixture.platform.edit(&other.id, json!({ "general": { "companyName": "Other" } })).await.unwrap();
    until("the other is looked at", PATIENCE, async || {
        let calls = fixture.platform.calls(&other.id, mark).await.map_err(|error| error.to_string())?;
        if calls.is_empty() { Err("not yet".to_owned()) } else { Ok(()) }
    })
    .await;
    operator.stop().await;
    assert_eq!(["GET", "PUT", "GET", "PATCH"], *since.methods(&fixture).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_on_the_platform_is_corrected_long_before_the_next_sync() {
    let mut fixture = Fixture::new("observe-drift").await;
    // The second edit may come before the feed told what corrected the first, and be taken for that: the list shows it.
    fixture.timing.versions = Some(VersionTiming { list: Duration::from_secs(1), ..observing() });
    let operator = fixture.start();
    fixture.create(json!({ "general": { "division": "Care" } })).await;
    fixture.ready().await;
    let since = Since::now(&fixture).await;
    for division in ["Sales", "Support"] {
        fixture.platform.edit(&fixture.id, json!({ "general": { "division": division } })).await.unwrap();
        fixture.settings("the drift is corrected", |settings| settings["general"]["division"] == "Care").await;
    }
    assert_eq!(Vec::<String>::new(), writes(&fixture, operator, &since).await);
    assert_eq!(["GET", "PATCH", "GET", "PATCH"], *since.methods(&fixture).await);
}

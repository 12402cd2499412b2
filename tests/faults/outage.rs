//! F11: the platform is down, in every possible way. The Platform reports it once. Live Tenants stay Ready without a write;
//! edited ones wait and report it; nothing is created twice; and everything recovers without a restart.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{calls, live, platform_says, platform_writes};
use crate::support::fixture::{Fixture, condition};
use crate::support::tenant::TenantHandle;

async fn fixture(name: &str) -> Fixture {
    let mut fixture = Fixture::new(name).await;
    fixture.timing.sync = Some(Duration::from_millis(400));
    fixture.timing.call = Duration::from_millis(800);
    fixture
}

fn word(tenant: &nimbus_operator::resources::Tenant, kind: &str) -> String {
    condition(tenant, kind).map_or_else(|| "absent".to_owned(), |(status, _, _)| status)
}

/// A whole outage; the caller breaks and restores the platform.
async fn outage(fixture: &Fixture, reason: &str, break_it: impl AsyncFnOnce(), heal: impl AsyncFnOnce()) {
    let _operator = fixture.start();
    let tenants = live(fixture, 6).await;
    let (mark, audit) = (fixture.platform.mark().await.unwrap(), fixture.audit().mark().await.unwrap());
    let before: Vec<_> = futures::future::join_all(tenants.iter().map(TenantHandle::get)).await;
    break_it().await;
    platform_says(fixture, "False", reason).await;

    // An edit that changes no settings keeps the applied hash.
    let (edited, touched) = (&tenants[0], &tenants[1]);
    edited.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    touched.patch(json!({ "spec": { "syncIntervalSeconds": 61 } })).await;
    let unborn = TenantHandle::new(fixture, "unborn");
    unborn.create(json!({})).await;
    for waiting in [edited, &unborn] {
        let waits = waiting.condition("Ready", "False", "PlatformUnavailable").await;
        let words = ["Accepted", "Synced", "Reconciling", "Stalled"].map(|kind| word(&waits, kind));
        assert_eq!(["True", "Unknown", "True", "absent"], words.each_ref().map(String::as_str), "{}", waiting.name);
    }
    let touched = touched.ready().await;
    assert_eq!("True", word(&touched, "Synced"));
    let writes = fixture.tenant_writes(audit).await.unwrap();
    for (tenant, before) in tenants.iter().zip(&before).skip(2) {
        assert_eq!(before.status, tenant.get().await.status, "{}", tenant.name);
        assert_eq!(0, writes.iter().filter(|write| write.name == tenant.name).count(), "{}", tenant.name);
    }
    assert_eq!(1, writes.iter().filter(|write| write.name == edited.name).count(), "{writes:?}");
    assert_eq!(1, writes.iter().filter(|write| write.name == unborn.name).count(), "{writes:?}");
    assert_eq!(1, platform_writes(fixture, audit).await);

    heal().await;
    platform_says(fixture, "True", "Connected").await;
    edited.ready().await;
    unborn.ready().await;
    let mut effects = fixture.platform.effects(mark).await.unwrap();
    effects.sort();
    assert_eq!(["settings-changed", "tenant-created"], effects.as_slice());
    assert_eq!(2, platform_writes(fixture, audit).await);
    assert_eq!(Vec::<(String, String)>::new(), fixture.events().await.unwrap());
}

/// As [`outage`], with faults that replace every response of the platform.
async fn by_answers(name: &str, reason: &str, action: Value) {
    let fixture = fixture(name).await;
    let break_it =
        async || drop(fixture.platform.add_faults(json!([{ "route": "*", "action": action }])).await.unwrap());
    let heal = async || drop(fixture.platform.clear_faults().await.unwrap());
    outage(&fixture, reason, break_it, heal).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sign_in_page_is_an_outage() {
    by_answers("page", "UnexpectedAnswer", json!({ "kind": "html", "status": 200 })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn status_500_is_an_outage() {
    by_answers("error", "UnexpectedAnswer", json!({ "kind": "status", "status": 500, "body": "oops" })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn status_503_without_retry_after_is_an_outage() {
    by_answers("unavailable", "UnexpectedAnswer", json!({ "kind": "status", "status": 503 })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closed_connections_are_an_outage() {
    by_answers("closing", "Unreachable", json!({ "kind": "close-before" })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn timeout_is_an_outage() {
    by_answers("hanging", "Unreachable", json!({ "kind": "delay", "seconds": 3.0 })).await;
}

/// The operator reaches the platform through a port with a listener, then without, then with a listener again.
#[tokio::test(flavor = "multi_thread")]
async fn refused_connections_are_an_outage() {
    let fixture = fixture("refusing").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let upstream = fixture.platform.url().trim_start_matches("http://").to_owned();
    fixture.platform_object(&format!("http://{address}")).await;
    let tunnel = tokio::spawn(pass_on(listener, upstream.clone()));
    let break_it = async || {
        tunnel.abort();
        tunnel.await.unwrap_err();
    };
    let heal = async || drop(tokio::spawn(pass_on(TcpListener::bind(address).await.unwrap(), upstream)));
    outage(&fixture, "Unreachable", break_it, heal).await;
}

/// Connections belong to this task and end with it.
async fn pass_on(listener: TcpListener, upstream: String) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (mut client, _) = listener.accept().await.unwrap();
        let upstream = upstream.clone();
        connections.spawn(async move {
            let mut server = tokio::net::TcpStream::connect(upstream).await.unwrap();
            // Either side may close at any time.
            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
        });
    }
}

/// 429: no Tenant calls before the time that the platform requested, whichever Tenant received it; then all continue.
#[tokio::test(flavor = "multi_thread")]
async fn retry_after_applies_to_all_tenants() {
    let mut fixture = Fixture::new("throttled").await;
    fixture.timing.sync = Some(Duration::from_millis(300));
    let _operator = fixture.start();
    let tenants = live(&fixture, 5).await;
    let audit = fixture.audit().mark().await.unwrap();
    let action = json!({ "kind": "status", "status": 429, "headers": { "retry-after": "3" } });
    fixture
        .platform
        .add_faults(json!([{ "route": "GET /v1/tenants/{id}", "nth": 1, "action": action }]))
        .await
        .unwrap();
    let told = calls(&fixture, 0, "429", 1, |seen| seen.status == Some(429)).await.remove(0);
    let since = std::time::Instant::now();
    let mark = told.entry["seq"].as_u64().unwrap();

    tenants[0].patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    let waits = tenants[0].condition("Ready", "False", "PlatformUnavailable").await;
    let (_, _, message) = condition(&waits, "Ready").unwrap();
    // The remaining time changes all the time, and a changed message would be a write.
    let expected = "is throttling requests; the edit is applied when it accepts them again";
    assert_eq!(format!("Platform {} {expected}", fixture.env.platform), message);
    calls(&fixture, mark, "a call", tenants.len() + 1, |seen| seen.call.contains("/v1/tenants/{id}")).await;
    assert!(since.elapsed() > Duration::from_secs(2), "called after {:?}", since.elapsed());
    tenants[0].ready().await;
    // Calls that were already running do not count.
    let log = fixture.platform.log_after(mark).await.unwrap();
    let early = log.iter().filter(|seen| early(&told.entry, &seen.entry)).count();
    assert!(early <= 4, "{early} calls in the time that was asked for");
    let writes = fixture.tenant_writes(audit).await.unwrap();
    assert_eq!(vec![tenants[0].name.as_str(); 2], writes.iter().map(|write| write.name.as_str()).collect::<Vec<_>>());
}

/// Whether a call came in the first two seconds after another.
fn early(told: &Value, call: &Value) -> bool {
    let at = |entry: &Value| entry["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    at(call).duration_since(at(told)) < jiff::SignedDuration::from_secs(2)
}

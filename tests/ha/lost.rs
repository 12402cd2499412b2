//! A leader that cannot renew its Lease: it writes until the renew deadline, and not a moment longer.

use std::time::{Duration, Instant};

use axum::http::Method;
use k8s_openapi::api::rbac::v1::Role;
use kube::api::{Api, Patch, PatchParams};
use nimbus_operator::controller::Step;
use nimbus_operator::lease::LeaseTiming;
use serde_json::{Value, json};
use tokio::time::sleep_until;

use super::replica::{
    LEADS, Replica, TIMING, elected, lease_name, released, renewed, written, wrote_until_its_deadline,
};
use crate::support::audit::Request;
use crate::support::fixture::Fixture;
use crate::support::pause::Pause;
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;
use crate::support::tenant::TenantHandle;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

/// Long enough for slow renewals.
const LONG: LeaseTiming = LeaseTiming {
    duration: Duration::from_secs(12),
    renew_deadline: Duration::from_secs(8),
    retry_period: Duration::from_secs(1),
};
/// Below half of the deadline: after that a request is given up, and two in a row have to fit in a term.
const SLOW: Duration = Duration::from_secs(3);

/// Lets the leadership end while a pass stands before a step. As in a process that stood still, it goes on as if nothing had happened.
/// Returns what it wrote to Kubernetes since, and all that it did at the platform.
async fn paused_past_its_deadline(name: &str, step: Step) -> (Vec<Request>, Vec<String>) {
    let mut fixture = Fixture::new(name).await;
    let pause = Pause::default();
    fixture.observer = pause.observer();
    released(&fixture).await;
    let upstream = Upstream::kubernetes(fixture.env.control_plane);
    let proxy = Proxy::start(upstream, &Recorder::new(|_, _| false)).await.unwrap();
    let operator = fixture.start_through_with(&proxy, elected(&fixture, "leader"));
    fixture.connected().await;
    let mut paused = pause.at(step);
    fixture.create(json!({})).await;
    paused.reached().await;
    proxy.detours.hang(Method::PUT, &lease_name(&fixture));
    let mark = fixture.audit().mark().await.unwrap();
    // The last renewal was sent before this.
    sleep_until((Instant::now() + TIMING.renew_deadline).into()).await;
    drop(paused);
    let said = operator.failed().await;
    assert!(said.contains("lost the Lease") && said.contains("was not renewed before the renew deadline"), "{said}");
    (fixture.tenant_writes(mark).await.unwrap(), fixture.platform.effects(0).await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn pass_that_was_about_to_write_to_the_platform_writes_nothing_after_the_deadline() {
    assert_eq!((vec![], vec![]), paused_past_its_deadline("about-to", Step::Execute).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn pass_that_was_about_to_write_its_outcome_writes_nothing_after_the_deadline() {
    let (writes, effects) = paused_past_its_deadline("about-to-conclude", Step::Conclude).await;
    assert_eq!((vec![], 1), (writes, effects.len()), "{effects:?}");
}

/// A request that the platform does not answer is given up when the leadership ends.
#[tokio::test(flavor = "multi_thread")]
async fn write_under_way_is_cut_short_at_the_deadline() {
    let fixture = Fixture::new("under-way").await;
    released(&fixture).await;
    let none = Recorder::new(|_, _| false);
    let platform = Proxy::start(Upstream::platform(&fixture.platform.url()), &none).await.unwrap();
    fixture.platform_object(&platform.url()).await;
    let proxy = Proxy::start(Upstream::kubernetes(fixture.env.control_plane), &none).await.unwrap();
    let operator = fixture.start_through_with(&proxy, elected(&fixture, "leader"));
    fixture.connected().await;
    let mut write = platform.detours.pause(Method::PUT, &fixture.id);
    fixture.create(json!({})).await;
    write.reached().await;
    let since = Instant::now();
    proxy.detours.hang(Method::PUT, &lease_name(&fixture));
    let said = operator.failed().await;
    assert!(said.contains("lost the Lease"), "{said}");
    // Far below the deadline of a call.
    assert!(since.elapsed() < TIMING.duration, "{:?}", since.elapsed());
}

/// Edits Tenants until a leader has ended.
async fn edit_until_it_ends(leader: &Replica, tenants: &[TenantHandle<'_>], within: Duration) {
    let (began, mut round) = (Instant::now(), 0);
    while leader.process.ended().is_none() {
        round += 1;
        for tenant in tenants {
            tenant.patch(json!({ "spec": { "general": { "companyName": format!("Round {round}") } } })).await;
        }
        assert!(began.elapsed() < within, "{}", leader.process.log());
    }
    leader.lost().await;
}

async fn some_tenants(fixture: &Fixture) -> Vec<TenantHandle<'_>> {
    let tenants: Vec<_> = (0..4).map(|number| TenantHandle::new(fixture, &format!("tenant-{number}"))).collect();
    for tenant in &tenants {
        tenant.create(json!({})).await;
        tenant.ready().await;
    }
    tenants
}

/// Another replica leads, and carries out what the old leader left.
async fn another_takes_over(fixture: &Fixture, tenants: &[TenantHandle<'_>]) {
    let next = Replica::start(fixture, "next", TIMING).await;
    next.leads().await;
    for tenant in tenants {
        tenant.ready().await;
    }
}

/// With an API server that takes long for each answer. Only the Lease cannot be written then; the rest of it and the platform answer.
/// The term counts from when the last renewal was sent, which is long before it was answered.
#[tokio::test(flavor = "multi_thread")]
async fn slow_renewals_keep_the_leader_and_it_stops_where_they_end() {
    let fixture = Fixture::new("no-renewal").await;
    released(&fixture).await;
    let leader = Replica::start(&fixture, "leader", LONG).await;
    leader.leads().await;
    let tenants = some_tenants(&fixture).await;
    let lease = lease_name(&fixture);
    leader.proxy.detours.slow(Method::PUT, &lease, SLOW);
    leader.proxy.detours.slow(Method::GET, &lease, SLOW);
    renewed(&fixture, "leader").await;
    assert!(leader.process.ended().is_none(), "{}", leader.process.log());
    leader.proxy.detours.clear();
    leader.proxy.detours.hang(Method::PUT, &lease);
    edit_until_it_ends(&leader, &tenants, LONG.duration + SLOW).await;
    wrote_until_its_deadline(&fixture, LONG).await;
    another_takes_over(&fixture, &tenants).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leader_that_loses_its_right_to_the_lease_stops_and_says_why() {
    let fixture = Fixture::new("right-gone").await;
    released(&fixture).await;
    let leader = Replica::start(&fixture, "leader", TIMING).await;
    leader.leads().await;
    let tenants = some_tenants(&fixture).await;
    let roles: Api<Role> = Api::namespaced(fixture.client(users::ADMIN), &fixture.env.operator_namespace);
    let before = roles.get("nimbus-operator").await.unwrap().rules;
    let rules = async |rules: Value| {
        let patch = Patch::Merge(json!({ "rules": rules }));
        roles.patch("nimbus-operator", &PatchParams::default(), &patch).await.unwrap();
    };
    rules(json!([{ "apiGroups": [""], "resources": ["secrets"], "verbs": ["get"] }])).await;
    edit_until_it_ends(&leader, &tenants, TIMING.duration * 2).await;
    let said = leader.process.log();
    assert!(said.contains("the Lease cannot be read or written") && said.contains("forbidden"), "{said}");
    wrote_until_its_deadline(&fixture, TIMING).await;
    rules(json!(before)).await;
    another_takes_over(&fixture, &tenants).await;
}

/// The leader cannot reach the API server at all, and the platform it can.
#[tokio::test(flavor = "multi_thread")]
async fn partitioned_leader_is_replaced_and_exits() {
    let fixture = Fixture::new("partition").await;
    released(&fixture).await;
    let first = Replica::start(&fixture, "first", TIMING).await;
    first.leads().await;
    let second = Replica::start(&fixture, "second", TIMING).await;
    second.logs("standing by").await;
    fixture.create(json!({})).await;
    fixture.ready().await;
    let writes = first.writes();
    first.partition();
    fixture.patch(json!({ "spec": { "general": { "companyName": "During the partition" } } })).await;
    first.lost().await;
    assert!(!second.process.log().contains(LEADS), "the first has ended before another leads");
    second.leads().await;
    fixture.ready().await;
    assert_eq!(writes, first.writes());
    assert_eq!(2, fixture.platform.effects(0).await.unwrap().len());
}

/// A process that stood still past its lease, in the middle of a pass: it has read what the platform was like before another led.
#[tokio::test(flavor = "multi_thread")]
async fn leader_that_stood_still_writes_nothing_when_it_goes_on() {
    let fixture = Fixture::new("frozen").await;
    released(&fixture).await;
    let upstream = Upstream::platform(&fixture.platform.url());
    let platform = Proxy::start(upstream, &Recorder::new(|_, _| false)).await.unwrap();
    fixture.platform_object(&platform.url()).await;
    let first = Replica::start(&fixture, "first", TIMING).await;
    first.leads().await;
    let second = Replica::start(&fixture, "second", TIMING).await;
    second.logs("standing by").await;
    fixture.create(json!({})).await;
    fixture.ready().await;
    let reads = async || {
        let calls = fixture.platform.calls(&fixture.id, 0).await.unwrap();
        calls.iter().filter(|seen| seen.call.starts_with("GET ")).count()
    };
    let before = reads().await;
    let mut read = platform.detours.pause(Method::GET, &fixture.id);
    fixture.patch(json!({ "spec": { "general": { "companyName": "While it stood still" } } })).await;
    read.reached().await;
    first.process.signal(libc::SIGSTOP).unwrap();
    drop(read);
    until("the platform answered it", PATIENCE, async || if reads().await > before { Ok(()) } else { Err(before) })
        .await;
    assert!(!second.process.log().contains(LEADS), "it was answered before another leads");
    second.leads().await;
    fixture.ready().await;
    first.process.signal(libc::SIGCONT).unwrap();
    first.lost().await;
    let to_platform = |(_, what): &(_, String)| what.contains("/v1/");
    let written: Vec<_> = written(&fixture).await.into_iter().filter(to_platform).collect();
    assert_eq!(2, written.len(), "one creation and one edit, and none that was refused: {written:?}");
}

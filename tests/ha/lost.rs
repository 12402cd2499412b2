//! A leader that cannot renew its Lease: it writes until the renew deadline, and not a moment longer.

use std::time::Instant;

use axum::http::Method;
use nimbus_operator::controller::Step;
use serde_json::json;
use tokio::time::sleep_until;

use super::replica::{Replica, TIMING, elected, lease_name, released};
use crate::support::fixture::Fixture;
use crate::support::pause::Pause;
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;
use crate::support::tenant::TenantHandle;

/// The pass is about to write when the leadership ends. As in a process that stood still, it goes on as if nothing had happened.
#[tokio::test(flavor = "multi_thread")]
async fn pass_that_was_about_to_write_writes_nothing_after_the_deadline() {
    let mut fixture = Fixture::new("about-to").await;
    let pause = Pause::default();
    fixture.observer = pause.observer();
    released(&fixture).await;
    let upstream = Upstream::kubernetes(fixture.env.control_plane);
    let proxy = Proxy::start(upstream, &Recorder::new(|_, _| false)).await.unwrap();
    let operator = fixture.start_through_with(&proxy, elected(&fixture, "leader"));
    fixture.connected().await;
    let mut paused = pause.at(Step::Execute);
    fixture.create(json!({})).await;
    paused.reached().await;
    proxy.detours.hang(Method::PUT, &lease_name(&fixture));
    let mark = fixture.audit().mark().await.unwrap();
    // The last renewal was sent before this.
    sleep_until((Instant::now() + TIMING.renew_deadline).into()).await;
    drop(paused);
    let said = operator.failed().await;
    assert!(said.contains("lost the Lease") && said.contains("was not renewed before the renew deadline"), "{said}");
    assert_eq!(Vec::<String>::new(), fixture.platform.effects(0).await.unwrap());
    let writes = fixture.tenant_writes(mark).await.unwrap();
    assert!(writes.is_empty(), "{writes:?}");
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

/// Only the Lease cannot be written; the rest of the API server and the platform answer.
#[tokio::test(flavor = "multi_thread")]
async fn leader_that_cannot_renew_stops_and_exits() {
    let fixture = Fixture::new("no-renewal").await;
    released(&fixture).await;
    let leader = Replica::start(&fixture, "leader", TIMING).await;
    leader.leads().await;
    let tenants: Vec<_> = (0..4).map(|number| TenantHandle::new(&fixture, &format!("tenant-{number}"))).collect();
    for tenant in &tenants {
        tenant.create(json!({})).await;
        tenant.ready().await;
    }
    leader.proxy.detours.hang(Method::PUT, &lease_name(&fixture));
    let deadline = Instant::now() + TIMING.renew_deadline;
    let (mut round, mut edits) = (0, 0);
    let mut log = None;
    while leader.process.ended().is_none() {
        round += 1;
        for tenant in &tenants {
            tenant.patch(json!({ "spec": { "general": { "companyName": format!("Round {round}") } } })).await;
            edits += 1;
        }
        if log.is_none() && Instant::now() >= deadline {
            log = Some(fixture.platform.mark().await.unwrap());
        }
        assert!(Instant::now() < deadline + TIMING.duration, "{}", leader.process.log());
    }
    leader.lost().await;
    if let Some(log) = log {
        let after = fixture.platform.effects(log).await.unwrap();
        assert!(after.is_empty(), "{after:?} after the deadline");
    }
    assert!(leader.writes() > tenants.len(), "it wrote until the deadline: {}", leader.process.log());
    let next = Replica::start(&fixture, "next", TIMING).await;
    next.leads().await;
    for tenant in &tenants {
        tenant.ready().await;
    }
    let effects = fixture.platform.effects(0).await.unwrap();
    assert!(effects.len() <= edits + tenants.len(), "{} writes for {edits} edits", effects.len());
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
    assert!(!second.process.log().contains(super::replica::LEADS), "the first has ended before another leads");
    second.leads().await;
    fixture.ready().await;
    assert_eq!(writes, first.writes());
    assert_eq!(2, fixture.platform.effects(0).await.unwrap().len());
}

/// A process that stood still past its lease, as on a node that was frozen.
#[tokio::test(flavor = "multi_thread")]
async fn leader_that_stood_still_writes_nothing_when_it_goes_on() {
    let fixture = Fixture::new("frozen").await;
    released(&fixture).await;
    let first = Replica::start(&fixture, "first", TIMING).await;
    first.leads().await;
    let second = Replica::start(&fixture, "second", TIMING).await;
    second.logs("standing by").await;
    fixture.create(json!({})).await;
    fixture.ready().await;
    first.process.signal(libc::SIGSTOP).unwrap();
    let writes = first.writes();
    fixture.patch(json!({ "spec": { "general": { "companyName": "While it stood still" } } })).await;
    second.leads().await;
    fixture.ready().await;
    first.process.signal(libc::SIGCONT).unwrap();
    first.lost().await;
    assert_eq!(writes, first.writes());
    assert_eq!(2, fixture.platform.effects(0).await.unwrap().len());
}

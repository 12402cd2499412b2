//! How long it takes until another replica leads.

use std::time::{Duration, Instant};

use nimbus_operator::lease::LeaseTiming;
use serde_json::json;

use super::replica::{LEADS, Replica, TIMING, held_by, holder, released};
use crate::support::fixture::Fixture;
use crate::support::tenant::TenantHandle;
use crate::support::wait::{PATIENCE, until};

/// With the durations of production.
#[tokio::test(flavor = "multi_thread")]
async fn takeover_takes_20_s_after_a_crash_and_3_s_after_sigterm() {
    let fixture = Fixture::new("takeover").await;
    released(&fixture).await;
    let timing = LeaseTiming::default();
    let first = Replica::start(&fixture, "first", timing).await;
    first.leads().await;
    let second = Replica::start(&fixture, "second", timing).await;
    second.logs("standing by").await;
    fixture.create(json!({})).await;
    fixture.ready().await;

    let killed = Instant::now();
    first.process.kill();
    let took = second.leads().await - killed;
    assert!(took <= Duration::from_secs(20), "{took:?} after SIGKILL");
    fixture.patch(json!({ "spec": { "general": { "companyName": "After a crash" } } })).await;
    fixture.ready().await;

    let third = Replica::start(&fixture, "third", timing).await;
    third.logs("standing by").await;
    let terminated = Instant::now();
    second.process.signal(libc::SIGTERM).unwrap();
    let took = third.leads().await - terminated;
    assert!(took <= Duration::from_secs(3), "{took:?} after SIGTERM");
    assert_eq!(Some(0), second.process.end(PATIENCE).await.unwrap().code(), "{}", second.process.log());
    fixture.patch(json!({ "spec": { "general": { "companyName": "After a stop" } } })).await;
    fixture.ready().await;

    let effects = fixture.platform.effects(0).await.unwrap();
    assert_eq!(3, effects.len(), "one creation and one write for each edit: {effects:?}");
}

/// Edits reach the platform once each, whichever replica leads, also while leaders are killed.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_done_twice_while_leaders_are_killed() {
    let fixture = Fixture::new("kills").await;
    released(&fixture).await;
    let mut leader = Replica::start(&fixture, "replica-0", TIMING).await;
    leader.leads().await;
    let tenants: Vec<_> = (0..5).map(|number| TenantHandle::new(&fixture, &format!("tenant-{number}"))).collect();
    for tenant in &tenants {
        tenant.create(json!({})).await;
        tenant.ready().await;
    }
    let log = fixture.platform.mark().await.unwrap();
    for round in 1..=2 {
        let next = Replica::start(&fixture, &format!("replica-{round}"), TIMING).await;
        next.logs("standing by").await;
        for tenant in &tenants {
            tenant.patch(json!({ "spec": { "general": { "companyName": format!("Round {round}") } } })).await;
        }
        // Some of the edits are done by now, some are under way, some are not.
        leader.process.kill();
        next.leads().await;
        for tenant in &tenants {
            tenant.ready().await;
        }
        leader = next;
    }
    let effects = fixture.platform.effects(log).await.unwrap();
    assert_eq!(2 * tenants.len(), effects.len(), "{effects:?}");
}

/// A first start has to wait: that there is no Lease does not prove that no replica writes.
#[tokio::test(flavor = "multi_thread")]
async fn first_of_many_replicas_leads_after_one_lease_duration() {
    let fixture = Fixture::new("first-start").await;
    let started = Instant::now();
    let replicas = [
        Replica::start(&fixture, "a", TIMING).await,
        Replica::start(&fixture, "b", TIMING).await,
        Replica::start(&fixture, "c", TIMING).await,
    ];
    fixture.connected().await;
    assert!(started.elapsed() >= TIMING.duration, "{:?}", started.elapsed());
    let leader = holder(&fixture).await;
    until("the others stand by", PATIENCE, async || {
        let standing = |replica: &&Replica| replica.process.log().contains(&format!("leader=\"{leader}\""));
        match replicas.iter().filter(standing).count() {
            2 => Ok(()),
            count => Err(count),
        }
    })
    .await;
    let leading = replicas.iter().filter(|replica| replica.process.log().contains(LEADS)).count();
    assert_eq!(1, leading);
}

/// A process that is started again is another one: it waits until the lease of its predecessor has ended.
#[tokio::test(flavor = "multi_thread")]
async fn replica_that_is_started_again_is_another_candidate() {
    let fixture = Fixture::new("again").await;
    released(&fixture).await;
    let before = Replica::start(&fixture, "same", TIMING).await;
    before.leads().await;
    let first = holder(&fixture).await;
    before.process.kill();
    let after = Replica::start(&fixture, "same", TIMING).await;
    after.logs("standing by").await;
    assert_eq!(first, holder(&fixture).await);
    after.leads().await;
    held_by(&fixture, "same").await;
    assert_ne!(first, holder(&fixture).await);
}

//! Many fail-overs in a row under load: `make nightly-failover`. It prints the longest takeover, what was written after a deadline,
//! and what was done twice.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use nimbus_operator::lease::LeaseTiming;
use serde_json::{Value, json};

use super::replica::{Replica, released};
use crate::support::fixture::Fixture;
use crate::support::tenant::TenantHandle;

const TIMING: LeaseTiming = LeaseTiming {
    duration: Duration::from_secs(3),
    renew_deadline: Duration::from_secs(2),
    retry_period: Duration::from_millis(400),
};
const TENANTS: usize = 5;
/// Of each kind, unless `NIMBUS_FAILOVERS` says otherwise.
const ROUNDS: usize = 50;

/// What is done to a leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Kill,
    Pause,
}

#[derive(Debug, Default)]
struct Figures {
    longest: Duration,
    after_deadline: usize,
    edits: usize,
}

/// Edits each Tenant once.
async fn edit(tenants: &[TenantHandle<'_>], figures: &mut Figures) {
    figures.edits += 1;
    for tenant in tenants {
        tenant.patch(json!({ "spec": { "general": { "companyName": format!("Edit {}", figures.edits) } } })).await;
    }
}

/// When the writes to the platform that a replica logged were sent.
fn sent(log: &str) -> Vec<Timestamp> {
    let lines = log.lines().filter(|line| line.contains("written to the platform"));
    let sent = lines.filter_map(|line| {
        let logged: Timestamp = line.split_whitespace().next()?.parse().ok()?;
        let (_, took) = line.rsplit_once(" ms=")?;
        Some(logged - SignedDuration::from_millis(took.split_whitespace().next()?.parse().ok()?))
    });
    sent.collect()
}

/// One fault, and the takeover. Returns the new leader.
async fn fail_over(
    tenants: &[TenantHandle<'_>],
    leader: Replica,
    next: Replica,
    fault: Fault,
    figures: &mut Figures,
) -> Replica {
    next.logs("standing by").await;
    edit(tenants, figures).await;
    let (began, wall) = (Instant::now(), Timestamp::now());
    match fault {
        Fault::Kill => leader.process.kill(),
        Fault::Pause => leader.process.signal(libc::SIGSTOP).unwrap(),
    }
    edit(tenants, figures).await;
    figures.longest = figures.longest.max(next.leads().await - began);
    if fault == Fault::Pause {
        leader.process.signal(libc::SIGCONT).unwrap();
        leader.lost().await;
    }
    let deadline = wall + SignedDuration::try_from(TIMING.renew_deadline).unwrap();
    figures.after_deadline += sent(&leader.process.log()).iter().filter(|sent| **sent > deadline).count();
    for tenant in tenants {
        tenant.ready().await;
    }
    next
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "make nightly-failover: it takes a quarter of an hour"]
async fn fail_over_campaign() {
    let rounds = std::env::var("NIMBUS_FAILOVERS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS);
    let fixture = Fixture::new("campaign").await;
    released(&fixture).await;
    let mut leader = Replica::start(&fixture, "replica-0", TIMING).await;
    leader.leads().await;
    let tenants: Vec<_> = (0..TENANTS).map(|number| TenantHandle::new(&fixture, &format!("tenant-{number}"))).collect();
    for tenant in &tenants {
        tenant.create(json!({})).await;
        tenant.ready().await;
    }
    let log = fixture.platform.mark().await.unwrap();
    for fault in [Fault::Kill, Fault::Pause] {
        let mut figures = Figures::default();
        let mark = fixture.platform.mark().await.unwrap();
        for round in 1..=rounds {
            let next = Replica::start(&fixture, &format!("{fault:?}-{round}").to_lowercase(), TIMING).await;
            leader = fail_over(&tenants, leader, next, fault, &mut figures).await;
        }
        let written = fixture.platform.effects(mark).await.unwrap().len();
        println!(
            "{rounds} x {fault:?}: longest takeover {:.1} s, {} writes after the deadline, {written} writes for {} edits",
            figures.longest.as_secs_f64(),
            figures.after_deadline,
            figures.edits * TENANTS
        );
        assert!(figures.longest <= TIMING.duration + Duration::from_secs(5), "{figures:?}");
        assert_eq!(0, figures.after_deadline);
        assert!(written <= figures.edits * TENANTS);
    }
    let calls = fixture.platform.log_after(log).await.unwrap();
    let twice =
        |entry: &Value| entry["accepted"] == true && entry["changedPointers"].as_array().is_none_or(Vec::is_empty);
    let twice: Vec<_> = calls.iter().filter(|call| twice(&call.entry)).collect();
    println!("{} writes that changed nothing", twice.len());
    assert_eq!(0, twice.len(), "{twice:?}");
}

#[test]
fn writes_are_found_in_a_log_by_when_they_were_sent() {
    let log = "2026-11-29T06:00:10.500000Z  INFO pass{name=\"a\"}: written to the platform route=\"PATCH\" status=200 ms=500\n\
               2026-11-29T06:00:11Z  INFO pass: something else ms=1\n";
    assert_eq!(vec!["2026-11-29T06:00:10Z".parse::<Timestamp>().unwrap()], sent(log));
}

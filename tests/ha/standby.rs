//! What a replica does that does not lead: it reads.

use std::time::{Duration, Instant};

use axum::http::Method;
use k8s_openapi::api::rbac::v1::Role;
use kube::api::{Api, Patch, PatchParams};
use nimbus_operator::controller::Options;
use nimbus_operator::telemetry::Telemetry;
use nimbus_operator::telemetry::metrics::table::{Scope, TABLE};
use serde_json::json;

use super::replica::{Replica, TIMING, edit, elected, lease_name, released, start};
use crate::support::fixture::Fixture;
use crate::support::openmetrics::Scrape;
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

#[tokio::test(flavor = "multi_thread")]
async fn standby_keeps_its_caches_warm_and_writes_nothing() {
    let fixture = Fixture::new("standby").await;
    edit(&fixture, json!({ "holderIdentity": "elsewhere", "leaseDurationSeconds": 600 })).await;
    fixture.create(json!({})).await;
    let mark = fixture.audit().mark().await.unwrap();
    let replica = Replica::start(&fixture, "standby", TIMING).await;
    replica.logs("leader=\"elsewhere\"").await;
    until("all is watched", PATIENCE, async || {
        match ["tenants", "platforms", "partners"].map(|plural| replica.proxy.opened(plural)) {
            [tenants, platforms, partners] if tenants.min(platforms).min(partners) > 0 => Ok(()),
            opened => Err(format!("{opened:?}")),
        }
    })
    .await;
    fixture.patch(json!({ "spec": { "general": { "companyName": "While it stands by" } } })).await;
    // It looks at the Lease all the while.
    let looks = replica.proxy.requests() + 6;
    replica.proxy.requested(looks).await;

    let requests = fixture.audit().requests(&fixture.env.operator_user, mark).await.unwrap();
    let written = requests.iter().filter(|request| request.is_write() && !request.is_dry_run);
    let written: Vec<_> = written.filter(|request| request.resource != "selfsubjectaccessreviews").collect();
    assert!(written.is_empty(), "{written:?}");
    let looked =
        |verb: &str| requests.iter().filter(|request| request.resource == "leases" && request.verb == verb).count();
    assert!(looked("get") > 3, "{requests:?}");
    let calls = fixture.platform.log_after(0).await.unwrap();
    assert_eq!(0, calls.len(), "nor does it call the platform");

    released(&fixture).await;
    replica.leads().await;
    let tenant = fixture.ready().await;
    assert_eq!(Some(2), tenant.metadata.generation);
    assert_eq!(1, fixture.platform.effects(0).await.unwrap().len(), "the creation has the edit in it");
    assert!(replica.process.stop().await.unwrap().success(), "{}", replica.process.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn standby_ends_in_order_and_leaves_the_lease_alone() {
    let fixture = Fixture::new("standby-ends").await;
    let lease = edit(&fixture, json!({ "holderIdentity": "elsewhere", "leaseDurationSeconds": 600 })).await;
    let replica = Replica::start(&fixture, "standby", TIMING).await;
    replica.logs("standing by").await;
    assert!(replica.process.stop().await.unwrap().success(), "{}", replica.process.log());
    let after = super::replica::leases(&fixture).get(&lease_name(&fixture)).await.unwrap();
    assert_eq!(lease.metadata.resource_version, after.metadata.resource_version);
}

/// Without the election no Lease is used, so no right to it is needed.
#[tokio::test(flavor = "multi_thread")]
async fn missing_rights_on_leases_are_named_before_the_start() {
    let fixture = Fixture::new("no-lease-right").await;
    let roles: Api<Role> = Api::namespaced(fixture.client(users::ADMIN), &fixture.env.operator_namespace);
    let secrets = json!({ "rules": [{ "apiGroups": [""], "resources": ["secrets"], "verbs": ["get"] }] });
    roles.patch("nimbus-operator", &PatchParams::default(), &Patch::Merge(secrets)).await.unwrap();
    let replica = Replica::start(&fixture, "refused", TIMING).await;
    let status = replica.process.end(PATIENCE).await.unwrap();
    let said = replica.process.log();
    assert_eq!(Some(1), status.code(), "{said}");
    let sentence = format!(
        "may not get, create and update leases (coordination.k8s.io) in the namespace '{}'",
        fixture.env.operator_namespace
    );
    assert_eq!(1, said.matches(&sentence).count(), "{said}");
    let alone = fixture.connect().await;
    alone.stop().await;
}

/// Two replicas that stop in order: the Lease goes from one to the other, and is released at the end.
#[tokio::test(flavor = "multi_thread")]
async fn standby_leads_at_once_when_the_leader_is_stopped() {
    let fixture = Fixture::new("hand-over").await;
    released(&fixture).await;
    let first = start(&fixture, "first");
    fixture.connected().await;
    let second = start(&fixture, "second");
    fixture.create(json!({})).await;
    fixture.ready().await;
    first.stop().await;
    super::replica::held_by(&fixture, "second").await;
    fixture.patch(json!({ "spec": { "general": { "companyName": "By the second" } } })).await;
    fixture.ready().await;
    second.stop().await;
    assert_eq!("", super::replica::holder(&fixture).await, "it is released");
}

/// Whether a replica says that it leads, and whether it says something of the fleet.
fn said(telemetry: &Telemetry) -> (f64, bool) {
    let scrape = Scrape::read(&telemetry.metrics.render()).unwrap();
    let fleet = TABLE.iter().filter(|metric| metric.scope != Scope::Process);
    (scrape.sum("nimbus_leader", &[]), fleet.into_iter().any(|metric| scrape.0.contains_key(metric.name)))
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_leader_says_that_it_leads_and_counts_the_fleet() {
    let fixture = Fixture::new("leader-metric").await;
    edit(&fixture, json!({ "holderIdentity": "elsewhere", "leaseDurationSeconds": 600 })).await;
    let upstream = Upstream::kubernetes(fixture.env.control_plane);
    let proxy = Proxy::start(upstream, &Recorder::new(|_, _| false)).await.unwrap();
    proxy.break_all(true);
    let telemetry = Telemetry::default();
    let options = Options { telemetry: telemetry.clone(), ..elected(&fixture, "replica") };
    let operator = fixture.start_through_with(&proxy, options);
    proxy.requested(1).await;
    assert_eq!((0.0, false), said(&telemetry), "during the start-up checks");
    proxy.break_all(false);
    until("it stands by", PATIENCE, async || {
        let failing = telemetry.health.ready().into_iter().find(|check| check.failure.is_some());
        failing.map_or(Ok(()), |check| Err(format!("{check:?}")))
    })
    .await;
    assert_eq!((0.0, false), said(&telemetry), "as a standby");
    released(&fixture).await;
    fixture.connected().await;
    assert_eq!((1.0, true), said(&telemetry), "as the leader");
    proxy.detours.hang(Method::PUT, &lease_name(&fixture));
    operator.failed().await;
    assert_eq!((0.0, false), said(&telemetry), "after it lost the Lease");
}

/// All replicas end where the API server is away for long. One has to be there when it is back, and not in a back-off of its pod.
#[tokio::test(flavor = "multi_thread")]
async fn elected_replica_waits_for_an_api_server_without_end() {
    let mut fixture = Fixture::new("elected-waits").await;
    fixture.timing.reach = Duration::from_millis(500);
    released(&fixture).await;
    let upstream = Upstream::kubernetes(fixture.env.control_plane);
    let proxy = Proxy::start(upstream, &Recorder::new(|_, _| false)).await.unwrap();
    proxy.break_all(true);
    let operator = fixture.start_through_with(&proxy, elected(&fixture, "replica"));
    let started = Instant::now();
    while started.elapsed() < fixture.timing.reach * 4 {
        let next = proxy.requests() + 1;
        tokio::time::timeout(PATIENCE, proxy.requested(next)).await.expect("it goes on");
    }
    proxy.break_all(false);
    fixture.connected().await;
    operator.stop().await;
}

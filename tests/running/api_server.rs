//! An API server that is out of reach, or that stops talking; and how long an end takes.

use std::time::{Duration, Instant};

use nimbus_operator::cluster::Cluster;
use nimbus_operator::controller::{self, Timing};
use nimbus_operator::telemetry::Telemetry;
use nimbus_operator::telemetry::health::Check;
use serde_json::json;

use super::signals::mute_platform;
use super::start;
use crate::support::env::TestEnv;
use crate::support::fixture::Fixture;
use crate::support::operator::OperatorProcess;
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;
use crate::support::tenant::TenantHandle;
use crate::support::wait::{PATIENCE, until};

#[test]
fn production_durations_are_the_documented_ones() {
    let timing = Timing::default();
    let documented = [60, 20, 90].map(Duration::from_secs);
    assert_eq!(documented, [timing.reach, timing.drain, timing.silence]);
}

/// A port that nothing listens to.
fn closed_port() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn api_server_out_of_reach_is_waited_for_and_then_told() {
    let mut fixture = Fixture::new("out-of-reach").await;
    fixture.timing.reach = Duration::from_millis(500);
    let mut config = fixture.env.control_plane.config(&fixture.env.operator_user).unwrap();
    config.cluster_url = closed_port().parse().unwrap();
    let cluster = Cluster::connect(config, fixture.timing.deadlines(), Default::default()).unwrap();
    let started = Instant::now();
    let refused = controller::run(cluster, fixture.options(), std::future::pending()).await.unwrap_err();
    assert!(started.elapsed() >= fixture.timing.reach, "it was waited for");
    assert!(refused.to_string().contains("API server has not answered for"), "{refused:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_it_while_it_waits_for_the_api_server() {
    let env = TestEnv::new("waits").await;
    let path = env.control_plane.folder().join(format!("{}.kubeconfig", env.instance));
    env.control_plane.write_kubeconfig(&[&env.operator_user], &closed_port(), &path).unwrap();
    let operator = OperatorProcess::start(&path, &["run", "--cluster-id", "test"], &[]).unwrap();
    until("it says that it waits", PATIENCE, async || {
        if operator.log().contains("does not answer; waiting for it") { Ok(()) } else { Err(operator.log()) }
    })
    .await;
    operator.signal(libc::SIGTERM).unwrap();
    assert_eq!(Some(0), operator.end(Duration::from_secs(8)).await.unwrap().code(), "{}", operator.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_are_not_accepted_are_told_at_once() {
    let env = TestEnv::new("stranger").await;
    let config = std::fs::read_to_string(env.operator_kubeconfig(None).unwrap()).unwrap();
    let token = env.control_plane.token(&env.operator_user).unwrap();
    let path = env.control_plane.folder().join(format!("{}-stranger.kubeconfig", env.instance));
    std::fs::write(&path, config.replace(&token, "not-a-token")).unwrap();
    let operator = OperatorProcess::start(&path, &["run", "--cluster-id", "test"], &[]).unwrap();
    assert_eq!(Some(1), operator.end(Duration::from_secs(30)).await.unwrap().code());
    assert!(operator.log().contains("Kubernetes does not accept the credentials"), "{}", operator.log());
}

/// A watch of objects that do not change ends before it counts as silent. The next one begins where it ended: nothing is missed, and
/// nothing is listed again. In its first minute the API server sends no bookmark.
#[tokio::test(flavor = "multi_thread")]
async fn watch_without_a_change_is_opened_again_and_did_not_fail() {
    let mut fixture = Fixture::new("idle").await;
    fixture.timing.silence = Duration::from_secs(6);
    let proxy =
        Proxy::start(Upstream::kubernetes(fixture.env.control_plane), &Recorder::new(|_, _| false)).await.unwrap();
    let _operator = fixture.start_through(&proxy);
    fixture.connected().await;
    let opened = async |times: usize| {
        until(&format!("the watch was opened {times} times"), PATIENCE, async || match proxy.opened("tenants") {
            count if count >= times => Ok(()),
            count => Err(count),
        })
        .await;
    };
    // After the first list, and that of the start-up checks.
    opened(1).await;
    let mark = fixture.audit().mark().await.unwrap();
    opened(4).await;
    let requests = fixture.audit().requests(&fixture.env.operator_user, mark).await.unwrap();
    let of_tenants =
        |verb: &str| requests.iter().filter(|request| request.resource == "tenants" && request.verb == verb).count();
    assert!(of_tenants("watch") >= 2 && of_tenants("list") == 0, "{requests:?}");
    let tenant = TenantHandle::new(&fixture, "after");
    tenant.create(json!({})).await;
    tenant.ready().await;
}

/// A pass that hangs is given up after a while.
#[tokio::test(flavor = "multi_thread")]
async fn hanging_platform_delays_the_end_by_the_drain_at_most() {
    let mut fixture = Fixture::new("drain").await;
    (fixture.timing.call, fixture.timing.drain) = (Duration::from_secs(100), Duration::from_secs(1));
    let platform = mute_platform(&fixture).await;
    let telemetry = Telemetry::default();
    let operator = fixture.start_with(controller::Options { telemetry: telemetry.clone(), ..fixture.options() });
    fixture.connected().await;
    fixture.create(json!({})).await;
    platform.holds().await;
    assert!(telemetry.health.ready().iter().all(|check| check.failure.is_none()), "{:?}", telemetry.health.ready());
    let started = Instant::now();
    operator.stop().await;
    let [Check { name, failure: Some(_) }] = &telemetry.health.ready()[..] else { panic!("it is not ready any more") };
    assert_eq!("shutdown", name);
    assert!(started.elapsed() >= fixture.timing.drain, "it was waited for: {:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
}

/// An operator that is started before its API server.
#[tokio::test(flavor = "multi_thread")]
async fn operator_starts_when_the_api_server_comes() {
    let fixture = Fixture::new("late-server").await;
    let proxy =
        Proxy::start(Upstream::kubernetes(fixture.env.control_plane), &Recorder::new(|_, _| false)).await.unwrap();
    proxy.break_all(true);
    let operator = start(&fixture.env, Some(&proxy), &[]).unwrap();
    until("it says that it waits", PATIENCE, async || {
        if operator.log().contains("does not answer; waiting for it") { Ok(()) } else { Err(operator.log()) }
    })
    .await;
    proxy.break_all(false);
    fixture.connected().await;
    assert!(operator.stop().await.unwrap().success());
}

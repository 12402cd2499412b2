//! The operator ends in order, in each state, and at once when it is asked twice.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::TcpListener;

use super::start;
use crate::support::env::TestEnv;
use crate::support::fixture::Fixture;
use crate::support::operator::OperatorProcess;
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;
use crate::support::wait::{PATIENCE, until};

/// Far below the shortest deadline of a call.
const AT_ONCE: Duration = Duration::from_secs(8);

async fn proxy(env: &TestEnv<'_>) -> Proxy {
    Proxy::start(Upstream::kubernetes(env.control_plane), &Recorder::new(|_, _| false)).await.unwrap()
}

async fn logged(operator: &OperatorProcess, text: &str) {
    until(&format!("'{text}' is logged"), PATIENCE, async || {
        if operator.log().contains(text) { Ok(()) } else { Err(operator.last_lines(5)) }
    })
    .await;
}

/// A platform that never answers about the Tenant.
pub async fn mute_platform(fixture: &Fixture) -> Proxy {
    let upstream = Upstream::platform(&fixture.platform.url());
    let platform = Proxy::start(upstream, &Recorder::new(|_, _| false)).await.unwrap();
    fixture.platform_object(&platform.url()).await;
    platform.hold(&fixture.id);
    platform
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_it_while_a_watch_has_not_synced() {
    for plural in ["tenants", "platforms", "partners"] {
        let env = TestEnv::new("unsynced").await;
        let proxy = proxy(&env).await;
        proxy.hold(plural);
        let operator = start(&env, Some(&proxy), &[]).unwrap();
        proxy.holds().await;
        operator.signal(libc::SIGTERM).unwrap();
        let status = operator.end(AT_ONCE).await.unwrap();
        assert_eq!(Some(0), status.code(), "{plural}: {}", operator.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_it_while_the_api_server_does_not_answer() {
    let env = TestEnv::new("mute").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let path = env.control_plane.folder().join(format!("{}.kubeconfig", env.instance));
    env.control_plane.write_kubeconfig(&[&env.operator_user], &url, &path).unwrap();
    let operator = OperatorProcess::start(&path, &["run", "--cluster-id", "test"], &[]).unwrap();
    let _connection = tokio::time::timeout(PATIENCE, listener.accept()).await.unwrap().unwrap();
    operator.signal(libc::SIGTERM).unwrap();
    assert_eq!(Some(0), operator.end(AT_ONCE).await.unwrap().code(), "{}", operator.log());
}

/// SIGTERM at each request from the first to long after the start.
#[tokio::test(flavor = "multi_thread")]
async fn sigterm_during_start_up_always_ends_it() {
    let env = TestEnv::new("start-end").await;
    for count in (1..=40).step_by(3) {
        let proxy = proxy(&env).await;
        let operator = start(&env, Some(&proxy), &[]).unwrap();
        // There may be fewer requests than that: then the start is over.
        drop(tokio::time::timeout(Duration::from_secs(5), proxy.requested(count)).await);
        operator.signal(libc::SIGTERM).unwrap();
        let status = operator.end(AT_ONCE).await.unwrap_or_else(|error| panic!("after {count} requests: {error}"));
        assert_eq!(Some(0), status.code(), "after {count} requests: {}", operator.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn second_signal_ends_it_at_once() {
    let fixture = Fixture::new("second").await;
    let platform = mute_platform(&fixture).await;
    let operator = start(&fixture.env, None, &[]).unwrap();
    fixture.connected().await;
    fixture.create(json!({})).await;
    platform.holds().await;
    let started = Instant::now();
    operator.signal(libc::SIGTERM).unwrap();
    logged(&operator, "stopping").await;
    assert_eq!(None, operator.ended(), "the pass is waited for");
    operator.signal(libc::SIGINT).unwrap();
    let status = operator.end(AT_ONCE).await.unwrap();
    assert_eq!(Some(130), status.code(), "128 and the number of the signal: {}", operator.log());
    assert!(started.elapsed() < AT_ONCE, "{:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn sighup_ends_it_like_sigterm() {
    let fixture = Fixture::new("hang-up").await;
    let operator = start(&fixture.env, None, &[]).unwrap();
    fixture.connected().await;
    operator.signal(libc::SIGHUP).unwrap();
    let status = operator.end(AT_ONCE).await.unwrap();
    assert_eq!(Some(0), status.code(), "{status}: {}", operator.log());
    assert!(operator.log().contains("operator stopped"), "{}", operator.log());
}

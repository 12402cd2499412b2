//! An API server that goes away and comes back, connections that are reset, and a watch that is half open: how long until a Tenant
//! is Ready that was created meanwhile, with the back-offs of production.

use std::time::{Duration, Instant};

use futures::future::join_all;
use nimbus_operator::controller::Timing;
use reqwest::Method;
use serde_json::json;

use crate::support::fixture::{Fixture, Operator, condition, describe};
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;
use crate::support::tenant::TenantHandle;
use crate::support::wait::{PATIENCE, until};

/// From the moment at which the API server answers again.
const BOUND: Duration = Duration::from_secs(10);

/// A connected operator, behind a proxy of the API server.
async fn behind_a_proxy(name: &str) -> (Fixture, Proxy, Operator) {
    let fixture = Fixture::new(name).await;
    let proxy =
        Proxy::start(Upstream::kubernetes(fixture.env.control_plane), &Recorder::new(|_, _| false)).await.unwrap();
    let operator = fixture.start_through(&proxy);
    fixture.connected().await;
    (fixture, proxy, operator)
}

/// Creates a Tenant that the operator cannot see yet.
async fn unseen(fixture: &Fixture) -> TenantHandle<'_> {
    let tenant = TenantHandle::new(fixture, "meanwhile");
    tenant.create(json!({})).await;
    tenant
}

/// How long from now until it is Ready.
async fn until_ready(fixture: &Fixture, tenant: &TenantHandle<'_>, patience: Duration) -> Duration {
    let started = Instant::now();
    until("the Tenant is ready", patience, async || {
        let found = fixture.tenants().get(&tenant.name).await.map_err(|error| error.to_string())?;
        let ready = condition(&found, "Ready").is_some_and(|(status, ..)| status == "True");
        if ready { Ok(()) } else { Err(describe(&found)) }
    })
    .await;
    started.elapsed()
}

async fn away(seconds: u64) -> (u64, Duration) {
    let (fixture, proxy, _operator) = behind_a_proxy(&format!("away-{seconds}")).await;
    for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        proxy.detours.reset(method, "", usize::MAX);
    }
    proxy.cut();
    let left = Instant::now();
    let tenant = unseen(&fixture).await;
    until("the API server comes back", PATIENCE * 2, async || {
        let away = left.elapsed();
        if away >= Duration::from_secs(seconds) { Ok(()) } else { Err(format!("{away:?}")) }
    })
    .await;
    proxy.detours.clear();
    (seconds, until_ready(&fixture, &tenant, PATIENCE).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn new_tenant_is_ready_soon_after_the_api_server_is_back() {
    let waits = join_all([3, 12, 30, 60].map(away)).await;
    println!("away for (s), Ready after: {waits:?}");
    assert!(waits.iter().all(|(_, wait)| *wait < BOUND), "{waits:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn new_tenant_is_ready_soon_after_many_resets() {
    const RESETS: usize = 15;
    let (fixture, proxy, _operator) = behind_a_proxy("resets").await;
    proxy.detours.reset(Method::GET, "/tenants", RESETS);
    proxy.cut();
    let tenant = unseen(&fixture).await;
    until("all resets happened", PATIENCE * 3, async || match proxy.detours.resets() {
        0 => Ok(()),
        left => Err(left),
    })
    .await;
    let wait = until_ready(&fixture, &tenant, PATIENCE).await;
    println!("{RESETS} resets, Ready after: {wait:?}");
    assert!(wait < BOUND + Duration::from_secs(1), "{wait:?}");
}

/// Nothing comes through, and nothing says so: the silence ends it.
#[tokio::test(flavor = "multi_thread")]
async fn new_tenant_is_ready_although_its_watch_is_half_open() {
    let (fixture, proxy, _operator) = behind_a_proxy("half-open").await;
    let silence = Timing::default().silence;
    assert_eq!(silence, fixture.timing.silence, "that of production");
    proxy.slow_down("tenants", proxy.opened("tenants"), Duration::from_secs(3600));
    let tenant = unseen(&fixture).await;
    let wait = until_ready(&fixture, &tenant, silence * 2).await;
    println!("half-open watch, Ready after: {wait:?}");
    assert!(wait < silence + BOUND, "{wait:?}");
}

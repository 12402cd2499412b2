//! A token endpoint that takes connections and never answers: one attempt serves all who come meanwhile, with the durations of
//! production.

use std::time::{Duration, Instant};

use nimbus_operator::controller::Timing;
use reqwest::Method;
use serde_json::json;

use super::{live, platform_says};
use crate::support::fixture::{Fixture, condition};
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;

const TENANTS: usize = 40;
/// Until Platform and Tenants say it.
const TOLD: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn hanging_token_endpoint_is_told_within_a_minute() {
    let mut fixture = Fixture::new("login-hangs").await;
    fixture.timing.call = Timing::default().call;
    let platform =
        Proxy::start(Upstream::platform(&fixture.platform.url()), &Recorder::new(|_, _| false)).await.unwrap();
    fixture.platform_object(&platform.url()).await;
    let operator = fixture.connect().await;
    let tenants = live(&fixture, TENANTS).await;
    operator.stop().await;
    for tenant in &tenants {
        tenant.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    }
    platform.detours.hang(Method::POST, "/token");
    let started = Instant::now();
    let _operator = fixture.start();
    platform_says(&fixture, "False", "Unreachable").await;
    let platform_told = started.elapsed();
    for tenant in &tenants {
        tenant.condition("Ready", "False", "PlatformUnavailable").await;
    }
    let all_told = started.elapsed();
    println!("{TENANTS} Tenants: the Platform after {platform_told:?}, the last Tenant after {all_told:?}");
    assert!(platform_told < TOLD && all_told < TOLD, "{platform_told:?} {all_told:?}");

    platform.detours.clear();
    for tenant in &tenants {
        let ready = tenant.ready().await;
        assert_eq!(None, condition(&ready, "Reconciling"));
    }
}

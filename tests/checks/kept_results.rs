//! Results are kept while Microsoft is unreachable, but not indefinitely.

use std::time::Duration;

use serde_json::json;

use super::{GROUP, fixture, group};
use crate::support::fixture::Fixture;
use crate::support::microsoft::check;
use crate::support::wait::{PATIENCE, until};

const ROUTE: &str = "GET /graph/v1.0/groups/{group}";

/// A fixture that repeats checks all the time.
async fn busy(name: &str) -> Fixture {
    let mut fixture = fixture(name).await;
    fixture.timing.checks.every = Duration::from_millis(200);
    fixture.timing.checks.retry_first = Duration::from_millis(200);
    fixture.timing.checks.retry_most = Duration::from_millis(200);
    fixture
}

pub(super) async fn looks(fixture: &Fixture, mark: u64, least: usize) {
    until("more looks", PATIENCE, async || match fixture.platform.asked(mark).await.len() {
        calls if calls >= least => Ok(()),
        calls => Err(calls),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn graph_outage_keeps_results() {
    let fixture = busy("checks-outage").await;
    let operator = fixture.start();
    fixture.create(group(10)).await;
    fixture.check(GROUP, "Passed", "SecurityGroup").await;
    let (mark, writes) = (fixture.platform.microsoft_mark().await, fixture.audit().mark().await.unwrap());
    for action in [json!({ "kind": "status", "status": 503 }), json!({ "kind": "close-before" })] {
        fixture.platform.clear_faults().await.unwrap();
        fixture.platform.add_faults(json!([{ "route": ROUTE, "action": action }])).await.unwrap();
        looks(&fixture, mark, 4).await;
    }
    assert_eq!("Passed", check(&fixture.pass().await, GROUP).unwrap().result.as_str());
    operator.stop().await;
    assert_eq!(1, fixture.tenant_writes(writes).await.unwrap().len(), "that of the requested pass");
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_results_expire() {
    let mut fixture = busy("checks-kept").await;
    fixture.timing.checks.kept = Duration::from_millis(1500);
    let _operator = fixture.start();
    fixture.create(group(10)).await;
    fixture.check(GROUP, "Passed", "SecurityGroup").await;
    let action = json!({ "kind": "status", "status": 503 });
    fixture.platform.add_faults(json!([{ "route": ROUTE, "action": action }])).await.unwrap();
    fixture.check(GROUP, "Unknown", "UnexpectedAnswer").await;
    fixture.ready().await;
    fixture.platform.clear_faults().await.unwrap();
    fixture.check(GROUP, "Passed", "SecurityGroup").await;
}

/// Someone must act, so it is reported at once.
#[tokio::test(flavor = "multi_thread")]
async fn revoked_permission_is_reported_at_once() {
    let fixture = busy("checks-denied").await;
    let _operator = fixture.start();
    fixture.create(group(10)).await;
    fixture.check(GROUP, "Passed", "SecurityGroup").await;
    fixture.platform.grant(&fixture.id, &["User.Read.All"]).await;
    fixture.check(GROUP, "Unknown", "PermissionMissing").await;
    fixture.ready().await;
}

//! Results are kept while Microsoft is unreachable, but not indefinitely.

use std::time::Duration;

use serde_json::json;

use super::{GROUP, group, stage};
use crate::support::microsoft::check;
use crate::support::stage::Stage;
use crate::support::wait::{PATIENCE, until};

const ROUTE: &str = "GET /graph/v1.0/groups/{group}";

/// A fixture that repeats checks all the time.
async fn busy(name: &str) -> Stage {
    let mut stage = stage(name).await;
    stage.timing.checks.every = Duration::from_millis(200);
    stage.timing.checks.retry_first = Duration::from_millis(200);
    stage.timing.checks.retry_most = Duration::from_millis(200);
    stage
}

async fn looks(stage: &Stage, mark: u64, least: usize) {
    until("more looks", PATIENCE, async || match stage.platform.asked(mark).await.len() {
        calls if calls >= least => Ok(()),
        calls => Err(calls),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn graph_outage_keeps_results() {
    let stage = busy("checks-outage").await;
    let operator = stage.start();
    stage.create(group(10)).await;
    stage.check(GROUP, "Passed", "SecurityGroup").await;
    let (mark, writes) = (stage.platform.microsoft_mark().await, stage.audit().mark().await.unwrap());
    for action in [json!({ "kind": "status", "status": 503 }), json!({ "kind": "close-before" })] {
        stage.platform.heal().await.unwrap();
        stage.platform.plant(json!([{ "route": ROUTE, "action": action }])).await.unwrap();
        looks(&stage, mark, 4).await;
    }
    assert_eq!("Passed", check(&stage.pass().await, GROUP).unwrap().result.as_str());
    operator.stop().await;
    assert_eq!(1, stage.tenant_writes(writes).await.unwrap().len(), "that of the requested pass");
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_results_expire() {
    let mut stage = busy("checks-kept").await;
    stage.timing.checks.kept = Duration::from_millis(1500);
    let _operator = stage.start();
    stage.create(group(10)).await;
    stage.check(GROUP, "Passed", "SecurityGroup").await;
    let action = json!({ "kind": "status", "status": 503 });
    stage.platform.plant(json!([{ "route": ROUTE, "action": action }])).await.unwrap();
    stage.check(GROUP, "Unknown", "UnexpectedAnswer").await;
    stage.ready().await;
    stage.platform.heal().await.unwrap();
    stage.check(GROUP, "Passed", "SecurityGroup").await;
}

/// Someone must act, so it is reported at once.
#[tokio::test(flavor = "multi_thread")]
async fn revoked_permission_is_reported_at_once() {
    let stage = busy("checks-denied").await;
    let _operator = stage.start();
    stage.create(group(10)).await;
    stage.check(GROUP, "Passed", "SecurityGroup").await;
    stage.platform.grant(&stage.id, &["User.Read.All"]).await;
    stage.check(GROUP, "Unknown", "PermissionMissing").await;
    stage.ready().await;
}

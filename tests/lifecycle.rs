//! The main path: a Tenant is created, edited, drifts, and goes.

use serde_json::json;

use crate::support::audit::Mark;
use crate::support::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn create_to_ready_costs_two_writes_and_two_calls() {
    let stage = Stage::new("create").await;
    let _operator = stage.start();
    let tenant = stage.create(json!({})).await;
    let ready = stage.ready().await;
    assert_eq!(ready.metadata.generation, tenant.metadata.generation, "the operator never bumps the generation");
    let calls = stage.platform.calls(&stage.id, 0).await.unwrap();
    assert_eq!(
        calls.iter().map(|seen| seen.call.as_str()).collect::<Vec<_>>(),
        ["GET /v1/tenants/{id}", "PUT /v1/tenants/{id}"]
    );
    let writes = stage.tenant_writes(Mark::START).await.unwrap();
    assert_eq!(writes.len(), 2, "{writes:?}");
}

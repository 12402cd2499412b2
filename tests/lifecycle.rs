//! The main path: a Tenant is created, edited, drifts, and is deleted.

mod budgets;
mod control;
mod observation;
mod settings;

use serde_json::json;

use crate::support::audit::Mark;
use crate::support::fixture::Fixture;

#[tokio::test(flavor = "multi_thread")]
async fn create_to_ready_costs_two_writes_two_calls() {
    let fixture = Fixture::new("create").await;
    let _operator = fixture.start();
    let tenant = fixture.create(json!({})).await;
    let ready = fixture.ready().await;
    assert_eq!(tenant.metadata.generation, ready.metadata.generation, "the operator never bumps the generation");
    let calls = fixture.platform.calls(&fixture.id, 0).await.unwrap();
    assert_eq!(
        ["GET /v1/tenants/{id}", "PUT /v1/tenants/{id}"],
        *calls.iter().map(|seen| seen.call.as_str()).collect::<Vec<_>>()
    );
    let writes = fixture.tenant_writes(Mark::START).await.unwrap();
    assert_eq!(2, writes.len(), "{writes:?}");
}

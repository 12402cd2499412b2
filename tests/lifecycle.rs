//! The main path: a Tenant is created, edited, drifts, and is deleted.

mod budgets;
mod control;
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

/// Marks in both logs, and the requests since.
struct Account<'s> {
    fixture: &'s Fixture,
    audit: Mark,
    log: u64,
}

impl<'s> Account<'s> {
    /// Starts to count.
    async fn open(fixture: &'s Fixture) -> Self {
        let (audit, log) = (fixture.audit().mark().await.unwrap(), fixture.platform.mark().await.unwrap());
        Self { fixture, audit, log }
    }

    /// The operator's writes of Tenants, e.g. `patch status`.
    async fn writes(&self) -> Vec<String> {
        let writes = self.fixture.tenant_writes(self.audit).await.unwrap();
        writes.into_iter().map(|write| format!("{} {}", write.verb, write.subresource).trim().to_owned()).collect()
    }

    /// The methods of the operator's calls for the tenant.
    async fn calls(&self) -> Vec<String> {
        let calls = self.fixture.platform.calls(&self.fixture.id, self.log).await.unwrap();
        calls.into_iter().map(|seen| seen.call.split(' ').next().unwrap().to_owned()).collect()
    }

    /// For each call that changed something, the settings that it changed, sorted.
    async fn changes(&self) -> Vec<Vec<String>> {
        let calls = self.fixture.platform.calls(&self.fixture.id, self.log).await.unwrap();
        let changed = calls.into_iter().filter(|seen| seen.effect.is_some());
        let pointers = changed.map(|seen| seen.entry["changedPointers"].clone());
        let mut changes: Vec<Vec<String>> = pointers.map(|list| serde_json::from_value(list).unwrap()).collect();
        changes.iter_mut().for_each(|pointers| pointers.sort());
        changes
    }
}

//! The requests of the operator since a moment: writes of Tenants and calls of the platform.

use super::audit::Mark;
use super::fixture::FixtureOn;

/// The call that deletes a tenant.
pub const DELETE: &str = "DELETE /v1/tenants/{id}";

/// Marks in the audit log and in the log of the platform, from which writes and calls are counted.
pub struct Since {
    audit: Mark,
    log: u64,
}

impl Since {
    pub async fn now(fixture: &FixtureOn<'_>) -> Self {
        Self { audit: fixture.audit().mark().await.unwrap(), log: fixture.platform.mark().await.unwrap() }
    }

    /// What the operator wrote to Tenants, e.g. `patch tenants/status`.
    pub async fn writes(&self, fixture: &FixtureOn<'_>) -> Vec<String> {
        let writes = fixture.tenant_writes(self.audit).await.unwrap();
        let subresource = |name: &str| if name.is_empty() { String::new() } else { format!("/{name}") };
        writes
            .iter()
            .map(|write| format!("{} {}{} {}", write.verb, write.resource, subresource(&write.subresource), write.code))
            .collect()
    }

    /// The operator's calls for the tenant, with the HTTP status.
    pub async fn calls(&self, fixture: &FixtureOn<'_>) -> Vec<String> {
        let calls = fixture.platform.calls(&fixture.id, self.log).await.unwrap();
        calls.iter().map(|seen| format!("{} {}", seen.call, seen.status.unwrap_or_default())).collect()
    }

    /// The changes that the operator made to the tenant, in order.
    pub async fn effects(&self, fixture: &FixtureOn<'_>) -> Vec<String> {
        let calls = fixture.platform.calls(&fixture.id, self.log).await.unwrap();
        calls.into_iter().filter_map(|seen| seen.effect).collect()
    }

    /// How often the operator requested the deletion of a tenant, successful or not.
    pub async fn deletions(&self, fixture: &FixtureOn<'_>) -> usize {
        self.calls(fixture).await.iter().filter(|call| call.starts_with(&format!("{DELETE} "))).count()
    }

    /// The operator's writes of Tenants by verb and subresource, e.g. `patch status`.
    pub async fn verbs(&self, fixture: &FixtureOn<'_>) -> Vec<String> {
        let writes = fixture.tenant_writes(self.audit).await.unwrap();
        writes.into_iter().map(|write| format!("{} {}", write.verb, write.subresource).trim().to_owned()).collect()
    }

    /// The methods of the operator's calls for the tenant.
    pub async fn methods(&self, fixture: &FixtureOn<'_>) -> Vec<String> {
        let calls = fixture.platform.calls(&fixture.id, self.log).await.unwrap();
        calls.into_iter().map(|seen| seen.call.split(' ').next().unwrap().to_owned()).collect()
    }

    /// For each call that changed something, the settings that it changed, sorted.
    pub async fn changes(&self, fixture: &FixtureOn<'_>) -> Vec<Vec<String>> {
        let calls = fixture.platform.calls(&fixture.id, self.log).await.unwrap();
        let changed = calls.into_iter().filter(|seen| seen.effect.is_some());
        let pointers = changed.map(|seen| seen.entry["changedPointers"].clone());
        let mut changes: Vec<Vec<String>> = pointers.map(|list| serde_json::from_value(list).unwrap()).collect();
        changes.iter_mut().for_each(|pointers| pointers.sort());
        changes
    }
}

//! Ownership of a tenant: two Tenants for one tenant, adoption, stamps of other owners, and tenants that are gone or
//! pending deletion.

mod adopted;
mod claimed;
mod foreign_writes;
mod lost;
mod never_applied;
mod partners;
mod races;

use kube::Api;
use nimbus_operator::resources::Tenant;
use serde_json::{Value, json};

use crate::support::fixture::{Fixture, condition, describe};
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

/// Creates a tenant on the platform with the settings of the fixture's Tenant and without an owner.
async fn unowned(fixture: &Fixture) {
    let settings = json!({ "general": { "name": "Contoso", "o365Domain": "contoso.onmicrosoft.com" } });
    fixture.platform.create(&fixture.id, settings).await.unwrap();
}

/// A second Tenant for the same tenant, with settings of its own.
fn rival(fixture: &Fixture, namespace: &str, spec: Value) -> Value {
    let mut manifest = fixture.manifest(spec);
    manifest["metadata"] = json!({ "name": "rival", "namespace": namespace });
    manifest
}

fn tenants(fixture: &Fixture, namespace: &str) -> Api<Tenant> {
    Api::namespaced(fixture.client(users::PLATFORM_ADMIN), namespace)
}

/// Waits until Ready of the current generation has a reason; returns the Tenant and the message.
async fn ready_reason(tenants: &Api<Tenant>, name: &str, reason: &str) -> (Tenant, String) {
    until(&format!("{name} is {reason}"), PATIENCE, async || {
        let tenant = tenants.get(name).await.map_err(|error| error.to_string())?;
        let current = tenant.status.as_ref().map(|status| status.observed_generation) == tenant.metadata.generation;
        match condition(&tenant, "Ready") {
            Some((_, found, message)) if current && found == reason => Ok((tenant, message)),
            _ => Err(describe(&tenant)),
        }
    })
    .await
}

/// Status and reason of each condition, to compare them all at once.
fn conditions(tenant: &Tenant) -> Vec<String> {
    let conditions = tenant.status.iter().flat_map(|status| &status.conditions);
    let kinds = ["Ready", "Accepted", "Synced", "Reconciling", "Stalled"];
    conditions
        .filter(|condition| kinds.contains(&condition.type_.as_str()))
        .map(|condition| format!("{} {} {}", condition.type_, condition.status, condition.reason))
        .collect()
}

/// The conditions of a Tenant that is stalled for a reason other than its spec.
fn stalled(reason: &str) -> Vec<String> {
    vec![
        format!("Ready False {reason}"),
        "Accepted True Accepted".to_owned(),
        format!("Synced Unknown {reason}"),
        format!("Stalled True {reason}"),
    ]
}

//! The limit of deletions survives the object that lists them: a Platform that is removed and created again.

use kube::Api;
use kube::api::{DeleteParams, Patch};
use nimbus_operator::resources::Platform;
use serde_json::{Value, json};

use super::{gone, params, ready_reason};
use crate::support::confirmation::deletion;
use crate::support::fixture::Fixture;
use crate::support::tenant::TenantHandle;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

fn platforms(fixture: &Fixture) -> Api<Platform> {
    Api::all(fixture.client(users::PLATFORM_ADMIN))
}

pub(super) async fn allow_one(fixture: &Fixture) {
    let limit = json!({ "spec": { "limits": { "confirmedDeletionsPerHour": 1 } } });
    platforms(fixture).patch(&fixture.env.platform, &params(), &Patch::Merge(limit)).await.unwrap();
}

/// Removes the Platform by force, and creates it again.
async fn create_again(fixture: &Fixture) {
    let (platforms, name) = (platforms(fixture), &fixture.env.platform);
    platforms.delete(name, &DeleteParams::default()).await.unwrap();
    let stripped: Patch<Value> = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
    platforms.patch(name, &params(), &stripped).await.unwrap();
    until("the Platform is gone", PATIENCE, async || match platforms.get_opt(name).await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    fixture.platform_object(&fixture.platform.url()).await;
    allow_one(fixture).await;
}

/// Two Tenants whose deletion is confirmed.
pub(super) async fn two(fixture: &Fixture) -> [TenantHandle<'_>; 2] {
    let tenants = [TenantHandle::new(fixture, "first"), TenantHandle::new(fixture, "second")];
    for tenant in &tenants {
        tenant.create(json!({ "deletionPolicy": "Delete" })).await;
        tenant.ready().await;
        tenant.patch(json!({ "spec": { "confirmations": deletion(&tenant.id) } })).await;
    }
    tenants
}

/// Waits until the Platform lists the deletion of a tenant.
async fn listed(fixture: &Fixture, id: &str) {
    until("the Platform lists the deletion", PATIENCE, async || {
        let platform = platforms(fixture).get(&fixture.env.platform).await.map_err(|error| error.to_string())?;
        let slots = platform.status.map(|status| status.confirmed_deletions).unwrap_or_default();
        if slots.iter().any(|slot| slot.tenant_id == id) { Ok(()) } else { Err(format!("{slots:?}")) }
    })
    .await;
}

/// Deletes a Tenant, which has to wait.
pub(super) async fn waits(tenant: &TenantHandle<'_>) {
    tenant.delete().await;
    tenant.until("it waits", |tenant| ready_reason(tenant) == "DeletionRateLimited").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn limit_holds_for_a_platform_that_is_created_again() {
    let fixture = Fixture::new("again").await;
    allow_one(&fixture).await;
    let _operator = fixture.connect().await;
    fixture.platform.auto_run(true).await.unwrap();
    let [first, second] = two(&fixture).await;
    first.delete().await;
    gone(&fixture, &first.name).await;
    create_again(&fixture).await;
    listed(&fixture, &first.id).await;
    let mark = fixture.platform.mark().await.unwrap();
    waits(&second).await;
    assert!(fixture.platform.effects(mark).await.unwrap().is_empty(), "the platform was not asked");
}

/// The memory of the process is gone, too: the Tenant that waits for its deletion to end knows of it.
#[tokio::test(flavor = "multi_thread")]
async fn limit_holds_after_a_restart_as_far_as_tenants_know() {
    let fixture = Fixture::new("again-restart").await;
    allow_one(&fixture).await;
    let operator = fixture.connect().await;
    let [first, second] = two(&fixture).await;
    first.delete().await;
    let waiting = first.until("it waits for the script", |tenant| ready_reason(tenant) == "Deleting").await;
    let requested_at = waiting.status.unwrap().deletion.unwrap().requested_at.unwrap();
    operator.stop().await;
    create_again(&fixture).await;
    let _operator = fixture.connect().await;
    listed(&fixture, &first.id).await;
    let mark = fixture.platform.mark().await.unwrap();
    waits(&second).await;
    assert!(fixture.platform.effects(mark).await.unwrap().is_empty(), "the platform was not asked");
    let status = first.get().await.status.unwrap();
    assert_eq!(Some(requested_at), status.deletion.unwrap().requested_at, "the time is that of the request");
}

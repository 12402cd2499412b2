//! A Tenant whose tenant is gone: a confirmation of its deletion would confirm nothing.

use serde_json::json;

use super::{NO_EVENTS, absence_problem, live, told};
use crate::support::fixture::{Fixture, NAME, refused};
use crate::support::since::Since;
use kube::api::DeleteParams;

#[tokio::test(flavor = "multi_thread")]
async fn tenant_that_was_deleted_on_the_platform_needs_no_confirmation() {
    let fixture = Fixture::new("lost-deleted").await;
    let _operator = fixture.connect().await;
    live(&fixture, fixture.manifest(json!({ "deletionPolicy": "Delete" }))).await;
    refused(fixture.tenants().delete(NAME, &DeleteParams::default()).await, 403, &["the deletion is not confirmed"])
        .unwrap();
    fixture.platform.delete(&fixture.id).await.unwrap();
    fixture.platform.run_script(&fixture.id).await.unwrap();
    fixture.pass().await;
    fixture.condition("Ready", "False", "TenantLost").await;
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    fixture.gone().await;
    assert_eq!(0, since.deletions(&fixture).await);
    told(&fixture, NO_EVENTS, "").await;
    assert_eq!("tenant-deleted", absence_problem(&fixture).await);
}

/// Without a tombstone it may live on elsewhere, behind another endpoint.
#[tokio::test(flavor = "multi_thread")]
async fn tenant_that_is_only_missing_needs_a_confirmation() {
    let fixture = Fixture::new("lost-missing").await;
    let _operator = fixture.connect().await;
    live(&fixture, fixture.manifest(json!({ "deletionPolicy": "Delete" }))).await;
    fixture.platform.lose(&fixture.id).await.unwrap();
    fixture.pass().await;
    fixture.condition("Ready", "False", "TenantLost").await;
    refused(fixture.tenants().delete(NAME, &DeleteParams::default()).await, 403, &["the deletion is not confirmed"])
        .unwrap();
}

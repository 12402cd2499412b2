//! A suspended Tenant is deleted without a call, unless its deletion is confirmed: then it waits.

use serde_json::json;

use super::{FINALIZER_OFF, absence_problem, confirmed_manifest, event, live, stamp, stamps, told, waiting_for};
use crate::support::fixture::{Fixture, condition};
use crate::support::since::Since;

/// Suspends the Tenant and waits until the operator has observed it.
async fn suspend(fixture: &Fixture) {
    fixture.patch(json!({ "spec": { "suspend": true } })).await;
    fixture.condition("Synced", "Unknown", "ReconciliationSuspended").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn suspended_retain_makes_no_call() {
    let fixture = Fixture::new("suspended-retain").await;
    let _operator = fixture.connect().await;
    live(&fixture, fixture.manifest(json!({}))).await;
    suspend(&fixture).await;
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    fixture.gone().await;
    assert_eq!([""; 0], *since.calls(&fixture).await);
    assert_eq!(FINALIZER_OFF, *since.writes(&fixture).await);
    assert_eq!((Some(stamp(&fixture)), None), stamps(&fixture).await);
    told(&fixture, [event("Normal", "Released")], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn suspended_unconfirmed_is_retained_with_warning() {
    let fixture = Fixture::without_policies("suspended-unconfirmed").await;
    let _operator = fixture.connect().await;
    live(&fixture, fixture.manifest(json!({ "deletionPolicy": "Delete" }))).await;
    suspend(&fixture).await;
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    fixture.gone().await;
    assert_eq!([""; 0], *since.calls(&fixture).await);
    told(&fixture, [event("Warning", "DeletionNotConfirmed")], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn suspended_confirmed_deletion_waits() {
    let fixture = Fixture::new("suspended-delete").await;
    let operator = fixture.connect().await;
    fixture.platform.auto_run(true).await.unwrap();
    live(&fixture, confirmed_manifest(&fixture)).await;
    suspend(&fixture).await;
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    let waits = waiting_for(
        &fixture,
        "ReconciliationSuspended",
        "The deletion is confirmed and waits until spec.suspend is false",
    )
    .await;
    let reconciling = condition(&waits, "Reconciling").map(|(status, reason, _)| (status, reason));
    assert_eq!(Some(("True".into(), "ReconciliationSuspended".into())), reconciling);
    // It still waits after a restart.
    operator.stop().await;
    let _operator = fixture.connect().await;
    fixture.pass().await;
    assert_eq!([""; 0], *since.calls(&fixture).await);
    assert_eq!((Some(stamp(&fixture)), None), stamps(&fixture).await);

    fixture.patch(json!({ "spec": { "suspend": false } })).await;
    fixture.gone().await;
    assert_eq!("tenant-deleted", absence_problem(&fixture).await);
    assert_eq!(["deletion-begun"], *since.effects(&fixture).await);
    told(&fixture, [event("Normal", "Deleted")], "").await;
}

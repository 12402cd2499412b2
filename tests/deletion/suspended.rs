//! A suspended Tenant is deleted without a call, unless its deletion is confirmed: then it waits.

use serde_json::json;

use super::{FINALIZER_OFF, Since, absence, annotated, doomed, event, events, live, stamp, stamps, waits_for};
use crate::support::stage::{Stage, condition};

/// Suspends the Tenant and waits until the operator has observed it.
async fn suspend(stage: &Stage) {
    stage.patch(json!({ "spec": { "suspend": true } })).await;
    stage.condition("Synced", "Unknown", "Suspended").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn suspended_retain_makes_no_call() {
    let stage = Stage::new("suspended-retain").await;
    let _operator = stage.connect().await;
    live(&stage, stage.manifest(json!({}))).await;
    suspend(&stage).await;
    let since = Since::now(&stage).await;
    stage.delete().await;
    stage.gone().await;
    assert_eq!([""; 0], *since.calls(&stage).await);
    assert_eq!(FINALIZER_OFF, *since.writes(&stage).await);
    assert_eq!((Some(stamp(&stage)), None), stamps(&stage).await);
    assert_eq!([event("Normal", "Released")], *events(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn suspended_unconfirmed_is_retained_with_warning() {
    let stage = Stage::without_policies("suspended-unconfirmed").await;
    let _operator = stage.connect().await;
    live(&stage, annotated(&stage, json!({ "deletionPolicy": "Delete" }), json!({}))).await;
    suspend(&stage).await;
    let since = Since::now(&stage).await;
    stage.delete().await;
    stage.gone().await;
    assert_eq!([""; 0], *since.calls(&stage).await);
    assert_eq!([event("Warning", "DeletionNotConfirmed")], *events(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn suspended_confirmed_deletion_waits() {
    let stage = Stage::new("suspended-delete").await;
    let operator = stage.connect().await;
    stage.platform.auto_run(true).await.unwrap();
    live(&stage, doomed(&stage)).await;
    suspend(&stage).await;
    let since = Since::now(&stage).await;
    stage.delete().await;
    let waits = waits_for(&stage, "Suspended", "the deletion is confirmed and waits: spec.suspend is true").await;
    let reconciling = condition(&waits, "Reconciling").map(|(status, reason, _)| (status, reason));
    assert_eq!(Some(("True".into(), "Suspended".into())), reconciling);
    // It still waits after a restart.
    operator.stop().await;
    let _operator = stage.connect().await;
    stage.pass().await;
    assert_eq!([""; 0], *since.calls(&stage).await);
    assert_eq!((Some(stamp(&stage)), None), stamps(&stage).await);

    stage.patch(json!({ "spec": { "suspend": false } })).await;
    stage.gone().await;
    assert_eq!("tenant-deleted", absence(&stage).await);
    assert_eq!(["deletion-begun"], *since.effects(&stage).await);
    assert_eq!([event("Normal", "Deleted")], *events(&stage).await);
}

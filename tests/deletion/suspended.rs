//! A suspended Tenant leaves without a call, unless its deletion is confirmed: then it waits.

use serde_json::json;

use super::{FINALIZER_OFF, Since, absence, annotated, doomed, event, events, live, stamp, stamps, waits_for};
use crate::support::stage::{Stage, condition};

/// Suspends the Tenant and waits until the operator knows.
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
    assert_eq!(since.calls(&stage).await, [""; 0]);
    assert_eq!(since.writes(&stage).await, FINALIZER_OFF);
    assert_eq!(stamps(&stage).await, (Some(stamp(&stage)), None));
    assert_eq!(events(&stage).await, [event("Normal", "Released")]);
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
    assert_eq!(since.calls(&stage).await, [""; 0]);
    assert_eq!(events(&stage).await, [event("Warning", "DeletionNotConfirmed")]);
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
    assert_eq!(reconciling, Some(("True".into(), "Suspended".into())));
    // A restart does not forget that it waits.
    operator.stop().await;
    let _operator = stage.connect().await;
    stage.pass().await;
    assert_eq!(since.calls(&stage).await, [""; 0]);
    assert_eq!(stamps(&stage).await, (Some(stamp(&stage)), None));

    stage.patch(json!({ "spec": { "suspend": false } })).await;
    stage.gone().await;
    assert_eq!(absence(&stage).await, "tenant-deleted");
    assert_eq!(since.effects(&stage).await, ["deletion-begun"]);
    assert_eq!(events(&stage).await, [event("Normal", "Deleted")]);
}

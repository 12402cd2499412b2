//! A confirmed deletion is requested once, awaited, and complete only when the platform reports it.

use nimbus_operator::resources::status::DeletionStatus;
use serde_json::{Value, json};

use super::{
    CONFIRM, FINALIZER, FINALIZER_OFF, NO_EVENTS, Since, absence, annotated, doomed, event, events, live, stamp,
    stamps, waits_for,
};
use crate::support::stage::{Stage, condition};

#[tokio::test(flavor = "multi_thread")]
async fn immediate_deletion_costs_one_write_three_calls() {
    let stage = Stage::new("delete").await;
    stage.platform.auto_run(true).await.unwrap();
    let _operator = stage.connect().await;
    live(&stage, doomed(&stage)).await;
    let since = Since::now(&stage).await;
    stage.delete().await;
    stage.gone().await;
    let calls = ["GET /v1/tenants/{id} 200", "DELETE /v1/tenants/{id} 202", "GET /v1/tenants/{id} 404"];
    assert_eq!(calls, *since.calls(&stage).await);
    assert_eq!(FINALIZER_OFF, *since.writes(&stage).await);
    assert_eq!("tenant-deleted", absence(&stage).await);
    assert_eq!([event("Normal", "Deleted")], *events(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_waits_for_services_and_script() {
    let stage = Stage::new("delete-waits").await;
    let operator = stage.connect().await;
    live(&stage, doomed(&stage)).await;
    stage.platform.service(&stage.id, "hotline").await.unwrap();
    stage.platform.service(&stage.id, "reception").await.unwrap();
    let since = Since::now(&stage).await;
    stage.delete().await;
    let words = "the platform accepted the deletion and waits for the services that are pending deletion and for a run \
                 of the provisioning script";
    let waits = waits_for(&stage, "Deleting", words).await;
    let status = waits.status.clone().unwrap();
    assert_eq!(Some(DeletionStatus { services_pending: 2, script_pending: true }), status.deletion);
    assert_eq!(Some(("True".into(), "Deleting".into(), words.into())), condition(&waits, "Reconciling"));
    assert_eq!(None, condition(&waits, "Stalled"));
    let as_it_was = |kind| condition(&waits, kind).map(|(status, reason, _)| format!("{status} {reason}"));
    assert_eq!(Some("True Accepted"), as_it_was("Accepted").as_deref());
    assert_eq!(Some("True InSync"), as_it_was("Synced").as_deref());

    // It polls without requesting or writing again, also after a restart of the operator.
    looks_again(&stage, &since, 3).await;
    operator.stop().await;
    let operator = stage.connect().await;
    looks_again(&stage, &since, 3).await;
    assert_eq!(["deletion-begun"], *since.effects(&stage).await);
    assert_eq!(1, since.deletions(&stage).await);
    assert_eq!(["patch tenants/status 200"], *since.writes(&stage).await);
    assert_eq!(Some(vec![FINALIZER.to_owned()]), stage.get().await.metadata.finalizers);

    stage.platform.run_script(&stage.id).await.unwrap();
    stage.gone().await;
    operator.stop().await;
    assert_eq!(["patch tenants/status 200", FINALIZER_OFF[0]], *since.writes(&stage).await);
    assert_eq!(1, since.deletions(&stage).await);
    assert_eq!([event("Normal", "Deleted"), event("Normal", "DeletionStarted")], *events(&stage).await);
}

/// Waits for this many further calls of the operator.
async fn looks_again(stage: &Stage, since: &Since, times: usize) {
    let before = since.calls(stage).await.len();
    crate::support::wait::until("further looks", crate::support::wait::PATIENCE, async || {
        let now = since.calls(stage).await.len();
        if now >= before + times { Ok(()) } else { Err(format!("{now} calls, {before} before")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_after_acceptance_change_nothing() {
    let stage = Stage::new("delete-edits").await;
    let _operator = stage.connect().await;
    live(&stage, doomed(&stage)).await;
    stage.delete().await;
    waits_for(&stage, "Deleting", "provisioning script").await;
    let since = Since::now(&stage).await;
    let edits = [
        ("back to Retain", json!({ "spec": { "deletionPolicy": "Retain" } })),
        ("confirmation withdrawn", json!({ "metadata": { "annotations": { CONFIRM: null } } })),
        ("suspended", json!({ "spec": { "suspend": true } })),
        ("settings", json!({ "spec": { "general": { "companyName": "Other" }, "suspend": null } })),
    ];
    for (case, edit) in edits {
        stage.patch(edit).await;
        stage.pass().await;
        waits_for(&stage, "Deleting", "provisioning script").await;
        assert_eq!([""; 0], *since.effects(&stage).await, "{case}");
        assert_eq!((Some(stamp(&stage)), None), stamps(&stage).await, "{case}");
    }
    stage.platform.run_script(&stage.id).await.unwrap();
    stage.gone().await;
    assert_eq!(0, since.deletions(&stage).await, "it had been asked before");
    assert_eq!([event("Normal", "Deleted"), event("Normal", "DeletionStarted")], *events(&stage).await);
}

/// The response to the deletion was lost and then the author withdrew the confirmation: too late, and reported as such.
#[tokio::test(flavor = "multi_thread")]
async fn late_withdrawal_after_a_lost_response_is_reported() {
    let mut stage = Stage::new("delete-lost").await;
    stage.timing.backoff_first = std::time::Duration::from_secs(600);
    stage.timing.backoff_most = std::time::Duration::from_secs(600);
    let _operator = stage.connect().await;
    live(&stage, doomed(&stage)).await;
    let lost = json!({ "kind": "truncate" });
    stage.platform.plant(json!([{ "route": "DELETE /v1/tenants/{id}", "action": lost }])).await.unwrap();
    let since = Since::now(&stage).await;
    stage.delete().await;
    waits_for(&stage, "Deleting", "a body that cannot be read").await;
    assert_eq!(None, stage.get().await.status.unwrap().deletion, "the operator does not know that it was accepted");
    stage.patch(json!({ "metadata": { "annotations": { CONFIRM: null } } })).await;
    stage.gone().await;
    assert_eq!(["deletion-begun", "owner-released"], *since.effects(&stage).await);
    assert_eq!([event("Warning", "DeletionStarted")], *events(&stage).await, "no word of a tenant that stays");
}

#[tokio::test(flavor = "multi_thread")]
async fn tombstone_or_documented_absence_completes() {
    let mut stage = Stage::new("delete-absent").await;
    let _operator = stage.connect().await;
    for case in ["tenant-not-found", "tenant-deleted"] {
        stage.id = uuid::Uuid::new_v4().to_string();
        live(&stage, doomed(&stage)).await;
        if case == "tenant-deleted" {
            stage.platform.delete(&stage.id).await.unwrap();
            stage.platform.run_script(&stage.id).await.unwrap();
        } else {
            stage.platform.lose(&stage.id).await.unwrap();
        }
        assert_eq!(case, absence(&stage).await);
        let since = Since::now(&stage).await;
        stage.delete().await;
        stage.gone().await;
        assert_eq!(["GET /v1/tenants/{id} 404"], *since.calls(&stage).await, "{case}");
        assert_eq!(FINALIZER_OFF, *since.writes(&stage).await, "{case}");
    }
    assert_eq!([event("Normal", "Deleted"), event("Normal", "Deleted")], *events(&stage).await);
}

/// The tenant is deleted by someone else between the operator's read and its request.
#[tokio::test(flavor = "multi_thread")]
async fn tenant_gone_before_deletion_is_done() {
    let mut stage = Stage::new("delete-raced").await;
    let _operator = stage.connect().await;
    for slug in ["tenant-not-found", "tenant-deleted"] {
        stage.id = uuid::Uuid::new_v4().to_string();
        live(&stage, doomed(&stage)).await;
        let answer = json!({ "kind": "problem", "slug": slug, "status": 404 });
        stage.platform.plant(json!([{ "route": "DELETE /v1/tenants/{id}", "action": answer }])).await.unwrap();
        let since = Since::now(&stage).await;
        stage.delete().await;
        stage.gone().await;
        stage.platform.heal().await.unwrap();
        assert_eq!(1, since.deletions(&stage).await, "{slug}");
        assert_eq!(Some(&event("Normal", "Deleted")), events(&stage).await.last(), "{slug}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_started_by_someone_else_is_awaited() {
    let stage = Stage::new("delete-begun").await;
    let _operator = stage.connect().await;
    live(&stage, doomed(&stage)).await;
    stage.platform.delete(&stage.id).await.unwrap();
    let since = Since::now(&stage).await;
    stage.delete().await;
    waits_for(&stage, "Deleting", "waits for a run of the provisioning script").await;
    assert_eq!(0, since.deletions(&stage).await);
    stage.platform.run_script(&stage.id).await.unwrap();
    stage.gone().await;
    assert_eq!([event("Normal", "Deleted")], *events(&stage).await);
}

/// The owner changes between the operator's read and its request: the platform rejects it, and the operator no longer owns
/// the tenant.
#[tokio::test(flavor = "multi_thread")]
async fn tenant_with_a_new_owner_is_not_deleted() {
    let stage = Stage::new("delete-taken").await;
    let _operator = stage.connect().await;
    live(&stage, annotated(&stage, json!({ "deletionPolicy": "Delete" }), json!({ CONFIRM: stage.id }))).await;
    let answer = json!({ "kind": "problem", "slug": "owned-by-other" });
    stage.platform.plant(json!([{ "route": "DELETE /v1/tenants/{id}", "action": answer }])).await.unwrap();
    stage.delete().await;
    stage.gone().await;
    assert_eq!(NO_EVENTS, *events(&stage).await);
    let (_, document) = stage.platform.tenant(&stage.id).await.unwrap();
    assert_eq!(Value::Null, document["runtime"]["deletion"]);
}

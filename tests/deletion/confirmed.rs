//! A confirmed deletion is requested once, awaited, and complete only when the platform reports it.

use serde_json::{Value, json};

use super::{
    ABANDON, FINALIZER, FINALIZER_OFF, absence_problem, confirmed_manifest, event, events, live, stamp, stamps, told,
    waiting_for,
};
use crate::support::confirmation::{confirming, withdrawal};
use crate::support::fixture::{Fixture, condition, script_url};
use crate::support::running::never_retry;
use crate::support::since::Since;

#[tokio::test(flavor = "multi_thread")]
async fn immediate_deletion_costs_one_write_three_calls() {
    let fixture = Fixture::new("delete").await;
    fixture.platform.auto_run(true).await.unwrap();
    let _operator = fixture.connect().await;
    live(&fixture, confirmed_manifest(&fixture)).await;
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    fixture.gone().await;
    let calls = ["GET /v1/tenants/{id} 200", "DELETE /v1/tenants/{id} 202", "GET /v1/tenants/{id} 404"];
    assert_eq!(calls, *since.calls(&fixture).await);
    assert_eq!(FINALIZER_OFF, *since.writes(&fixture).await);
    assert_eq!("tenant-deleted", absence_problem(&fixture).await);
    told(&fixture, [event("Normal", "Deleted")], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_waits_for_services_and_script() {
    let fixture = Fixture::new("delete-waits").await;
    let operator = fixture.connect().await;
    live(&fixture, confirmed_manifest(&fixture)).await;
    fixture.platform.service(&fixture.id, "hotline").await.unwrap();
    fixture.platform.service(&fixture.id, "reception").await.unwrap();
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    let words =
        format!("Waiting for a Tenant Administrator to run the provisioning script: {}", script_url(&fixture.id));
    let waits = waiting_for(&fixture, "Deleting", &words).await;
    let status = waits.status.clone().unwrap();
    let deletion = status.deletion.unwrap();
    assert_eq!((2, true), (deletion.services_pending, deletion.script_pending));
    assert_eq!(Some(("True".into(), "Deleting".into(), words)), condition(&waits, "Reconciling"));
    assert_eq!(None, condition(&waits, "Stalled"));
    let as_it_was = |kind| condition(&waits, kind).map(|(status, reason, _)| format!("{status} {reason}"));
    assert_eq!(Some("True Accepted"), as_it_was("Accepted").as_deref());
    assert_eq!(Some("True InSync"), as_it_was("Synced").as_deref());

    // It polls without requesting or writing again, also after a restart of the operator.
    wait_for_calls(&fixture, &since, 3).await;
    operator.stop().await;
    let operator = fixture.connect().await;
    wait_for_calls(&fixture, &since, 3).await;
    assert_eq!(["deletion-begun"], *since.effects(&fixture).await);
    assert_eq!(1, since.deletions(&fixture).await);
    assert_eq!(["patch tenants/status 200"], *since.writes(&fixture).await);
    assert_eq!(Some(vec![FINALIZER.to_owned()]), fixture.get().await.metadata.finalizers);

    fixture.platform.run_script(&fixture.id).await.unwrap();
    fixture.gone().await;
    operator.stop().await;
    assert_eq!(["patch tenants/status 200", FINALIZER_OFF[0]], *since.writes(&fixture).await);
    assert_eq!(1, since.deletions(&fixture).await);
    told(&fixture, [event("Normal", "Deleted"), event("Normal", "DeletionStarted")], "").await;
}

/// Waits for this many further calls of the operator.
async fn wait_for_calls(fixture: &Fixture, since: &Since, times: usize) {
    let before = since.calls(fixture).await.len();
    crate::support::wait::until("further looks", crate::support::wait::PATIENCE, async || {
        let now = since.calls(fixture).await.len();
        if now >= before + times { Ok(()) } else { Err(format!("{now} calls, {before} before")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_after_acceptance_change_nothing() {
    let fixture = Fixture::new("delete-edits").await;
    let _operator = fixture.connect().await;
    live(&fixture, confirmed_manifest(&fixture)).await;
    fixture.delete().await;
    waiting_for(&fixture, "Deleting", "provisioning script").await;
    let since = Since::now(&fixture).await;
    let edits = [
        ("back to Retain", json!({ "spec": { "deletionPolicy": "Retain" } })),
        ("confirmation withdrawn", withdrawal()),
        ("suspended", json!({ "spec": { "suspend": true } })),
        ("settings", json!({ "spec": { "general": { "companyName": "Other" }, "suspend": null } })),
    ];
    for (case, edit) in edits {
        fixture.patch(edit).await;
        fixture.pass().await;
        waiting_for(&fixture, "Deleting", "provisioning script").await;
        assert_eq!([""; 0], *since.effects(&fixture).await, "{case}");
        assert_eq!((Some(stamp(&fixture)), None), stamps(&fixture).await, "{case}");
    }
    fixture.platform.run_script(&fixture.id).await.unwrap();
    fixture.gone().await;
    assert_eq!(0, since.deletions(&fixture).await, "it had been asked before");
    told(&fixture, [event("Normal", "Deleted"), event("Normal", "DeletionStarted")], "").await;
}

/// The response to the deletion was lost and then the author withdrew the confirmation: too late, and reported as such.
#[tokio::test(flavor = "multi_thread")]
async fn late_withdrawal_after_a_lost_response_is_reported() {
    let mut fixture = Fixture::new("delete-lost").await;
    never_retry(&mut fixture.timing);
    let _operator = fixture.connect().await;
    live(&fixture, confirmed_manifest(&fixture)).await;
    let lost = json!({ "kind": "truncate" });
    fixture.platform.add_faults(json!([{ "route": "DELETE /v1/tenants/{id}", "action": lost }])).await.unwrap();
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    waiting_for(&fixture, "Deleting", "is not JSON (a sign-in page?)").await;
    assert_eq!(None, fixture.get().await.status.unwrap().deletion, "the operator does not know that it was accepted");
    fixture.patch(withdrawal()).await;
    fixture.gone().await;
    assert_eq!(["deletion-begun", "owner-released"], *since.effects(&fixture).await);
    told(&fixture, [event("Warning", "DeletionStarted")], "no word of a tenant that stays").await;
}

/// It was deleted before, by someone else: that it ends without a request is said.
#[tokio::test(flavor = "multi_thread")]
async fn tombstone_completes_with_a_warning() {
    let fixture = Fixture::new("delete-before").await;
    let _operator = fixture.connect().await;
    live(&fixture, confirmed_manifest(&fixture)).await;
    fixture.platform.delete(&fixture.id).await.unwrap();
    fixture.platform.run_script(&fixture.id).await.unwrap();
    assert_eq!("tenant-deleted", absence_problem(&fixture).await);
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    fixture.gone().await;
    assert_eq!(["GET /v1/tenants/{id} 404"], *since.calls(&fixture).await);
    assert_eq!(FINALIZER_OFF, *since.writes(&fixture).await);
    told(&fixture, [event("Warning", "DeletionNotRequested")], "").await;
}

/// A tenant that is missing without a tombstone was not deleted, as far as is known: the deletion waits until a person lets go.
#[tokio::test(flavor = "multi_thread")]
async fn absence_without_a_tombstone_is_no_deletion() {
    let mut fixture = Fixture::new("delete-absent").await;
    let passes = fixture.count_passes();
    let _operator = fixture.connect().await;
    live(&fixture, confirmed_manifest(&fixture)).await;
    fixture.platform.lose(&fixture.id).await.unwrap();
    assert_eq!("tenant-not-found", absence_problem(&fixture).await);
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    let waits =
        waiting_for(&fixture, "TenantLost", "missing on the platform, which has no record that it was deleted").await;
    assert_eq!(Some(vec![FINALIZER.to_owned()]), waits.metadata.finalizers);
    assert_eq!(Some("True".to_owned()), condition(&waits, "Stalled").map(|(status, ..)| status));
    passes.more(3).await;
    assert_eq!(["patch tenants/status 200"], *since.writes(&fixture).await, "said once");
    assert_eq!(
        (0, [event("Warning", "TenantLost")].to_vec()),
        (since.deletions(&fixture).await, events(&fixture).await)
    );
    fixture.annotate(ABANDON, &fixture.id).await;
    fixture.gone().await;
    told(&fixture, [event("Warning", "Abandoned"), event("Warning", "TenantLost")], "").await;
}

/// The tenant is deleted by someone else between the operator's read and its request.
#[tokio::test(flavor = "multi_thread")]
async fn tenant_gone_before_deletion_is_done() {
    let fixture = Fixture::new("delete-raced").await;
    let _operator = fixture.connect().await;
    live(&fixture, confirmed_manifest(&fixture)).await;
    let answer = json!({ "kind": "problem", "slug": "tenant-deleted", "status": 404 });
    fixture.platform.add_faults(json!([{ "route": "DELETE /v1/tenants/{id}", "action": answer }])).await.unwrap();
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    fixture.gone().await;
    assert_eq!(1, since.deletions(&fixture).await);
    told(&fixture, [event("Normal", "Deleted")], "").await;
}

/// The same without a tombstone proves nothing: the tenant is looked for again.
#[tokio::test(flavor = "multi_thread")]
async fn request_that_finds_no_tenant_is_repeated() {
    let fixture = Fixture::new("delete-missed").await;
    fixture.platform.auto_run(true).await.unwrap();
    let _operator = fixture.connect().await;
    live(&fixture, confirmed_manifest(&fixture)).await;
    let answer = json!({ "kind": "problem", "slug": "tenant-not-found", "status": 404 });
    let once = json!({ "route": "DELETE /v1/tenants/{id}", "nth": 1, "times": 1, "action": answer });
    fixture.platform.add_faults(json!([once])).await.unwrap();
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    fixture.gone().await;
    assert_eq!(2, since.deletions(&fixture).await);
    assert_eq!("tenant-deleted", absence_problem(&fixture).await);
    told(&fixture, [event("Normal", "Deleted"), event("Warning", "TenantLost")], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_started_by_someone_else_is_awaited() {
    let fixture = Fixture::new("delete-begun").await;
    let _operator = fixture.connect().await;
    live(&fixture, confirmed_manifest(&fixture)).await;
    fixture.platform.delete(&fixture.id).await.unwrap();
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    waiting_for(&fixture, "Deleting", "to run the provisioning script").await;
    assert_eq!(0, since.deletions(&fixture).await);
    fixture.platform.run_script(&fixture.id).await.unwrap();
    fixture.gone().await;
    told(&fixture, [event("Normal", "Deleted")], "").await;
}

/// The owner changes between the operator's read and its request: the platform rejects it, and the operator no longer owns
/// the tenant.
#[tokio::test(flavor = "multi_thread")]
async fn tenant_with_a_new_owner_is_not_deleted() {
    let fixture = Fixture::new("delete-taken").await;
    let _operator = fixture.connect().await;
    live(&fixture, fixture.manifest(confirming(json!({ "deletionPolicy": "Delete" }), &fixture.id))).await;
    let answer = json!({ "kind": "problem", "slug": "owned-by-other" });
    fixture.platform.add_faults(json!([{ "route": "DELETE /v1/tenants/{id}", "action": answer }])).await.unwrap();
    fixture.delete().await;
    fixture.gone().await;
    told(&fixture, [event("Warning", "DeletionNotRequested")], "").await;
    let (_, document) = fixture.platform.tenant(&fixture.id).await.unwrap();
    assert_eq!(Value::Null, document["runtime"]["deletion"]);
}

//! A confirmation must name this tenant. Admission denies an unconfirmed deletion; if one is accepted nevertheless, the
//! tenant is retained.

use kube::api::DeleteParams;
use nimbus_operator::controller::Step;
use serde_json::{Value, json};

use super::{
    CONFIRM, FINALIZER_OFF, absence_problem, annotated, confirmed_manifest, event, events, live, stamp, stamps,
};
use crate::support::fixture::{Fixture, NAME, refused};
use crate::support::pause::Pause;
use crate::support::since::Since;

/// The value of the confirmation, given the ID of this tenant and of another.
type Confirmation = fn(&str, &str) -> Value;

/// An ID with one digit changed.
fn with_typo(id: &str) -> String {
    let last = if id.ends_with('0') { "1" } else { "0" };
    format!("{}{last}", &id[..id.len() - 1])
}

/// Invalid confirmations, by what is wrong with them.
fn no_confirmations() -> [(&'static str, Confirmation); 8] {
    [
        ("none", |_, _| Value::Null),
        ("copied from another tenant", |_, copied| json!(copied)),
        ("a typo", |id, _| json!(with_typo(id))),
        ("a boolean", |_, _| json!("true")),
        ("the word of the UI", |_, _| json!("YES")),
        ("empty", |_, _| json!("")),
        ("with more behind it", |id, _| json!(format!("{id}0"))),
        ("without hyphens", |id, _| json!(id.replace('-', ""))),
    ]
}

fn unconfirmed(fixture: &Fixture, written: Confirmation, copied: &str) -> Value {
    let confirmation = written(&fixture.id, copied);
    let annotations = if confirmation.is_null() { json!({}) } else { json!({ CONFIRM: confirmation }) };
    annotated(fixture, json!({ "deletionPolicy": "Delete" }), annotations)
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_is_denied_without_valid_confirmation() {
    let fixture = Fixture::new("refused").await;
    let _operator = fixture.connect().await;
    let copied = uuid::Uuid::new_v4().to_string();
    live(&fixture, fixture.manifest(json!({ "deletionPolicy": "Delete" }))).await;
    let since = Since::now(&fixture).await;
    for (case, written) in no_confirmations() {
        fixture.patch(json!({ "metadata": { "annotations": { CONFIRM: written(&fixture.id, &copied) } } })).await;
        let outcome = fixture.tenants().delete(NAME, &DeleteParams::default()).await;
        refused(outcome.map(|_| ()), 403, &["the deletion is not confirmed", CONFIRM]).expect(case);
    }
    assert_eq!(None, fixture.get().await.metadata.deletion_timestamp);
    assert_eq!([""; 0], *since.effects(&fixture).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn unconfirmed_tenant_is_retained_with_a_warning() {
    let mut fixture = Fixture::without_policies("unconfirmed").await;
    let _operator = fixture.connect().await;
    let copied = uuid::Uuid::new_v4().to_string();
    fixture.platform.auto_run(true).await.unwrap();
    for (number, (case, confirmation)) in no_confirmations().into_iter().enumerate() {
        fixture.id = uuid::Uuid::new_v4().to_string();
        live(&fixture, unconfirmed(&fixture, confirmation, &copied)).await;
        let since = Since::now(&fixture).await;
        fixture.delete().await;
        fixture.gone().await;
        assert_eq!(["DELETE /v1/tenants/{id}/owner 200"], *since.calls(&fixture).await, "{case}");
        assert_eq!(FINALIZER_OFF, *since.writes(&fixture).await, "{case}");
        assert_eq!((None, Some(stamp(&fixture))), stamps(&fixture).await, "{case}");
        assert_eq!(vec![event("Warning", "DeletionNotConfirmed"); number + 1], events(&fixture).await, "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn confirmation_ignores_case_and_spaces() {
    let mut fixture = Fixture::new("capitals").await;
    let _operator = fixture.connect().await;
    fixture.platform.auto_run(true).await.unwrap();
    // In the annotation and in the spec.
    for (spec, confirmation) in [(false, true), (true, false), (true, true)] {
        fixture.id = uuid::Uuid::new_v4().to_string();
        let (lower, upper) = (fixture.id.clone(), fixture.id.to_uppercase());
        let written = |capital| if capital { upper.clone() } else { lower.clone() };
        let spec = json!({ "deletionPolicy": "Delete", "general": { "tenantId": written(spec) } });
        live(&fixture, annotated(&fixture, spec, json!({ CONFIRM: format!(" {} ", written(confirmation)) }))).await;
        fixture.delete().await;
        fixture.gone().await;
        assert_eq!("tenant-deleted", absence_problem(&fixture).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn withdrawn_confirmation_is_void() {
    let fixture = Fixture::without_policies("withdrawn").await;
    let _operator = fixture.connect().await;
    live(&fixture, confirmed_manifest(&fixture)).await;
    fixture.patch(json!({ "metadata": { "annotations": { CONFIRM: null } } })).await;
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    fixture.gone().await;
    assert_eq!(0, since.deletions(&fixture).await);
    assert_eq!([event("Warning", "DeletionNotConfirmed")], *events(&fixture).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn confirmation_just_before_the_deletion_counts() {
    let fixture = Fixture::new("just-before").await;
    let _operator = fixture.connect().await;
    fixture.platform.auto_run(true).await.unwrap();
    live(&fixture, fixture.manifest(json!({}))).await;
    fixture.patch(json!({ "spec": { "deletionPolicy": "Delete" } })).await;
    fixture.annotate(CONFIRM, &fixture.id).await;
    fixture.delete().await;
    fixture.gone().await;
    assert_eq!("tenant-deleted", absence_problem(&fixture).await);
}

/// The pass has decided to delete, and the author withdraws the confirmation in the meantime.
#[tokio::test(flavor = "multi_thread")]
async fn confirmation_withdrawn_during_a_pass_is_void() {
    let (mut fixture, hold) = (Fixture::new("withdrawn-late").await, Pause::default());
    fixture.observer = hold.observer();
    let _operator = fixture.connect().await;
    live(&fixture, confirmed_manifest(&fixture)).await;
    let since = Since::now(&fixture).await;
    let mut held = hold.at(Step::Execute);
    fixture.delete().await;
    held.reached().await;
    fixture.patch(json!({ "metadata": { "annotations": { CONFIRM: null } } })).await;
    drop(held);
    fixture.gone().await;
    assert_eq!(0, since.deletions(&fixture).await);
    assert_eq!(["owner-released"], *since.effects(&fixture).await);
    assert_eq!([event("Warning", "DeletionNotConfirmed")], *events(&fixture).await);
}

/// A confirmation stays valid during an outage and can still be withdrawn.
#[tokio::test(flavor = "multi_thread")]
async fn confirmation_can_be_withdrawn_during_an_outage() {
    let fixture = Fixture::new("withdrawn-outage").await;
    let _operator = fixture.connect().await;
    live(&fixture, confirmed_manifest(&fixture)).await;
    fixture.platform.add_faults(json!([{ "route": "*", "action": { "kind": "close-before" } }])).await.unwrap();
    fixture.delete().await;
    super::waiting_for(&fixture, "Deleting", "The deletion waits for the platform: lost the connection").await;
    fixture.patch(json!({ "metadata": { "annotations": { CONFIRM: null } } })).await;
    fixture.gone().await;
    fixture.platform.clear_faults().await.unwrap();
    assert_eq!((Some(stamp(&fixture)), None), stamps(&fixture).await, "the stamp is stale");
    assert_eq!([event("Warning", "DeletionNotConfirmed")], *events(&fixture).await);
}

//! A confirmation must name this tenant. Admission denies an unconfirmed deletion; if one is accepted nevertheless, the
//! tenant is retained.

use kube::api::DeleteParams;
use nimbus_operator::controller::Step;
use serde_json::{Value, json};

use super::{CONFIRM, FINALIZER_OFF, Since, absence, annotated, doomed, event, events, live, stamp, stamps};
use crate::support::hold::Hold;
use crate::support::stage::{NAME, Stage, refused};

/// The value of the confirmation, given the ID of this tenant and of another.
type Written = fn(&str, &str) -> Value;

/// An ID with one digit changed.
fn typo(id: &str) -> String {
    let last = if id.ends_with('0') { "1" } else { "0" };
    format!("{}{last}", &id[..id.len() - 1])
}

/// Invalid confirmations, by what is wrong with them.
fn no_confirmations() -> [(&'static str, Written); 8] {
    [
        ("none", |_, _| Value::Null),
        ("copied from another tenant", |_, copied| json!(copied)),
        ("a typo", |id, _| json!(typo(id))),
        ("a boolean", |_, _| json!("true")),
        ("the word of the UI", |_, _| json!("YES")),
        ("empty", |_, _| json!("")),
        ("with more behind it", |id, _| json!(format!("{id}0"))),
        ("without hyphens", |id, _| json!(id.replace('-', ""))),
    ]
}

fn unconfirmed(stage: &Stage, written: Written, copied: &str) -> Value {
    let confirmation = written(&stage.id, copied);
    let annotations = if confirmation.is_null() { json!({}) } else { json!({ CONFIRM: confirmation }) };
    annotated(stage, json!({ "deletionPolicy": "Delete" }), annotations)
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_is_denied_without_valid_confirmation() {
    let stage = Stage::new("refused").await;
    let _operator = stage.connect().await;
    let copied = uuid::Uuid::new_v4().to_string();
    live(&stage, stage.manifest(json!({ "deletionPolicy": "Delete" }))).await;
    let since = Since::now(&stage).await;
    for (case, written) in no_confirmations() {
        stage.patch(json!({ "metadata": { "annotations": { CONFIRM: written(&stage.id, &copied) } } })).await;
        let outcome = stage.tenants().delete(NAME, &DeleteParams::default()).await;
        refused(outcome.map(|_| ()), 403, &["nobody confirmed it", CONFIRM]).expect(case);
    }
    assert_eq!(None, stage.get().await.metadata.deletion_timestamp);
    assert_eq!([""; 0], *since.effects(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn unconfirmed_tenant_is_retained_with_a_warning() {
    let mut stage = Stage::without_policies("unconfirmed").await;
    let _operator = stage.connect().await;
    let copied = uuid::Uuid::new_v4().to_string();
    stage.platform.auto_run(true).await.unwrap();
    for (number, (case, confirmation)) in no_confirmations().into_iter().enumerate() {
        stage.id = uuid::Uuid::new_v4().to_string();
        live(&stage, unconfirmed(&stage, confirmation, &copied)).await;
        let since = Since::now(&stage).await;
        stage.delete().await;
        stage.gone().await;
        assert_eq!(["DELETE /v1/tenants/{id}/owner 200"], *since.calls(&stage).await, "{case}");
        assert_eq!(FINALIZER_OFF, *since.writes(&stage).await, "{case}");
        assert_eq!((None, Some(stamp(&stage))), stamps(&stage).await, "{case}");
        assert_eq!(vec![event("Warning", "DeletionNotConfirmed"); number + 1], events(&stage).await, "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn confirmation_ignores_case_and_spaces() {
    let mut stage = Stage::new("capitals").await;
    let _operator = stage.connect().await;
    stage.platform.auto_run(true).await.unwrap();
    // In the annotation and in the spec.
    for (spec, confirmation) in [(false, true), (true, false), (true, true)] {
        stage.id = uuid::Uuid::new_v4().to_string();
        let (lower, upper) = (stage.id.clone(), stage.id.to_uppercase());
        let written = |capital| if capital { upper.clone() } else { lower.clone() };
        let spec = json!({ "deletionPolicy": "Delete", "general": { "tenantId": written(spec) } });
        live(&stage, annotated(&stage, spec, json!({ CONFIRM: format!(" {} ", written(confirmation)) }))).await;
        stage.delete().await;
        stage.gone().await;
        assert_eq!("tenant-deleted", absence(&stage).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn withdrawn_confirmation_is_void() {
    let stage = Stage::without_policies("withdrawn").await;
    let _operator = stage.connect().await;
    live(&stage, doomed(&stage)).await;
    stage.patch(json!({ "metadata": { "annotations": { CONFIRM: null } } })).await;
    let since = Since::now(&stage).await;
    stage.delete().await;
    stage.gone().await;
    assert_eq!(0, since.deletions(&stage).await);
    assert_eq!([event("Warning", "DeletionNotConfirmed")], *events(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn confirmation_just_before_the_deletion_counts() {
    let stage = Stage::new("just-before").await;
    let _operator = stage.connect().await;
    stage.platform.auto_run(true).await.unwrap();
    live(&stage, stage.manifest(json!({}))).await;
    stage.patch(json!({ "spec": { "deletionPolicy": "Delete" } })).await;
    stage.annotate(CONFIRM, &stage.id).await;
    stage.delete().await;
    stage.gone().await;
    assert_eq!("tenant-deleted", absence(&stage).await);
}

/// The pass has decided to delete, and the author withdraws the confirmation in the meantime.
#[tokio::test(flavor = "multi_thread")]
async fn confirmation_withdrawn_during_a_pass_is_void() {
    let (mut stage, hold) = (Stage::new("withdrawn-late").await, Hold::default());
    stage.observer = hold.observer();
    let _operator = stage.connect().await;
    live(&stage, doomed(&stage)).await;
    let since = Since::now(&stage).await;
    let mut held = hold.at(Step::Execute);
    stage.delete().await;
    held.reached().await;
    stage.patch(json!({ "metadata": { "annotations": { CONFIRM: null } } })).await;
    drop(held);
    stage.gone().await;
    assert_eq!(0, since.deletions(&stage).await);
    assert_eq!(["owner-released"], *since.effects(&stage).await);
    assert_eq!([event("Warning", "DeletionNotConfirmed")], *events(&stage).await);
}

/// A confirmation stays valid during an outage and can still be withdrawn.
#[tokio::test(flavor = "multi_thread")]
async fn confirmation_can_be_withdrawn_during_an_outage() {
    let stage = Stage::new("withdrawn-outage").await;
    let _operator = stage.connect().await;
    live(&stage, doomed(&stage)).await;
    stage.platform.plant(json!([{ "route": "*", "action": { "kind": "close-before" } }])).await.unwrap();
    stage.delete().await;
    super::waits_for(&stage, "Deleting", "the platform cannot be asked: the connection broke").await;
    stage.patch(json!({ "metadata": { "annotations": { CONFIRM: null } } })).await;
    stage.gone().await;
    stage.platform.heal().await.unwrap();
    assert_eq!((Some(stamp(&stage)), None), stamps(&stage).await, "the stamp is stale");
    assert_eq!([event("Warning", "DeletionNotConfirmed")], *events(&stage).await);
}

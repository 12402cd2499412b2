//! A confirmation must name this tenant. Admission denies an unconfirmed deletion; if one is accepted nevertheless, the
//! tenant is retained.

use kube::api::DeleteParams;
use nimbus_operator::controller::Step;
use serde_json::{Value, json};

use super::{FINALIZER_OFF, absence_problem, confirmed_manifest, event, live, stamp, stamps, told};
use crate::support::confirmation::{confirmed, confirming, day, until, withdrawal};
use crate::support::fixture::{Fixture, NAME, refused};
use crate::support::pause::Pause;
use crate::support::since::Since;

const CONFIRM: &str = "spec.confirmations.deletion";

/// The value of the confirmation, given the ID of this tenant and of another.
type Confirmation = fn(&str, &str) -> Value;

/// An ID with one digit changed.
fn with_typo(id: &str) -> String {
    let last = if id.ends_with('0') { "1" } else { "0" };
    format!("{}{last}", &id[..id.len() - 1])
}

/// Confirmations of something else, which admission sees.
fn other_values() -> [(&'static str, Confirmation); 3] {
    [
        ("none", |_, _| Value::Null),
        ("copied from another tenant", |_, copied| json!(confirmed(copied))),
        ("a typo", |id, _| json!(confirmed(&with_typo(id)))),
    ]
}

/// Confirmations of this tenant that are not valid today, which only the operator sees: admission has no clock. A day may end
/// during the test.
fn other_days() -> [(&'static str, Confirmation); 4] {
    [
        ("past its last day", |id, _| json!(until(id, -1))),
        ("past its last day for long", |id, _| json!(until(id, -400))),
        ("a last day more than a week ahead", |id, _| json!(until(id, 9))),
        ("a day that is in no calendar", |id, _| json!(format!("{id} until {}-02-30", day(0).year()))),
    ]
}

/// What is no confirmation at all: the schema says what one looks like.
fn malformed(id: &str) -> [String; 10] {
    [
        "true".into(),
        "YES".into(),
        String::new(),
        id.into(),
        day(1).to_string(),
        confirmed(&format!("{id}0")),
        confirmed(&id.replace('-', "")),
        format!(" {} ", confirmed(id)),
        format!("{id} until tomorrow"),
        format!("{id} until 01.12.2026"),
    ]
}

fn set(confirmation: Value) -> Value {
    json!({ "spec": { "confirmations": { "deletion": confirmation } } })
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_is_denied_without_valid_confirmation() {
    let fixture = Fixture::new("refused").await;
    let _operator = fixture.connect().await;
    let copied = uuid::Uuid::new_v4().to_string();
    live(&fixture, fixture.manifest(json!({ "deletionPolicy": "Delete" }))).await;
    let since = Since::now(&fixture).await;
    for (case, written) in other_values() {
        fixture.patch(set(written(&fixture.id, &copied))).await;
        let outcome = fixture.tenants().delete(NAME, &DeleteParams::default()).await;
        let to_write = format!("set {CONFIRM} to \"{} until YYYY-MM-DD\"", fixture.id);
        refused(outcome.map(|_| ()), 403, &["the deletion is not confirmed", &to_write]).expect(case);
    }
    for confirmation in malformed(&fixture.id) {
        let says = [CONFIRM, "must be the tenant ID and the last day on which the confirmation is valid"];
        refused(fixture.try_patch(set(json!(confirmation))).await, 422, &says).unwrap();
    }
    assert_eq!(None, fixture.get().await.metadata.deletion_timestamp);
    assert_eq!([""; 0], *since.effects(&fixture).await);
}

/// Admission has no clock, so the operator decides: the tenant is retained.
#[tokio::test(flavor = "multi_thread")]
async fn outdated_confirmation_retains_the_tenant() {
    let mut fixture = Fixture::new("outdated").await;
    let _operator = fixture.connect().await;
    fixture.platform.auto_run(true).await.unwrap();
    for (number, (case, confirmation)) in other_days().into_iter().enumerate() {
        fixture.id = uuid::Uuid::new_v4().to_string();
        let mut spec = json!({ "deletionPolicy": "Delete" });
        spec["confirmations"] = json!({ "deletion": confirmation(&fixture.id, "") });
        live(&fixture, fixture.manifest(spec)).await;
        let since = Since::now(&fixture).await;
        fixture.delete().await;
        fixture.gone().await;
        assert_eq!(0, since.deletions(&fixture).await, "{case}");
        assert_eq!((None, Some(stamp(&fixture))), stamps(&fixture).await, "{case}");
        told(&fixture, vec![event("Warning", "DeletionNotConfirmed"); number + 1], case).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unconfirmed_tenant_is_retained_with_a_warning() {
    let mut fixture = Fixture::without_policies("unconfirmed").await;
    let _operator = fixture.connect().await;
    let copied = uuid::Uuid::new_v4().to_string();
    fixture.platform.auto_run(true).await.unwrap();
    for (number, (case, confirmation)) in other_values().into_iter().chain(other_days()).enumerate() {
        fixture.id = uuid::Uuid::new_v4().to_string();
        let mut manifest = fixture.manifest(json!({ "deletionPolicy": "Delete" }));
        json_patch::merge(&mut manifest, &set(confirmation(&fixture.id, &copied)));
        live(&fixture, manifest).await;
        let since = Since::now(&fixture).await;
        fixture.delete().await;
        fixture.gone().await;
        assert_eq!(["DELETE /v1/tenants/{id}/owner 200"], *since.calls(&fixture).await, "{case}");
        assert_eq!(FINALIZER_OFF, *since.writes(&fixture).await, "{case}");
        assert_eq!((None, Some(stamp(&fixture))), stamps(&fixture).await, "{case}");
        told(&fixture, vec![event("Warning", "DeletionNotConfirmed"); number + 1], case).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn confirmation_ignores_case() {
    let mut fixture = Fixture::new("capitals").await;
    let _operator = fixture.connect().await;
    fixture.platform.auto_run(true).await.unwrap();
    // In the confirmation and in the ID.
    for (spec, confirmation) in [(false, true), (true, false), (true, true)] {
        fixture.id = uuid::Uuid::new_v4().to_string();
        let (lower, upper) = (fixture.id.clone(), fixture.id.to_uppercase());
        let written = |capital| if capital { upper.clone() } else { lower.clone() };
        let spec = json!({ "deletionPolicy": "Delete", "general": { "tenantId": written(spec) } });
        live(&fixture, fixture.manifest(confirming(spec, &written(confirmation)))).await;
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
    fixture.patch(withdrawal()).await;
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    fixture.gone().await;
    assert_eq!(0, since.deletions(&fixture).await);
    told(&fixture, [event("Warning", "DeletionNotConfirmed")], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn confirmation_just_before_the_deletion_counts() {
    let fixture = Fixture::new("just-before").await;
    let _operator = fixture.connect().await;
    fixture.platform.auto_run(true).await.unwrap();
    live(&fixture, fixture.manifest(json!({}))).await;
    fixture.patch(json!({ "spec": { "deletionPolicy": "Delete" } })).await;
    fixture.confirm("deletion", &fixture.id).await;
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
    fixture.patch(withdrawal()).await;
    drop(held);
    fixture.gone().await;
    assert_eq!(0, since.deletions(&fixture).await);
    assert_eq!(["owner-released"], *since.effects(&fixture).await);
    told(&fixture, [event("Warning", "DeletionNotConfirmed")], "").await;
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
    fixture.patch(withdrawal()).await;
    fixture.gone().await;
    fixture.platform.clear_faults().await.unwrap();
    assert_eq!((Some(stamp(&fixture)), None), stamps(&fixture).await, "the stamp is stale");
    told(&fixture, [event("Warning", "DeletionNotConfirmed")], "").await;
}

//! A known tenant that is gone or pending deletion: nothing is created silently, and nothing is written.

use serde_json::{Value, json};

use super::{comes_to, conditions, stalled};
use crate::deletion::{
    CONFIRM, FINALIZER_OFF, RECREATE, Since, absence, annotated, event, events, live, stamp, stamps, waits_for,
};
use crate::support::stage::{NAME, Stage};

/// Runs a pass that finds the tenant lost; returns the token in the message.
async fn lost(stage: &Stage, happened: &str) -> String {
    stage.pass().await;
    let (tenant, message) = comes_to(&stage.tenants(), NAME, "TenantLost").await;
    assert_eq!(stalled("TenantLost"), conditions(&tenant));
    let expected = format!("{happened}; to create it again, set the annotation {RECREATE}: ");
    assert!(message.starts_with(&expected), "{message}");
    message[expected.len()..].to_owned()
}

/// A wrong token creates nothing.
async fn is_no_token(stage: &Stage, token: &str) {
    let since = Since::now(stage).await;
    stage.annotate(RECREATE, token).await;
    stage.pass().await;
    comes_to(&stage.tenants(), NAME, "TenantLost").await;
    assert_eq!([""; 0], *since.effects(stage).await, "{token}");
    let calls = since.calls(stage).await;
    assert!(calls.iter().all(|call| call == "GET /v1/tenants/{id} 404"), "{token}: {calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_tenant_is_recreated_only_with_token() {
    let stage = Stage::new("lost").await;
    let _operator = stage.connect().await;
    let ready = live(&stage, stage.manifest(json!({ "general": { "companyName": "Contoso AG" } }))).await;
    let applied = ready.status.unwrap().applied.unwrap();
    stage.platform.lose(&stage.id).await.unwrap();
    let since = Since::now(&stage).await;
    let token = lost(&stage, "the tenant is gone from the platform").await;
    assert_eq!(format!("lost-{}", applied.settings_version), token);
    assert_eq!(["patch tenants/status 200"], *since.writes(&stage).await, "one write says it");
    for wrong in ["lost-", "lost-s0", "true", &stage.id, &token.to_uppercase(), &applied.settings_version] {
        is_no_token(&stage, wrong).await;
    }
    let since = Since::now(&stage).await;
    stage.annotate(RECREATE, &token).await;
    stage.ready().await;
    assert_eq!(["tenant-created"], *since.effects(&stage).await);
    assert_eq!((Some(stamp(&stage)), None), stamps(&stage).await);
    stage.settings("all of the spec", |settings| settings["general"]["companyName"] == "Contoso AG").await;

    // A token that is left in git does not apply to the next time.
    stage.platform.lose(&stage.id).await.unwrap();
    let next = lost(&stage, "the tenant is gone from the platform").await;
    assert_ne!(next, token);
    assert_eq!("tenant-not-found", absence(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_tenant_is_recreated_only_with_token() {
    let stage = Stage::new("tombstone").await;
    let _operator = stage.connect().await;
    let ready = live(&stage, stage.manifest(json!({}))).await;
    let version = ready.status.unwrap().applied.unwrap().settings_version;
    stage.platform.delete(&stage.id).await.unwrap();
    stage.platform.run_script(&stage.id).await.unwrap();
    let (_, tombstone) = stage.platform.tenant(&stage.id).await.unwrap();
    let token = lost(&stage, "the tenant was deleted on the platform").await;
    assert_eq!(token, tombstone["deletionId"].as_str().unwrap());
    let stranger = uuid::Uuid::new_v4().to_string();
    for wrong in [format!("lost-{version}"), stranger, stage.id.clone(), String::new()] {
        is_no_token(&stage, &wrong).await;
    }
    let since = Since::now(&stage).await;
    stage.annotate(RECREATE, &token).await;
    stage.ready().await;
    assert_eq!(["tenant-created"], *since.effects(&stage).await);
    let log = stage.platform.log_after(0).await.unwrap();
    let put = log.iter().rfind(|seen| seen.call == "PUT /v1/tenants/{id}").unwrap();
    assert_eq!(format!("recreate={token}"), put.entry["query"]);

    stage.platform.delete(&stage.id).await.unwrap();
    stage.platform.run_script(&stage.id).await.unwrap();
    assert_ne!(lost(&stage, "the tenant was deleted on the platform").await, token);
}

/// Editing a Tenant whose tenant is gone does not create it either.
#[tokio::test(flavor = "multi_thread")]
async fn edit_does_not_recreate_a_lost_tenant() {
    let stage = Stage::new("lost-edit").await;
    let _operator = stage.connect().await;
    live(&stage, stage.manifest(json!({}))).await;
    stage.platform.lose(&stage.id).await.unwrap();
    let since = Since::now(&stage).await;
    stage.patch(json!({ "spec": { "adoptionPolicy": "Always", "general": { "division": "North" } } })).await;
    comes_to(&stage.tenants(), NAME, "TenantLost").await;
    assert_eq!([""; 0], *since.effects(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn tenant_deleted_elsewhere_is_not_written() {
    let stage = Stage::new("deleting").await;
    let _operator = stage.connect().await;
    live(&stage, stage.manifest(json!({}))).await;
    stage.platform.delete(&stage.id).await.unwrap();
    let since = Since::now(&stage).await;
    stage.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    let (tenant, message) = comes_to(&stage.tenants(), NAME, "TenantDeleting").await;
    let expected = "the tenant waits for its deletion on the platform, which this Tenant did not ask for";
    assert_eq!(expected, message);
    assert_eq!(stalled("TenantDeleting"), conditions(&tenant));
    assert_eq!(None, tenant.status.unwrap().deletion, "it is not this Tenant's deletion");
    assert_eq!(["GET /v1/tenants/{id} 200"], *since.calls(&stage).await);
    assert_eq!(["patch tenants/status 200"], *since.writes(&stage).await);
    stage.platform.run_script(&stage.id).await.unwrap();
    lost(&stage, "the tenant was deleted on the platform").await;
    assert_eq!([""; 0], *since.effects(&stage).await);
}

/// The tenant of a Tenant with Retain can no longer be kept: the Tenant is deleted with a warning, without waiting for the
/// script.
#[tokio::test(flavor = "multi_thread")]
async fn retained_tenant_deleted_elsewhere_is_released() {
    let stage = Stage::new("deleting-retain").await;
    let _operator = stage.connect().await;
    live(&stage, stage.manifest(json!({}))).await;
    stage.platform.delete(&stage.id).await.unwrap();
    let since = Since::now(&stage).await;
    stage.delete().await;
    stage.gone().await;
    assert_eq!(FINALIZER_OFF, *since.writes(&stage).await);
    assert_eq!(0, since.deletions(&stage).await);
    assert_eq!([event("Warning", "DeletionStarted")], *events(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn confirmed_tenant_deleted_elsewhere_awaits_script() {
    let stage = Stage::new("deleting-confirmed").await;
    let _operator = stage.connect().await;
    live(&stage, annotated(&stage, json!({ "deletionPolicy": "Delete" }), json!({ CONFIRM: stage.id }))).await;
    stage.platform.delete(&stage.id).await.unwrap();
    stage.pass().await;
    comes_to(&stage.tenants(), NAME, "TenantDeleting").await;
    let since = Since::now(&stage).await;
    stage.delete().await;
    waits_for(&stage, "Deleting", "provisioning script").await;
    stage.platform.run_script(&stage.id).await.unwrap();
    stage.gone().await;
    assert_eq!(0, since.deletions(&stage).await);
    let (_, document) = stage.platform.tenant(&stage.id).await.unwrap();
    assert_eq!(Value::Null, document["owner"]);
}

/// An undocumented 404 is not absence: nothing is lost, and nothing is created.
#[tokio::test(flavor = "multi_thread")]
async fn undocumented_404_is_not_lost() {
    let stage = Stage::new("not-lost").await;
    let _operator = stage.connect().await;
    live(&stage, stage.manifest(json!({}))).await;
    for answer in [
        json!({ "kind": "status", "status": 404 }),
        json!({ "kind": "html", "status": 404 }),
        json!({ "kind": "problem", "slug": "route-not-found" }),
        json!({ "kind": "status", "status": 404, "body": { "type": "urn:nimbus:problem:tenant-not-found" } }),
    ] {
        stage.platform.plant(json!([{ "route": "GET /v1/tenants/{id}", "action": answer }])).await.unwrap();
        let since = Since::now(&stage).await;
        stage.pass().await;
        let ready = crate::support::stage::condition(&stage.get().await, "Ready").unwrap();
        assert_eq!(("True", "Succeeded"), (ready.0.as_str(), ready.1.as_str()), "{answer}");
        assert_eq!([""; 0], *since.effects(&stage).await, "{answer}");
        stage.platform.heal().await.unwrap();
        stage.connected().await;
    }
}

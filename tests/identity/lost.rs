//! A known tenant that is gone or pending deletion: nothing is created silently, and nothing is written.

use serde_json::{Value, json};

use super::{conditions, ready_reason, stalled};
use crate::deletion::{FINALIZER_OFF, RECREATE, absence_problem, event, live, stamp, stamps, told, waiting_for};
use crate::support::confirmation::confirming;
use crate::support::fixture::{Fixture, NAME, refused};
use crate::support::since::Since;

/// Runs a pass that finds the tenant lost; returns the token in the message.
async fn lost(fixture: &Fixture, happened: &str) -> String {
    fixture.pass().await;
    let (tenant, message) = ready_reason(&fixture.tenants(), NAME, "TenantLost").await;
    assert_eq!(stalled("TenantLost"), conditions(&tenant));
    let expected = format!("{happened}; to create it again, set {RECREATE}: ");
    assert!(message.starts_with(&expected), "{message}");
    message[expected.len()..].to_owned()
}

/// A wrong token creates nothing.
async fn is_no_token(fixture: &Fixture, token: &str) {
    let since = Since::now(fixture).await;
    fixture.recreate(token).await;
    fixture.pass().await;
    ready_reason(&fixture.tenants(), NAME, "TenantLost").await;
    assert_eq!([""; 0], *since.effects(fixture).await, "{token}");
    let calls = since.calls(fixture).await;
    assert!(calls.iter().all(|call| call == "GET /v1/tenants/{id} 404"), "{token}: {calls:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_tenant_is_recreated_only_with_token() {
    let fixture = Fixture::new("lost").await;
    let _operator = fixture.connect().await;
    let ready = live(&fixture, fixture.manifest(json!({ "general": { "companyName": "Contoso AG" } }))).await;
    let applied = ready.status.unwrap().applied.unwrap();
    fixture.platform.lose(&fixture.id).await.unwrap();
    let since = Since::now(&fixture).await;
    let token = lost(&fixture, "The tenant is missing on the platform").await;
    assert_eq!(format!("lost-{}", applied.settings_version), token);
    assert_eq!(["patch tenants/status 200"], *since.writes(&fixture).await, "one write says it");
    for wrong in ["lost-", "lost-s0", "true", &fixture.id, &token.to_uppercase(), &applied.settings_version] {
        is_no_token(&fixture, wrong).await;
    }
    let since = Since::now(&fixture).await;
    fixture.recreate(&token).await;
    fixture.ready().await;
    assert_eq!(["tenant-created"], *since.effects(&fixture).await);
    assert_eq!((Some(stamp(&fixture)), None), stamps(&fixture).await);
    fixture.settings("all of the spec", |settings| settings["general"]["companyName"] == "Contoso AG").await;

    // A token that is left in git does not apply to the next time.
    fixture.platform.lose(&fixture.id).await.unwrap();
    let next = lost(&fixture, "The tenant is missing on the platform").await;
    assert_ne!(next, token);
    assert_eq!("tenant-not-found", absence_problem(&fixture).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_tenant_is_recreated_only_with_token() {
    let fixture = Fixture::new("tombstone").await;
    let _operator = fixture.connect().await;
    let ready = live(&fixture, fixture.manifest(json!({}))).await;
    let version = ready.status.unwrap().applied.unwrap().settings_version;
    fixture.platform.delete(&fixture.id).await.unwrap();
    fixture.platform.run_script(&fixture.id).await.unwrap();
    let (_, tombstone) = fixture.platform.tenant(&fixture.id).await.unwrap();
    let token = lost(&fixture, "The tenant was deleted on the platform").await;
    assert_eq!(token, tombstone["deletionId"].as_str().unwrap());
    let stranger = uuid::Uuid::new_v4().to_string();
    for wrong in [format!("lost-{version}"), stranger, fixture.id.clone()] {
        is_no_token(&fixture, &wrong).await;
    }
    let empty = json!({ "spec": { "confirmations": { "recreate": "" } } });
    refused(fixture.try_patch(empty).await, 422, &[RECREATE, "must be the token that the status names"]).unwrap();
    let since = Since::now(&fixture).await;
    fixture.recreate(&token).await;
    fixture.ready().await;
    assert_eq!(["tenant-created"], *since.effects(&fixture).await);
    let log = fixture.platform.log_after(0).await.unwrap();
    let put = log.iter().rfind(|seen| seen.call == "PUT /v1/tenants/{id}").unwrap();
    assert_eq!(format!("recreate={token}"), put.entry["query"]);

    fixture.platform.delete(&fixture.id).await.unwrap();
    fixture.platform.run_script(&fixture.id).await.unwrap();
    assert_ne!(lost(&fixture, "The tenant was deleted on the platform").await, token);
}

/// Editing a Tenant whose tenant is gone does not create it either.
#[tokio::test(flavor = "multi_thread")]
async fn edit_does_not_recreate_a_lost_tenant() {
    let fixture = Fixture::new("lost-edit").await;
    let _operator = fixture.connect().await;
    live(&fixture, fixture.manifest(json!({}))).await;
    fixture.platform.lose(&fixture.id).await.unwrap();
    let since = Since::now(&fixture).await;
    fixture.patch(json!({ "spec": { "adoptionPolicy": "Always", "general": { "division": "North" } } })).await;
    ready_reason(&fixture.tenants(), NAME, "TenantLost").await;
    assert_eq!([""; 0], *since.effects(&fixture).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn tenant_deleted_elsewhere_is_not_written() {
    let fixture = Fixture::new("deleting").await;
    let _operator = fixture.connect().await;
    live(&fixture, fixture.manifest(json!({}))).await;
    fixture.platform.delete(&fixture.id).await.unwrap();
    let since = Since::now(&fixture).await;
    fixture.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    let (tenant, message) = ready_reason(&fixture.tenants(), NAME, "TenantDeleting").await;
    let expected = "The platform is deleting the tenant, which this Tenant did not request";
    assert_eq!(expected, message);
    assert_eq!(stalled("TenantDeleting"), conditions(&tenant));
    assert_eq!(None, tenant.status.unwrap().deletion, "it is not this Tenant's deletion");
    assert_eq!(["GET /v1/tenants/{id} 200"], *since.calls(&fixture).await);
    assert_eq!(["patch tenants/status 200"], *since.writes(&fixture).await);
    fixture.platform.run_script(&fixture.id).await.unwrap();
    lost(&fixture, "The tenant was deleted on the platform").await;
    assert_eq!([""; 0], *since.effects(&fixture).await);
}

/// The tenant of a Tenant with Retain can no longer be kept: the Tenant is deleted with a warning, without waiting for the
/// script.
#[tokio::test(flavor = "multi_thread")]
async fn retained_tenant_deleted_elsewhere_is_released() {
    let fixture = Fixture::new("deleting-retain").await;
    let _operator = fixture.connect().await;
    live(&fixture, fixture.manifest(json!({}))).await;
    fixture.platform.delete(&fixture.id).await.unwrap();
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    fixture.gone().await;
    assert_eq!(FINALIZER_OFF, *since.writes(&fixture).await);
    assert_eq!(0, since.deletions(&fixture).await);
    told(&fixture, [event("Warning", "DeletionStarted")], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn confirmed_tenant_deleted_elsewhere_awaits_script() {
    let fixture = Fixture::new("deleting-confirmed").await;
    let _operator = fixture.connect().await;
    live(&fixture, fixture.manifest(confirming(json!({ "deletionPolicy": "Delete" }), &fixture.id))).await;
    fixture.platform.delete(&fixture.id).await.unwrap();
    fixture.pass().await;
    ready_reason(&fixture.tenants(), NAME, "TenantDeleting").await;
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    waiting_for(&fixture, "Deleting", "provisioning script").await;
    fixture.platform.run_script(&fixture.id).await.unwrap();
    fixture.gone().await;
    assert_eq!(0, since.deletions(&fixture).await);
    let (_, document) = fixture.platform.tenant(&fixture.id).await.unwrap();
    assert_eq!(Value::Null, document["owner"]);
}

/// An undocumented 404 is not absence: nothing is lost, and nothing is created.
#[tokio::test(flavor = "multi_thread")]
async fn undocumented_404_is_not_lost() {
    let mut fixture = Fixture::new("not-lost").await;
    let passes = fixture.count_passes();
    let _operator = fixture.connect().await;
    live(&fixture, fixture.manifest(json!({}))).await;
    for answer in [
        json!({ "kind": "status", "status": 404 }),
        json!({ "kind": "html", "status": 404 }),
        json!({ "kind": "problem", "slug": "route-not-found" }),
        json!({ "kind": "status", "status": 404, "body": { "type": "urn:nimbus:problem:tenant-not-found" } }),
    ] {
        fixture.platform.add_faults(json!([{ "route": "GET /v1/tenants/{id}", "action": answer }])).await.unwrap();
        let since = Since::now(&fixture).await;
        // A request for a pass is not answered in an outage, so passes are counted; the first may have begun before the fault.
        fixture.annotate("nimbus.luware.com/reconcile-requested-at", &uuid::Uuid::new_v4().to_string()).await;
        passes.more(2).await;
        let ready = crate::support::fixture::condition(&fixture.get().await, "Ready").unwrap();
        assert_eq!(("True", "Succeeded"), (ready.0.as_str(), ready.1.as_str()), "{answer}");
        assert_eq!([""; 0], *since.effects(&fixture).await, "{answer}");
        fixture.platform.clear_faults().await.unwrap();
        fixture.connected().await;
    }
}

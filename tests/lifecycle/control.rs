//! How users control the operator: suspend, reconcile now, and credentials that may not write everything.

use serde_json::json;

use crate::support::fixture::{Fixture, NAME, condition};
use crate::support::since::Since;
use crate::support::users::TENANT_EDITOR;
use crate::support::wait::{PATIENCE, until};

#[tokio::test(flavor = "multi_thread")]
async fn suspended_tenant_makes_no_calls_and_stays_ready() {
    let fixture = Fixture::new("suspend").await;
    let _operator = fixture.start();
    fixture.create(json!({ "general": { "division": "Care" } })).await;
    let ready = fixture.ready().await;
    let since = Since::now(&fixture).await;
    fixture.patch(json!({ "spec": { "suspend": true } })).await;
    let suspended = fixture.condition("Synced", "Unknown", "ReconciliationSuspended").await;
    assert_eq!(condition(&ready, "Ready"), condition(&suspended, "Ready"), "as it was");
    assert_eq!(["patch status"], *since.verbs(&fixture).await);

    // Drift, a requested pass, and an edit, which must not look live.
    fixture.platform.edit(&fixture.id, json!({ "general": { "division": "Sales" } })).await.unwrap();
    fixture.pass().await;
    fixture.patch(json!({ "spec": { "general": { "division": "Support" } } })).await;
    fixture.condition("Ready", "False", "ReconciliationSuspended").await;
    assert_eq!(Vec::<String>::new(), since.methods(&fixture).await);
    // Reverted, it equals what was applied; without a call nothing more is known.
    fixture.patch(json!({ "spec": { "general": { "division": "Care" } } })).await;
    fixture.condition("Ready", "False", "ReconciliationSuspended").await;
    assert_eq!(Vec::<String>::new(), since.methods(&fixture).await);

    fixture.patch(json!({ "spec": { "suspend": false } })).await;
    fixture.ready().await;
    fixture.settings("the spec is live", |settings| settings["general"]["division"] == "Care").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requested_pass_runs_once_and_is_echoed() {
    let fixture = Fixture::new("sync-now").await;
    let operator = fixture.start();
    fixture.create(json!({})).await;
    let ready = fixture.ready().await;
    assert_eq!(None, ready.status.unwrap().last_handled_reconcile_at);
    let since = Since::now(&fixture).await;
    let annotation = "nimbus.luware.com/reconcile-requested-at=2026-11-24T12:00:00Z";
    fixture.kubectl(TENANT_EDITOR, &["annotate", "nten", NAME, annotation]).await.unwrap();
    let handled = until("the token is echoed", PATIENCE, async || {
        fixture.get().await.status.unwrap().last_handled_reconcile_at.ok_or("no token")
    })
    .await;
    assert_eq!("2026-11-24T12:00:00Z", handled);
    operator.stop().await;
    assert_eq!(["patch status"], *since.verbs(&fixture).await);
    assert_eq!(["GET"], *since.methods(&fixture).await);
}

/// A partner's credentials may not write the fields of system administrators: the greyed-out fields of the UI.
#[tokio::test(flavor = "multi_thread")]
async fn restricted_field_is_skipped_and_rest_saved() {
    let fixture = Fixture::new("restricted").await;
    fixture.secret(&fixture.env.operator_namespace, "partner", json!({ "client-secret": "partner-secret" })).await;
    fixture.platform_object_as(&fixture.platform.url(), "partner", "partner").await;
    let _operator = fixture.start();
    let group = "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c";

    // At creation.
    fixture.create(json!({ "general": { "companyName": "Contoso AG", "partnerAdministrationGroupId": group } })).await;
    let stalled = fixture.condition("Ready", "False", "FieldNotPermitted").await;
    let says =
        "1 setting may not be changed with the Platform's credentials: spec.general.partnerAdministrationGroupId";
    let is = |status: &str| Some((status.to_owned(), "FieldNotPermitted".to_owned(), says.to_owned()));
    assert_eq!((is("False"), is("True")), (condition(&stalled, "Ready"), condition(&stalled, "Stalled")));
    assert_eq!(None, condition(&stalled, "Reconciling"));
    assert_eq!(Some("False".to_owned()), condition(&stalled, "Synced").map(|(status, ..)| status));
    let tabs = stalled.status.unwrap().tabs;
    let restricted: Vec<&str> =
        tabs.iter().filter(|tab| tab.state.as_str() == "Restricted").map(|tab| tab.name.as_str()).collect();
    assert_eq!(["General"], *restricted);
    let general = async || fixture.platform.tenant(&fixture.id).await.unwrap().1["settings"]["general"].clone();
    let found = general().await;
    assert_eq!(
        (json!("Contoso AG"), json!(null)),
        (found["companyName"].clone(), found["partnerAdministrationGroupId"].clone())
    );

    // At an edit: one PATCH with the rest, and no write loop after it.
    let since = Since::now(&fixture).await;
    fixture.patch(json!({ "spec": { "general": { "companyName": "Fabrikam AG" } } })).await;
    fixture.condition("Ready", "False", "FieldNotPermitted").await;
    fixture.pass().await;
    assert_eq!(["GET", "PATCH", "GET"], *since.methods(&fixture).await);
    assert_eq!(vec![vec!["/general/companyName"]], since.changes(&fixture).await);

    // Once a system administrator has set it, the Tenant is Ready.
    fixture.platform.edit(&fixture.id, json!({ "general": { "partnerAdministrationGroupId": group } })).await.unwrap();
    fixture.pass().await;
    fixture.ready().await;
}

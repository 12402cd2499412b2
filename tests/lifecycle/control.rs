//! How users control the operator: suspend, reconcile now, and credentials that may not write everything.

use serde_json::json;

use super::Account;
use crate::support::stage::{NAME, Stage, condition};
use crate::support::users::TENANT_EDITOR;
use crate::support::wait::{PATIENCE, until};

#[tokio::test(flavor = "multi_thread")]
async fn suspended_tenant_makes_no_calls_and_stays_ready() {
    let stage = Stage::new("suspend").await;
    let _operator = stage.start();
    stage.create(json!({ "general": { "division": "Care" } })).await;
    let ready = stage.ready().await;
    let account = Account::open(&stage).await;
    stage.patch(json!({ "spec": { "suspend": true } })).await;
    let suspended = stage.condition("Synced", "Unknown", "Suspended").await;
    assert_eq!(condition(&ready, "Ready"), condition(&suspended, "Ready"), "as it was");
    assert_eq!(["patch status"], *account.writes().await);

    // Drift, a requested pass, and an edit, which must not look live.
    stage.platform.edit(&stage.id, json!({ "general": { "division": "Sales" } })).await.unwrap();
    stage.pass().await;
    stage.patch(json!({ "spec": { "general": { "division": "Support" } } })).await;
    stage.condition("Ready", "Unknown", "Suspended").await;
    assert_eq!(Vec::<String>::new(), account.calls().await);
    // Reverted, it equals what was applied; without a call nothing more is known.
    stage.patch(json!({ "spec": { "general": { "division": "Care" } } })).await;
    stage.condition("Ready", "Unknown", "Suspended").await;
    assert_eq!(Vec::<String>::new(), account.calls().await);

    stage.patch(json!({ "spec": { "suspend": false } })).await;
    stage.ready().await;
    stage.settings("the spec is live", |settings| settings["general"]["division"] == "Care").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requested_pass_runs_once_and_is_echoed() {
    let stage = Stage::new("sync-now").await;
    let operator = stage.start();
    stage.create(json!({})).await;
    let ready = stage.ready().await;
    assert_eq!(None, ready.status.unwrap().last_handled_reconcile_at);
    let account = Account::open(&stage).await;
    let annotation = "nimbus.luware.com/reconcile-requested-at=2026-11-24T12:00:00Z";
    stage.kubectl(TENANT_EDITOR, &["annotate", "nten", NAME, annotation]).await.unwrap();
    let handled = until("the token is echoed", PATIENCE, async || {
        stage.get().await.status.unwrap().last_handled_reconcile_at.ok_or("no token")
    })
    .await;
    assert_eq!("2026-11-24T12:00:00Z", handled);
    operator.stop().await;
    assert_eq!(["patch status"], *account.writes().await);
    assert_eq!(["GET"], *account.calls().await);
}

/// A partner's credentials may not write the fields of system administrators: the greyed-out fields of the UI.
#[tokio::test(flavor = "multi_thread")]
async fn restricted_field_is_skipped_and_rest_saved() {
    let stage = Stage::new("restricted").await;
    stage.secret(&stage.env.operator_namespace, "partner", json!({ "client-secret": "partner-secret" })).await;
    stage.platform_object_as(&stage.platform.url(), "partner", "partner").await;
    let _operator = stage.start();
    let group = "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c";

    // At creation.
    stage.create(json!({ "general": { "companyName": "Contoso AG", "partnerAdministrationGroupId": group } })).await;
    let stalled = stage.condition("Ready", "False", "FieldNotPermitted").await;
    let says = "may not be changed with the operator's credentials: spec.general.partnerAdministrationGroupId";
    let is = |status: &str| Some((status.to_owned(), "FieldNotPermitted".to_owned(), says.to_owned()));
    assert_eq!((is("False"), is("True")), (condition(&stalled, "Ready"), condition(&stalled, "Stalled")));
    assert_eq!(None, condition(&stalled, "Reconciling"));
    assert_eq!(Some("False".to_owned()), condition(&stalled, "Synced").map(|(status, ..)| status));
    let tabs = stalled.status.unwrap().tabs;
    let restricted: Vec<&str> =
        tabs.iter().filter(|tab| tab.state.as_str() == "Restricted").map(|tab| tab.name.as_str()).collect();
    assert_eq!(["General"], *restricted);
    let general = async || stage.platform.tenant(&stage.id).await.unwrap().1["settings"]["general"].clone();
    let found = general().await;
    assert_eq!(
        (json!("Contoso AG"), json!(null)),
        (found["companyName"].clone(), found["partnerAdministrationGroupId"].clone())
    );

    // At an edit: one PATCH with the rest, and no write loop after it.
    let account = Account::open(&stage).await;
    stage.patch(json!({ "spec": { "general": { "companyName": "Fabrikam AG" } } })).await;
    stage.condition("Ready", "False", "FieldNotPermitted").await;
    stage.pass().await;
    assert_eq!(["GET", "PATCH", "GET"], *account.calls().await);
    assert_eq!(vec![vec!["/general/companyName"]], account.changes().await);

    // Once a system administrator has set it, the Tenant is Ready.
    stage.platform.edit(&stage.id, json!({ "general": { "partnerAdministrationGroupId": group } })).await.unwrap();
    stage.pass().await;
    stage.ready().await;
}

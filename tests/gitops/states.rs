//! Rule 26: one Tenant goes through its states, and every version that could have been observed is checked.

use std::collections::BTreeSet;

use nimbus_operator::resources::ConditionType;
use nimbus_operator::resources::Tenant;
use reqwest::Method;
use serde_json::json;

use super::history::{History, is_true};
use crate::support::fixture::{CONNECTION_STRING, Fixture, condition};

/// The state in terms of kstatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mode {
    Quiet,
    Reconciling,
    Stalled,
}

fn mode(tenant: &Tenant) -> Mode {
    match (is_true(tenant, ConditionType::Reconciling), is_true(tenant, ConditionType::Stalled)) {
        (false, false) => Mode::Quiet,
        (true, false) => Mode::Reconciling,
        (false, true) => Mode::Stalled,
        (true, true) => panic!("Reconciling and Stalled at once: {:?}", tenant.status),
    }
}

/// Ready's status and reason, and the mode.
fn state(tenant: &Tenant) -> (String, String, Mode) {
    let (status, reason, _) = condition(tenant, ConditionType::Ready.as_str()).expect("Ready is always there");
    (status, reason, mode(tenant))
}

impl Fixture {
    async fn interact(&self, settings: serde_json::Value) {
        self.patch(json!({ "spec": { "extensions": { "interact": settings } } })).await;
    }

    async fn simulate(&self, method: Method, path: &str, body: Option<serde_json::Value>) {
        self.platform.ask(method, &format!("/sandbox/tenants/{}{path}", self.id), body).await.unwrap();
    }

    async fn allow(&self, namespace: &str) {
        let allowed = json!({ "spec": { "allowedNamespaces": { "names": [namespace] } } });
        let api =
            kube::Api::<nimbus_operator::resources::Platform>::all(self.client(crate::support::users::PLATFORM_ADMIN));
        let params = kube::api::PatchParams { field_manager: Some("test".into()), ..Default::default() };
        api.patch(&self.env.platform, &params, &kube::api::Patch::Merge(allowed)).await.unwrap();
    }
}

async fn references_resolve(fixture: &Fixture) {
    fixture.condition("Ready", "False", "InvalidSettings").await;
    fixture.interact(json!({ "acsConnectionStringRef": { "name": "late", "key": "connection-string" } })).await;
    fixture.condition("Ready", "False", "SecretNotFound").await;
    fixture.secret(&fixture.env.namespace, "late", json!({ "connection-string": "not a connection string" })).await;
    fixture.condition("Ready", "False", "SecretInvalid").await;
    fixture.secret(&fixture.env.namespace, "late", json!({ "connection-string": CONNECTION_STRING })).await;
    fixture.pass().await;
    fixture.condition("ScriptExecutionPending", "True", "ScriptPending").await;
    fixture.ready().await;
}

/// The platform is down while there is a change to apply.
async fn outage(fixture: &Fixture) {
    fixture
        .platform
        .add_faults(json!([{ "route": "*", "action": { "kind": "status", "status": 503 } }]))
        .await
        .unwrap();
    fixture.interact(json!({ "sessionRecoveryTimeoutSeconds": 30 })).await;
    fixture.condition("Ready", "False", "PlatformUnavailable").await;
    fixture.platform.clear_faults().await.unwrap();
    fixture.ready().await;
}

/// Drift that is reported only.
async fn reported_drift(fixture: &Fixture) {
    fixture.patch(json!({ "spec": { "driftPolicy": "Report" } })).await;
    fixture.ready().await;
    let drift = json!({ "extensions": { "interact": { "sessionRecoveryTimeoutSeconds": 40 } } });
    fixture.platform.edit(&fixture.id, drift).await.unwrap();
    fixture.pass().await;
    fixture.condition("Synced", "False", "Drifted").await;
    fixture.patch(json!({ "spec": { "driftPolicy": "Correct" } })).await;
    fixture.condition("Synced", "True", "InSync").await;
}

/// The platform does not keep a value.
async fn rewritten_value(fixture: &Fixture) {
    let ignore = json!({ "pointer": "/general/division", "mode": "ignore" });
    fixture.simulate(Method::PUT, "/normaliser", Some(ignore)).await;
    fixture.patch(json!({ "spec": { "general": { "division": "Care" } } })).await;
    fixture.condition("Ready", "False", "PlatformRewritesValue").await;
    let keep = json!({ "pointer": "/general/division", "mode": "off" });
    fixture.simulate(Method::PUT, "/normaliser", Some(keep)).await;
    fixture.patch(json!({ "spec": { "general": { "division": "Care II" } } })).await;
    fixture.ready().await;
}

/// The platform rejects what admission accepted.
async fn refused_value(fixture: &Fixture) {
    let refuse = json!({ "kind": "problem", "slug": "invalid-settings" });
    fixture
        .platform
        .add_faults(json!([{ "route": "PATCH /v1/tenants/{id}", "times": 1, "action": refuse }]))
        .await
        .unwrap();
    fixture.patch(json!({ "spec": { "general": { "division": "Care III" } } })).await;
    fixture.condition("Ready", "False", "InvalidSettings").await;
    fixture.pass().await;
    fixture.ready().await;
}

async fn forbidden_namespace(fixture: &Fixture) {
    fixture.allow("elsewhere").await;
    fixture.pass().await;
    fixture.condition("Ready", "False", "NamespaceNotPermitted").await;
    fixture.allow(&fixture.env.namespace).await;
    fixture.pass().await;
    fixture.ready().await;
}

/// Suspended with an edit that is not live.
async fn suspended_edit(fixture: &Fixture) {
    fixture.patch(json!({ "spec": { "suspend": true, "general": { "division": "Care IV" } } })).await;
    fixture.condition("Ready", "False", "ReconciliationSuspended").await;
    fixture.patch(json!({ "spec": { "suspend": false } })).await;
    fixture.ready().await;
}

/// Owned by another, then lost, then created again.
async fn loss(fixture: &Fixture) {
    let stamp = json!({ "owner": "other/contoso/contoso", "lastOwner": null });
    fixture.simulate(Method::PUT, "/stamp", Some(stamp)).await;
    fixture.pass().await;
    fixture.condition("Ready", "False", "OwnedByOther").await;
    fixture.simulate(Method::DELETE, "", None).await;
    let lost = fixture.pass().await;
    let (_, reason, message) = condition(&lost, ConditionType::Ready.as_str()).unwrap();
    assert_eq!("TenantLost", reason);
    let token = message.rsplit(": ").next().unwrap();
    fixture.recreate(token).await;
    fixture.condition("Ready", "True", "Succeeded").await;
}

/// Deleted, waiting for the script.
async fn deletion(fixture: &Fixture) {
    fixture.patch(json!({ "spec": { "deletionPolicy": "Delete" } })).await;
    fixture.confirm("deletion", &fixture.id).await;
    fixture.ready().await;
    fixture.delete().await;
    fixture.condition("Ready", "False", "Deleting").await;
    fixture.platform.run_script(&fixture.id).await.unwrap();
    fixture.gone().await;
}

/// In every version that the operator wrote, conditions are unique, and the abnormal ones are there only when true.
fn check_conditions(seen: &[Tenant]) {
    for tenant in seen {
        let conditions = &tenant.status.as_ref().unwrap().conditions;
        let types: Vec<&str> = conditions.iter().map(|condition| condition.type_.as_str()).collect();
        assert_eq!(types.len(), types.iter().collect::<BTreeSet<_>>().len(), "a type twice: {types:?}");
        for positive in [ConditionType::Ready, ConditionType::Accepted, ConditionType::Synced] {
            assert!(types.contains(&positive.as_str()), "{positive:?} is always there: {types:?}");
        }
        let abnormal = conditions.iter().filter(|c| {
            [ConditionType::Reconciling, ConditionType::Stalled].map(ConditionType::as_str).contains(&c.type_.as_str())
        });
        assert!(abnormal.clone().all(|condition| condition.status == "True"), "only when true: {abnormal:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_26_reconciling_and_stalled_are_exclusive() {
    let fixture = Fixture::new("states").await;
    fixture.create(json!({ "extensions": { "interact": { "enabled": true } } })).await;
    let history = History::of(&fixture).await;
    let _operator = fixture.start();

    references_resolve(&fixture).await;
    outage(&fixture).await;
    reported_drift(&fixture).await;
    rewritten_value(&fixture).await;
    refused_value(&fixture).await;
    forbidden_namespace(&fixture).await;
    suspended_edit(&fixture).await;
    loss(&fixture).await;
    deletion(&fixture).await;

    let (unseen, seen): (Vec<Tenant>, Vec<Tenant>) =
        history.versions().into_iter().partition(|tenant| tenant.status.as_ref().unwrap().observed_generation == -1);
    assert!(!unseen.is_empty() && unseen.iter().all(|tenant| tenant.status.as_ref().unwrap().conditions.is_empty()));
    check_conditions(&seen);
    let states: BTreeSet<_> = seen.iter().map(state).collect();
    println!("{} versions, {} states", seen.len(), states.len());
    let state = |status: &str, reason: &str, mode| (status.to_owned(), reason.to_owned(), mode);
    let expected = [
        state("False", "Deleting", Mode::Reconciling),
        state("False", "InvalidSettings", Mode::Stalled),
        state("False", "NamespaceNotPermitted", Mode::Stalled),
        state("False", "OwnedByOther", Mode::Stalled),
        state("False", "PlatformRewritesValue", Mode::Stalled),
        state("False", "PlatformUnavailable", Mode::Reconciling),
        state("False", "Progressing", Mode::Reconciling),
        state("False", "ReconciliationSuspended", Mode::Stalled),
        state("False", "SecretInvalid", Mode::Stalled),
        state("False", "SecretNotFound", Mode::Reconciling),
        state("False", "TenantLost", Mode::Stalled),
        state("True", "Succeeded", Mode::Quiet),
    ];
    assert_eq!(BTreeSet::from(expected), states);
}

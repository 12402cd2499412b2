//! Rule 26: one Tenant goes through its states, and every version that could have been observed is checked.

use std::collections::BTreeSet;

use nimbus_operator::resources::ConditionType;
use nimbus_operator::resources::Tenant;
use reqwest::Method;
use serde_json::json;

use super::history::{History, holds};
use crate::support::stage::{CONNECTION_STRING, Stage, condition};

/// The state in terms of kstatus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Mode {
    Quiet,
    Reconciling,
    Stalled,
}

fn mode(tenant: &Tenant) -> Mode {
    match (holds(tenant, ConditionType::Reconciling), holds(tenant, ConditionType::Stalled)) {
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

impl Stage {
    async fn interact(&self, settings: serde_json::Value) {
        self.patch(json!({ "spec": { "extensions": { "interact": settings } } })).await;
    }

    async fn world(&self, method: Method, path: &str, body: Option<serde_json::Value>) {
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

#[tokio::test(flavor = "multi_thread")]
async fn rule_26_reconciling_and_stalled_are_exclusive() {
    let stage = Stage::new("states").await;
    stage.create(json!({ "extensions": { "interact": { "enabled": true } } })).await;
    let history = History::of(&stage).await;
    let _operator = stage.start();

    stage.condition("Ready", "False", "InvalidSettings").await;
    stage.interact(json!({ "acsConnectionStringRef": { "name": "late", "key": "connection-string" } })).await;
    stage.condition("Ready", "False", "SecretNotFound").await;
    stage.secret(&stage.env.namespace, "late", json!({ "connection-string": "not a connection string" })).await;
    stage.condition("Ready", "False", "SecretInvalid").await;
    stage.secret(&stage.env.namespace, "late", json!({ "connection-string": CONNECTION_STRING })).await;
    stage.pass().await;
    stage.condition("ScriptExecutionPending", "True", "ScriptPending").await;
    stage.ready().await;

    // The platform is down while there is a change to apply.
    stage.platform.plant(json!([{ "route": "*", "action": { "kind": "status", "status": 503 } }])).await.unwrap();
    stage.interact(json!({ "sessionRecoveryTimeoutSeconds": 30 })).await;
    stage.condition("Ready", "False", "PlatformUnavailable").await;
    stage.platform.heal().await.unwrap();
    stage.ready().await;

    // Drift that is reported only.
    stage.patch(json!({ "spec": { "driftPolicy": "Report" } })).await;
    stage.ready().await;
    let drift = json!({ "extensions": { "interact": { "sessionRecoveryTimeoutSeconds": 40 } } });
    stage.platform.edit(&stage.id, drift).await.unwrap();
    stage.pass().await;
    stage.condition("Synced", "False", "Drifted").await;
    stage.patch(json!({ "spec": { "driftPolicy": "Correct" } })).await;
    stage.condition("Synced", "True", "InSync").await;

    // The platform does not keep a value.
    let ignore = json!({ "pointer": "/general/division", "mode": "ignore" });
    stage.world(Method::PUT, "/normaliser", Some(ignore)).await;
    stage.patch(json!({ "spec": { "general": { "division": "Care" } } })).await;
    stage.condition("Ready", "False", "PlatformRewritesValue").await;
    let keep = json!({ "pointer": "/general/division", "mode": "off" });
    stage.world(Method::PUT, "/normaliser", Some(keep)).await;
    stage.patch(json!({ "spec": { "general": { "division": "Care II" } } })).await;
    stage.ready().await;

    // The platform rejects what admission accepted.
    let refuse = json!({ "kind": "problem", "slug": "invalid-settings" });
    stage.platform.plant(json!([{ "route": "PATCH /v1/tenants/{id}", "times": 1, "action": refuse }])).await.unwrap();
    stage.patch(json!({ "spec": { "general": { "division": "Care III" } } })).await;
    stage.condition("Ready", "False", "InvalidSettings").await;
    stage.pass().await;
    stage.ready().await;

    stage.allow("elsewhere").await;
    stage.pass().await;
    stage.condition("Ready", "False", "NamespaceNotPermitted").await;
    stage.allow(&stage.env.namespace).await;
    stage.pass().await;
    stage.ready().await;

    // Suspended with an edit that is not live.
    stage.patch(json!({ "spec": { "suspend": true, "general": { "division": "Care IV" } } })).await;
    stage.condition("Ready", "Unknown", "Suspended").await;
    stage.patch(json!({ "spec": { "suspend": false } })).await;
    stage.ready().await;

    // Owned by another, then lost, then created again.
    let stamp = json!({ "owner": "other/contoso/contoso", "lastOwner": null });
    stage.world(Method::PUT, "/stamp", Some(stamp)).await;
    stage.pass().await;
    stage.condition("Ready", "False", "OwnedByOther").await;
    stage.world(Method::DELETE, "", None).await;
    let lost = stage.pass().await;
    let (_, reason, message) = condition(&lost, ConditionType::Ready.as_str()).unwrap();
    assert_eq!("TenantLost", reason);
    let token = message.rsplit(": ").next().unwrap();
    stage.annotate("nimbus.luware.com/recreate", token).await;
    stage.condition("Ready", "True", "Succeeded").await;

    // Deleted, waiting for the script.
    stage.patch(json!({ "spec": { "deletionPolicy": "Delete" } })).await;
    stage.annotate("nimbus.luware.com/confirm-deletion", &stage.id).await;
    stage.ready().await;
    stage.delete().await;
    stage.condition("Ready", "False", "Deleting").await;
    stage.platform.run_script(&stage.id).await.unwrap();
    stage.gone().await;

    let (unseen, seen): (Vec<Tenant>, Vec<Tenant>) =
        history.versions().into_iter().partition(|tenant| tenant.status.as_ref().unwrap().observed_generation == -1);
    assert!(!unseen.is_empty() && unseen.iter().all(|tenant| tenant.status.as_ref().unwrap().conditions.is_empty()));
    for tenant in &seen {
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
        state("False", "SecretInvalid", Mode::Stalled),
        state("False", "SecretNotFound", Mode::Reconciling),
        state("False", "TenantLost", Mode::Stalled),
        state("True", "Succeeded", Mode::Quiet),
        state("Unknown", "Suspended", Mode::Quiet),
    ];
    assert_eq!(BTreeSet::from(expected), states);
}

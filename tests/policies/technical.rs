//! The opt-in `--technical-fields`: T settings require the verb `edit-technical` on tenants. Tested on the shared control
//! plane, where it applies to one namespace only.

use k8s_openapi::api::admissionregistration::v1::ValidatingAdmissionPolicy;
use kube::Api;
use nimbus_operator::manifests::policies::{self, Accounts};
use serde_json::{Value, json};

use super::{NAME, PolicyFixture, new_user};
use crate::support::fixture::refused;
use crate::support::users::{self, PARTNER_ADMIN, PLATFORM_ADMIN, TENANT_EDITOR};
use crate::support::wait::{PATIENCE, until};

/// Binds the opt-in policy to the namespace of an environment, under a separate name.
async fn opt_in(fixture: &PolicyFixture) -> String {
    let accounts = Accounts { operators: users::operators(), technical_fields: true, ..Accounts::documented() };
    let name = format!("technical-{}", fixture.env.namespace);
    let all = policies::all(&accounts);
    let [mut policy, mut binding] = [all[0].clone(), all[1].clone()];
    assert_eq!(
        (&policy["metadata"]["name"], &binding["metadata"]["name"]),
        (&json!(policies::NAMES[0]), &json!(policies::NAMES[0]))
    );
    policy["metadata"]["name"] = json!(name);
    binding["metadata"]["name"] = json!(name);
    binding["spec"]["policyName"] = json!(name);
    let here = json!({ "matchLabels": { "kubernetes.io/metadata.name": fixture.env.namespace } });
    binding["spec"]["matchResources"] = json!({ "namespaceSelector": here });
    fixture.set_up([policy, binding]).await;
    name
}

fn tasks(most: i32) -> Value {
    json!({ "spec": { "modalities": { "email": { "maxConcurrentTasksPerService": most } } } })
}

#[tokio::test(flavor = "multi_thread")]
async fn opt_in_policy_protects_technical_fields() {
    let fixture = PolicyFixture::new("technical").await.exists(json!({})).await;
    fixture.patch(TENANT_EDITOR, tasks(5)).await.expect("without the opt-in T is every editor");
    let name = opt_in(&fixture).await;
    let says = ["spec.modalities.email.maxConcurrentTasksPerService", "needs the verb edit-technical on tenants"];
    until("the opt-in acts", PATIENCE, async || {
        let outcome = fixture.patch(TENANT_EDITOR, tasks(6)).await;
        fixture.patch(PLATFORM_ADMIN, tasks(5)).await.map_err(|error| error.to_string())?;
        refused(outcome, 403, &says).map_err(|error| format!("{error:#}"))
    })
    .await;
    // With every kind of request; removal is an edit.
    let interval = json!({ "spec": { "syncIntervalSeconds": 600 } });
    refused(fixture.patch(TENANT_EDITOR, interval).await, 403, &["spec.syncIntervalSeconds", "edit-technical"])
        .unwrap();
    refused(fixture.patch(TENANT_EDITOR, json!({ "spec": { "modalities": null } })).await, 403, &says).unwrap();
    let mut whole = fixture.manifest(NAME, json!({}));
    json_patch::merge(&mut whole, &tasks(7));
    refused(fixture.apply(TENANT_EDITOR, whole, true).await, 403, &says).unwrap();
    // Other fields are as before, and users with higher authority need no verb.
    fixture.patch(TENANT_EDITOR, json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await.unwrap();
    for user in [PARTNER_ADMIN, PLATFORM_ADMIN] {
        fixture.patch(user, tasks(8)).await.unwrap();
    }
    // With the verb the user is a technical administrator.
    let technician = new_user();
    let rules = json!([{
        "apiGroups": ["nimbus.luware.com"], "resources": ["tenants"], "verbs": ["get", "patch", "edit-technical"]
    }]);
    fixture.grant(&technician, "technician", rules).await;
    until("the verb is granted", PATIENCE, async || {
        fixture.patch(&technician, tasks(9)).await.map(drop).map_err(|error| error.to_string())
    })
    .await;
    let more = json!({ "spec": { "adoptionPolicy": "Always" } });
    refused(fixture.patch(&technician, more).await, 403, &["spec.adoptionPolicy"]).unwrap();

    let policies: Api<ValidatingAdmissionPolicy> = Api::all(fixture.client(users::ADMIN));
    let warnings = until("the opt-in was type-checked", PATIENCE, async || {
        let status = policies.get(&name).await.map_err(|error| error.to_string())?.status.ok_or("no status")?;
        status.type_checking.map(|check| check.expression_warnings.unwrap_or_default()).ok_or("not yet".to_owned())
    })
    .await;
    assert!(warnings.is_empty(), "{warnings:?}");
}

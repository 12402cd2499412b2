//! The admission policies of an organisation, which refuse what the operator has to do.

use std::fmt::Debug;

use kube::api::{Patch, PatchParams};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::apply;
use super::fixture::FixtureOn;
use super::users::ADMIN;
use super::wait::{PATIENCE, until};

/// What a policy refuses: the update of some objects.
pub struct Rule<'r> {
    /// Name of the policy and of its binding.
    pub name: &'r str,
    /// API group of the resource.
    pub group: &'r str,
    /// Resource, with its subresource if there is one.
    pub resource: &'r str,
    /// The objects, in CEL.
    pub here: &'r str,
    /// What is allowed, in CEL.
    pub allows: &'r str,
    /// The text of the refusal, which no status may quote.
    pub message: &'r str,
    /// `Forbidden` for 403, `Invalid` for 422.
    pub reason: &'r str,
}

/// Installs a policy with its binding.
pub async fn install(fixture: &FixtureOn<'_>, rule: &Rule<'_>) {
    let Rule { name, group, resource, here, allows, message, reason } = rule;
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": { "name": name },
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": { "resourceRules": [{
                "apiGroups": [group], "apiVersions": ["*"], "operations": ["UPDATE"], "resources": [resource]
            }] },
            "matchConditions": [{ "name": "here", "expression": here }],
            "validations": [{ "expression": allows, "message": message, "reason": reason }]
        }
    });
    let binding = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": { "name": name }, "spec": { "policyName": name, "validationActions": ["Deny"] }
    });
    let admin = fixture.client(ADMIN);
    for object in [policy, binding] {
        apply::apply(&admin, &serde_json::from_value(object).unwrap()).await.unwrap();
    }
}

/// Removes it.
pub async fn remove(fixture: &FixtureOn<'_>, policy: &str) {
    for kind in ["validatingadmissionpolicybinding", "validatingadmissionpolicy"] {
        fixture.kubectl(ADMIN, &["delete", kind, policy]).await.unwrap();
    }
}

/// Waits until the policy refuses a change, without making it.
pub async fn acts<K>(api: &Api<K>, object: &str, policy: &str, probe: Value)
where
    K: Resource + Clone + Debug + DeserializeOwned,
{
    let dry = PatchParams { dry_run: true, ..PatchParams::default() };
    until("the policy acts", PATIENCE, async || match api.patch(object, &dry, &Patch::Merge(&probe)).await {
        Err(kube::Error::Api(status)) if status.message.contains(policy) => Ok(()),
        // No value of the object is shown: it may be a Secret.
        other => Err(format!("{:?}", other.map(|object| object.meta().clone()))),
    })
    .await;
}

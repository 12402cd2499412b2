//! The permissions of `examples/rbac.yaml`, for the users and namespaces of a test.
//!
//! The example is the only source: tests grant what it grants.

use anyhow::{Context, Result};
use kube::api::DynamicObject;
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use super::apply::create_namespace;
use super::{apply, assets, users};

/// The names in the example that are replaced.
const OPERATOR_NAMESPACE: &str = "nimbus-system";
const TENANT_NAMESPACE: &str = "contoso";
const LEASE: &str = "nimbus-operator-default";

/// The operator user and its namespaces.
pub struct Placement<'a> {
    /// The user of the operator.
    pub operator: &'a str,
    /// Its own namespace.
    pub operator_namespace: &'a str,
    /// The namespace with Tenants.
    pub namespace: &'a str,
    /// The instance that the operator serves.
    pub instance: &'a str,
}

/// Grants the cluster-wide part: all ClusterRoles, and the bindings of users.
pub async fn grant_cluster_wide(client: &Client) -> Result<()> {
    for object in objects()?.iter().filter(|object| is_cluster_wide(object)) {
        apply::apply(client, object).await?;
    }
    Ok(())
}

/// The policies ask about the documented namespace, while each test has one of its own.
pub async fn grant_in_documented_namespace(client: &Client) -> Result<()> {
    create_namespace(client, OPERATOR_NAMESPACE).await?;
    let secrets = json!([{ "apiGroups": [""], "resources": ["secrets"], "verbs": ["get"] }]);
    let role = Granted { kind: "Role", name: "read-secrets", namespace: Some(OPERATOR_NAMESPACE) };
    role.to(client, &[users::PLATFORM_ADMIN], &secrets).await
}

/// Grants the permissions of one operator, and those of users in its namespace with Tenants.
pub async fn grant(client: &Client, placement: &Placement<'_>) -> Result<()> {
    for mut object in objects()? {
        // The operator of a test is a user of the token file.
        if is_cluster_wide(&object) || kind(&object) == "ServiceAccount" {
            continue;
        }
        place(&mut object, placement);
        apply::apply(client, &object).await?;
    }
    Ok(())
}

/// Grants what tests need beside the example: they name other Secrets and Partners, and many of them.
pub async fn grant_for_tests(client: &Client, namespace: &str) -> Result<()> {
    let editors = [users::TENANT_EDITOR, users::PARTNER_ADMIN, users::PLATFORM_ADMIN];
    let secrets = json!([{ "apiGroups": [""], "resources": ["secrets"], "verbs": ["get"] }]);
    let role = Granted { kind: "Role", name: "read-secrets", namespace: Some(namespace) };
    role.to(client, &editors, &secrets).await?;
    // The Partner of a test is named like its namespace.
    let partner = json!([{
        "apiGroups": ["nimbus.luware.com"], "resources": ["partners"], "resourceNames": [namespace], "verbs": ["administer"]
    }]);
    let role = Granted { kind: "ClusterRole", name: &format!("{namespace}-partner"), namespace: None };
    role.to(client, &[users::PARTNER_ADMIN], &partner).await
}

/// A role and its binding.
struct Granted<'g> {
    kind: &'g str,
    name: &'g str,
    namespace: Option<&'g str>,
}

impl Granted<'_> {
    async fn to(&self, client: &Client, users: &[&str], rules: &Value) -> Result<()> {
        let Self { kind, name, namespace } = self;
        let group = "rbac.authorization.k8s.io";
        let metadata = json!({ "name": name, "namespace": namespace });
        let subjects: Vec<Value> =
            users.iter().map(|user| json!({ "apiGroup": group, "kind": "User", "name": user })).collect();
        let version = format!("{group}/v1");
        let role = json!({ "apiVersion": version, "kind": kind, "metadata": metadata, "rules": rules });
        let binding = json!({
            "apiVersion": version, "kind": format!("{kind}Binding"), "metadata": metadata, "subjects": subjects,
            "roleRef": { "apiGroup": group, "kind": kind, "name": name }
        });
        for object in [role, binding] {
            apply::apply(client, &serde_json::from_value(object)?).await?;
        }
        Ok(())
    }
}

fn objects() -> Result<Vec<DynamicObject>> {
    let path = assets::checkout().join("examples/rbac.yaml");
    let yaml = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    apply::documents(&yaml).with_context(|| path.display().to_string())
}

fn is_cluster_wide(object: &DynamicObject) -> bool {
    match kind(object) {
        "ClusterRole" => true,
        "ClusterRoleBinding" => {
            !object.data["subjects"].as_array().is_some_and(|subjects| subjects.iter().any(is_service_account))
        }
        _ => false,
    }
}

fn kind(object: &DynamicObject) -> &str {
    object.types.as_ref().map_or("", |types| &types.kind)
}

fn is_service_account(subject: &Value) -> bool {
    subject["kind"] == "ServiceAccount"
}

fn place(object: &mut DynamicObject, placement: &Placement<'_>) {
    match object.namespace().as_deref() {
        Some(OPERATOR_NAMESPACE) => {
            object.metadata.namespace = Some(placement.operator_namespace.to_owned());
        }
        Some(TENANT_NAMESPACE) => object.metadata.namespace = Some(placement.namespace.to_owned()),
        // A cluster-wide binding: one per operator.
        _ => {
            object.metadata.name = Some(format!("{}-{}", object.name_any(), placement.operator));
        }
    }
    let rules = object.data.get_mut("rules").and_then(Value::as_array_mut).into_iter().flatten();
    for name in rules.filter_map(|rule| rule.get_mut("resourceNames")?.as_array_mut()).flatten() {
        if *name == LEASE {
            *name = json!(format!("nimbus-operator-{}", placement.instance));
        }
    }
    let subjects = object.data.get_mut("subjects").and_then(Value::as_array_mut);
    for subject in subjects.into_iter().flatten() {
        if is_service_account(subject) {
            *subject = json!({
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "User",
                "name": placement.operator,
            });
        }
    }
}

/// Allows all editors of a namespace to have Secrets of these names created. Restricted by name, RBAC allows no direct
/// create.
pub async fn allow_creating_secrets(client: &Client, namespace: &str, names: &[&str]) -> Result<()> {
    let rule = json!([{ "apiGroups": [""], "resources": ["secrets"], "resourceNames": names, "verbs": ["create"] }]);
    let role = Granted { kind: "Role", name: "make-secrets", namespace: Some(namespace) };
    role.to(client, &[users::TENANT_EDITOR, users::PARTNER_ADMIN, users::PLATFORM_ADMIN], &rule).await
}

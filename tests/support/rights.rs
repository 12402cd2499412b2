//! The permissions of `examples/rbac.yaml`, for the users and namespaces of a test.
//!
//! The example is the only source: tests grant what it grants.

use anyhow::{Context, Result};
use kube::api::DynamicObject;
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use super::{apply, assets, users};

/// The names in the example that are replaced.
const OPERATOR_NAMESPACE: &str = "nimbus-system";
const TENANT_NAMESPACE: &str = "contoso";

/// The operator user and its namespaces.
pub struct Placement<'a> {
    /// The user of the operator.
    pub operator: &'a str,
    /// Its own namespace.
    pub operator_namespace: &'a str,
    /// The namespace with Tenants.
    pub namespace: &'a str,
}

/// Grants the cluster-wide part: all ClusterRoles, and the bindings of users.
pub async fn grant_cluster_wide(client: &Client) -> Result<()> {
    for object in objects()?.iter().filter(|object| is_cluster_wide(object)) {
        apply::apply(client, object).await?;
    }
    Ok(())
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
    let metadata = json!({ "name": "make-secrets", "namespace": namespace });
    let group = "rbac.authorization.k8s.io";
    let subject = |name: &str| json!({ "apiGroup": group, "kind": "User", "name": name });
    let subjects = [users::TENANT_EDITOR, users::PARTNER_ADMIN, users::PLATFORM_ADMIN].map(subject);
    let rule = json!({ "apiGroups": [""], "resources": ["secrets"], "resourceNames": names, "verbs": ["create"] });
    let version = format!("{group}/v1");
    let reference = json!({ "apiGroup": group, "kind": "Role", "name": "make-secrets" });
    for object in [
        json!({ "apiVersion": version, "kind": "Role", "metadata": metadata, "rules": [rule] }),
        json!({
            "apiVersion": version, "kind": "RoleBinding", "metadata": metadata, "subjects": subjects,
            "roleRef": reference
        }),
    ] {
        apply::apply(client, &serde_json::from_value(object)?).await?;
    }
    Ok(())
}

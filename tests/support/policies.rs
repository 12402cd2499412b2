//! The generated admission policies, for the operators of the tests.

use anyhow::{Context, Result, ensure};
use kube::api::{Api, DynamicObject, PostParams};
use nimbus_operator::manifests::policies::{self, Accounts};
use nimbus_operator::resources::Tenant;
use serde_json::json;

use super::apply::create_namespace;
use super::controlplane::ControlPlane;
use super::wait::{PATIENCE, try_until};
use super::{apply, assets, users};

/// The namespace in which the test verifies that they are enforced.
const PROBE: &str = "nimbus-policy-probe";

/// Applies `crds/policies.yaml` and waits until a dry run is denied: policies are enforced seconds after their creation.
pub async fn install(control_plane: &ControlPlane, operators: Vec<String>) -> Result<()> {
    let path = assets::checkout().join("crds/policies.yaml");
    let shipped = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let documented = Accounts::documented();
    ensure!(shipped == policies::to_yaml(&documented)?, "{} is stale", path.display());
    let admin = control_plane.client(users::ADMIN);
    apply::manifest(&admin, &policies::to_yaml(&Accounts { operators, ..documented })?).await?;
    create_namespace(&admin, PROBE).await?;
    apply::apply(&admin, &probe_rights()?).await?;
    let tenants: Api<Tenant> = Api::namespaced(control_plane.client(users::TENANT_EDITOR), PROBE);
    let probe: Tenant = serde_json::from_value(json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Tenant", "metadata": { "name": "probe" },
        "spec": {
            "platformRef": { "name": "probe" },
            "general": { "tenantId": "6f1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d" }
        }
    }))?;
    let params = PostParams { dry_run: true, field_manager: Some("test".into()) };
    try_until("the admission policies act", PATIENCE, async || match tenants.create(&params, &probe).await {
        Err(kube::Error::Api(status)) if status.message.contains(policies::NAMES[0]) => Ok(()),
        Err(error) => Err(error.to_string()),
        Ok(_) => Err("a tenant editor may create a Tenant".to_owned()),
    })
    .await
}

/// The permission for that dry run.
fn probe_rights() -> Result<DynamicObject> {
    Ok(serde_json::from_value(json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": { "name": PROBE, "namespace": PROBE },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "nimbus-tenant-editor" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": users::TENANT_EDITOR }]
    }))?)
}

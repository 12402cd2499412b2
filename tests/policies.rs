//! Admission policies on a real API server: who may change what.

use kube::Client;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use nimbus_operator::resources::policy::NAMES;
use nimbus_operator::resources::{FINALIZER, Tenant};
use serde_json::{Value, json};

use crate::support::env::TestEnv;
use crate::support::stage::refused;
use crate::support::wait::{PATIENCE, until};
use crate::support::{apply, users};

struct Corner {
    env: TestEnv<'static>,
    id: String,
}

impl Corner {
    async fn new(name: &str) -> Self {
        Self { env: TestEnv::new(name).await, id: uuid::Uuid::new_v4().to_string() }
    }

    fn api(&self, user: &str) -> Api<Tenant> {
        Api::namespaced(self.client(user), &self.env.namespace)
    }

    fn client(&self, user: &str) -> Client {
        self.env.client(user)
    }

    fn manifest(&self, name: &str, spec: Value) -> Value {
        let mut manifest = json!({
            "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Tenant", "metadata": { "name": name },
            "spec": {
                "platformRef": { "name": self.env.platform },
                "general": { "name": "Contoso", "o365Domain": "contoso.onmicrosoft.com", "tenantId": self.id }
            }
        });
        json_patch::merge(&mut manifest["spec"], &spec);
        manifest
    }

    async fn create(&self, user: &str, manifest: Value, dry_run: bool) -> kube::Result<Tenant> {
        let tenant: Tenant = serde_json::from_value(manifest).unwrap();
        self.api(user).create(&PostParams { dry_run, ..PostParams::default() }, &tenant).await
    }

    async fn patch(&self, user: &str, patch: Value) -> kube::Result<Tenant> {
        self.api(user).patch("contoso", &PatchParams::default(), &Patch::Merge(patch)).await
    }

    /// Lets a user read the Secrets of the namespace.
    async fn may_read_secrets(&self, user: &str) {
        for object in [
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
                "metadata": { "name": "reader", "namespace": self.env.namespace },
                "rules": [{ "apiGroups": [""], "resources": ["secrets"], "verbs": ["get"] }]
            }),
            json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
                "metadata": { "name": "reader", "namespace": self.env.namespace },
                "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader" },
                "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user }]
            }),
        ] {
            apply::apply(&self.client(users::ADMIN), &serde_json::from_value(object).unwrap()).await.unwrap();
        }
        let patch = json!({ "spec": { "extensions": { "interact": { "acsConnectionStringRef": { "name": "probe", "key": "k" } } } } });
        let params = PatchParams { dry_run: true, ..PatchParams::default() };
        until("the right is granted", PATIENCE, async || {
            self.api(user).patch("contoso", &params, &Patch::Merge(&patch)).await.map_err(|error| error.to_string())
        })
        .await;
    }

    async fn exists(self, spec: Value) -> Self {
        self.create(users::PLATFORM_ADMIN, self.manifest("contoso", spec), false).await.unwrap();
        self
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_type_check() {
    let corner = Corner::new("typecheck").await;
    let api: Api<k8s_openapi::api::admissionregistration::v1::ValidatingAdmissionPolicy> =
        Api::all(corner.client(users::ADMIN));
    for name in NAMES {
        let warnings = until("the policy was type-checked", PATIENCE, async || {
            let policy = api.get(name).await.map_err(|error| error.to_string())?;
            let status = policy.status.ok_or("no status")?;
            let checked = status.observed_generation == policy.metadata.generation;
            if checked {
                Ok(status.type_checking.and_then(|check| check.expression_warnings).unwrap_or_default())
            } else {
                Err("not yet".to_owned())
            }
        })
        .await;
        assert_eq!(warnings, [], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_editor_changes_n_and_t_settings_and_no_others() {
    let corner = Corner::new("editor")
        .await
        .exists(json!({ "general": { "partnerAdministrationGroupId": "11111111-0d3e-4f5a-8b7c-9d0e1f2a3b4c" } }))
        .await;
    corner
        .patch(users::TENANT_EDITOR, json!({ "spec": { "general": { "companyName": "Contoso AG" } } }))
        .await
        .unwrap();
    corner
        .patch(
            users::TENANT_EDITOR,
            json!({ "spec": { "modalities": { "email": { "maxConcurrentTasksPerService": 9 } } } }),
        )
        .await
        .unwrap();
    let system =
        json!({ "spec": { "general": { "partnerAdministrationGroupId": "22222222-0d3e-4f5a-8b7c-9d0e1f2a3b4c" } } });
    refused(
        corner.patch(users::TENANT_EDITOR, system.clone()).await,
        403,
        &["spec.general.partnerAdministrationGroupId", "administer", "field manager"],
    )
    .unwrap();
    refused(
        corner.patch(users::PARTNER_ADMIN, system.clone()).await,
        403,
        &["spec.general.partnerAdministrationGroupId"],
    )
    .unwrap();
    corner.patch(users::PLATFORM_ADMIN, system).await.unwrap();
    let removal = json!({ "spec": { "general": { "partnerAdministrationGroupId": null } } });
    refused(corner.patch(users::TENANT_EDITOR, removal).await, 403, &["spec.general.partnerAdministrationGroupId"])
        .unwrap();
    let partner = json!({ "spec": { "general": { "name": "Other" }, "deletionPolicy": "Delete" } });
    refused(
        corner.patch(users::TENANT_EDITOR, partner.clone()).await,
        403,
        &["spec.general.name", "spec.deletionPolicy"],
    )
    .unwrap();
    corner.patch(users::PARTNER_ADMIN, partner).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn annotations_owners_and_finalizers_are_decisions() {
    let corner = Corner::new("decisions").await.exists(json!({})).await;
    for name in ["confirm-deletion", "abandon", "recreate", "confirm-retention"] {
        let name = format!("nimbus.luware.com/{name}");
        let patch = json!({ "metadata": { "annotations": { name.as_str(): corner.id } } });
        refused(corner.patch(users::TENANT_EDITOR, patch).await, 403, &[&name]).unwrap();
    }
    let asks = json!({ "metadata": { "annotations": { "nimbus.luware.com/reconcile-requested-at": "now" } } });
    corner.patch(users::TENANT_EDITOR, asks).await.unwrap();
    let owner = json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "00000000-0000-0000-0000-000000000001" }]);
    let owned = json!({ "metadata": { "ownerReferences": owner } });
    refused(corner.patch(users::TENANT_EDITOR, owned).await, 403, &["metadata.ownerReferences"]).unwrap();

    corner.patch(users::PLATFORM_ADMIN, json!({ "metadata": { "finalizers": [FINALIZER] } })).await.unwrap();
    corner.api(users::PLATFORM_ADMIN).delete("contoso", &DeleteParams::default()).await.unwrap();
    let strip = json!({ "metadata": { "finalizers": null } });
    refused(corner.patch(users::TENANT_EDITOR, strip.clone()).await, 403, &[FINALIZER, "abandon"]).unwrap();
    refused(corner.patch(users::PARTNER_ADMIN, strip.clone()).await, 403, &[FINALIZER]).unwrap();
    corner.patch(users::PLATFORM_ADMIN, strip).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_needs_authority_and_a_confirmation() {
    let corner = Corner::new("delete").await.exists(json!({ "deletionPolicy": "Delete" })).await;
    let delete = async |user: &str| corner.api(user).delete("contoso", &DeleteParams::default()).await.map(|_| ());
    refused(delete(users::TENANT_EDITOR).await, 403, &["may not delete"]).unwrap();
    refused(delete(users::PLATFORM_ADMIN).await, 403, &["confirm-deletion"]).unwrap();
    refused(
        corner
            .api(users::PLATFORM_ADMIN)
            .delete_collection(&DeleteParams::default(), &kube::api::ListParams::default())
            .await
            .map(|_| ()),
        403,
        &["confirm-deletion"],
    )
    .unwrap();
    let confirm =
        json!({ "metadata": { "annotations": { "nimbus.luware.com/confirm-deletion": corner.id.to_uppercase() } } });
    corner.patch(users::PLATFORM_ADMIN, confirm).await.unwrap();
    delete(users::PLATFORM_ADMIN).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_writes_status_and_never_a_spec() {
    let corner = Corner::new("operator").await.exists(json!({})).await;
    let operator = corner.env.operator_user.clone();
    let edit = json!({ "spec": { "general": { "companyName": "x" } } });
    refused(corner.patch(&operator, edit).await, 403, &["operator", "spec"]).unwrap();
    corner.patch(&operator, json!({ "metadata": { "finalizers": [FINALIZER] } })).await.unwrap();
    let status = Patch::Merge(json!({ "status": { "observedGeneration": 1 } }));
    corner.api(&operator).patch_status("contoso", &PatchParams::default(), &status).await.unwrap();
    refused(
        corner.api(users::ADMIN).patch_status("contoso", &PatchParams::default(), &status).await,
        403,
        &["only the operator"],
    )
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_must_be_readable_by_who_names_it() {
    let corner = Corner::new("deputy").await.exists(json!({})).await;
    let patch = json!({ "spec": { "extensions": { "interact": { "acsConnectionStringRef": { "name": "other", "key": "k" } } } } });
    refused(corner.patch(users::TENANT_EDITOR, patch.clone()).await, 403, &["Secret other", "get"]).unwrap();
    corner.may_read_secrets(users::PLATFORM_ADMIN).await;
    corner.patch(users::PLATFORM_ADMIN, patch).await.unwrap();
    // What stands already is nobody's deed.
    corner.patch(users::TENANT_EDITOR, json!({ "spec": { "general": { "companyName": "x" } } })).await.unwrap();
}

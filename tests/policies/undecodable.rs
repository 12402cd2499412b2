//! Stored objects: an object that does not match the schema stays editable and deletable, also for a cluster administrator,
//! who passes every authorizer check.

use kube::Client;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject};
use nimbus_operator::resources::Tenant;
use serde_json::{Value, json};

use super::{Patch, PolicyFixture, new_user, params, post};
use crate::support::controlplane::{ControlPlane, Options};
use crate::support::env::TestEnv;
use crate::support::fixture::refused;
use crate::support::users::{ADMIN, PARTNER_ADMIN, PLATFORM_ADMIN, TENANT_EDITOR};
use crate::support::wait::{PATIENCE, until};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;

/// Specs that violate all expectations of the policies.
fn undecodable_specs() -> [(&'static str, Value); 7] {
    [
        ("without-general", json!({ "platformRef": { "name": "p" } })),
        ("general-is-a-text", json!({ "platformRef": { "name": "p" }, "general": "x", "extensions": 7 })),
        ("names-are-numbers", json!({ "platformRef": { "name": 1 }, "general": { "tenantId": 2 }, "partner": [3] })),
        (
            "lists",
            json!({ "platformRef": ["p"], "general": { "billingAddress": [] }, "extensions": { "interact": [] } }),
        ),
        ("deletes", json!({ "platformRef": { "name": "p" }, "deletionPolicy": "Delete" })),
        ("deletion-policy-is-a-number", json!({ "deletionPolicy": 1 })),
        ("empty", json!({})),
    ]
}

/// The schema accepts anything, as when the object was stored.
async fn install_lax_crd(client: Client) {
    let api: Api<CustomResourceDefinition> = Api::all(client);
    let mut crd = api.get("tenants.nimbus.luware.com").await.unwrap();
    for version in &mut crd.spec.versions {
        version.selectable_fields = None;
        version.additional_printer_columns = None;
        let schema = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut()).unwrap();
        let anything = json!({ "x-kubernetes-preserve-unknown-fields": true });
        schema.properties.as_mut().unwrap().insert("spec".into(), serde_json::from_value(anything).unwrap());
        schema.x_kubernetes_validations = None;
        schema.required = None;
    }
    crd.metadata.managed_fields = None;
    api.replace("tenants.nimbus.luware.com", &post(), &crd).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn undecodable_object_can_be_edited_and_deleted() {
    static PLANE: tokio::sync::OnceCell<ControlPlane> = tokio::sync::OnceCell::const_new();
    let plane = PLANE.get_or_init(|| async { ControlPlane::start(Options::default()).await.unwrap() }).await;
    let fixture = PolicyFixture::within(TestEnv::on(plane, "poison").await);
    let resource = ApiResource::erase::<Tenant>(&());
    let api =
        |user: &str| Api::<DynamicObject>::namespaced_with(fixture.client(user), &fixture.env.namespace, &resource);
    let cluster_admin = new_user();
    fixture.grant(&cluster_admin, "all", json!([{ "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] }])).await;
    install_lax_crd(fixture.client(ADMIN)).await;
    for (name, spec) in undecodable_specs() {
        let object = json!({ "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Tenant", "metadata": { "name": name }, "spec": spec });
        let object: DynamicObject = serde_json::from_value(object).unwrap();
        until("poison is accepted", PATIENCE, async || {
            api(&cluster_admin).create(&post(), &object).await.map(drop).map_err(|error| error.to_string())
        })
        .await;
        let label = |value: &str| Patch::Merge(json!({ "metadata": { "labels": { "example.com/label": value } } }));
        for user in [&*cluster_admin, ADMIN, PLATFORM_ADMIN, PARTNER_ADMIN, TENANT_EDITOR] {
            api(user)
                .patch(name, &params(), &label(user))
                .await
                .unwrap_or_else(|error| panic!("{name} {user}: {error}"));
        }
        // Authority is enforced here, too.
        let general = Patch::Merge(json!({ "spec": { "general": { "name": "Contoso" } } }));
        refused(api(TENANT_EDITOR).patch(name, &params(), &general).await, 403, &["spec.general.name"]).unwrap();
        api(&cluster_admin).patch(name, &params(), &general).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let delete = async |user: &str| api(user).delete(name, &DeleteParams::default()).await.map(drop);
        refused(delete(TENANT_EDITOR).await, 403, &["may not delete"]).unwrap();
        if name == "deletes" {
            // Without an ID it cannot be confirmed; without the policy it is Retain.
            refused(delete(&cluster_admin).await, 403, &["the deletion is not confirmed"]).unwrap();
            let retain = Patch::Merge(json!({ "spec": { "deletionPolicy": null } }));
            api(&cluster_admin).patch(name, &params(), &retain).await.unwrap();
        }
        delete(&cluster_admin).await.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

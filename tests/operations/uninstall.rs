//! The operator is gone before what it serves: everything that is deleted hangs on its finalizers, and nothing but the ways out
//! that the docs name frees it.

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::api::rbac::v1::{ClusterRoleBinding, RoleBinding};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Client, Resource};
use nimbus_operator::resources::{FINALIZER, Partner, Platform, Tenant, annotation};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::support::fixture::{Fixture, NAME, refused};
use crate::support::since::Since;
use crate::support::users::{self, ADMIN, PARTNER_ADMIN, PLATFORM_ADMIN, TENANT_EDITOR};
use crate::support::wait::{PATIENCE, until};

/// A user who is a cluster administrator by a binding. The policies apply, unlike to `system:masters`.
const CLUSTER_ADMIN: usize = 500;

/// A Tenant that is Ready and names a Partner; its operator is gone.
async fn without_operator(name: &str) -> Fixture {
    let fixture = Fixture::new(name).await;
    let operator = fixture.connect().await;
    fixture.partner(json!({})).await;
    fixture.create(spec(&fixture)).await;
    fixture.ready().await;
    operator.stop().await;
    fixture
}

fn spec(fixture: &Fixture) -> Value {
    json!({ "partner": { "partnerRef": { "name": fixture.env.namespace } }, "general": { "companyName": "Contoso AG" } })
}

fn stamp(fixture: &Fixture) -> String {
    format!("test/{}/{NAME}", fixture.env.namespace)
}

async fn stamps(fixture: &Fixture) -> (Option<String>, Option<String>) {
    let (status, tenant) = fixture.platform.tenant(&fixture.id).await.unwrap();
    assert_eq!(200, status, "{tenant}");
    let text = |name: &str| tenant[name].as_str().map(ToOwned::to_owned);
    (text("owner"), text("lastOwner"))
}

async fn delete_all(fixture: &Fixture) {
    let client = fixture.client(PLATFORM_ADMIN);
    fixture.delete().await;
    let params = DeleteParams::background();
    Api::<Partner>::all(client.clone()).delete(&fixture.env.namespace, &params).await.unwrap();
    Api::<Platform>::all(client).delete(&fixture.env.platform, &params).await.unwrap();
}

/// Whether an object waits for a finalizer.
async fn hangs<K>(api: &Api<K>, name: &str) -> bool
where
    K: Clone + std::fmt::Debug + DeserializeOwned + Resource<DynamicType = ()>,
{
    let found = api.get_metadata_opt(name).await.unwrap();
    found.is_some_and(|object| object.metadata.deletion_timestamp.is_some())
}

async fn gone<K>(api: &Api<K>, name: &str)
where
    K: Clone + std::fmt::Debug + DeserializeOwned + Resource<DynamicType = ()>,
{
    until(&format!("{} {name} is gone", K::kind(&())), 2 * PATIENCE, async || match api.get_metadata_opt(name).await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}

/// `kubectl patch --type=merge -p '{"metadata":{"finalizers":null}}'`.
async fn strip<K>(api: &Api<K>, name: &str) -> kube::Result<K>
where
    K: Clone + std::fmt::Debug + DeserializeOwned + Resource<DynamicType = ()>,
{
    let patch = json!({ "metadata": { "finalizers": null } });
    api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await
}

fn tenants(fixture: &Fixture, client: Client) -> Api<Tenant> {
    Api::namespaced(client, &fixture.env.namespace)
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_started_again_finishes_what_hangs() {
    let fixture = without_operator("uninstall-again").await;
    delete_all(&fixture).await;
    let client = fixture.client(PLATFORM_ADMIN);
    let (platforms, partners) = (Api::<Platform>::all(client.clone()), Api::<Partner>::all(client.clone()));
    assert!(hangs(&fixture.tenants(), NAME).await);
    assert!(hangs(&partners, &fixture.env.namespace).await);
    assert!(hangs(&platforms, &fixture.env.platform).await);

    let _operator = fixture.start();
    fixture.gone().await;
    gone(&partners, &fixture.env.namespace).await;
    gone(&platforms, &fixture.env.platform).await;
    assert_eq!((None, Some(stamp(&fixture))), stamps(&fixture).await, "released, as if it had been there all the time");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_operator_finalizers_are_removed_by_hand() {
    let fixture = without_operator("uninstall-hand").await;
    delete_all(&fixture).await;
    // The annotation is for an operator; the refusal says what helps without one.
    fixture.annotate(annotation::ABANDON, &fixture.id).await;
    for user in [TENANT_EDITOR, PARTNER_ADMIN] {
        let words = [FINALIZER, "where no operator runs any more", "administer on Platform", "removes it by hand"];
        refused(strip(&tenants(&fixture, fixture.client(user)), NAME).await, 403, &words).unwrap();
    }
    assert!(hangs(&fixture.tenants(), NAME).await);

    let client = fixture.client(PLATFORM_ADMIN);
    strip(&fixture.tenants(), NAME).await.unwrap();
    fixture.gone().await;
    let partners = Api::<Partner>::all(client.clone());
    strip(&partners, &fixture.env.namespace).await.unwrap();
    gone(&partners, &fixture.env.namespace).await;
    let platforms = Api::<Platform>::all(client);
    strip(&platforms, &fixture.env.platform).await.unwrap();
    gone(&platforms, &fixture.env.platform).await;
    assert_eq!((Some(stamp(&fixture)), None), stamps(&fixture).await, "it was not released");

    // Installed again, the same YAML finds its tenant.
    let since = Since::now(&fixture).await;
    let _operator = fixture.start();
    fixture.platform_object(&fixture.platform.url()).await;
    fixture.connected().await;
    fixture.partner(json!({})).await;
    fixture.create(spec(&fixture)).await;
    fixture.ready().await;
    assert_eq!([""; 0], *since.effects(&fixture).await);
}

/// A namespace that ends removes its RoleBindings before its Tenants, so that those who act by one cannot act any more.
#[tokio::test(flavor = "multi_thread")]
async fn hanging_namespace_is_freed_by_a_cluster_administrator() {
    let fixture = without_operator("uninstall-ns").await;
    let admin = fixture.client(ADMIN);
    let user = users::user(CLUSTER_ADMIN);
    let binding: ClusterRoleBinding = serde_json::from_value(json!({
        "metadata": { "name": fixture.env.namespace },
        "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin" },
        "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user }]
    }))
    .unwrap();
    Api::all(admin.clone()).create(&PostParams::default(), &binding).await.unwrap();

    let namespaces: Api<Namespace> = Api::all(admin.clone());
    namespaces.delete(&fixture.env.namespace, &DeleteParams::background()).await.unwrap();
    let bindings: Api<RoleBinding> = Api::namespaced(admin, &fixture.env.namespace);
    until("the RoleBindings are gone and the Tenant hangs", 2 * PATIENCE, async || {
        let left = bindings.list_metadata(&ListParams::default()).await.map_err(|error| error.to_string())?.items.len();
        let hangs = hangs(&tenants(&fixture, fixture.client(&user)), NAME).await;
        if left == 0 && hangs { Ok(()) } else { Err(format!("{left} RoleBindings, the Tenant hangs: {hangs}")) }
    })
    .await;
    refused(strip(&fixture.tenants(), NAME).await, 403, &["cannot patch resource"]).unwrap();
    strip(&tenants(&fixture, fixture.client(&user)), NAME).await.unwrap();
    gone(&namespaces, &fixture.env.namespace).await;
    assert_eq!((Some(stamp(&fixture)), None), stamps(&fixture).await);
}

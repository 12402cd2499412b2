//! Garbage collection deletes objects whose owner is gone. Admission restricts who may add an owner reference; if one was
//! added nevertheless, the deletion is not confirmed.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, ObjectMeta, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::{confirmed_manifest, event, live, stamp, stamps, told};
use crate::support::confirmation::confirming;
use crate::support::fixture::Fixture;
use crate::support::since::Since;
use crate::support::users::ADMIN;

/// Users who lost the namespace must not go on deleting tenants from it.
#[tokio::test(flavor = "multi_thread")]
async fn tenant_in_a_namespace_that_was_taken_away_is_retained() {
    let fixture = Fixture::new("taken-away").await;
    let _operator = fixture.connect().await;
    live(&fixture, confirmed_manifest(&fixture)).await;
    let since = Since::now(&fixture).await;
    fixture.patch_platform(json!({ "spec": { "allowedNamespaces": { "names": ["another"] } } })).await;
    fixture.delete().await;
    fixture.gone().await;
    assert_eq!(0, since.deletions(&fixture).await);
    assert_eq!(["owner-released"], *since.effects(&fixture).await);
    told(&fixture, [event("Warning", "DeletionNotConfirmed")], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_collected_tenant_is_retained() {
    collected("collected", false).await;
}

/// A user who may delete the owner may have no authority over the tenant, so the confirmation of another does not count.
#[tokio::test(flavor = "multi_thread")]
async fn garbage_collected_tenant_is_retained_also_if_confirmed() {
    collected("collected-confirmed", true).await;
}

async fn collected(name: &str, is_confirmed: bool) {
    let fixture = Fixture::new(name).await;
    let _operator = fixture.connect().await;
    let maps: Api<ConfigMap> = Api::namespaced(fixture.client(ADMIN), &fixture.env.namespace);
    let metadata = ObjectMeta { name: Some("owner".into()), ..ObjectMeta::default() };
    let owner = ConfigMap { metadata, ..ConfigMap::default() };
    let owner = maps.create(&PostParams::default(), &owner).await.unwrap();
    let spec = json!({ "deletionPolicy": "Delete" });
    let spec = if is_confirmed { confirming(spec, &fixture.id) } else { spec };
    let mut manifest = fixture.manifest(spec);
    manifest["metadata"]["ownerReferences"] =
        json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.uid() }]);
    live(&fixture, manifest).await;
    let since = Since::now(&fixture).await;
    maps.delete("owner", &DeleteParams::default()).await.unwrap();
    fixture.gone().await;
    assert_eq!(0, since.deletions(&fixture).await);
    assert_eq!(["owner-released"], *since.effects(&fixture).await);
    assert_eq!((None, Some(stamp(&fixture))), stamps(&fixture).await);
    told(&fixture, [event("Warning", "DeletionNotConfirmed")], "").await;
}

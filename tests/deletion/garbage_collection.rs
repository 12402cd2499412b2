//! Garbage collection deletes objects whose owner is gone. Admission restricts who may add an owner reference; if one was
//! added nevertheless, the deletion is not confirmed.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, ObjectMeta, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::{event, events, live, stamp, stamps};
use crate::support::fixture::Fixture;
use crate::support::since::Since;
use crate::support::users::ADMIN;

#[tokio::test(flavor = "multi_thread")]
async fn garbage_collected_tenant_is_retained() {
    let fixture = Fixture::new("collected").await;
    let _operator = fixture.connect().await;
    let maps: Api<ConfigMap> = Api::namespaced(fixture.client(ADMIN), &fixture.env.namespace);
    let metadata = ObjectMeta { name: Some("owner".into()), ..ObjectMeta::default() };
    let owner = ConfigMap { metadata, ..ConfigMap::default() };
    let owner = maps.create(&PostParams::default(), &owner).await.unwrap();
    let mut manifest = fixture.manifest(json!({ "deletionPolicy": "Delete" }));
    manifest["metadata"]["ownerReferences"] =
        json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.uid() }]);
    live(&fixture, manifest).await;
    let since = Since::now(&fixture).await;
    maps.delete("owner", &DeleteParams::default()).await.unwrap();
    fixture.gone().await;
    assert_eq!(0, since.deletions(&fixture).await);
    assert_eq!(["owner-released"], *since.effects(&fixture).await);
    assert_eq!((None, Some(stamp(&fixture))), stamps(&fixture).await);
    assert_eq!([event("Warning", "DeletionNotConfirmed")], *events(&fixture).await);
}

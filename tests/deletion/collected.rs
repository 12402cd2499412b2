//! Garbage collection deletes objects whose owner is gone. Admission restricts who may add an owner reference; if one was
//! added nevertheless, the deletion is not confirmed.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, ObjectMeta, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::{Since, event, events, live, stamp, stamps};
use crate::support::stage::Stage;
use crate::support::users::ADMIN;

#[tokio::test(flavor = "multi_thread")]
async fn garbage_collected_tenant_is_retained() {
    let stage = Stage::new("collected").await;
    let _operator = stage.connect().await;
    let maps: Api<ConfigMap> = Api::namespaced(stage.client(ADMIN), &stage.env.namespace);
    let metadata = ObjectMeta { name: Some("owner".into()), ..ObjectMeta::default() };
    let owner = ConfigMap { metadata, ..ConfigMap::default() };
    let owner = maps.create(&PostParams::default(), &owner).await.unwrap();
    let mut manifest = stage.manifest(json!({ "deletionPolicy": "Delete" }));
    manifest["metadata"]["ownerReferences"] =
        json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.uid() }]);
    live(&stage, manifest).await;
    let since = Since::now(&stage).await;
    maps.delete("owner", &DeleteParams::default()).await.unwrap();
    stage.gone().await;
    assert_eq!(0, since.deletions(&stage).await);
    assert_eq!(["owner-released"], *since.effects(&stage).await);
    assert_eq!((None, Some(stamp(&stage))), stamps(&stage).await);
    assert_eq!([event("Warning", "DeletionNotConfirmed")], *events(&stage).await);
}

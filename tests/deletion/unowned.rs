//! The first rows: abandoned by annotation, owned by someone else, never applied. Nothing happens on the platform.

use serde_json::json;

use super::{
    ABANDON, CONFIRM, DELETE, FINALIZER, FINALIZER_OFF, NO_EVENTS, Since, annotated, doomed, event, events, live,
    stamp, stamps,
};
use crate::support::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn abandon_makes_no_call_and_warns() {
    let mut stage = Stage::new("abandon").await;
    let _operator = stage.connect().await;
    for (case, policy) in [("Retain", "Retain"), ("a confirmed Delete", "Delete")] {
        stage.id = uuid::Uuid::new_v4().to_string();
        let annotations = json!({ ABANDON: stage.id.to_uppercase(), CONFIRM: stage.id });
        live(&stage, annotated(&stage, json!({ "deletionPolicy": policy }), annotations)).await;
        let since = Since::now(&stage).await;
        stage.delete().await;
        stage.gone().await;
        assert_eq!([""; 0], *since.calls(&stage).await, "{case}");
        assert_eq!(FINALIZER_OFF, *since.writes(&stage).await, "{case}");
        assert_eq!((Some(stamp(&stage)), None), stamps(&stage).await, "{case}: the tenant keeps its stamp");
    }
    assert_eq!([event("Warning", "Abandoned"), event("Warning", "Abandoned")], *events(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn abandon_works_while_the_platform_is_down() {
    let stage = Stage::new("abandon-dead").await;
    let _operator = stage.connect().await;
    live(&stage, doomed(&stage)).await;
    stage.platform.plant(json!([{ "route": "*", "action": { "kind": "close-before" } }])).await.unwrap();
    stage.delete().await;
    super::waits_for(&stage, "Deleting", "the platform cannot be asked").await;
    stage.annotate(ABANDON, &stage.id).await;
    stage.gone().await;
    assert_eq!([event("Warning", "Abandoned")], *events(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn abandon_with_other_tenant_id_is_ignored() {
    let stage = Stage::new("abandon-other").await;
    let _operator = stage.connect().await;
    let other = uuid::Uuid::new_v4().to_string();
    live(&stage, annotated(&stage, json!({}), json!({ ABANDON: other }))).await;
    stage.delete().await;
    stage.gone().await;
    assert_eq!([event("Normal", "Released")], *events(&stage).await);
    assert_eq!((None, Some(stamp(&stage))), stamps(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn tenant_with_other_owner_is_left_alone() {
    let mut stage = Stage::new("not-ours").await;
    let _operator = stage.connect().await;
    // With Retain the owner is not read first: the platform rejects the release, since the stamp is another owner's.
    let cases = [
        ("Retain", json!({}), "DELETE /v1/tenants/{id}/owner 409"),
        ("a confirmed Delete", json!({ "deletionPolicy": "Delete" }), "GET /v1/tenants/{id} 200"),
    ];
    for (case, spec, call) in cases {
        stage.id = uuid::Uuid::new_v4().to_string();
        live(&stage, annotated(&stage, spec, json!({ CONFIRM: stage.id }))).await;
        stage.platform.stamp(&stage.id, Some("elsewhere/contoso/contoso"), None).await.unwrap();
        let since = Since::now(&stage).await;
        stage.delete().await;
        stage.gone().await;
        assert_eq!([""; 0], *since.effects(&stage).await, "{case}");
        assert_eq!([call], *since.calls(&stage).await, "{case}");
        assert_eq!((Some("elsewhere/contoso/contoso".into()), None), stamps(&stage).await, "{case}");
    }
    assert_eq!(NO_EVENTS, *events(&stage).await);
}

/// A Tenant from a backup has our finalizer, whatever happened to its tenant.
#[tokio::test(flavor = "multi_thread")]
async fn never_applied_tenant_leaves_nothing_behind() {
    let mut stage = Stage::new("never-applied").await;
    let _operator = stage.connect().await;
    for (case, policy) in [("Retain", "Retain"), ("a confirmed Delete", "Delete")] {
        stage.id = uuid::Uuid::new_v4().to_string();
        stage
            .platform
            .create(&stage.id, json!({ "general": { "name": "Theirs", "o365Domain": "c.com" } }))
            .await
            .unwrap();
        let spec = json!({ "deletionPolicy": policy, "adoptionPolicy": "Never" });
        let mut manifest = annotated(&stage, spec, json!({ CONFIRM: stage.id }));
        manifest["metadata"]["finalizers"] = json!([FINALIZER]);
        stage.try_create(manifest).await.unwrap();
        stage.condition("Ready", "False", "NotAdopted").await;
        let since = Since::now(&stage).await;
        stage.delete().await;
        stage.gone().await;
        assert_eq!(["GET /v1/tenants/{id} 200"], *since.calls(&stage).await, "{case}");
        assert_eq!(FINALIZER_OFF, *since.writes(&stage).await, "{case}");
        assert_eq!((None, None), stamps(&stage).await, "{case}");
    }
    assert_eq!(NO_EVENTS, *events(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_create_leaves_nothing_behind() {
    let stage = Stage::new("refused").await;
    let _operator = stage.connect().await;
    let refusal = json!({ "kind": "problem", "slug": "invalid-settings" });
    stage.platform.plant(json!([{ "route": "PUT /v1/tenants/{id}", "action": refusal }])).await.unwrap();
    stage.try_create(doomed(&stage)).await.unwrap();
    let refused = stage.condition("Ready", "False", "InvalidSettings").await;
    assert_eq!(Some(vec![FINALIZER.to_owned()]), refused.metadata.finalizers, "it is written before the platform is");
    let since = Since::now(&stage).await;
    stage.delete().await;
    stage.gone().await;
    assert_eq!(["GET /v1/tenants/{id} 404"], *since.calls(&stage).await);
    assert_eq!(0, since.deletions(&stage).await, "{DELETE} is for a tenant that is there");
}

/// The create was sent, and the operator died before it recorded that anything was applied.
#[tokio::test(flavor = "multi_thread")]
async fn unrecorded_tenant_is_released() {
    let stage = Stage::new("unrecorded").await;
    stage.platform.create(&stage.id, json!({ "general": { "name": "Contoso", "o365Domain": "c.com" } })).await.unwrap();
    stage.platform.stamp(&stage.id, Some(&stamp(&stage)), None).await.unwrap();
    let mut manifest = stage.manifest(json!({}));
    manifest["metadata"]["finalizers"] = json!([FINALIZER]);
    stage.try_create(manifest).await.unwrap();
    stage.delete().await;
    let since = Since::now(&stage).await;
    let _operator = stage.start();
    stage.gone().await;
    assert_eq!(["GET /v1/tenants/{id} 200", "DELETE /v1/tenants/{id}/owner 200"], *since.calls(&stage).await);
    assert_eq!((None, Some(stamp(&stage))), stamps(&stage).await);
    assert_eq!([event("Normal", "Released")], *events(&stage).await);
}

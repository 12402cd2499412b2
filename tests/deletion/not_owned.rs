//! The first rows: abandoned by annotation, owned by someone else, never applied. Nothing happens on the platform.

use serde_json::json;

use super::{
    ABANDON, DELETE, FINALIZER, FINALIZER_OFF, annotated, confirmed_manifest, event, live, stamp, stamps, told,
};
use crate::support::confirmation::confirming;
use crate::support::fixture::Fixture;
use crate::support::since::Since;

#[tokio::test(flavor = "multi_thread")]
async fn abandon_makes_no_call_and_warns() {
    let mut fixture = Fixture::new("abandon").await;
    let _operator = fixture.connect().await;
    for (case, policy) in [("Retain", "Retain"), ("a confirmed Delete", "Delete")] {
        fixture.id = uuid::Uuid::new_v4().to_string();
        let spec = confirming(json!({ "deletionPolicy": policy }), &fixture.id);
        live(&fixture, annotated(&fixture, spec, json!({ ABANDON: fixture.id.to_uppercase() }))).await;
        let since = Since::now(&fixture).await;
        fixture.delete().await;
        fixture.gone().await;
        assert_eq!([""; 0], *since.calls(&fixture).await, "{case}");
        assert_eq!(FINALIZER_OFF, *since.writes(&fixture).await, "{case}");
        assert_eq!((Some(stamp(&fixture)), None), stamps(&fixture).await, "{case}: the tenant keeps its stamp");
    }
    told(&fixture, [event("Warning", "Abandoned"), event("Warning", "Abandoned")], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn abandon_works_while_the_platform_is_down() {
    let fixture = Fixture::new("abandon-dead").await;
    let _operator = fixture.connect().await;
    live(&fixture, confirmed_manifest(&fixture)).await;
    fixture.platform.add_faults(json!([{ "route": "*", "action": { "kind": "close-before" } }])).await.unwrap();
    fixture.delete().await;
    super::waiting_for(&fixture, "Deleting", "The deletion waits for the platform: ").await;
    fixture.annotate(ABANDON, &fixture.id).await;
    fixture.gone().await;
    told(&fixture, [event("Warning", "Abandoned")], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn abandon_with_other_tenant_id_is_ignored() {
    let fixture = Fixture::new("abandon-other").await;
    let _operator = fixture.connect().await;
    let other = uuid::Uuid::new_v4().to_string();
    live(&fixture, annotated(&fixture, json!({}), json!({ ABANDON: other }))).await;
    fixture.delete().await;
    fixture.gone().await;
    told(&fixture, [event("Normal", "Released")], "").await;
    assert_eq!((None, Some(stamp(&fixture))), stamps(&fixture).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn tenant_with_other_owner_is_left_alone() {
    let mut fixture = Fixture::new("not-ours").await;
    let _operator = fixture.connect().await;
    // With Retain the owner is not read first: the platform rejects the release, since the stamp is another one by now.
    let read = "GET /v1/tenants/{id} 200";
    let cases = [
        ("Retain", json!({}), vec!["DELETE /v1/tenants/{id}/owner 412", read]),
        ("a confirmed Delete", json!({ "deletionPolicy": "Delete" }), vec![read]),
    ];
    for (case, spec, calls) in cases {
        fixture.id = uuid::Uuid::new_v4().to_string();
        live(&fixture, fixture.manifest(confirming(spec, &fixture.id))).await;
        fixture.platform.stamp(&fixture.id, Some("elsewhere/contoso/contoso"), None).await.unwrap();
        let since = Since::now(&fixture).await;
        fixture.delete().await;
        fixture.gone().await;
        assert_eq!([""; 0], *since.effects(&fixture).await, "{case}");
        assert_eq!(calls, *since.calls(&fixture).await, "{case}");
        assert_eq!((Some("elsewhere/contoso/contoso".into()), None), stamps(&fixture).await, "{case}");
    }
    told(&fixture, [event("Warning", "DeletionNotRequested")], "of the confirmed one").await;
}

/// A Tenant from a backup has our finalizer, whatever happened to its tenant.
#[tokio::test(flavor = "multi_thread")]
async fn never_applied_tenant_leaves_nothing_behind() {
    let mut fixture = Fixture::new("never-applied").await;
    let _operator = fixture.connect().await;
    for (case, policy) in [("Retain", "Retain"), ("a confirmed Delete", "Delete")] {
        fixture.id = uuid::Uuid::new_v4().to_string();
        fixture
            .platform
            .create(&fixture.id, json!({ "general": { "name": "Theirs", "o365Domain": "c.com" } }))
            .await
            .unwrap();
        let spec = json!({ "deletionPolicy": policy, "adoptionPolicy": "Never" });
        let mut manifest = fixture.manifest(confirming(spec, &fixture.id));
        manifest["metadata"]["finalizers"] = json!([FINALIZER]);
        fixture.try_create(manifest).await.unwrap();
        fixture.condition("Ready", "False", "NotAdopted").await;
        let since = Since::now(&fixture).await;
        fixture.delete().await;
        fixture.gone().await;
        assert_eq!(["GET /v1/tenants/{id} 200"], *since.calls(&fixture).await, "{case}");
        assert_eq!(FINALIZER_OFF, *since.writes(&fixture).await, "{case}");
        assert_eq!((None, None), stamps(&fixture).await, "{case}");
    }
    told(&fixture, [event("Warning", "DeletionNotRequested")], "of the confirmed one").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_create_leaves_nothing_behind() {
    let fixture = Fixture::new("refused").await;
    let _operator = fixture.connect().await;
    let refusal = json!({ "kind": "problem", "slug": "invalid-settings" });
    fixture.platform.add_faults(json!([{ "route": "PUT /v1/tenants/{id}", "action": refusal }])).await.unwrap();
    fixture.try_create(confirmed_manifest(&fixture)).await.unwrap();
    let refused = fixture.condition("Ready", "False", "InvalidSettings").await;
    assert_eq!(Some(vec![FINALIZER.to_owned()]), refused.metadata.finalizers, "it is written before the platform is");
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    fixture.gone().await;
    assert_eq!(["GET /v1/tenants/{id} 404"], *since.calls(&fixture).await);
    assert_eq!(0, since.deletions(&fixture).await, "{DELETE} is for a tenant that is there");
}

/// The create was sent, and the operator died before it recorded that anything was applied.
#[tokio::test(flavor = "multi_thread")]
async fn unrecorded_tenant_is_released() {
    let fixture = Fixture::new("unrecorded").await;
    fixture
        .platform
        .create(&fixture.id, json!({ "general": { "name": "Contoso", "o365Domain": "c.com" } }))
        .await
        .unwrap();
    fixture.platform.stamp(&fixture.id, Some(&stamp(&fixture)), None).await.unwrap();
    let mut manifest = fixture.manifest(json!({}));
    manifest["metadata"]["finalizers"] = json!([FINALIZER]);
    fixture.try_create(manifest).await.unwrap();
    fixture.delete().await;
    let since = Since::now(&fixture).await;
    let _operator = fixture.start();
    fixture.gone().await;
    assert_eq!(["GET /v1/tenants/{id} 200", "DELETE /v1/tenants/{id}/owner 200"], *since.calls(&fixture).await);
    assert_eq!((None, Some(stamp(&fixture))), stamps(&fixture).await);
    told(&fixture, [event("Normal", "Released")], "").await;
}

//! F20: state of a Tenant does not apply to a successor of the same name.

use nimbus_operator::controller::Step;
use nimbus_operator::resources::Tenant;
use serde_json::{Value, json};

use super::{
    CONFIRM, FINALIZER, FINALIZER_OFF, RECREATE, Since, absence, annotated, doomed, event, events, live, stamp, stamps,
    waits_for,
};
use crate::support::hold::Hold;
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::{Moment, Recorder};
use crate::support::stage::{Stage, condition};

#[tokio::test(flavor = "multi_thread")]
async fn same_yaml_is_ready_again_without_resending() {
    let stage = Stage::new("drill").await;
    let _operator = stage.connect().await;
    // Never: it is not an adoption if the operator was the last owner. Sealed settings are sent again and change nothing.
    let manifest = stage.manifest(json!({
        "adoptionPolicy": "Never",
        "general": { "companyName": "Contoso AG" },
        "extensions": { "interact": {
            "enabled": true, "acsConnectionStringRef": { "name": "acs", "key": "connection-string" }
        } }
    }));
    live(&stage, manifest.clone()).await;
    let (_, before) = stage.platform.tenant(&stage.id).await.unwrap();
    stage.delete().await;
    stage.gone().await;
    assert_eq!((None, Some(stamp(&stage))), stamps(&stage).await);
    let since = Since::now(&stage).await;
    let ready = live(&stage, manifest).await;
    assert_eq!(["owner-claimed"], *since.effects(&stage).await);
    assert_eq!(Some(stamp(&stage)), stamps(&stage).await.0);
    let (_, after) = stage.platform.tenant(&stage.id).await.unwrap();
    assert_eq!((&before["settings"], &before["settingsVersion"]), (&after["settings"], &after["settingsVersion"]));
    assert_eq!(before["settingsVersion"], ready.status.unwrap().applied.unwrap().settings_version);
    assert_eq!([event("Normal", "Adopted"), event("Normal", "Released")], *events(&stage).await);
}

/// The same, but the new YAML differs: the new spec applies.
#[tokio::test(flavor = "multi_thread")]
async fn recreated_tenant_applies_its_own_spec() {
    let stage = Stage::new("drill-edit").await;
    let _operator = stage.connect().await;
    live(&stage, stage.manifest(json!({ "general": { "companyName": "Before" } }))).await;
    stage.delete().await;
    stage.gone().await;
    let since = Since::now(&stage).await;
    live(&stage, stage.manifest(json!({ "general": { "companyName": "After" } }))).await;
    assert_eq!(["owner-claimed", "settings-changed"], *since.effects(&stage).await);
    stage.settings("the new name", |settings| settings["general"]["companyName"] == "After").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn confirmation_in_git_does_not_confirm_others() {
    let mut stage = Stage::without_policies("left-in-git").await;
    let _operator = stage.connect().await;
    stage.platform.auto_run(true).await.unwrap();
    live(&stage, doomed(&stage)).await;
    stage.delete().await;
    stage.gone().await;
    let old = std::mem::replace(&mut stage.id, uuid::Uuid::new_v4().to_string());
    live(&stage, annotated(&stage, json!({ "deletionPolicy": "Delete" }), json!({ CONFIRM: old }))).await;
    let since = Since::now(&stage).await;
    stage.delete().await;
    stage.gone().await;
    assert_eq!(0, since.deletions(&stage).await);
    assert_eq!((None, Some(stamp(&stage))), stamps(&stage).await);
    assert_eq!([event("Normal", "Deleted"), event("Warning", "DeletionNotConfirmed")], *events(&stage).await);
}

/// A deleted tenant is not recreated by the YAML that is still in git; this needs an explicit confirmation.
#[tokio::test(flavor = "multi_thread")]
async fn yaml_of_a_deleted_tenant_creates_nothing() {
    let stage = Stage::new("tombstone").await;
    let _operator = stage.connect().await;
    stage.platform.auto_run(true).await.unwrap();
    live(&stage, doomed(&stage)).await;
    stage.delete().await;
    stage.gone().await;
    let since = Since::now(&stage).await;
    stage.try_create(doomed(&stage)).await.unwrap();
    let lost = stage.condition("Ready", "False", "TenantLost").await;
    assert_eq!(None, lost.metadata.finalizers);
    assert_eq!([""; 0], *since.effects(&stage).await);
    stage.delete().await;
    stage.gone().await;
    assert_eq!(["GET /v1/tenants/{id} 404"], *since.calls(&stage).await);
    assert_eq!("tenant-deleted", absence(&stage).await);
}

/// The finalizer was removed by force while the deletion waited, and the Tenant was created again, unconfirmed.
#[tokio::test(flavor = "multi_thread")]
async fn running_deletion_does_not_affect_a_successor() {
    let stage = Stage::new("successor").await;
    let _operator = stage.connect().await;
    live(&stage, doomed(&stage)).await;
    stage.delete().await;
    waits_for(&stage, "Deleting", "provisioning script").await;
    stage.patch(json!({ "metadata": { "finalizers": null } })).await;
    stage.gone().await;
    let since = Since::now(&stage).await;
    stage.try_create(stage.manifest(json!({ "general": { "companyName": "Successor" } }))).await.unwrap();
    let deleting = stage.condition("Ready", "False", "TenantDeleting").await;
    assert_eq!(None, deleting.metadata.finalizers, "nothing is written, so nothing has to be taken off");
    assert_eq!(None, deleting.status.unwrap().deletion);
    stage.platform.run_script(&stage.id).await.unwrap();
    stage.pass().await;
    let lost = stage.condition("Ready", "False", "TenantLost").await;
    assert_eq!([""; 0], *since.effects(&stage).await);

    let (_, tombstone) = stage.platform.tenant(&stage.id).await.unwrap();
    let token = tombstone["deletionId"].as_str().unwrap().to_owned();
    let message = condition(&lost, "Ready").unwrap().2;
    assert!(message.ends_with(&format!("{RECREATE}: {token}")), "{message}");
    stage.annotate(RECREATE, &token).await;
    stage.ready().await;
    assert_eq!(["tenant-created"], *since.effects(&stage).await);
}

/// The pass of the old Tenant is paused after its decision while the Tenant is replaced: it does not affect the new one.
#[tokio::test(flavor = "multi_thread")]
async fn stale_decision_does_not_touch_the_new_tenant() {
    for (confirmed, step) in [false, true].into_iter().flat_map(|how| [(how, Step::Plan), (how, Step::Execute)]) {
        let (mut stage, hold) = (Stage::new("replaced").await, Hold::default());
        stage.observer = hold.observer();
        let operator = stage.connect().await;
        live(&stage, if confirmed { doomed(&stage) } else { stage.manifest(json!({})) }).await;
        let mut held = hold.at(step);
        stage.delete().await;
        held.reached().await;
        let since = Since::now(&stage).await;
        let successor = replace(&stage).await;
        drop(held);
        stage.ready().await;
        assert_eq!(0, since.deletions(&stage).await, "{confirmed} {step:?}");
        let writes = since.writes(&stage).await;
        assert!(!writes.contains(&FINALIZER_OFF[0].to_owned()), "{confirmed} {step:?}: {writes:?}");
        let (_, document) = stage.platform.tenant(&stage.id).await.unwrap();
        assert_eq!(stamp(&stage), document["owner"], "{confirmed} {step:?}");
        assert_eq!(Value::Null, document["runtime"]["deletion"], "{confirmed} {step:?}");
        operator.stop().await;
        assert_untouched(&stage, &successor).await;
    }
}

/// The old Tenant is replaced during a call of the platform: neither its status nor its finalizer is written to the new
/// one.
#[tokio::test(flavor = "multi_thread")]
async fn acted_pass_writes_nothing_to_the_new_tenant() {
    for confirmed in [false, true] {
        let stage = Stage::new("replaced-late").await;
        let recorder = Recorder::new(|_, path| path.starts_with("/v1/tenants/"));
        let proxy = Proxy::start(Upstream::platform(&stage.platform.url()), &recorder).await.unwrap();
        stage.platform_object(&proxy.url()).await;
        let operator = stage.connect().await;
        live(&stage, if confirmed { doomed(&stage) } else { stage.manifest(json!({})) }).await;
        let reached = recorder.arm(recorder.effects().len() + 1, Moment::AfterSend);
        stage.delete().await;
        reached.await.unwrap();
        let successor = replace(&stage).await;
        let since = Since::now(&stage).await;
        recorder.release();
        if confirmed {
            // It was requested for the old one, before the new one existed.
            let deleting = stage.condition("Ready", "False", "TenantDeleting").await;
            assert_eq!(None, deleting.status.unwrap().deletion);
            assert_eq!([""; 0], *since.effects(&stage).await);
        } else {
            stage.ready().await;
            assert_eq!(["owner-claimed"], *since.effects(&stage).await);
        }
        // The first write is that of the old pass, and its UID does not match.
        let writes = since.writes(&stage).await;
        assert_eq!(if confirmed { "patch tenants/status 422" } else { "patch tenants 422" }, writes[0]);
        assert!(!writes.contains(&FINALIZER_OFF[0].to_owned()), "{confirmed}: {writes:?}");
        operator.stop().await;
        assert_untouched(&stage, &successor).await;
    }
}

/// Removes the finalizer by force and creates the Tenant again, unconfirmed. It has our finalizer from the start, as after
/// a restore, so that a pass of the old one would find a finalizer to remove.
async fn replace(stage: &Stage) -> Tenant {
    stage.patch(json!({ "metadata": { "finalizers": null } })).await;
    stage.gone().await;
    let mut successor = stage.manifest(json!({}));
    successor["metadata"]["finalizers"] = json!([FINALIZER]);
    stage.try_create(successor).await.unwrap()
}

async fn assert_untouched(stage: &Stage, successor: &Tenant) {
    let left = stage.get().await.metadata;
    assert_eq!((successor.metadata.uid.clone(), None), (left.uid, left.deletion_timestamp));
    assert_eq!(Some(vec![FINALIZER.to_owned()]), left.finalizers);
}

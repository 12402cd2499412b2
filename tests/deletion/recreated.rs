//! F20: state of a Tenant does not apply to a successor of the same name.

use nimbus_operator::controller::Step;
use nimbus_operator::resources::Tenant;
use serde_json::{Value, json};

use super::{
    FINALIZER, FINALIZER_OFF, RECREATE, absence_problem, confirmed_manifest, event, live, stamp, stamps, told,
    waiting_for,
};
use crate::support::confirmation::confirming;
use crate::support::fixture::{Fixture, condition};
use crate::support::pause::Pause;
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::{Moment, Recorder};
use crate::support::since::Since;

#[tokio::test(flavor = "multi_thread")]
async fn same_yaml_is_ready_again_without_resending() {
    let fixture = Fixture::new("drill").await;
    let _operator = fixture.connect().await;
    // Never: it is not an adoption if the operator was the last owner. Sealed settings are sent again and change nothing.
    let manifest = fixture.manifest(json!({
        "adoptionPolicy": "Never",
        "general": { "companyName": "Contoso AG" },
        "extensions": { "interact": {
            "enabled": true, "acsConnectionStringRef": { "name": "acs", "key": "connection-string" }
        } }
    }));
    live(&fixture, manifest.clone()).await;
    let (_, before) = fixture.platform.tenant(&fixture.id).await.unwrap();
    fixture.delete().await;
    fixture.gone().await;
    assert_eq!((None, Some(stamp(&fixture))), stamps(&fixture).await);
    let since = Since::now(&fixture).await;
    let ready = live(&fixture, manifest).await;
    assert_eq!(["owner-claimed"], *since.effects(&fixture).await);
    assert_eq!(Some(stamp(&fixture)), stamps(&fixture).await.0);
    let (_, after) = fixture.platform.tenant(&fixture.id).await.unwrap();
    assert_eq!((&before["settings"], &before["settingsVersion"]), (&after["settings"], &after["settingsVersion"]));
    assert_eq!(before["settingsVersion"], ready.status.unwrap().applied.unwrap().settings_version);
    told(&fixture, [event("Normal", "Adopted"), event("Normal", "Released")], "").await;
}

/// The same, but the new YAML differs: the new spec applies.
#[tokio::test(flavor = "multi_thread")]
async fn recreated_tenant_applies_its_own_spec() {
    let fixture = Fixture::new("drill-edit").await;
    let _operator = fixture.connect().await;
    live(&fixture, fixture.manifest(json!({ "general": { "companyName": "Before" } }))).await;
    fixture.delete().await;
    fixture.gone().await;
    let since = Since::now(&fixture).await;
    live(&fixture, fixture.manifest(json!({ "general": { "companyName": "After" } }))).await;
    assert_eq!(["owner-claimed", "settings-changed"], *since.effects(&fixture).await);
    fixture.settings("the new name", |settings| settings["general"]["companyName"] == "After").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn confirmation_in_git_does_not_confirm_others() {
    let mut fixture = Fixture::without_policies("left-in-git").await;
    let _operator = fixture.connect().await;
    fixture.platform.auto_run(true).await.unwrap();
    live(&fixture, confirmed_manifest(&fixture)).await;
    fixture.delete().await;
    fixture.gone().await;
    let old = std::mem::replace(&mut fixture.id, uuid::Uuid::new_v4().to_string());
    live(&fixture, fixture.manifest(confirming(json!({ "deletionPolicy": "Delete" }), &old))).await;
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    fixture.gone().await;
    assert_eq!(0, since.deletions(&fixture).await);
    assert_eq!((None, Some(stamp(&fixture))), stamps(&fixture).await);
    told(&fixture, [event("Normal", "Deleted"), event("Warning", "DeletionNotConfirmed")], "").await;
}

/// A deleted tenant is not recreated by the YAML that is still in git; this needs an explicit confirmation.
#[tokio::test(flavor = "multi_thread")]
async fn yaml_of_a_deleted_tenant_creates_nothing() {
    let fixture = Fixture::new("tombstone").await;
    let _operator = fixture.connect().await;
    fixture.platform.auto_run(true).await.unwrap();
    live(&fixture, confirmed_manifest(&fixture)).await;
    fixture.delete().await;
    fixture.gone().await;
    let since = Since::now(&fixture).await;
    fixture.try_create(confirmed_manifest(&fixture)).await.unwrap();
    let lost = fixture.condition("Ready", "False", "TenantLost").await;
    assert_eq!(None, lost.metadata.finalizers);
    assert_eq!([""; 0], *since.effects(&fixture).await);
    fixture.delete().await;
    fixture.gone().await;
    assert_eq!(["GET /v1/tenants/{id} 404"], *since.calls(&fixture).await);
    assert_eq!("tenant-deleted", absence_problem(&fixture).await);
}

/// The finalizer was removed by force while the deletion waited, and the Tenant was created again, unconfirmed.
#[tokio::test(flavor = "multi_thread")]
async fn running_deletion_does_not_affect_a_successor() {
    let fixture = Fixture::new("successor").await;
    let _operator = fixture.connect().await;
    live(&fixture, confirmed_manifest(&fixture)).await;
    fixture.delete().await;
    waiting_for(&fixture, "Deleting", "provisioning script").await;
    fixture.patch(json!({ "metadata": { "finalizers": null } })).await;
    fixture.gone().await;
    let since = Since::now(&fixture).await;
    fixture.try_create(fixture.manifest(json!({ "general": { "companyName": "Successor" } }))).await.unwrap();
    let deleting = fixture.condition("Ready", "False", "TenantDeleting").await;
    assert_eq!(None, deleting.metadata.finalizers, "nothing is written, so nothing has to be taken off");
    assert_eq!(None, deleting.status.unwrap().deletion);
    fixture.platform.run_script(&fixture.id).await.unwrap();
    fixture.pass().await;
    let lost = fixture.condition("Ready", "False", "TenantLost").await;
    assert_eq!([""; 0], *since.effects(&fixture).await);

    let (_, tombstone) = fixture.platform.tenant(&fixture.id).await.unwrap();
    let token = tombstone["deletionId"].as_str().unwrap().to_owned();
    let message = condition(&lost, "Ready").unwrap().2;
    assert!(message.ends_with(&format!("{RECREATE}: {token}")), "{message}");
    fixture.recreate(&token).await;
    fixture.ready().await;
    assert_eq!(["tenant-created"], *since.effects(&fixture).await);
}

/// The pass of the old Tenant is paused after its decision while the Tenant is replaced: it does not affect the new one.
#[tokio::test(flavor = "multi_thread")]
async fn stale_decision_does_not_touch_the_new_tenant() {
    for (confirmed, step) in [false, true].into_iter().flat_map(|how| [(how, Step::Plan), (how, Step::Execute)]) {
        let (mut fixture, hold) = (Fixture::new("replaced").await, Pause::default());
        fixture.observer = hold.observer();
        let operator = fixture.connect().await;
        live(&fixture, if confirmed { confirmed_manifest(&fixture) } else { fixture.manifest(json!({})) }).await;
        let mut held = hold.at(step);
        fixture.delete().await;
        held.reached().await;
        let since = Since::now(&fixture).await;
        let successor = replace(&fixture).await;
        drop(held);
        fixture.ready().await;
        assert_eq!(0, since.deletions(&fixture).await, "{confirmed} {step:?}");
        let writes = since.writes(&fixture).await;
        assert!(!writes.contains(&FINALIZER_OFF[0].to_owned()), "{confirmed} {step:?}: {writes:?}");
        let (_, document) = fixture.platform.tenant(&fixture.id).await.unwrap();
        assert_eq!(stamp(&fixture), document["owner"], "{confirmed} {step:?}");
        assert_eq!(Value::Null, document["runtime"]["deletion"], "{confirmed} {step:?}");
        operator.stop().await;
        assert_untouched(&fixture, &successor).await;
    }
}

/// The old Tenant is replaced during a call of the platform: neither its status nor its finalizer is written to the new
/// one.
#[tokio::test(flavor = "multi_thread")]
async fn acted_pass_writes_nothing_to_the_new_tenant() {
    for confirmed in [false, true] {
        let fixture = Fixture::new("replaced-late").await;
        let recorder = Recorder::new(|_, path| path.starts_with("/v1/tenants/"));
        let proxy = Proxy::start(Upstream::platform(&fixture.platform.url()), &recorder).await.unwrap();
        fixture.platform_object(&proxy.url()).await;
        let operator = fixture.connect().await;
        live(&fixture, if confirmed { confirmed_manifest(&fixture) } else { fixture.manifest(json!({})) }).await;
        let reached = recorder.arm(recorder.effects().len() + 1, Moment::AfterSend);
        fixture.delete().await;
        reached.await.unwrap();
        let successor = replace(&fixture).await;
        let since = Since::now(&fixture).await;
        recorder.release();
        if confirmed {
            // It was requested for the old one, before the new one existed.
            let deleting = fixture.condition("Ready", "False", "TenantDeleting").await;
            assert_eq!(None, deleting.status.unwrap().deletion);
            assert_eq!([""; 0], *since.effects(&fixture).await);
        } else {
            fixture.ready().await;
            assert_eq!(["owner-claimed"], *since.effects(&fixture).await);
        }
        // The first write is that of the old pass, and its UID does not match.
        let writes = since.writes(&fixture).await;
        assert_eq!(if confirmed { "patch tenants/status 422" } else { "patch tenants 422" }, writes[0]);
        assert!(!writes.contains(&FINALIZER_OFF[0].to_owned()), "{confirmed}: {writes:?}");
        operator.stop().await;
        assert_untouched(&fixture, &successor).await;
    }
}

/// Removes the finalizer by force and creates the Tenant again, unconfirmed. It has our finalizer from the start, as after
/// a restore, so that a pass of the old one would find a finalizer to remove.
async fn replace(fixture: &Fixture) -> Tenant {
    fixture.patch(json!({ "metadata": { "finalizers": null } })).await;
    fixture.gone().await;
    let mut successor = fixture.manifest(json!({}));
    successor["metadata"]["finalizers"] = json!([FINALIZER]);
    fixture.try_create(successor).await.unwrap()
}

async fn assert_untouched(fixture: &Fixture, successor: &Tenant) {
    let left = fixture.get().await.metadata;
    assert_eq!((successor.metadata.uid.clone(), None), (left.uid, left.deletion_timestamp));
    assert_eq!(Some(vec![FINALIZER.to_owned()]), left.finalizers);
}

//! Our finalizer is put back first, also if something else stops the pass: without it a Tenant would vanish and its tenant live on unseen.

use kube::Api;
use kube::api::{Patch, PatchParams};
use nimbus_operator::resources::{Platform, Tenant};
use reqwest::Method;
use serde_json::{Value, json};

use super::{FINALIZER, confirmed_manifest, live, stamp, stamps, waiting_for};
use crate::support::fixture::{Fixture, NAME, describe};
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

/// An editor removes our finalizer, which the policies allow while the Tenant stays. The operator puts it back.
async fn strip(fixture: &Fixture, what: &str) {
    let tenants: Api<Tenant> = Api::namespaced(fixture.client(users::TENANT_EDITOR), &fixture.env.namespace);
    let patch = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
    let stripped = tenants.patch(NAME, &PatchParams::default(), &patch).await.unwrap();
    assert_eq!(None, stripped.metadata.finalizers, "{what}");
    until(&format!("{what}: the finalizer is back"), PATIENCE, async || {
        let tenant = fixture.get().await;
        let back = tenant.metadata.finalizers.iter().flatten().any(|name| name == FINALIZER);
        if back { Ok(()) } else { Err(describe(&tenant)) }
    })
    .await;
}

async fn allow(fixture: &Fixture, namespaces: Value) {
    let api: Api<Platform> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    let patch = Patch::Merge(json!({ "spec": { "allowedNamespaces": namespaces } }));
    api.patch(&fixture.env.platform, &PatchParams::default(), &patch).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn finalizer_is_put_back_whatever_stops_the_pass() {
    let fixture = Fixture::new("put-back").await;
    let _operator = fixture.connect().await;
    live(&fixture, fixture.manifest(json!({}))).await;
    strip(&fixture, "live").await;

    fixture.patch(json!({ "spec": { "suspend": true } })).await;
    fixture.condition("Synced", "Unknown", "ReconciliationSuspended").await;
    strip(&fixture, "suspended").await;
    fixture.patch(json!({ "spec": { "suspend": null } })).await;
    fixture.ready().await;

    // The same guest twice: only the operator judges that.
    let twice = json!({ "enabled": true, "primaryAccount": "a@contoso.com", "secondaryAccount": "a@contoso.com" });
    fixture.patch(json!({ "spec": { "modalities": { "instantMessaging": twice } } })).await;
    fixture.condition("Ready", "False", "InvalidSettings").await;
    strip(&fixture, "invalid").await;
    fixture.patch(json!({ "spec": { "modalities": null } })).await;
    fixture.ready().await;

    allow(&fixture, json!({ "names": ["elsewhere"] })).await;
    fixture.condition("Ready", "False", "NamespaceNotPermitted").await;
    strip(&fixture, "not permitted").await;
    allow(&fixture, json!({ "names": [fixture.env.namespace] })).await;
    fixture.ready().await;

    let reference = json!({ "name": "missing", "key": "connection-string" });
    let interact = json!({ "interact": { "enabled": true, "acsConnectionStringRef": reference } });
    fixture.patch(json!({ "spec": { "extensions": interact } })).await;
    fixture.condition("Ready", "False", "SecretNotFound").await;
    strip(&fixture, "a missing Secret").await;
    fixture.patch(json!({ "spec": { "extensions": null } })).await;

    fixture.platform.add_faults(json!([{ "route": "*", "action": { "kind": "close-before" } }])).await.unwrap();
    strip(&fixture, "an outage").await;
}

/// The attack: suspended, stripped, deleted. The confirmed deletion waits for the end of the suspension, as it would have.
#[tokio::test(flavor = "multi_thread")]
async fn stripped_and_suspended_tenant_does_not_vanish() {
    let fixture = Fixture::new("stripped").await;
    let _operator = fixture.connect().await;
    fixture.platform.auto_run(true).await.unwrap();
    live(&fixture, confirmed_manifest(&fixture)).await;
    fixture.patch(json!({ "spec": { "suspend": true } })).await;
    fixture.condition("Synced", "Unknown", "ReconciliationSuspended").await;
    strip(&fixture, "suspended").await;
    fixture.delete().await;
    waiting_for(&fixture, "ReconciliationSuspended", "The deletion is confirmed and waits").await;
    assert_eq!((Some(stamp(&fixture)), None), stamps(&fixture).await);
    fixture.patch(json!({ "spec": { "suspend": null } })).await;
    fixture.gone().await;
    assert_eq!("tenant-deleted", super::absence_problem(&fixture).await);
}

/// A Tenant that was never applied has no tenant that could be left behind, so nothing holds it.
#[tokio::test(flavor = "multi_thread")]
async fn tenant_that_was_never_applied_is_not_held() {
    let fixture = Fixture::new("not-held").await;
    let operator = fixture.connect().await;
    fixture.create(json!({ "suspend": true })).await;
    fixture.condition("Ready", "False", "ReconciliationSuspended").await;
    fixture.pass().await;
    operator.stop().await;
    assert_eq!(None, fixture.get().await.metadata.finalizers);
}

/// The metadata that our patch answers are those of the edit, and the spec of the pass is the one before.
#[tokio::test(flavor = "multi_thread")]
async fn edit_while_the_finalizer_is_put_back_is_applied() {
    let fixture = Fixture::new("put-back-edit").await;
    let kubernetes = Upstream::kubernetes(fixture.env.control_plane);
    let kubernetes = Proxy::start(kubernetes, &Recorder::new(|_, _| false)).await.unwrap();
    let _operator = fixture.start_through(&kubernetes);
    fixture.connected().await;
    live(&fixture, fixture.manifest(json!({}))).await;
    let mut patch = kubernetes.detours.pause(Method::PATCH, &format!("/tenants/{NAME}"));
    let tenants: Api<Tenant> = Api::namespaced(fixture.client(users::TENANT_EDITOR), &fixture.env.namespace);
    let strip = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
    tenants
        .patch(NAME, &PatchParams { field_manager: Some("test".into()), ..PatchParams::default() }, &strip)
        .await
        .unwrap();
    patch.reached().await;
    fixture.patch(json!({ "spec": { "general": { "companyName": "Edited AG" } } })).await;
    drop(patch);
    fixture.settings("the edit is saved", |settings| settings["general"]["companyName"] == "Edited AG").await;
    fixture.ready().await;
}

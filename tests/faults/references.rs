//! References that do not resolve yet: a Platform that is missing or does not allow this namespace. The Tenant reports
//! which, makes no call, and continues once they resolve.

use std::time::Duration;

use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use nimbus_operator::resources::{Platform, Tenant};
use serde_json::{Value, json};

use super::platform_says;
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;
use crate::support::stage::{Stage, condition};
use crate::support::tenant::Handle;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

fn words(tenant: &Tenant) -> Vec<(String, String)> {
    let kinds = ["Ready", "Accepted", "Synced", "Reconciling", "Stalled"];
    kinds
        .into_iter()
        .filter_map(|kind| condition(tenant, kind).map(|(status, _, _)| (kind.to_owned(), status)))
        .collect()
}

fn expected(words: &[(&str, &str)]) -> Vec<(String, String)> {
    words.iter().map(|(kind, status)| ((*kind).to_owned(), (*status).to_owned())).collect()
}

async fn allow(stage: &Stage, namespaces: Value) {
    let api: Api<Platform> = Api::all(stage.client(users::PLATFORM_ADMIN));
    let patch = Patch::Merge(json!({ "spec": { "allowedNamespaces": namespaces } }));
    api.patch(&stage.env.platform, &PatchParams::default(), &patch).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_platform_is_awaited() {
    let stage = Stage::new("missing").await;
    let api: Api<Platform> = Api::all(stage.client(users::PLATFORM_ADMIN));
    api.delete(&stage.env.platform, &DeleteParams::default()).await.unwrap();
    let _operator = stage.start();
    let audit = stage.audit().mark().await.unwrap();
    stage.create(json!({})).await;
    let waits = stage.condition("Ready", "False", "PlatformNotFound").await;
    assert_eq!(
        expected(&[("Ready", "False"), ("Accepted", "False"), ("Synced", "Unknown"), ("Reconciling", "True")]),
        words(&waits)
    );
    let (_, _, message) = condition(&waits, "Ready").unwrap();
    assert!(message.contains("spec.platformRef.name") && message.contains(&stage.env.platform), "{message}");

    stage.platform_object(&stage.platform.url()).await;
    stage.ready().await;
    // Reported once however often it was checked, then the finalizer, then Ready.
    let writes = stage.tenant_writes(audit).await.unwrap();
    let writes: Vec<_> = writes.iter().map(|write| write.subresource.as_str()).collect();
    assert_eq!(vec!["status", "", "status"], writes);
    assert_eq!(["tenant-created"], stage.platform.effects(0).await.unwrap().as_slice());
}

#[tokio::test(flavor = "multi_thread")]
async fn namespace_is_served_once_permitted() {
    let stage = Stage::new("forbidden").await;
    allow(&stage, json!({ "names": ["another"] })).await;
    let _operator = stage.start();
    platform_says(&stage, "True", "Connected").await;
    stage.create(json!({})).await;
    let stalled = stage.condition("Ready", "False", "NamespaceNotPermitted").await;
    assert_eq!(
        expected(&[("Ready", "False"), ("Accepted", "False"), ("Synced", "Unknown"), ("Stalled", "True")]),
        words(&stalled)
    );
    assert_eq!(0, stage.platform.calls(&stage.id, 0).await.unwrap().len());

    allow(&stage, json!({ "names": [stage.env.namespace] })).await;
    stage.ready().await;

    // Removed again: the tenant stays as it is, and no edit is applied.
    let mark = stage.platform.mark().await.unwrap();
    allow(&stage, json!(null)).await;
    stage.condition("Ready", "False", "NamespaceNotPermitted").await;
    stage.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    stage.condition("Ready", "False", "NamespaceNotPermitted").await;
    assert_eq!(0, stage.platform.calls(&stage.id, mark).await.unwrap().len());
    allow(&stage, json!({ "all": true })).await;
    stage.ready().await;
    assert_eq!(["settings-changed"], stage.platform.effects(mark).await.unwrap().as_slice());
}

/// What wakes a Tenant and what its pass reads come from one source: were there two watches of Platforms, and the one that
/// fills the store the slower, the pass would decide on the old Platform and nothing would wake the Tenant again. Each watch
/// of Platforms is slowed down in turn.
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_a_platform_wakes_its_tenants_once_their_passes_can_see_it() {
    const LAG: Duration = Duration::from_millis(1500);
    let stage = Stage::new("lag").await;
    let recorder = Recorder::new(|_, _| false);
    let proxy = Proxy::start(Upstream::kubernetes(stage.env.control_plane), &recorder).await.unwrap();
    let _operator = stage.start_through(&proxy);
    stage.connected().await;
    stage.create(json!({})).await;
    stage.ready().await;
    until("Platforms are watched", PATIENCE, async || match proxy.opened("platforms") {
        0 => Err("not yet"),
        _ => Ok(()),
    })
    .await;

    for number in 1..=proxy.opened("platforms") {
        allow(&stage, json!({ "names": ["another"] })).await;
        stage.condition("Ready", "False", "NamespaceNotPermitted").await;
        proxy.slow_down("platforms", number, LAG);
        allow(&stage, json!({ "names": [stage.env.namespace] })).await;
        stage.ready().await;
    }
}

/// A Tenant whose Platform is missing does not affect others.
#[tokio::test(flavor = "multi_thread")]
async fn missing_platform_does_not_delay_others() {
    let stage = Stage::new("missing-other").await;
    let _operator = stage.start();
    let lost = Handle::new(&stage, "lost");
    lost.create(json!({ "platformRef": { "name": "nowhere" } })).await;
    lost.condition("Ready", "False", "PlatformNotFound").await;
    let good = Handle::new(&stage, "good");
    good.create(json!({})).await;
    good.ready().await;
    lost.delete().await;
    lost.gone().await;
}

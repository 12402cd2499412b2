//! References that do not resolve yet: a Platform that is missing or does not allow this namespace. The Tenant reports
//! which, makes no call, and continues once they resolve.

use std::time::Duration;

use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use nimbus_operator::resources::{Platform, Tenant};
use serde_json::{Value, json};

use super::platform_says;
use crate::support::fixture::{Fixture, condition};
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;
use crate::support::tenant::TenantHandle;
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

async fn allow(fixture: &Fixture, namespaces: Value) {
    let api: Api<Platform> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    let patch = Patch::Merge(json!({ "spec": { "allowedNamespaces": namespaces } }));
    api.patch(&fixture.env.platform, &PatchParams::default(), &patch).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_platform_is_awaited() {
    let fixture = Fixture::new("missing").await;
    let api: Api<Platform> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    api.delete(&fixture.env.platform, &DeleteParams::default()).await.unwrap();
    let _operator = fixture.start();
    let audit = fixture.audit().mark().await.unwrap();
    fixture.create(json!({})).await;
    let waits = fixture.condition("Ready", "False", "PlatformNotFound").await;
    assert_eq!(
        expected(&[("Ready", "False"), ("Accepted", "False"), ("Synced", "Unknown"), ("Reconciling", "True")]),
        words(&waits)
    );
    let (_, _, message) = condition(&waits, "Ready").unwrap();
    assert!(message.contains("spec.platformRef.name") && message.contains(&fixture.env.platform), "{message}");

    fixture.platform_object(&fixture.platform.url()).await;
    fixture.ready().await;
    // Reported once however often it was checked, then the finalizer, then Ready.
    let writes = fixture.tenant_writes(audit).await.unwrap();
    let writes: Vec<_> = writes.iter().map(|write| write.subresource.as_str()).collect();
    assert_eq!(vec!["status", "", "status"], writes);
    assert_eq!(["tenant-created"], fixture.platform.effects(0).await.unwrap().as_slice());
}

#[tokio::test(flavor = "multi_thread")]
async fn namespace_is_served_once_permitted() {
    let fixture = Fixture::new("forbidden").await;
    allow(&fixture, json!({ "names": ["another"] })).await;
    let _operator = fixture.start();
    platform_says(&fixture, "True", "Connected").await;
    fixture.create(json!({})).await;
    let stalled = fixture.condition("Ready", "False", "NamespaceNotPermitted").await;
    assert_eq!(
        expected(&[("Ready", "False"), ("Accepted", "False"), ("Synced", "Unknown"), ("Stalled", "True")]),
        words(&stalled)
    );
    assert_eq!(0, fixture.platform.calls(&fixture.id, 0).await.unwrap().len());

    allow(&fixture, json!({ "names": [fixture.env.namespace] })).await;
    fixture.ready().await;

    // Removed again: the tenant stays as it is, and no edit is applied.
    let mark = fixture.platform.mark().await.unwrap();
    allow(&fixture, json!(null)).await;
    fixture.condition("Ready", "False", "NamespaceNotPermitted").await;
    fixture.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    fixture.condition("Ready", "False", "NamespaceNotPermitted").await;
    assert_eq!(0, fixture.platform.calls(&fixture.id, mark).await.unwrap().len());
    allow(&fixture, json!({ "all": true })).await;
    fixture.ready().await;
    assert_eq!(["settings-changed"], fixture.platform.effects(mark).await.unwrap().as_slice());
}

/// What wakes a Tenant and what its pass reads come from one source: were there two watches of Platforms, and the one that
/// fills the store the slower, the pass would decide on the old Platform and nothing would wake the Tenant again. Each watch
/// of Platforms is slowed down in turn.
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_of_a_platform_wakes_its_tenants_once_their_passes_can_see_it() {
    const LAG: Duration = Duration::from_millis(1500);
    let fixture = Fixture::new("lag").await;
    let recorder = Recorder::new(|_, _| false);
    let proxy = Proxy::start(Upstream::kubernetes(fixture.env.control_plane), &recorder).await.unwrap();
    let _operator = fixture.start_through(&proxy);
    fixture.connected().await;
    fixture.create(json!({})).await;
    fixture.ready().await;
    until("Platforms are watched", PATIENCE, async || match proxy.opened("platforms") {
        0 => Err("not yet"),
        _ => Ok(()),
    })
    .await;

    for number in 1..=proxy.opened("platforms") {
        allow(&fixture, json!({ "names": ["another"] })).await;
        fixture.condition("Ready", "False", "NamespaceNotPermitted").await;
        proxy.slow_down("platforms", number, LAG);
        allow(&fixture, json!({ "names": [fixture.env.namespace] })).await;
        fixture.ready().await;
    }
}

/// A Tenant whose Platform is missing does not affect others.
#[tokio::test(flavor = "multi_thread")]
async fn missing_platform_does_not_delay_others() {
    let fixture = Fixture::new("missing-other").await;
    let _operator = fixture.start();
    let lost = TenantHandle::new(&fixture, "lost");
    lost.create(json!({ "platformRef": { "name": "nowhere" } })).await;
    lost.condition("Ready", "False", "PlatformNotFound").await;
    let good = TenantHandle::new(&fixture, "good");
    good.create(json!({})).await;
    good.ready().await;
    lost.delete().await;
    lost.gone().await;
}

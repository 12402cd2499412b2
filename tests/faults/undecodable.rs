//! F24: a Tenant that was stored under a laxer schema and cannot be decoded. All others are reconciled, it reports what is
//! wrong, the platform is not called for it, a valid one recovers it without a restart, and it can be deleted.
//!
//! Schemas are cluster-wide, so this test has a control plane of its own.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use nimbus_operator::resources::{FINALIZER, Partner, Tenant};
use serde_json::{Value, json};

use super::organisation::{finalizer_stays, refuse};
use crate::support::controlplane::{ControlPlane, Options};
use crate::support::fixture::FixtureOn;
use crate::support::tenant::TenantHandle;
use crate::support::wait::{PATIENCE, until};
use crate::support::{apply, assets, organisation, users};

/// Undecodable: a switch that is a string.
fn unreadable() -> Value {
    json!({ "extensions": { "interact": { "enabled": "yes" } } })
}

/// The CRD with a schema that allows anything in the spec.
async fn install_lax_crd(fixture: &FixtureOn<'_>) {
    let api: Api<CustomResourceDefinition> = Api::all(fixture.client(users::ADMIN));
    let mut crd = api.get("tenants.nimbus.luware.com").await.unwrap();
    for version in &mut crd.spec.versions {
        version.selectable_fields = None;
        let schema = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut()).unwrap();
        let anything = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
        schema.properties.as_mut().unwrap().insert("spec".into(), serde_json::from_value(anything).unwrap());
        schema.x_kubernetes_validations = None;
    }
    crd.metadata.managed_fields = None;
    api.replace("tenants.nimbus.luware.com", &PostParams::default(), &crd).await.unwrap();
    until_accepted(fixture, true).await;
}

/// The generated CRD.
async fn strict(fixture: &FixtureOn<'_>) {
    apply::crds(&fixture.client(users::ADMIN), &assets::checkout().join("crds")).await.unwrap();
    until_accepted(fixture, false).await;
}

fn dynamic(fixture: &FixtureOn<'_>) -> Api<DynamicObject> {
    let resource = ApiResource::erase::<Tenant>(&());
    Api::namespaced_with(fixture.client(users::PLATFORM_ADMIN), &fixture.env.namespace, &resource)
}

/// The API server needs a moment to apply a new schema.
async fn until_accepted(fixture: &FixtureOn<'_>, accepted: bool) {
    let probe = TenantHandle::new(fixture, "probe").manifest(unreadable());
    let object: DynamicObject = serde_json::from_value(probe).unwrap();
    let dry_run = PostParams { dry_run: true, ..PostParams::default() };
    until(&format!("poison is accepted: {accepted}"), PATIENCE, async || {
        let outcome = dynamic(fixture).create(&dry_run, &object).await;
        if outcome.is_ok() == accepted { Ok(()) } else { Err(format!("{outcome:?}")) }
    })
    .await;
}

/// Waits until an undecodable Tenant reports it, and returns it.
async fn says_undecodable(fixture: &FixtureOn<'_>, name: &str) -> DynamicObject {
    until(&format!("{name} says Undecodable"), PATIENCE, async || {
        let object = dynamic(fixture).get(name).await.map_err(|error| error.to_string())?;
        let conditions = object.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
        let words: Vec<_> = conditions
            .iter()
            .filter(|condition| condition["reason"] == "Undecodable")
            .map(|condition| (condition["type"].as_str().unwrap_or(""), condition["status"].as_str().unwrap_or("")))
            .collect();
        let expected = [("Ready", "False"), ("Accepted", "False"), ("Synced", "Unknown"), ("Stalled", "True")];
        let current = object.data["status"]["observedGeneration"] == json!(object.metadata.generation);
        if current && words == expected { Ok(object) } else { Err(object.data["status"].to_string()) }
    })
    .await
}

async fn repair(fixture: &FixtureOn<'_>, name: &str) {
    let patch = Patch::Merge(json!({ "spec": { "extensions": null } }));
    dynamic(fixture).patch(name, &PatchParams::default(), &patch).await.expect("the correct one is accepted");
}

async fn create(fixture: &FixtureOn<'_>, tenant: &TenantHandle<'_>, more: Value) {
    let object: DynamicObject = serde_json::from_value(tenant.manifest(more)).unwrap();
    dynamic(fixture).create(&PostParams::default(), &object).await.unwrap();
}

async fn calls_for(fixture: &FixtureOn<'_>, tenant: &TenantHandle<'_>, mark: u64) -> usize {
    fixture.platform.calls(&tenant.id, mark).await.unwrap().len()
}

/// Both on one control plane, one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn undecodable_tenant_affects_no_other() {
    let control_plane = ControlPlane::start(Options::default()).await.unwrap();
    there_at_the_start(&FixtureOn::on(&control_plane, "poison-start").await).await;
    arrived_on_a_live_watch(&FixtureOn::on(&control_plane, "poison-live").await).await;
}

/// K1: in the first list, where one such object would stop all others.
async fn there_at_the_start(fixture: &FixtureOn<'_>) {
    let (poison, deleted, good) = (
        TenantHandle::new(fixture, "poison"),
        TenantHandle::new(fixture, "deleted"),
        TenantHandle::new(fixture, "good"),
    );
    install_lax_crd(fixture).await;
    create(fixture, &poison, unreadable()).await;
    create(fixture, &deleted, unreadable()).await;
    create(fixture, &good, json!({})).await;
    strict(fixture).await;

    let operator = fixture.start();
    good.ready().await;
    let said = says_undecodable(fixture, &poison.name).await;
    says_undecodable(fixture, &deleted.name).await;
    assert!(!said.data["status"].to_string().contains("yes"), "the value is not quoted: {}", said.data["status"]);
    assert_eq!(Vec::<String>::new(), said.finalizers(), "nothing holds what has no tenant");
    let later = TenantHandle::new(fixture, "later");
    later.create(json!({})).await;
    later.ready().await;
    assert_eq!((0, 0), (calls_for(fixture, &poison, 0).await, calls_for(fixture, &deleted, 0).await));

    repair(fixture, &poison.name).await;
    poison.ready().await;
    dynamic(fixture).delete(&deleted.name, &DeleteParams::default()).await.unwrap();
    gone(fixture, &deleted.name).await;
    assert_eq!(0, calls_for(fixture, &deleted, 0).await);
    operator.stop().await;
}

/// K2: as an update of a reconciled Tenant. Its previous spec is no longer enforced.
async fn arrived_on_a_live_watch(fixture: &FixtureOn<'_>) {
    let _operator = fixture.start();
    let (poison, deleted, good) = (
        TenantHandle::new(fixture, "poison"),
        TenantHandle::new(fixture, "deleted"),
        TenantHandle::new(fixture, "good"),
    );
    for tenant in [&poison, &deleted, &good] {
        tenant.create(json!({ "general": { "companyName": "Contoso AG" } })).await;
        tenant.ready().await;
    }
    install_lax_crd(fixture).await;
    let before = poison.get().await.status.unwrap();
    for tenant in [&poison, &deleted] {
        let patch = Patch::Merge(json!({ "spec": unreadable() }));
        dynamic(fixture).patch(&tenant.name, &PatchParams::default(), &patch).await.unwrap();
        says_undecodable(fixture, &tenant.name).await;
    }
    let mark = fixture.platform.mark().await.unwrap();
    strict(fixture).await;

    // Drift from the last decodable spec is not corrected, and others are reconciled.
    fixture.platform.edit(&poison.id, json!({ "general": { "companyName": "From the UI" } })).await.unwrap();
    let said = says_undecodable(fixture, &poison.name).await;
    assert_eq!(json!(before.applied), said.data["status"]["applied"], "how the tenant is known is kept");
    good.patch(json!({ "spec": { "general": { "companyName": "Contoso GmbH" } } })).await;
    good.ready().await;
    assert_eq!((0, 0), (calls_for(fixture, &poison, mark).await, calls_for(fixture, &deleted, mark).await));

    repair(fixture, &poison.name).await;
    poison.ready().await;
    let (_, document) = fixture.platform.tenant(&poison.id).await.unwrap();
    assert_eq!(json!("Contoso AG"), document["settings"]["general"]["companyName"]);
    assert_eq!(json!(format!("test/{}/poison", fixture.env.namespace)), document["owner"]);

    assert_eq!(vec![FINALIZER.to_owned()], dynamic(fixture).get(&deleted.name).await.unwrap().finalizers());
    deleted_against_a_policy(fixture, &deleted.name).await;
    assert_eq!(0, calls_for(fixture, &deleted, mark).await);
    let (status, document) = fixture.platform.tenant(&deleted.id).await.unwrap();
    assert_eq!((200, json!("Contoso AG")), (status, document["settings"]["general"]["companyName"].clone()));
}

/// A policy of the organisation keeps it for a while: that is reported, and the event comes when it is true.
async fn deleted_against_a_policy(fixture: &FixtureOn<'_>, name: &str) {
    let policy = refuse(fixture, name, &finalizer_stays()).await;
    dynamic(fixture).delete(name, &DeleteParams::default()).await.unwrap();
    until("the refusal is reported", PATIENCE, async || {
        let status = dynamic(fixture).get(name).await.map_err(|error| error.to_string())?.data["status"].take();
        let words = format!("Kubernetes refuses removing the finalizer: ValidatingAdmissionPolicy {policy}");
        if status.to_string().contains(&words) { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
    let released = ("Warning".to_owned(), "Undecodable".to_owned());
    assert!(!fixture.events().await.unwrap().contains(&released), "nothing was removed yet");
    organisation::remove(fixture, &policy).await;
    gone(fixture, name).await;
    until("the event", PATIENCE, async || {
        let events = fixture.events().await.map_err(|error| error.to_string())?;
        if events.contains(&released) { Ok(()) } else { Err(format!("{events:?}")) }
    })
    .await;
}

async fn gone(fixture: &FixtureOn<'_>, name: &str) {
    until(&format!("{name} is gone"), PATIENCE, async || match dynamic(fixture).get_opt(name).await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}

/// Loosens the schema of a kind, so that an undecodable one is accepted.
async fn admit_any(fixture: &FixtureOn<'_>, crd_name: &str) {
    let crds: Api<CustomResourceDefinition> = Api::all(fixture.client(users::ADMIN));
    let mut crd = crds.get(crd_name).await.unwrap();
    for version in &mut crd.spec.versions {
        let schema = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut()).unwrap();
        let anything = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
        schema.properties.as_mut().unwrap().insert("spec".into(), serde_json::from_value(anything).unwrap());
    }
    crd.metadata.managed_fields = None;
    crds.replace(crd_name, &PostParams::default(), &crd).await.unwrap();
}

fn dynamic_platforms(fixture: &FixtureOn<'_>) -> Api<DynamicObject> {
    let resource = ApiResource::erase::<nimbus_operator::resources::Platform>(&());
    Api::all_with(fixture.client(users::PLATFORM_ADMIN), &resource)
}

fn poisoned(fixture: &FixtureOn<'_>, name: &str) -> DynamicObject {
    let spec = json!({ "endpoint": 7, "instance": fixture.env.instance });
    let object = json!({ "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Platform", "metadata": { "name": name }, "spec": spec });
    serde_json::from_value(object).unwrap()
}

/// Platforms are watched as one list, next to Tenants: an undecodable one must stop neither.
#[tokio::test(flavor = "multi_thread")]
async fn undecodable_platform_affects_no_other() {
    let control_plane = ControlPlane::start(Options::default()).await.unwrap();
    let mut fixture = FixtureOn::on(&control_plane, "poison-platform").await;
    fixture.timing.platform_check = std::time::Duration::from_millis(300);
    fixture.timing.backoff_most = std::time::Duration::from_millis(500);
    admit_any(&fixture, "platforms.nimbus.luware.com").await;
    let platforms = dynamic_platforms(&fixture);
    let plant = async |name: &str| {
        until("poison is accepted", PATIENCE, async || {
            platforms
                .create(&PostParams::default(), &poisoned(&fixture, name))
                .await
                .map(drop)
                .map_err(|error| error.to_string())
        })
        .await;
    };
    let says = async |name: &str, reason: &str| {
        until(&format!("{name} says {reason}"), PATIENCE, async || {
            let object = platforms.get(name).await.map_err(|error| error.to_string())?;
            let said = &object.data["status"]["conditions"][0]["reason"];
            if said == reason { Ok(()) } else { Err(object.data["status"].to_string()) }
        })
        .await;
    };
    // Present at the start, and arriving on a live watch.
    plant("early").await;
    let operator = fixture.start();
    fixture.connected().await;
    says("early", "Undecodable").await;
    fixture.create(json!({})).await;
    fixture.ready().await;
    plant("late").await;
    says("late", "Undecodable").await;
    fixture.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    fixture.ready().await;

    // Even for its own Platform: the Tenant keeps its status, and a valid one recovers it without a restart.
    let broken = Patch::Merge(json!({ "spec": { "limits": "none" } }));
    platforms.patch(&fixture.env.platform, &PatchParams::default(), &broken).await.unwrap();
    says(&fixture.env.platform, "Undecodable").await;
    fixture.ready().await;
    let whole = Patch::Merge(json!({ "spec": { "limits": null } }));
    platforms.patch(&fixture.env.platform, &PatchParams::default(), &whole).await.unwrap();
    fixture.connected().await;
    fixture.patch(json!({ "spec": { "general": { "companyName": "Contoso GmbH" } } })).await;
    fixture.ready().await;
    platforms.delete("early", &DeleteParams::default()).await.unwrap();
    until("the poison is gone", PATIENCE, async || match platforms.get_opt("early").await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    operator.stop().await;
}

/// A Partner that cannot be decoded says so itself, others go on, and a valid one heals without a restart.
#[tokio::test(flavor = "multi_thread")]
async fn undecodable_partner_says_so() {
    let control_plane = ControlPlane::start(Options::default()).await.unwrap();
    let mut fixture = FixtureOn::on(&control_plane, "poison-partner").await;
    fixture.timing.backoff_most = std::time::Duration::from_millis(500);
    admit_any(&fixture, "partners.nimbus.luware.com").await;
    let partners: Api<DynamicObject> =
        Api::all_with(fixture.client(users::PLATFORM_ADMIN), &ApiResource::erase::<Partner>(&()));
    let _operator = fixture.start();
    fixture.connected().await;
    let broken = json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Partner", "metadata": { "name": "broken" },
        "spec": { "displayName": "Northwind", "platformPartnerId": ["secret-looking"] }
    });
    until("the broken one is accepted", PATIENCE, async || {
        let object: DynamicObject = serde_json::from_value(broken.clone()).unwrap();
        partners.create(&PostParams::default(), &object).await.map(drop).map_err(|error| error.to_string())
    })
    .await;
    let says = async |expected: Value| {
        until(&format!("it says {expected}"), PATIENCE, async || {
            let status = partners.get("broken").await.map_err(|error| error.to_string())?.data["status"].take();
            let conditions = status["conditions"].as_array().cloned().unwrap_or_default();
            let said: Vec<_> = conditions.iter().map(|c| json!([c["type"], c["status"], c["reason"]])).collect();
            if json!(said) == expected { Ok(status) } else { Err(status.to_string()) }
        })
        .await
    };
    let status = says(json!([["Ready", "False", "Undecodable"], ["Stalled", "True", "Undecodable"]])).await;
    assert!(!status.to_string().contains("secret-looking"), "the value is not quoted: {status}");
    fixture.create(json!({})).await;
    fixture.ready().await;

    let whole = Patch::Merge(json!({ "spec": { "platformPartnerId": "fabrikam" } }));
    partners.patch("broken", &PatchParams::default(), &whole).await.unwrap();
    says(json!([["Ready", "True", "Accepted"]])).await;
}

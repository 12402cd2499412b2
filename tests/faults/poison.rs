//! F24: a Tenant that was stored under a laxer schema and cannot be decoded. All others are reconciled, it reports what is
//! wrong, the platform is not called for it, a valid one recovers it without a restart, and it can be deleted.
//!
//! Schemas are cluster-wide, so this test has a control plane of its own.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use nimbus_operator::resources::{FINALIZER, Tenant};
use serde_json::{Value, json};

use crate::support::controlplane::{ControlPlane, Options};
use crate::support::stage::StageOn;
use crate::support::tenant::Handle;
use crate::support::wait::{PATIENCE, until};
use crate::support::{apply, assets, users};

/// Undecodable: a switch that is a string.
fn unreadable() -> Value {
    json!({ "extensions": { "interact": { "enabled": "yes" } } })
}

/// The CRD with a schema that allows anything in the spec.
async fn lax(stage: &StageOn<'_>) {
    let api: Api<CustomResourceDefinition> = Api::all(stage.client(users::ADMIN));
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
    until_accepted(stage, true).await;
}

/// The generated CRD.
async fn strict(stage: &StageOn<'_>) {
    apply::crds(&stage.client(users::ADMIN), &assets::checkout().join("crds")).await.unwrap();
    until_accepted(stage, false).await;
}

fn dynamic(stage: &StageOn<'_>) -> Api<DynamicObject> {
    let resource = ApiResource::erase::<Tenant>(&());
    Api::namespaced_with(stage.client(users::PLATFORM_ADMIN), &stage.env.namespace, &resource)
}

/// The API server needs a moment to apply a new schema.
async fn until_accepted(stage: &StageOn<'_>, accepted: bool) {
    let probe = Handle::new(stage, "probe").manifest(unreadable());
    let object: DynamicObject = serde_json::from_value(probe).unwrap();
    let dry_run = PostParams { dry_run: true, ..PostParams::default() };
    until(&format!("poison is accepted: {accepted}"), PATIENCE, async || {
        let outcome = dynamic(stage).create(&dry_run, &object).await;
        if outcome.is_ok() == accepted { Ok(()) } else { Err(format!("{outcome:?}")) }
    })
    .await;
}

/// Waits until an undecodable Tenant reports it, and returns it.
async fn says_undecodable(stage: &StageOn<'_>, name: &str) -> DynamicObject {
    until(&format!("{name} says Undecodable"), PATIENCE, async || {
        let object = dynamic(stage).get(name).await.map_err(|error| error.to_string())?;
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

async fn repair(stage: &StageOn<'_>, name: &str) {
    let patch = Patch::Merge(json!({ "spec": { "extensions": null } }));
    dynamic(stage).patch(name, &PatchParams::default(), &patch).await.expect("the correct one is accepted");
}

async fn create(stage: &StageOn<'_>, tenant: &Handle<'_>, more: Value) {
    let object: DynamicObject = serde_json::from_value(tenant.manifest(more)).unwrap();
    dynamic(stage).create(&PostParams::default(), &object).await.unwrap();
}

async fn calls_for(stage: &StageOn<'_>, tenant: &Handle<'_>, mark: u64) -> usize {
    stage.platform.calls(&tenant.id, mark).await.unwrap().len()
}

/// Both on one control plane, one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn undecodable_tenant_affects_no_other() {
    let control_plane = ControlPlane::start(Options::default()).await.unwrap();
    there_at_the_start(&StageOn::on(&control_plane, "poison-start").await).await;
    arrived_on_a_live_watch(&StageOn::on(&control_plane, "poison-live").await).await;
}

/// K1: in the first list, where one such object would stop all others.
async fn there_at_the_start(stage: &StageOn<'_>) {
    let (poison, deleted, good) =
        (Handle::new(stage, "poison"), Handle::new(stage, "deleted"), Handle::new(stage, "good"));
    lax(stage).await;
    create(stage, &poison, unreadable()).await;
    create(stage, &deleted, unreadable()).await;
    create(stage, &good, json!({})).await;
    strict(stage).await;

    let operator = stage.start();
    good.ready().await;
    let said = says_undecodable(stage, &poison.name).await;
    says_undecodable(stage, &deleted.name).await;
    assert!(!said.data["status"].to_string().contains("yes"), "the value is not quoted: {}", said.data["status"]);
    assert_eq!(Vec::<String>::new(), said.finalizers(), "nothing holds what has no tenant");
    let later = Handle::new(stage, "later");
    later.create(json!({})).await;
    later.ready().await;
    assert_eq!((0, 0), (calls_for(stage, &poison, 0).await, calls_for(stage, &deleted, 0).await));

    repair(stage, &poison.name).await;
    poison.ready().await;
    dynamic(stage).delete(&deleted.name, &DeleteParams::default()).await.unwrap();
    gone(stage, &deleted.name).await;
    assert_eq!(0, calls_for(stage, &deleted, 0).await);
    operator.stop().await;
}

/// K2: as an update of a reconciled Tenant. Its previous spec is no longer enforced.
async fn arrived_on_a_live_watch(stage: &StageOn<'_>) {
    let _operator = stage.start();
    let (poison, deleted, good) =
        (Handle::new(stage, "poison"), Handle::new(stage, "deleted"), Handle::new(stage, "good"));
    for tenant in [&poison, &deleted, &good] {
        tenant.create(json!({ "general": { "companyName": "Contoso AG" } })).await;
        tenant.ready().await;
    }
    lax(stage).await;
    let before = poison.get().await.status.unwrap();
    for tenant in [&poison, &deleted] {
        let patch = Patch::Merge(json!({ "spec": unreadable() }));
        dynamic(stage).patch(&tenant.name, &PatchParams::default(), &patch).await.unwrap();
        says_undecodable(stage, &tenant.name).await;
    }
    let mark = stage.platform.mark().await.unwrap();
    strict(stage).await;

    // Drift from the last decodable spec is not corrected, and others are reconciled.
    stage.platform.edit(&poison.id, json!({ "general": { "companyName": "From the UI" } })).await.unwrap();
    let said = says_undecodable(stage, &poison.name).await;
    assert_eq!(json!(before.applied), said.data["status"]["applied"], "how the tenant is known is kept");
    good.patch(json!({ "spec": { "general": { "companyName": "Contoso GmbH" } } })).await;
    good.ready().await;
    assert_eq!((0, 0), (calls_for(stage, &poison, mark).await, calls_for(stage, &deleted, mark).await));

    repair(stage, &poison.name).await;
    poison.ready().await;
    let (_, document) = stage.platform.tenant(&poison.id).await.unwrap();
    assert_eq!(json!("Contoso AG"), document["settings"]["general"]["companyName"]);
    assert_eq!(json!(format!("test/{}/poison", stage.env.namespace)), document["owner"]);

    assert_eq!(vec![FINALIZER.to_owned()], dynamic(stage).get(&deleted.name).await.unwrap().finalizers());
    dynamic(stage).delete(&deleted.name, &DeleteParams::default()).await.unwrap();
    gone(stage, &deleted.name).await;
    assert_eq!(0, calls_for(stage, &deleted, mark).await);
    let (status, document) = stage.platform.tenant(&deleted.id).await.unwrap();
    assert_eq!((200, json!("Contoso AG")), (status, document["settings"]["general"]["companyName"].clone()));
}

async fn gone(stage: &StageOn<'_>, name: &str) {
    until(&format!("{name} is gone"), PATIENCE, async || match dynamic(stage).get_opt(name).await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}

/// Platforms are watched as one list, next to Tenants: an undecodable one must stop neither.
#[tokio::test(flavor = "multi_thread")]
async fn undecodable_platform_affects_no_other() {
    let control_plane = ControlPlane::start(Options::default()).await.unwrap();
    let mut stage = StageOn::on(&control_plane, "poison-platform").await;
    stage.timing.platform_check = std::time::Duration::from_millis(300);
    stage.timing.backoff_most = std::time::Duration::from_millis(500);
    let crds: Api<CustomResourceDefinition> = Api::all(stage.client(users::ADMIN));
    let mut crd = crds.get("platforms.nimbus.luware.com").await.unwrap();
    for version in &mut crd.spec.versions {
        let schema = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut()).unwrap();
        let anything = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
        schema.properties.as_mut().unwrap().insert("spec".into(), serde_json::from_value(anything).unwrap());
    }
    crd.metadata.managed_fields = None;
    crds.replace("platforms.nimbus.luware.com", &PostParams::default(), &crd).await.unwrap();
    let resource = ApiResource::erase::<nimbus_operator::resources::Platform>(&());
    let platforms: Api<DynamicObject> = Api::all_with(stage.client(users::PLATFORM_ADMIN), &resource);
    let poison = |name: &str| -> DynamicObject {
        let spec = json!({ "endpoint": 7, "instance": stage.env.instance });
        let object = json!({ "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Platform", "metadata": { "name": name }, "spec": spec });
        serde_json::from_value(object).unwrap()
    };
    let plant = async |name: &str| {
        until("poison is accepted", PATIENCE, async || {
            platforms.create(&PostParams::default(), &poison(name)).await.map(drop).map_err(|error| error.to_string())
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
    let operator = stage.start();
    stage.connected().await;
    says("early", "Undecodable").await;
    stage.create(json!({})).await;
    stage.ready().await;
    plant("late").await;
    says("late", "Undecodable").await;
    stage.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    stage.ready().await;

    // Even for its own Platform: the Tenant keeps its status, and a valid one recovers it without a restart.
    let broken = Patch::Merge(json!({ "spec": { "limits": "none" } }));
    platforms.patch(&stage.env.platform, &PatchParams::default(), &broken).await.unwrap();
    says(&stage.env.platform, "Undecodable").await;
    stage.ready().await;
    let whole = Patch::Merge(json!({ "spec": { "limits": null } }));
    platforms.patch(&stage.env.platform, &PatchParams::default(), &whole).await.unwrap();
    stage.connected().await;
    stage.patch(json!({ "spec": { "general": { "companyName": "Contoso GmbH" } } })).await;
    stage.ready().await;
    platforms.delete("early", &DeleteParams::default()).await.unwrap();
    until("the poison is gone", PATIENCE, async || match platforms.get_opt("early").await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    operator.stop().await;
}

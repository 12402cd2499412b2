//! The namespace or the CRD is deleted: nobody requested the deletion of these tenants, so they are retained, and nothing
//! may hang.

use std::time::{Duration, Instant};

use k8s_openapi::api::events::v1::Event;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use nimbus_operator::controller::Timing;
use serde_json::json;

use super::{ABANDON, Since, absence, annotated, doomed, event, events, live, stamp, stamps, waits_for};
use crate::support::controlplane::{ControlPlane, Options};
use crate::support::env::TestEnv;
use crate::support::stage::Stage;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

/// Deletes the Tenant's namespace and returns how long that took.
async fn delete_namespace(stage: &Stage) -> Duration {
    let started = Instant::now();
    stage.kubectl(users::ADMIN, &["delete", "namespace", &stage.env.namespace, "--timeout=120s"]).await.unwrap();
    started.elapsed()
}

/// The events in namespace `default` about the Tenant's namespace: type, reason, kind of the object.
async fn events_in_default(stage: &Stage) -> Vec<(String, String, String)> {
    let api: Api<Event> = Api::namespaced(stage.client(users::ADMIN), "default");
    let all = api.list(&ListParams::default()).await.unwrap();
    let about = |event: &Event| event.regarding.as_ref().and_then(|about| about.name.clone());
    let ours = all.items.into_iter().filter(|event| about(event).as_deref() == Some(stage.env.namespace.as_str()));
    let text = |text: Option<String>| text.unwrap_or_default();
    ours.map(|event| (text(event.type_), text(event.reason), text(event.regarding.and_then(|about| about.kind))))
        .collect()
}

fn released() -> [(String, String, String); 1] {
    [("Warning".to_owned(), "Released".to_owned(), "Namespace".to_owned())]
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_namespace_retains_its_tenants() {
    for (case, deletes) in [("retain", false), ("confirmed", true)] {
        let stage = Stage::new(&format!("ns-{case}")).await;
        let _operator = stage.connect().await;
        let manifest = if deletes { doomed(&stage) } else { stage.manifest(json!({})) };
        live(&stage, manifest).await;
        let since = Since::now(&stage).await;
        delete_namespace(&stage).await;
        assert_eq!(["DELETE /v1/tenants/{id}/owner 200"], *since.calls(&stage).await, "{case}");
        assert_eq!(["owner-released"], *since.effects(&stage).await, "{case}");
        assert_eq!((None, Some(stamp(&stage))), stamps(&stage).await, "{case}");
        assert_eq!(released(), *events_in_default(&stage).await, "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn namespace_ends_while_the_platform_is_down() {
    let stage = Stage::new("ns-dead").await;
    let _operator = stage.connect().await;
    live(&stage, doomed(&stage)).await;
    stage.platform.plant(json!([{ "route": "*", "action": { "kind": "close-before" } }])).await.unwrap();
    delete_namespace(&stage).await;
    assert_eq!(released(), *events_in_default(&stage).await);
    stage.platform.heal().await.unwrap();
    assert_eq!((Some(stamp(&stage)), None), stamps(&stage).await, "the stamp is stale");
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_platform_delays_namespace_by_5s() {
    let mut stage = Stage::new("ns-hangs").await;
    stage.timing.call = Duration::from_secs(100);
    let at_most = Timing::default().release_in_ending_namespace;
    assert_eq!((at_most, Duration::from_secs(5)), (stage.timing.release_in_ending_namespace, at_most));
    let _operator = stage.connect().await;
    live(&stage, stage.manifest(json!({}))).await;
    let hang = json!({ "kind": "delay", "seconds": 600 });
    stage.platform.plant(json!([{ "route": "DELETE /v1/tenants/{id}/owner", "action": hang }])).await.unwrap();
    let since = Since::now(&stage).await;
    let took = delete_namespace(&stage).await;
    assert!(took >= at_most, "it was tried for {at_most:?}: {took:?}");
    assert!(took < Duration::from_secs(60), "and not for longer: {took:?}");
    assert_eq!([""; 0], *since.effects(&stage).await);
    assert_eq!(released(), *events_in_default(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn accepted_deletion_continues_without_namespace() {
    let stage = Stage::new("ns-accepted").await;
    let _operator = stage.connect().await;
    live(&stage, doomed(&stage)).await;
    stage.delete().await;
    waits_for(&stage, "Deleting", "provisioning script").await;
    let (_, before) = stage.platform.tenant(&stage.id).await.unwrap();
    let since = Since::now(&stage).await;
    delete_namespace(&stage).await;
    assert_eq!([""; 0], *since.effects(&stage).await, "neither released nor asked for again");
    let (_, after) = stage.platform.tenant(&stage.id).await.unwrap();
    assert_eq!(before["runtime"]["deletion"], after["runtime"]["deletion"]);
    assert_eq!((Some(stamp(&stage)), None), stamps(&stage).await);
    stage.platform.run_script(&stage.id).await.unwrap();
    assert_eq!("tenant-deleted", absence(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn abandon_event_goes_to_default_namespace() {
    let stage = Stage::new("ns-abandon").await;
    let _operator = stage.connect().await;
    live(&stage, annotated(&stage, json!({}), json!({ ABANDON: stage.id }))).await;
    let since = Since::now(&stage).await;
    delete_namespace(&stage).await;
    assert_eq!([""; 0], *since.calls(&stage).await);
    let abandoned = ("Warning".to_owned(), "Abandoned".to_owned(), "Namespace".to_owned());
    assert_eq!([abandoned], *events_in_default(&stage).await);
}

/// On a control plane of its own, since all tests share the CRD.
#[tokio::test(flavor = "multi_thread")]
async fn deleted_crd_retains_its_tenants() {
    let control_plane = Box::leak(Box::new(ControlPlane::start(Options::default()).await.unwrap()));
    let stage = Stage::within(TestEnv::on(control_plane, "crd-ends").await).await;
    let operator = stage.connect().await;
    live(&stage, doomed(&stage)).await;
    let since = Since::now(&stage).await;
    let crds: Api<CustomResourceDefinition> = Api::all(stage.client(users::ADMIN));
    crds.delete("tenants.nimbus.luware.com", &DeleteParams::default()).await.unwrap();
    until("the CRD is gone", PATIENCE, async || match crds.get_metadata_opt("tenants.nimbus.luware.com").await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    assert_eq!(["owner-released"], *since.effects(&stage).await);
    assert_eq!(0, since.deletions(&stage).await);
    assert_eq!((None, Some(stamp(&stage))), stamps(&stage).await);
    drop(operator);
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_namespace_deletes_nothing() {
    let stage = Stage::new("ns-unclear").await;
    let _operator = stage.connect().await;
    live(&stage, doomed(&stage)).await;
    let binding = format!("nimbus-operator-{}", stage.env.operator_user);
    let bindings: Api<ClusterRoleBinding> = Api::all(stage.client(users::ADMIN));
    let sees = bindings.get(&binding).await.unwrap();
    blind(&stage, &sees).await;
    bindings.delete(&binding, &DeleteParams::default()).await.unwrap();
    stage.platform.auto_run(true).await.unwrap();
    let since = Since::now(&stage).await;
    stage.delete().await;
    waits_for(&stage, "Deleting", "cannot read whether the namespace or the CRD is being deleted").await;
    assert_eq!([""; 0], *since.calls(&stage).await);

    let again = ClusterRoleBinding { metadata: named(&binding), ..sees };
    bindings.create(&PostParams::default(), &again).await.unwrap();
    stage.gone().await;
    assert_eq!(1, since.deletions(&stage).await);
    assert_eq!([event("Normal", "Deleted")], *events(&stage).await);
}

/// Grants the operator all of its permissions except the one to read namespaces.
async fn blind(stage: &Stage, sees: &ClusterRoleBinding) {
    let roles: Api<ClusterRole> = Api::all(stage.client(users::ADMIN));
    let mut role = roles.get("nimbus-operator").await.unwrap();
    for rule in role.rules.iter_mut().flatten() {
        if let Some(resources) = &mut rule.resources {
            resources.retain(|resource| resource != "namespaces");
            resources.extend(resources.is_empty().then(|| "nothing".to_owned()));
        }
    }
    let name = format!("{}-blind", stage.env.instance);
    role.metadata = named(&name);
    roles.create(&PostParams::default(), &role).await.unwrap();
    let mut binding = ClusterRoleBinding { metadata: named(&name), ..sees.clone() };
    binding.role_ref.name.clone_from(&name);
    let bindings: Api<ClusterRoleBinding> = Api::all(stage.client(users::ADMIN));
    bindings.create(&PostParams::default(), &binding).await.unwrap();
}

fn named(name: &str) -> kube::core::ObjectMeta {
    kube::core::ObjectMeta { name: Some(name.to_owned()), ..Default::default() }
}

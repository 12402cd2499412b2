//! The namespace or the CRD is deleted: no user requested the deletion of these tenants, so they are retained, and nothing
//! may hang.

use std::time::{Duration, Instant};

use k8s_openapi::api::events::v1::Event;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams, ListParams, PostParams};
use nimbus_operator::controller::Timing;
use serde_json::json;

use super::{ABANDON, absence_problem, annotated, confirmed_manifest, event, live, stamp, stamps, told, waiting_for};
use crate::support::controlplane::{ControlPlane, Options};
use crate::support::env::TestEnv;
use crate::support::fixture::Fixture;
use crate::support::since::Since;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

/// Deletes the Tenant's namespace and returns how long that took.
async fn delete_namespace(fixture: &Fixture) -> Duration {
    let started = Instant::now();
    fixture.kubectl(users::ADMIN, &["delete", "namespace", &fixture.env.namespace, "--timeout=120s"]).await.unwrap();
    started.elapsed()
}

/// The events in namespace `default` about the Tenant's namespace: type, reason, kind of the object.
async fn events_in_default(fixture: &Fixture) -> Vec<(String, String, String)> {
    let api: Api<Event> = Api::namespaced(fixture.client(users::ADMIN), "default");
    let all = api.list(&ListParams::default()).await.unwrap();
    let about = |event: &Event| event.regarding.as_ref().and_then(|about| about.name.clone());
    let ours = all.items.into_iter().filter(|event| about(event).as_deref() == Some(fixture.env.namespace.as_str()));
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
        let fixture = Fixture::new(&format!("ns-{case}")).await;
        let _operator = fixture.connect().await;
        let manifest = if deletes { confirmed_manifest(&fixture) } else { fixture.manifest(json!({})) };
        live(&fixture, manifest).await;
        let since = Since::now(&fixture).await;
        delete_namespace(&fixture).await;
        assert_eq!(["DELETE /v1/tenants/{id}/owner 200"], *since.calls(&fixture).await, "{case}");
        assert_eq!(["owner-released"], *since.effects(&fixture).await, "{case}");
        assert_eq!((None, Some(stamp(&fixture))), stamps(&fixture).await, "{case}");
        assert_eq!(released(), *events_in_default(&fixture).await, "{case}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn namespace_ends_while_the_platform_is_down() {
    let fixture = Fixture::new("ns-dead").await;
    let _operator = fixture.connect().await;
    live(&fixture, confirmed_manifest(&fixture)).await;
    fixture.platform.add_faults(json!([{ "route": "*", "action": { "kind": "close-before" } }])).await.unwrap();
    delete_namespace(&fixture).await;
    assert_eq!(released(), *events_in_default(&fixture).await);
    fixture.platform.clear_faults().await.unwrap();
    assert_eq!((Some(stamp(&fixture)), None), stamps(&fixture).await, "the stamp is stale");
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_platform_delays_namespace_by_5s() {
    let mut fixture = Fixture::new("ns-hangs").await;
    fixture.timing.call = Duration::from_secs(100);
    let at_most = Timing::default().release_in_ending_namespace;
    assert_eq!((at_most, Duration::from_secs(5)), (fixture.timing.release_in_ending_namespace, at_most));
    let _operator = fixture.connect().await;
    live(&fixture, fixture.manifest(json!({}))).await;
    let hang = json!({ "kind": "delay", "seconds": 600 });
    fixture.platform.add_faults(json!([{ "route": "DELETE /v1/tenants/{id}/owner", "action": hang }])).await.unwrap();
    let since = Since::now(&fixture).await;
    let took = delete_namespace(&fixture).await;
    assert!(took >= at_most, "it was tried for {at_most:?}: {took:?}");
    assert!(took < Duration::from_secs(60), "and not for longer: {took:?}");
    assert_eq!([""; 0], *since.effects(&fixture).await);
    assert_eq!(released(), *events_in_default(&fixture).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn accepted_deletion_continues_without_namespace() {
    let fixture = Fixture::new("ns-accepted").await;
    let _operator = fixture.connect().await;
    live(&fixture, confirmed_manifest(&fixture)).await;
    fixture.delete().await;
    waiting_for(&fixture, "Deleting", "provisioning script").await;
    let (_, before) = fixture.platform.tenant(&fixture.id).await.unwrap();
    let since = Since::now(&fixture).await;
    delete_namespace(&fixture).await;
    assert_eq!([""; 0], *since.effects(&fixture).await, "neither released nor asked for again");
    let (_, after) = fixture.platform.tenant(&fixture.id).await.unwrap();
    assert_eq!(before["runtime"]["deletion"], after["runtime"]["deletion"]);
    assert_eq!((Some(stamp(&fixture)), None), stamps(&fixture).await);
    fixture.platform.run_script(&fixture.id).await.unwrap();
    assert_eq!("tenant-deleted", absence_problem(&fixture).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn abandon_event_goes_to_default_namespace() {
    let fixture = Fixture::new("ns-abandon").await;
    let _operator = fixture.connect().await;
    live(&fixture, annotated(&fixture, json!({}), json!({ ABANDON: fixture.id }))).await;
    let since = Since::now(&fixture).await;
    delete_namespace(&fixture).await;
    assert_eq!([""; 0], *since.calls(&fixture).await);
    let abandoned = ("Warning".to_owned(), "Abandoned".to_owned(), "Namespace".to_owned());
    assert_eq!([abandoned], *events_in_default(&fixture).await);
}

/// On a control plane of its own, since all tests share the CRD.
#[tokio::test(flavor = "multi_thread")]
async fn deleted_crd_retains_its_tenants() {
    let control_plane = Box::leak(Box::new(ControlPlane::start(Options::default()).await.unwrap()));
    let fixture = Fixture::within(TestEnv::on(control_plane, "crd-ends").await).await;
    let operator = fixture.connect().await;
    live(&fixture, confirmed_manifest(&fixture)).await;
    let since = Since::now(&fixture).await;
    let crds: Api<CustomResourceDefinition> = Api::all(fixture.client(users::ADMIN));
    crds.delete("tenants.nimbus.luware.com", &DeleteParams::default()).await.unwrap();
    until("the CRD is gone", PATIENCE, async || match crds.get_metadata_opt("tenants.nimbus.luware.com").await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    assert_eq!(["owner-released"], *since.effects(&fixture).await);
    assert_eq!(0, since.deletions(&fixture).await);
    assert_eq!((None, Some(stamp(&fixture))), stamps(&fixture).await);
    drop(operator);
}

#[tokio::test(flavor = "multi_thread")]
async fn unreadable_namespace_deletes_nothing() {
    let fixture = Fixture::new("ns-unclear").await;
    let _operator = fixture.connect().await;
    live(&fixture, confirmed_manifest(&fixture)).await;
    let binding = format!("nimbus-operator-{}", fixture.env.operator_user);
    let bindings: Api<ClusterRoleBinding> = Api::all(fixture.client(users::ADMIN));
    let sees = bindings.get(&binding).await.unwrap();
    hide_namespaces(&fixture, &sees).await;
    bindings.delete(&binding, &DeleteParams::default()).await.unwrap();
    fixture.platform.auto_run(true).await.unwrap();
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    waiting_for(&fixture, "Deleting", "cannot read whether the namespace or the CRD is being deleted").await;
    assert_eq!([""; 0], *since.calls(&fixture).await);

    let again = ClusterRoleBinding { metadata: named(&binding), ..sees };
    bindings.create(&PostParams::default(), &again).await.unwrap();
    fixture.gone().await;
    assert_eq!(1, since.deletions(&fixture).await);
    told(&fixture, [event("Normal", "Deleted")], "").await;
}

/// Grants the operator all of its permissions except the one to read namespaces.
async fn hide_namespaces(fixture: &Fixture, sees: &ClusterRoleBinding) {
    let roles: Api<ClusterRole> = Api::all(fixture.client(users::ADMIN));
    let mut role = roles.get("nimbus-operator").await.unwrap();
    for rule in role.rules.iter_mut().flatten() {
        if let Some(resources) = &mut rule.resources {
            resources.retain(|resource| resource != "namespaces");
            resources.extend(resources.is_empty().then(|| "nothing".to_owned()));
        }
    }
    let name = format!("{}-blind", fixture.env.instance);
    role.metadata = named(&name);
    roles.create(&PostParams::default(), &role).await.unwrap();
    let mut binding = ClusterRoleBinding { metadata: named(&name), ..sees.clone() };
    binding.role_ref.name.clone_from(&name);
    let bindings: Api<ClusterRoleBinding> = Api::all(fixture.client(users::ADMIN));
    bindings.create(&PostParams::default(), &binding).await.unwrap();
}

fn named(name: &str) -> kube::core::ObjectMeta {
    kube::core::ObjectMeta { name: Some(name.to_owned()), ..Default::default() }
}

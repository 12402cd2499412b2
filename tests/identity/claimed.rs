//! Two Tenants for one tenant: the first claim wins, the other reports it and does nothing.

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use nimbus_operator::resources::{Platform, Tenant};
use serde_json::{Value, json};

use super::{comes_to, conditions, rival, stalled, tenants};
use crate::deletion::{CONFIRM, NO_EVENTS, Since, doomed, event, events, live, stamp, stamps};
use crate::support::env::create_namespace;
use crate::support::rights::{self, Placement};
use crate::support::stage::{NAME, Operator, Stage, condition};
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

async fn create(stage: &Stage, manifest: Value) -> Tenant {
    let namespace = manifest["metadata"]["namespace"].as_str().unwrap().to_owned();
    let params = PostParams { field_manager: Some("test".into()), ..PostParams::default() };
    tenants(stage, &namespace).create(&params, &serde_json::from_value(manifest).unwrap()).await.unwrap()
}

async fn delete(tenants: &Api<Tenant>, name: &str) {
    tenants.delete(name, &DeleteParams::default()).await.unwrap();
    until(&format!("{name} is gone"), PATIENCE, async || match tenants.get_opt(name).await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}

/// Requests a pass for a Tenant and waits for it.
async fn pass(tenants: &Api<Tenant>, name: &str) {
    let token = uuid::Uuid::new_v4().to_string();
    let annotations = json!({ "metadata": { "annotations": { "nimbus.luware.com/reconcile-requested-at": token } } });
    let params = PatchParams { field_manager: Some("test".into()), ..PatchParams::default() };
    tenants.patch(name, &params, &Patch::Merge(annotations)).await.unwrap();
    until("the requested pass was made", PATIENCE, async || {
        let status = tenants.get(name).await.map_err(|error| error.to_string())?.status.unwrap_or_default();
        let handled = status.last_handled_reconcile_at;
        if handled.as_deref() == Some(token.as_str()) { Ok(()) } else { Err(format!("{handled:?}")) }
    })
    .await;
}

/// A second namespace that the Platform allows and the operator watches.
async fn second_namespace(stage: &Stage) -> String {
    let admin = stage.client(users::ADMIN);
    let second = format!("{}-second", stage.env.namespace);
    create_namespace(&admin, &second).await.unwrap();
    let placement = Placement {
        operator: &stage.env.operator_user,
        operator_namespace: &stage.env.operator_namespace,
        namespace: &second,
    };
    rights::grant(&admin, &placement).await.unwrap();
    let allowed = json!({ "spec": { "allowedNamespaces": { "names": [stage.env.namespace, second] } } });
    let platforms: Api<Platform> = Api::all(stage.client(users::PLATFORM_ADMIN));
    let params = PatchParams { field_manager: Some("test".into()), ..PatchParams::default() };
    platforms.patch(&stage.env.platform, &params, &Patch::Merge(allowed)).await.unwrap();
    second
}

async fn start_in(stage: &Stage, namespaces: &[&str]) -> Operator {
    let namespaces = namespaces.iter().map(|name| (*name).to_owned()).collect();
    let operator = stage.start_with(nimbus_operator::controller::Options { namespaces, ..stage.options() });
    stage.connected().await;
    operator
}

/// The whole lifecycle of a rival: it reports the owner, writes nothing, and is deleted without a trace.
async fn loses(stage: &Stage, namespace: &str) {
    let rivals = tenants(stage, namespace);
    let since = Since::now(stage).await;
    // Even one that may adopt anything and requests the deletion of the tenant.
    let spec = json!({
        "general": { "companyName": "Rival" }, "adoptionPolicy": "Always", "deletionPolicy": "Delete",
    });
    let mut manifest = rival(stage, namespace, spec);
    manifest["metadata"]["annotations"] = json!({ CONFIRM: stage.id });
    create(stage, manifest).await;
    let (tenant, message) = comes_to(&rivals, "rival", "OwnedByOther").await;
    let expected = format!("the tenant is managed by '{}' (cluster/namespace/name); nothing was written", stamp(stage));
    assert_eq!(expected, message);
    assert_eq!(stalled("OwnedByOther"), conditions(&tenant));
    assert_eq!(None, tenant.metadata.finalizers, "it holds nothing, so nothing holds it");
    assert_eq!(None, tenant.status.unwrap().applied);
    pass(&rivals, "rival").await;
    let status_writes = since.writes(stage).await;
    assert_eq!(["patch tenants/status 200"; 2], *status_writes, "one, and one for the requested pass");
    delete(&rivals, "rival").await;
    assert_eq!([""; 0], *since.effects(stage).await);
    assert_eq!(0, since.deletions(stage).await);
    assert_eq!((Some(stamp(stage)), None), stamps(stage).await);
    assert_eq!(NO_EVENTS, *events(stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn first_claim_wins_in_one_namespace() {
    let stage = Stage::new("rivals").await;
    let _operator = stage.connect().await;
    live(&stage, stage.manifest(json!({}))).await;
    loses(&stage, &stage.env.namespace).await;
    stage.pass().await;
    assert_eq!("Succeeded", condition(&stage.get().await, "Ready").unwrap().1, "the winner does not notice");
}

#[tokio::test(flavor = "multi_thread")]
async fn first_claim_wins_across_namespaces() {
    let stage = Stage::new("rivals-apart").await;
    let second = second_namespace(&stage).await;
    let _operator = start_in(&stage, &[&stage.env.namespace, &second]).await;
    live(&stage, stage.manifest(json!({}))).await;
    loses(&stage, &second).await;
}

/// A rival with our finalizer, as from a backup, goes through a real deletion.
#[tokio::test(flavor = "multi_thread")]
async fn deleting_the_loser_changes_nothing() {
    let stage = Stage::new("rivals-delete").await;
    let _operator = stage.connect().await;
    live(&stage, stage.manifest(json!({}))).await;
    let rivals = stage.tenants();
    for policy in ["Retain", "Delete"] {
        let since = Since::now(&stage).await;
        let mut manifest = rival(&stage, &stage.env.namespace, json!({ "deletionPolicy": policy }));
        manifest["metadata"]["annotations"] = json!({ CONFIRM: stage.id });
        manifest["metadata"]["finalizers"] = json!([crate::deletion::FINALIZER]);
        create(&stage, manifest).await;
        comes_to(&rivals, "rival", "OwnedByOther").await;
        delete(&rivals, "rival").await;
        assert_eq!(["GET /v1/tenants/{id} 200"; 2], *since.calls(&stage).await, "{policy}");
        assert_eq!((Some(stamp(&stage)), None), stamps(&stage).await, "{policy}");
    }
    assert_eq!(NO_EVENTS, *events(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn race_for_a_tenant_has_one_winner() {
    let stage = Stage::new("rivals-race").await;
    let operator = stage.connect().await;
    operator.stop().await;
    for number in 0..4 {
        let mut manifest =
            rival(&stage, &stage.env.namespace, json!({ "general": { "division": format!("{number}") } }));
        manifest["metadata"]["name"] = json!(format!("rival-{number}"));
        create(&stage, manifest).await;
    }
    let since = Since::now(&stage).await;
    let _operator = stage.connect().await;
    let rivals = stage.tenants();
    let mut outcomes = Vec::new();
    for number in 0..4 {
        let name = format!("rival-{number}");
        let outcome = until("a rival is decided", PATIENCE, async || {
            let tenant = rivals.get(&name).await.map_err(|error| error.to_string())?;
            match condition(&tenant, "Ready") {
                Some((_, reason, _)) if ["Succeeded", "OwnedByOther"].contains(&reason.as_str()) => Ok(reason),
                other => Err(format!("{other:?}")),
            }
        });
        outcomes.push(outcome.await);
    }
    outcomes.sort();
    assert_eq!(["OwnedByOther", "OwnedByOther", "OwnedByOther", "Succeeded"], *outcomes);
    assert_eq!(["tenant-created"], *since.effects(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn retained_winner_hands_the_tenant_over() {
    let stage = Stage::new("hand-over").await;
    let _operator = stage.connect().await;
    live(&stage, stage.manifest(json!({}))).await;
    create(&stage, rival(&stage, &stage.env.namespace, json!({}))).await;
    let rivals = stage.tenants();
    comes_to(&rivals, "rival", "OwnedByOther").await;
    let since = Since::now(&stage).await;
    stage.delete().await;
    stage.gone().await;
    pass(&rivals, "rival").await;
    comes_to(&rivals, "rival", "Succeeded").await;
    assert_eq!(["owner-released", "owner-claimed"], *since.effects(&stage).await);
    let heir = format!("test/{}/rival", stage.env.namespace);
    assert_eq!((Some(heir.clone()), Some(stamp(&stage))), stamps(&stage).await);
    assert_eq!([event("Normal", "Adopted"), event("Normal", "Released")], *events(&stage).await);

    // The old name is created again and loses now, although it was the last owner once.
    stage.try_create(stage.manifest(json!({}))).await.unwrap();
    let (_, message) = comes_to(&stage.tenants(), NAME, "OwnedByOther").await;
    assert!(message.contains(&format!("'{heir}'")), "{message}");
}

/// While the winner is being deleted, it still owns the tenant.
#[tokio::test(flavor = "multi_thread")]
async fn deleting_winner_keeps_the_tenant() {
    let stage = Stage::new("hand-over-late").await;
    let _operator = stage.connect().await;
    live(&stage, doomed(&stage)).await;
    create(&stage, rival(&stage, &stage.env.namespace, json!({}))).await;
    let rivals = stage.tenants();
    comes_to(&rivals, "rival", "OwnedByOther").await;
    stage.delete().await;
    crate::deletion::waits_for(&stage, "Deleting", "provisioning script").await;
    pass(&rivals, "rival").await;
    comes_to(&rivals, "rival", "OwnedByOther").await;
    stage.platform.run_script(&stage.id).await.unwrap();
    stage.gone().await;
    pass(&rivals, "rival").await;
    comes_to(&rivals, "rival", "TenantLost").await;
}

/// The namespace of a Tenant is gone when its stamp is checked.
#[tokio::test(flavor = "multi_thread")]
async fn stamp_of_a_missing_namespace_is_free() {
    let stage = Stage::new("gone-namespace").await;
    let second = second_namespace(&stage).await;
    let _operator = start_in(&stage, &[&stage.env.namespace, &second]).await;
    super::unowned(&stage).await;
    let stale = format!("test/{second}/rival");
    stage.platform.stamp(&stage.id, Some(&stale), None).await.unwrap();
    let namespaces: Api<Namespace> = Api::all(stage.client(users::ADMIN));
    namespaces.delete(&second, &DeleteParams::default()).await.unwrap();
    until("the namespace is gone", PATIENCE, async || match namespaces.get_opt(&second).await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    live(&stage, stage.manifest(json!({}))).await;
    assert_eq!((Some(stamp(&stage)), Some(stale)), stamps(&stage).await);
}

//! Two Tenants for one tenant: the first claim wins, the other reports it and does nothing.

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use nimbus_operator::resources::{Platform, Tenant};
use serde_json::{Value, json};

use super::{conditions, ready_reason, rival, stalled, tenants};
use crate::deletion::{NO_EVENTS, confirmed_manifest, event, events, live, stamp, stamps, told};
use crate::support::apply::create_namespace;
use crate::support::confirmation::deletion;
use crate::support::fixture::{Fixture, NAME, Operator, condition};
use crate::support::rights::{self, Placement};
use crate::support::since::Since;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

async fn create(fixture: &Fixture, manifest: Value) -> Tenant {
    let namespace = manifest["metadata"]["namespace"].as_str().unwrap().to_owned();
    let params = PostParams { field_manager: Some("test".into()), ..PostParams::default() };
    tenants(fixture, &namespace).create(&params, &serde_json::from_value(manifest).unwrap()).await.unwrap()
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
async fn second_namespace(fixture: &Fixture) -> String {
    let admin = fixture.client(users::ADMIN);
    let second = format!("{}-second", fixture.env.namespace);
    create_namespace(&admin, &second).await.unwrap();
    let placement = Placement {
        operator: &fixture.env.operator_user,
        operator_namespace: &fixture.env.operator_namespace,
        namespace: &second,
        instance: &fixture.env.instance,
    };
    rights::grant(&admin, &placement).await.unwrap();
    let allowed = json!({ "spec": { "allowedNamespaces": { "names": [fixture.env.namespace, second] } } });
    let platforms: Api<Platform> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    let params = PatchParams { field_manager: Some("test".into()), ..PatchParams::default() };
    platforms.patch(&fixture.env.platform, &params, &Patch::Merge(allowed)).await.unwrap();
    second
}

async fn start_in(fixture: &Fixture, namespaces: &[&str]) -> Operator {
    let namespaces = namespaces.iter().map(|name| (*name).to_owned()).collect();
    let operator = fixture.start_with(nimbus_operator::controller::Options { namespaces, ..fixture.options() });
    fixture.connected().await;
    operator
}

/// The whole lifecycle of a rival: it reports the owner, writes nothing, and is deleted without a trace.
async fn assert_loses(fixture: &Fixture, namespace: &str) {
    let rivals = tenants(fixture, namespace);
    let since = Since::now(fixture).await;
    // Even one that may adopt anything and requests the deletion of the tenant.
    let spec = json!({
        "general": { "companyName": "Rival" }, "adoptionPolicy": "Always", "deletionPolicy": "Delete",
    });
    let mut manifest = rival(fixture, namespace, spec);
    manifest["spec"]["confirmations"] = deletion(&fixture.id);
    create(fixture, manifest).await;
    let (tenant, message) = ready_reason(&rivals, "rival", "OwnedByOther").await;
    let expected = format!(
        "The tenant is owned by another Tenant, {} (cluster/namespace/name); nothing was written",
        stamp(fixture)
    );
    assert_eq!(expected, message);
    assert_eq!(stalled("OwnedByOther"), conditions(&tenant));
    assert_eq!(None, tenant.metadata.finalizers, "it holds nothing, so nothing holds it");
    assert_eq!(None, tenant.status.unwrap().applied);
    pass(&rivals, "rival").await;
    let status_writes = since.writes(fixture).await;
    assert_eq!(["patch tenants/status 200"; 2], *status_writes, "one, and one for the requested pass");
    delete(&rivals, "rival").await;
    assert_eq!([""; 0], *since.effects(fixture).await);
    assert_eq!(0, since.deletions(fixture).await);
    assert_eq!((Some(stamp(fixture)), None), stamps(fixture).await);
    assert_eq!(NO_EVENTS, *events(fixture).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn first_claim_wins_in_one_namespace() {
    let fixture = Fixture::new("rivals").await;
    let _operator = fixture.connect().await;
    live(&fixture, fixture.manifest(json!({}))).await;
    assert_loses(&fixture, &fixture.env.namespace).await;
    fixture.pass().await;
    assert_eq!("Succeeded", condition(&fixture.get().await, "Ready").unwrap().1, "the winner does not notice");
}

#[tokio::test(flavor = "multi_thread")]
async fn first_claim_wins_across_namespaces() {
    let fixture = Fixture::new("rivals-apart").await;
    let second = second_namespace(&fixture).await;
    let _operator = start_in(&fixture, &[&fixture.env.namespace, &second]).await;
    live(&fixture, fixture.manifest(json!({}))).await;
    assert_loses(&fixture, &second).await;
}

/// A rival with our finalizer, as from a backup, goes through a real deletion.
#[tokio::test(flavor = "multi_thread")]
async fn deleting_the_loser_changes_nothing() {
    let fixture = Fixture::new("rivals-delete").await;
    let _operator = fixture.connect().await;
    live(&fixture, fixture.manifest(json!({}))).await;
    let rivals = fixture.tenants();
    for policy in ["Retain", "Delete"] {
        let since = Since::now(&fixture).await;
        let mut manifest = rival(&fixture, &fixture.env.namespace, json!({ "deletionPolicy": policy }));
        manifest["spec"]["confirmations"] = deletion(&fixture.id);
        manifest["metadata"]["finalizers"] = json!([crate::deletion::FINALIZER]);
        create(&fixture, manifest).await;
        ready_reason(&rivals, "rival", "OwnedByOther").await;
        delete(&rivals, "rival").await;
        // The loser looks again every few seconds, so it may have read more than at its creation and at its deletion.
        let calls = since.calls(&fixture).await;
        let reads = ["PUT /v1/tenants/{id} 412", "GET /v1/tenants/{id} 200"];
        assert!(calls.len() >= 3 && calls[..2] == reads, "{policy}: {calls:?}");
        let is_read = |call: &String| call.starts_with("GET /v1/tenants/{id} ");
        assert!(calls[2..].iter().all(is_read), "{policy}: {calls:?}");
        assert_eq!((Some(stamp(&fixture)), None), stamps(&fixture).await, "{policy}");
    }
    told(&fixture, [event("Warning", "DeletionNotRequested")], "of the confirmed one").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn race_for_a_tenant_has_one_winner() {
    let fixture = Fixture::new("rivals-race").await;
    let operator = fixture.connect().await;
    operator.stop().await;
    for number in 0..4 {
        let mut manifest =
            rival(&fixture, &fixture.env.namespace, json!({ "general": { "division": format!("{number}") } }));
        manifest["metadata"]["name"] = json!(format!("rival-{number}"));
        create(&fixture, manifest).await;
    }
    let since = Since::now(&fixture).await;
    let _operator = fixture.connect().await;
    let rivals = fixture.tenants();
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
    assert_eq!(["tenant-created"], *since.effects(&fixture).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn retained_winner_hands_the_tenant_over() {
    let fixture = Fixture::new("hand-over").await;
    let _operator = fixture.connect().await;
    live(&fixture, fixture.manifest(json!({}))).await;
    create(&fixture, rival(&fixture, &fixture.env.namespace, json!({}))).await;
    let rivals = fixture.tenants();
    ready_reason(&rivals, "rival", "OwnedByOther").await;
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    fixture.gone().await;
    pass(&rivals, "rival").await;
    ready_reason(&rivals, "rival", "Succeeded").await;
    assert_eq!(["owner-released", "owner-claimed"], *since.effects(&fixture).await);
    let heir = format!("test/{}/rival", fixture.env.namespace);
    assert_eq!((Some(heir.clone()), Some(stamp(&fixture))), stamps(&fixture).await);
    told(&fixture, [event("Normal", "Adopted"), event("Normal", "Released")], "").await;

    // The old name is created again and loses now, although it was the last owner once.
    fixture.try_create(fixture.manifest(json!({}))).await.unwrap();
    let (_, message) = ready_reason(&fixture.tenants(), NAME, "OwnedByOther").await;
    assert!(message.contains(&format!("another Tenant, {heir} (")), "{message}");
}

/// While the winner is being deleted, it still owns the tenant.
#[tokio::test(flavor = "multi_thread")]
async fn deleting_winner_keeps_the_tenant() {
    let fixture = Fixture::new("hand-over-late").await;
    let _operator = fixture.connect().await;
    live(&fixture, confirmed_manifest(&fixture)).await;
    create(&fixture, rival(&fixture, &fixture.env.namespace, json!({}))).await;
    let rivals = fixture.tenants();
    ready_reason(&rivals, "rival", "OwnedByOther").await;
    fixture.delete().await;
    crate::deletion::waiting_for(&fixture, "Deleting", "provisioning script").await;
    pass(&rivals, "rival").await;
    ready_reason(&rivals, "rival", "OwnedByOther").await;
    fixture.platform.run_script(&fixture.id).await.unwrap();
    fixture.gone().await;
    pass(&rivals, "rival").await;
    ready_reason(&rivals, "rival", "TenantLost").await;
}

/// The namespace of a Tenant is gone when its stamp is checked.
#[tokio::test(flavor = "multi_thread")]
async fn stamp_of_a_missing_namespace_is_free() {
    let fixture = Fixture::new("gone-namespace").await;
    let second = second_namespace(&fixture).await;
    let _operator = start_in(&fixture, &[&fixture.env.namespace, &second]).await;
    super::unowned(&fixture).await;
    let stale = format!("test/{second}/rival");
    fixture.platform.stamp(&fixture.id, Some(&stale), None).await.unwrap();
    let namespaces: Api<Namespace> = Api::all(fixture.client(users::ADMIN));
    namespaces.delete(&second, &DeleteParams::default()).await.unwrap();
    until("the namespace is gone", PATIENCE, async || match namespaces.get_opt(&second).await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    live(&fixture, fixture.manifest(json!({}))).await;
    assert_eq!((Some(stamp(&fixture)), Some(stale)), stamps(&fixture).await);
}

//! Finalizers of others, and foreground deletion: the operator removes its own finalizer only, once.

use kube::api::DeleteParams;
use nimbus_operator::resources::Tenant;
use serde_json::{Value, json};

use super::{CONFIRM, FINALIZER, Since, annotated, event, events, live, stamp, stamps};
use crate::support::stage::{NAME, Stage, condition, describe};
use crate::support::wait::{PATIENCE, until};

const OTHERS: [&str; 2] = ["example.com/first", "example.com/last"];

/// Waits until our finalizer is removed.
async fn ours_is_off(stage: &Stage) -> Tenant {
    until("our finalizer is off", PATIENCE, async || {
        let tenant = stage.tenants().get(NAME).await.map_err(|error| error.to_string())?;
        let there = tenant.metadata.finalizers.iter().flatten().any(|name| name == FINALIZER);
        if there { Err(describe(&tenant)) } else { Ok(tenant) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn other_finalizers_are_kept() {
    let mut stage = Stage::new("foreign").await;
    let operator = stage.connect().await;
    for (policy, effect) in [("Retain", "owner-released"), ("Delete", "deletion-begun")] {
        stage.platform.auto_run(true).await.unwrap();
        stage.id = uuid::Uuid::new_v4().to_string();
        let mut manifest = annotated(&stage, json!({ "deletionPolicy": policy }), json!({ CONFIRM: stage.id }));
        manifest["metadata"]["finalizers"] = json!([OTHERS[0], FINALIZER, OTHERS[1]]);
        live(&stage, manifest).await;
        let since = Since::now(&stage).await;
        stage.delete().await;
        let left = ours_is_off(&stage).await;
        assert_eq!(Some(OTHERS.map(ToOwned::to_owned).into()), left.metadata.finalizers, "{policy}");
        let before = (since.calls(&stage).await, events(&stage).await);

        // What happens to it from now on is not the operator's concern.
        stage.annotate("nimbus.luware.com/reconcile-requested-at", "now").await;
        stage.patch(json!({ "spec": { "driftPolicy": "Report" } })).await;
        another_tenant_is_served(&stage).await;
        let after = (since.calls(&stage).await, events(&stage).await);
        assert_eq!(before, after, "{policy}");
        assert_eq!([effect], *since.effects(&stage).await, "{policy}");
        stage.patch(json!({ "metadata": { "finalizers": null } })).await;
        stage.gone().await;
    }
    operator.stop().await;
    assert_eq!([event("Normal", "Deleted"), event("Normal", "Released")], *events(&stage).await);
}

/// A watch delivers changes in order: once a later one was handled, so was an earlier one.
async fn another_tenant_is_served(stage: &Stage) {
    let id = uuid::Uuid::new_v4().to_string();
    let mut manifest = stage.manifest(json!({ "general": { "tenantId": id } }));
    manifest["metadata"]["name"] = json!(id);
    stage.try_create(manifest).await.unwrap();
    until("another Tenant is ready", PATIENCE, async || {
        let tenant = stage.tenants().get(&id).await.map_err(|error| error.to_string())?;
        match condition(&tenant, "Ready") {
            Some((status, ..)) if status == "True" => Ok(()),
            _ => Err(describe(&tenant)),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn foreground_deletion_is_not_special() {
    let mut stage = Stage::new("foreground").await;
    stage.platform.auto_run(true).await.unwrap();
    let _operator = stage.connect().await;
    for policy in ["Retain", "Delete"] {
        stage.id = uuid::Uuid::new_v4().to_string();
        live(&stage, annotated(&stage, json!({ "deletionPolicy": policy }), json!({ CONFIRM: stage.id }))).await;
        let since = Since::now(&stage).await;
        stage.tenants().delete(NAME, &DeleteParams::foreground()).await.unwrap();
        stage.gone().await;
        let effect = if policy == "Retain" { "owner-released" } else { "deletion-begun" };
        assert_eq!([effect], *since.effects(&stage).await, "{policy}");
    }
    assert_eq!([event("Normal", "Deleted"), event("Normal", "Released")], *events(&stage).await);
}

/// The operator does nothing for a Tenant whose finalizer was removed by hand.
#[tokio::test(flavor = "multi_thread")]
async fn deletion_without_our_finalizer_is_ignored() {
    let stage = Stage::new("taken-off").await;
    let operator = stage.connect().await;
    let mut manifest = annotated(&stage, json!({ "deletionPolicy": "Delete" }), json!({ CONFIRM: stage.id }));
    manifest["metadata"]["finalizers"] = json!([OTHERS[0]]);
    live(&stage, manifest).await;
    operator.stop().await;
    stage.patch(json!({ "metadata": { "finalizers": [OTHERS[0]] } })).await;
    stage.delete().await;
    let since = Since::now(&stage).await;
    let operator = stage.connect().await;
    another_tenant_is_served(&stage).await;
    operator.stop().await;
    assert_eq!([""; 0], *since.calls(&stage).await);
    assert_eq!((Some(stamp(&stage)), None), stamps(&stage).await);
    let (_, document) = stage.platform.tenant(&stage.id).await.unwrap();
    assert_eq!(Value::Null, document["runtime"]["deletion"]);
}

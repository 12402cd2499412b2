//! Finalizers of others, and foreground deletion: the operator removes its own finalizer only, once.

use kube::api::DeleteParams;
use nimbus_operator::resources::Tenant;
use serde_json::{Value, json};

use super::{FINALIZER, event, events, live, stamp, stamps, told};
use crate::support::confirmation::confirming;
use crate::support::fixture::{Fixture, NAME, condition, describe};
use crate::support::since::Since;
use crate::support::wait::{PATIENCE, until};

const OTHERS: [&str; 2] = ["example.com/first", "example.com/last"];

/// Waits until our finalizer is removed.
async fn ours_is_off(fixture: &Fixture) -> Tenant {
    until("our finalizer is off", PATIENCE, async || {
        let tenant = fixture.tenants().get(NAME).await.map_err(|error| error.to_string())?;
        let there = tenant.metadata.finalizers.iter().flatten().any(|name| name == FINALIZER);
        if there { Err(describe(&tenant)) } else { Ok(tenant) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn other_finalizers_are_kept() {
    let mut fixture = Fixture::new("foreign").await;
    let operator = fixture.connect().await;
    for (policy, effect) in [("Retain", "owner-released"), ("Delete", "deletion-begun")] {
        fixture.platform.auto_run(true).await.unwrap();
        fixture.id = uuid::Uuid::new_v4().to_string();
        let mut manifest = fixture.manifest(confirming(json!({ "deletionPolicy": policy }), &fixture.id));
        manifest["metadata"]["finalizers"] = json!([OTHERS[0], FINALIZER, OTHERS[1]]);
        live(&fixture, manifest).await;
        let since = Since::now(&fixture).await;
        fixture.delete().await;
        let left = ours_is_off(&fixture).await;
        assert_eq!(Some(OTHERS.map(ToOwned::to_owned).into()), left.metadata.finalizers, "{policy}");
        let before = (since.calls(&fixture).await, events(&fixture).await);

        // What happens to it from now on is not the operator's concern.
        fixture.annotate("nimbus.luware.com/reconcile-requested-at", "now").await;
        fixture.patch(json!({ "spec": { "driftPolicy": "Report" } })).await;
        another_tenant_is_served(&fixture).await;
        let after = (since.calls(&fixture).await, events(&fixture).await);
        assert_eq!(before, after, "{policy}");
        assert_eq!([effect], *since.effects(&fixture).await, "{policy}");
        fixture.patch(json!({ "metadata": { "finalizers": null } })).await;
        fixture.gone().await;
    }
    operator.stop().await;
    told(&fixture, [event("Normal", "Deleted"), event("Normal", "Released")], "").await;
}

/// A watch delivers changes in order: once a later one was handled, so was an earlier one.
async fn another_tenant_is_served(fixture: &Fixture) {
    let id = uuid::Uuid::new_v4().to_string();
    let mut manifest = fixture.manifest(json!({ "general": { "tenantId": id } }));
    manifest["metadata"]["name"] = json!(id);
    fixture.try_create(manifest).await.unwrap();
    until("another Tenant is ready", PATIENCE, async || {
        let tenant = fixture.tenants().get(&id).await.map_err(|error| error.to_string())?;
        match condition(&tenant, "Ready") {
            Some((status, ..)) if status == "True" => Ok(()),
            _ => Err(describe(&tenant)),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn foreground_deletion_is_not_special() {
    let mut fixture = Fixture::new("foreground").await;
    fixture.platform.auto_run(true).await.unwrap();
    let _operator = fixture.connect().await;
    for policy in ["Retain", "Delete"] {
        fixture.id = uuid::Uuid::new_v4().to_string();
        live(&fixture, fixture.manifest(confirming(json!({ "deletionPolicy": policy }), &fixture.id))).await;
        let since = Since::now(&fixture).await;
        fixture.tenants().delete(NAME, &DeleteParams::foreground()).await.unwrap();
        fixture.gone().await;
        let effect = if policy == "Retain" { "owner-released" } else { "deletion-begun" };
        assert_eq!([effect], *since.effects(&fixture).await, "{policy}");
    }
    told(&fixture, [event("Normal", "Deleted"), event("Normal", "Released")], "").await;
}

/// The operator does nothing for a Tenant whose finalizer was removed by hand.
#[tokio::test(flavor = "multi_thread")]
async fn deletion_without_our_finalizer_is_ignored() {
    let fixture = Fixture::new("taken-off").await;
    let operator = fixture.connect().await;
    let mut manifest = fixture.manifest(confirming(json!({ "deletionPolicy": "Delete" }), &fixture.id));
    manifest["metadata"]["finalizers"] = json!([OTHERS[0]]);
    live(&fixture, manifest).await;
    operator.stop().await;
    fixture.patch(json!({ "metadata": { "finalizers": [OTHERS[0]] } })).await;
    fixture.delete().await;
    let since = Since::now(&fixture).await;
    let operator = fixture.connect().await;
    another_tenant_is_served(&fixture).await;
    operator.stop().await;
    assert_eq!([""; 0], *since.calls(&fixture).await);
    assert_eq!((Some(stamp(&fixture)), None), stamps(&fixture).await);
    let (_, document) = fixture.platform.tenant(&fixture.id).await.unwrap();
    assert_eq!(Value::Null, document["runtime"]["deletion"]);
}

//! A Tenant comes back from a backup, or goes to another cluster: the platform keeps its settings, and the stamp says whose it is.

use std::time::{Duration, Instant};

use kube::api::{Patch, PatchParams};
use nimbus_operator::controller::Options;
use serde_json::{Value, json};

use crate::support::controlplane::ControlPlane;
use crate::support::fixture::{Fixture, NAME, Operator};
use crate::support::since::Since;

/// Until a Tenant that came back is Ready.
const SOON: Duration = Duration::from_secs(30);

fn spec() -> Value {
    let reference = json!({ "name": "acs", "key": "connection-string" });
    json!({
        "general": { "companyName": "Contoso AG" },
        "extensions": { "interact": { "enabled": true, "acsConnectionStringRef": reference } }
    })
}

fn start(fixture: &Fixture, cluster: &str) -> Operator {
    fixture.start_with(Options { cluster_id: cluster.into(), ..fixture.options() })
}

/// What backup programs keep of an object: no status, and nothing that the API server sets.
fn backup(tenant: &impl serde::Serialize) -> Value {
    let mut object = serde_json::to_value(tenant).unwrap();
    let metadata = object["metadata"].as_object_mut().unwrap();
    metadata.retain(|name, _| ["name", "namespace", "labels", "annotations", "finalizers"].contains(&name.as_str()));
    object.as_object_mut().unwrap().remove("status");
    object
}

#[tokio::test(flavor = "multi_thread")]
async fn restored_tenant_is_attached_by_its_stamp() {
    let fixture = Fixture::new("restored").await;
    let operator = fixture.connect().await;
    fixture.create(spec()).await;
    let kept = backup(&fixture.ready().await);
    operator.stop().await;
    // The cluster is lost, and nothing was released.
    fixture.delete().await;
    let strip = json!({ "metadata": { "finalizers": null } });
    fixture.tenants().patch(NAME, &PatchParams::default(), &Patch::Merge(strip)).await.unwrap();
    fixture.gone().await;

    // Meanwhile the UI was used: drift is corrected, as before.
    fixture.platform.edit(&fixture.id, json!({ "general": { "companyName": "Fabrikam AG" } })).await.unwrap();
    let since = Since::now(&fixture).await;
    fixture.try_create(kept).await.unwrap();
    let started = Instant::now();
    let _operator = fixture.start();
    fixture.ready().await;
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    assert_eq!(["settings-changed"], *since.effects(&fixture).await, "no second tenant, and no claim");
    assert_eq!(vec![vec!["/general/companyName"]], since.changes(&fixture).await);
}

/// With another `--cluster-id`: released there, adopted here.
#[tokio::test(flavor = "multi_thread")]
async fn released_tenant_is_adopted_by_another_cluster_without_a_change() {
    let old = Fixture::new("moves-old").await;
    let operator = start(&old, "old");
    old.create(spec()).await;
    let before = old.ready().await;
    let mut new = Fixture::on(ControlPlane::without_policies().await, "moves-new").await;
    new.platform_object(&old.platform.url()).await;
    new.id.clone_from(&old.id);
    let _other = start(&new, "new");
    new.create(serde_json::to_value(&before.spec.settings).unwrap()).await;
    new.condition("Ready", "False", "OwnedByOther").await;

    let since = Since::now(&old).await;
    old.delete().await;
    old.gone().await;
    operator.stop().await;
    let started = Instant::now();
    new.pass().await;
    new.ready().await;
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    assert_eq!(["owner-released", "owner-claimed"], *since.effects(&old).await, "no setting was written");
    let (_, document) = old.platform.tenant(&old.id).await.unwrap();
    assert_eq!(json!(format!("new/{}/{NAME}", new.env.namespace)), document["owner"]);
}

//! The cluster goes back to an older state under a running operator: etcd is restored, or a watch is late.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::controlplane::{ControlPlane, Options};
use crate::support::fixture::{Fixture, FixtureOn};
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;
use crate::support::tenant::TenantHandle;
use crate::support::wait::{PATIENCE, until};

/// From the end of the restore until the platform has what the cluster says.
const SOON: Duration = Duration::from_secs(30);

fn company(name: &str) -> Value {
    json!({ "general": { "companyName": name } })
}

/// The owner of a tenant on the platform.
async fn owner(fixture: &FixtureOn<'_>, id: &str) -> Value {
    fixture.platform.tenant(id).await.unwrap().1["owner"].clone()
}

#[tokio::test(flavor = "multi_thread")]
#[allow(clippy::print_stdout, reason = "the log of a run has the measured time")]
async fn restored_etcd_is_what_counts_without_a_restart() {
    let control_plane = ControlPlane::start(Options::default()).await.unwrap();
    let fixture = FixtureOn::on(&control_plane, "etcd-restored").await;
    let operator = fixture.connect().await;
    let [deleted, later] = ["deleted", "later"].map(|name| TenantHandle::new(&fixture, name));
    fixture.create(company("Contoso AG")).await;
    deleted.create(json!({})).await;
    fixture.ready().await;
    deleted.ready().await;
    let backup = control_plane.back_up().unwrap();

    // One edit, one Tenant that goes and one that comes: the restore takes all three back.
    fixture.patch(json!({ "spec": company("Fabrikam AG") })).await;
    fixture.ready().await;
    deleted.delete().await;
    until("its tenant is released", PATIENCE, async || match owner(&fixture, &deleted.id).await {
        Value::Null => Ok(()),
        other => Err(other.to_string()),
    })
    .await;
    later.create(json!({})).await;
    later.ready().await;

    control_plane.restore(&backup).await.unwrap();
    let restored = Instant::now();
    fixture.settings("the spec of the backup", |settings| settings["general"]["companyName"] == "Contoso AG").await;
    until("the deleted Tenant has its tenant again", PATIENCE, async || match owner(&fixture, &deleted.id).await {
        Value::String(_) => Ok(()),
        other => Err(other.to_string()),
    })
    .await;
    let seconds = restored.elapsed();
    println!("restored etcd: as in the backup after {seconds:.1?}");
    assert!(seconds < SOON, "{seconds:?}");
    fixture.ready().await;

    // The same generation as before the restore, and another spec.
    let edited = fixture.patch(json!({ "spec": company("Northwind AG") })).await;
    assert_eq!(Some(2), edited.metadata.generation);
    fixture.settings("the next edit", |settings| settings["general"]["companyName"] == "Northwind AG").await;
    operator.stop().await;
}

/// The watch delivers nothing for long: a pass of the interval decides on what the API server holds.
#[tokio::test(flavor = "multi_thread")]
async fn interval_pass_reads_the_tenant_fresh() {
    let mut fixture = Fixture::new("fresh").await;
    fixture.timing.sync = Some(Duration::from_millis(300));
    let proxy =
        Proxy::start(Upstream::kubernetes(fixture.env.control_plane), &Recorder::new(|_, _| false)).await.unwrap();
    let _operator = fixture.start_through(&proxy);
    fixture.connected().await;
    fixture.create(company("Contoso AG")).await;
    fixture.ready().await;
    proxy.slow_down("tenants", proxy.opened("tenants"), Duration::from_secs(600));
    fixture.patch(json!({ "spec": company("Fabrikam AG") })).await;
    fixture.settings("the edit", |settings| settings["general"]["companyName"] == "Fabrikam AG").await;
    fixture.ready().await;
}

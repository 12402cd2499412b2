//! A Tenant that waits for another object of the cluster is Ready within 30 s of its coming, with the waits of production.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams};
use nimbus_operator::controller::{Options, Step, Timing};
use nimbus_operator::resources::{Partner, Platform, Tenant};
use serde_json::{Value, json};

use crate::support::apply::create_namespace;
use crate::support::fixture::{Fixture, NAME, Operator, condition, describe};
use crate::support::rights::{self, Placement};
use crate::support::tenant::TenantHandle;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

/// From the change until the Tenant is Ready.
const BOUND: Duration = Duration::from_secs(30);

/// A fixture with the waits of production.
async fn fixture(name: &str) -> Fixture {
    let mut fixture = Fixture::new(name).await;
    fixture.timing = Timing::default();
    fixture
}

/// Fails unless it took less than the bound; the measured time is printed.
#[allow(clippy::print_stdout, reason = "the log of a run has the measured times")]
fn within_bound(what: &str, since: Instant) {
    let took = since.elapsed();
    println!("{what}: Ready after {took:.1?}");
    assert!(took < BOUND, "{what}: {took:?}");
}

/// Waits until a Tenant of any namespace has a Ready of this status and reason.
async fn says(tenants: &Api<Tenant>, name: &str, status: &str, reason: &str) {
    until(&format!("{name} is {status} {reason}"), PATIENCE, async || {
        let tenant = tenants.get(name).await.map_err(|error| error.to_string())?;
        let current = tenant.status.as_ref().map(|status| status.observed_generation) == tenant.metadata.generation;
        match condition(&tenant, "Ready") {
            Some((found, why, _)) if current && found == status && why == reason => Ok(()),
            _ => Err(describe(&tenant)),
        }
    })
    .await;
}

fn platforms(fixture: &Fixture) -> Api<Platform> {
    Api::all(fixture.client(users::PLATFORM_ADMIN))
}

async fn allow(fixture: &Fixture, namespaces: &[&str]) {
    let patch = Patch::Merge(json!({ "spec": { "allowedNamespaces": { "names": namespaces } } }));
    platforms(fixture).patch(&fixture.env.platform, &PatchParams::default(), &patch).await.unwrap();
}

async fn partner(fixture: &Fixture, spec: Value) {
    let name = &fixture.env.namespace;
    let mut partner = json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Partner", "metadata": { "name": name },
        "spec": { "displayName": "Northwind", "platformPartnerId": "northwind" }
    });
    json_patch::merge(&mut partner["spec"], &spec);
    let api: Api<Partner> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    api.patch(name, &PatchParams::apply("test").force(), &Patch::Apply(partner)).await.unwrap();
}

/// One apply creates the new name and prunes the old one, in either order.
#[tokio::test(flavor = "multi_thread")]
async fn renamed_tenant_is_ready_in_seconds() {
    for create_first in [true, false] {
        let fixture = fixture("renamed").await;
        let _operator = fixture.connect().await;
        fixture.create(json!({ "general": { "companyName": "Contoso AG" } })).await;
        fixture.ready().await;
        let renamed = TenantHandle::of_fixture(&fixture, "renamed");
        let spec = json!({ "general": { "companyName": "Contoso AG" } });
        let since = Instant::now();
        if create_first {
            renamed.create(spec).await;
            fixture.delete().await;
        } else {
            fixture.delete().await;
            renamed.create(spec).await;
        }
        renamed.ready().await;
        within_bound("renamed in one apply", since);
        fixture.gone().await;
    }
}

/// The old one is pruned late: by then the new one waits as long as it ever does.
#[tokio::test(flavor = "multi_thread")]
async fn renamed_tenant_that_waited_long_is_ready_within_the_bound() {
    let fixture = fixture("renamed-late").await;
    let _operator = fixture.connect().await;
    fixture.create(json!({})).await;
    fixture.ready().await;
    let renamed = TenantHandle::of_fixture(&fixture, "renamed");
    renamed.create(json!({})).await;
    says(&fixture.tenants(), "renamed", "False", "OwnedByOther").await;
    // 2 + 4 + 8 + 16 s: the fifth wait is the longest.
    let looks = async || fixture.platform.calls(&fixture.id, 0).await.unwrap().len();
    let before = looks().await;
    until("it looked four times", PATIENCE, async || match looks().await - before {
        count if count >= 4 => Ok(()),
        count => Err(count),
    })
    .await;
    let since = Instant::now();
    fixture.delete().await;
    renamed.ready().await;
    within_bound("renamed, and the old one pruned late", since);
}

async fn start_in(fixture: &Fixture, namespaces: &[&str]) -> Operator {
    let namespaces = namespaces.iter().map(|name| (*name).to_owned()).collect();
    let operator = fixture.start_with(Options { namespaces, ..fixture.options() });
    fixture.connected().await;
    operator
}

#[tokio::test(flavor = "multi_thread")]
async fn moved_tenant_is_ready_in_seconds() {
    let fixture = fixture("moved").await;
    let (first, second) = (&fixture.env.namespace, format!("{}-second", fixture.env.namespace));
    let admin = fixture.client(users::ADMIN);
    create_namespace(&admin, &second).await.unwrap();
    let placement = Placement {
        operator: &fixture.env.operator_user,
        operator_namespace: &fixture.env.operator_namespace,
        namespace: &second,
        instance: &fixture.env.instance,
    };
    rights::grant(&admin, &placement).await.unwrap();
    allow(&fixture, &[first, &second]).await;
    let _operator = start_in(&fixture, &[first, &second]).await;
    fixture.create(json!({})).await;
    fixture.ready().await;
    let mut manifest = fixture.manifest(json!({}));
    manifest["metadata"]["namespace"] = json!(second);
    let there: Api<Tenant> = Api::namespaced(fixture.client(users::PLATFORM_ADMIN), &second);
    let since = Instant::now();
    let params = kube::api::PostParams { field_manager: Some("test".into()), ..kube::api::PostParams::default() };
    there.create(&params, &serde_json::from_value(manifest).unwrap()).await.unwrap();
    fixture.delete().await;
    says(&there, NAME, "True", "Succeeded").await;
    within_bound("moved to another namespace", since);
}

#[tokio::test(flavor = "multi_thread")]
async fn late_partner_and_changed_partner_are_noticed_in_seconds() {
    let mut fixture = fixture("late-partner").await;
    let passes = Arc::new(AtomicUsize::new(0));
    let counter = passes.clone();
    fixture.observer = Arc::new(move |step, _| {
        counter.fetch_add(usize::from(step == Step::Conclude), Ordering::SeqCst);
    });
    let _operator = fixture.connect().await;
    fixture.create(json!({ "partner": { "partnerRef": { "name": fixture.env.namespace } } })).await;
    fixture.condition("Ready", "False", "PartnerNotFound").await;
    let since = Instant::now();
    partner(&fixture, json!({})).await;
    fixture.ready().await;
    within_bound("Partner created late", since);

    // The finalizer and the status of the Partner are no change that a Tenant depends on.
    fixture.pass().await;
    let before = passes.load(Ordering::SeqCst);
    let since = Instant::now();
    partner(&fixture, json!({ "entraTenantId": uuid::Uuid::new_v4().to_string() })).await;
    until("a pass with the changed Partner", PATIENCE, async || match passes.load(Ordering::SeqCst) {
        made if made > before => Ok(()),
        made => Err(made),
    })
    .await;
    within_bound("Partner changed", since);
    fixture.ready().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_platform_and_late_permission_are_noticed_in_seconds() {
    let fixture = fixture("late-platform").await;
    platforms(&fixture).delete(&fixture.env.platform, &DeleteParams::default()).await.unwrap();
    let _operator = fixture.start();
    fixture.create(json!({})).await;
    fixture.condition("Ready", "False", "PlatformNotFound").await;
    let since = Instant::now();
    fixture.platform_object(&fixture.platform.url()).await;
    fixture.ready().await;
    within_bound("Platform created late", since);

    allow(&fixture, &["elsewhere"]).await;
    fixture.condition("Ready", "False", "NamespaceNotPermitted").await;
    let since = Instant::now();
    allow(&fixture, &["elsewhere", &fixture.env.namespace]).await;
    fixture.ready().await;
    within_bound("namespace allowed late", since);
}

/// Restored from a backup, without a status.
#[tokio::test(flavor = "multi_thread")]
async fn restored_tenant_is_ready_in_seconds() {
    let fixture = fixture("restored-waits").await;
    let operator = fixture.connect().await;
    fixture.create(json!({})).await;
    fixture.ready().await;
    operator.stop().await;
    fixture.delete().await;
    let strip = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
    let params = PatchParams { field_manager: Some("test".into()), ..PatchParams::default() };
    fixture.tenants().patch(NAME, &params, &strip).await.unwrap();
    fixture.gone().await;
    let _operator = fixture.connect().await;
    let since = Instant::now();
    fixture.create(json!({})).await;
    fixture.ready().await;
    within_bound("restored from a backup without status", since);
}

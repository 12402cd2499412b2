//! The tenant is edited in the UI between the operator's read and its write: the platform rejects the stale write (412),
//! the operator reads again, and both edits are kept.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kube::api::{Api, Patch, PatchParams};
use kube::core::ClusterResourceScope;
use kube::{Resource, ResourceExt};
use nimbus_operator::controller::{Observer, Step};
use nimbus_operator::resources::{Partner, Platform};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::runtime::Handle as Runtime;
use tokio::task::block_in_place;

use crate::support::fixture::{Fixture, Operator, condition};
use crate::support::pause::Pause;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

/// How long edits go on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edits {
    /// Until the first write that came too late: a pass without a write is not a race.
    UntilLate,
    Always,
}

/// Edits in the UI just before the plan is executed, while armed.
fn edits_before_the_write(fixture: &Fixture, edits: Edits) -> (Observer, Arc<AtomicBool>) {
    let (armed, edited) = (Arc::new(AtomicBool::new(false)), AtomicBool::new(false));
    let url = format!("{}/sandbox/tenants/{}/settings?as=system", fixture.platform.url(), fixture.id);
    let observer = Arc::new({
        let armed = armed.clone();
        move |step, _: &str| match step {
            Step::Resolve => edited.store(false, Ordering::SeqCst),
            // A second read in one pass.
            Step::Observe if edited.load(Ordering::SeqCst) && edits == Edits::UntilLate => {
                armed.store(false, Ordering::SeqCst)
            }
            Step::Execute if armed.load(Ordering::SeqCst) => {
                edit(&url);
                edited.store(true, Ordering::SeqCst);
            }
            _ => {}
        }
    });
    (observer, armed)
}

fn edit(url: &str) {
    let number = uuid::Uuid::new_v4().as_u128() % 100_000;
    let general = json!({ "division": format!("Division {number}"), "companyName": "From the UI" });
    let request =
        reqwest::Client::new().request(Method::PATCH, url).json(&json!({ "settings": { "general": general } }));
    block_in_place(|| Runtime::current().block_on(request.send())).unwrap().error_for_status().unwrap();
}

/// A Tenant that is Ready, with edits in the UI that are not armed yet.
async fn raced(name: &str, edits: Edits) -> (Fixture, Arc<AtomicBool>, Operator) {
    let mut fixture = Fixture::new(name).await;
    let (observer, armed) = edits_before_the_write(&fixture, edits);
    fixture.observer = observer;
    let operator = fixture.start();
    fixture.create(json!({ "general": { "companyName": "Contoso AG" } })).await;
    fixture.ready().await;
    (fixture, armed, operator)
}

/// A fixture without a Tenant, whose passes can be paused.
async fn connected(name: &str) -> (Fixture, Pause, Operator) {
    let mut fixture = Fixture::new(name).await;
    let hold = Pause::default();
    fixture.observer = hold.observer();
    let operator = fixture.connect().await;
    (fixture, hold, operator)
}

/// `companyName` is managed and `division` is not; the edit changes the city. Sending the same body again with the newer
/// version would keep the company name of the UI.
#[tokio::test(flavor = "multi_thread")]
async fn ui_edit_during_a_pass_is_kept() {
    let (fixture, armed, _operator) = raced("race", Edits::UntilLate).await;
    let (mark, audit) = (fixture.platform.mark().await.unwrap(), fixture.audit().mark().await.unwrap());

    armed.store(true, Ordering::SeqCst);
    fixture.patch(json!({ "spec": { "general": { "billingAddress": { "city": "Bern" } } } })).await;
    let ready = fixture.ready().await;

    let (_, document) = fixture.platform.tenant(&fixture.id).await.unwrap();
    let general = &document["settings"]["general"];
    assert_eq!((&json!("Contoso AG"), &json!("Bern")), (&general["companyName"], &general["billingAddress"]["city"]));
    assert!(general["division"].as_str().is_some_and(|text| text.starts_with("Division ")), "{general}");
    assert_eq!(Some("True"), condition(&ready, "Synced").map(|(status, _, _)| status).as_deref());
    let calls: Vec<_> = fixture
        .platform
        .calls(&fixture.id, mark)
        .await
        .unwrap()
        .into_iter()
        .map(|seen| (seen.call, seen.status.unwrap_or_default()))
        .skip_while(|(call, _)| call.starts_with("GET"))
        .collect();
    let call = |method: &str, status| (format!("{method} /v1/tenants/{{id}}"), status);
    assert_eq!(vec![call("PATCH", 412), call("GET", 200), call("PATCH", 200)], calls);
    assert_eq!(1, fixture.tenant_writes(audit).await.unwrap().len(), "nothing to report");
}

/// Constant edits neither make the operator loop within one pass nor report anything wrong.
#[tokio::test(flavor = "multi_thread")]
async fn repeated_conflict_ends_the_pass_and_retries() {
    let (fixture, armed, _operator) = raced("race-again", Edits::Always).await;
    let (mark, audit) = (fixture.platform.mark().await.unwrap(), fixture.audit().mark().await.unwrap());

    armed.store(true, Ordering::SeqCst);
    fixture.patch(json!({ "spec": { "general": { "billingAddress": { "city": "Bern" } } } })).await;
    super::calls(&fixture, mark, "a lost race", 6, |seen| seen.status == Some(412)).await;
    assert_eq!(0, fixture.tenant_writes(audit).await.unwrap().len());

    armed.store(false, Ordering::SeqCst);
    fixture.ready().await;
    let (_, document) = fixture.platform.tenant(&fixture.id).await.unwrap();
    let general = &document["settings"]["general"];
    assert_eq!((&json!("Contoso AG"), &json!("Bern")), (&general["companyName"], &general["billingAddress"]["city"]));
    assert_ne!(Value::Null, general["division"]);
}

/// The response to the finalizer contains a newer Tenant than the pass has decided on. The decision does not apply to it.
#[tokio::test(flavor = "multi_thread")]
async fn edit_before_creation_is_not_lost() {
    let (fixture, hold, _operator) = connected("race-edit").await;
    let mut held = hold.at(Step::Execute);
    fixture.create(json!({})).await;
    held.reached().await;
    fixture.patch(json!({ "spec": { "general": { "companyName": "Edited meanwhile" } } })).await;
    drop(held);
    fixture.ready().await;
    let (_, document) = fixture.platform.tenant(&fixture.id).await.unwrap();
    assert_eq!(json!("Edited meanwhile"), document["settings"]["general"]["companyName"], "Ready speaks of this spec");
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_tenant_is_not_created() {
    let (fixture, hold, _operator) = connected("race-delete").await;
    let mut held = hold.at(Step::Execute);
    let mut manifest = fixture.manifest(json!({}));
    // Another finalizer keeps it.
    manifest["metadata"]["finalizers"] = json!(["example.com/backup"]);
    fixture.try_create(manifest).await.unwrap();
    held.reached().await;
    fixture.delete().await;
    drop(held);
    fixture.patch(json!({ "metadata": { "finalizers": null } })).await;
    fixture.gone().await;
    assert_eq!(404, fixture.platform.tenant(&fixture.id).await.unwrap().0);
}

/// The finalizer of another controller.
const THEIRS: &str = "example.com/backup";
const OURS: &str = "nimbus.luware.com/tenant";

/// The pass decided on a Tenant without finalizers. Writing the list that it has in mind would replace the one that is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_finalizer_that_another_controller_adds_meanwhile_stays() {
    let (fixture, hold, _operator) = connected("race-add").await;
    let mut held = hold.at(Step::Execute);
    fixture.create(json!({})).await;
    held.reached().await;
    fixture.patch(json!({ "metadata": { "finalizers": [THEIRS] } })).await;
    drop(held);
    let ready = fixture.ready().await;
    assert_eq!([THEIRS, OURS], ready.finalizers());
    assert_eq!(["tenant-created"], fixture.platform.effects(0).await.unwrap().as_slice());
}

/// Ours is removed from where it was seen, so one that moved meanwhile is looked for again.
#[tokio::test(flavor = "multi_thread")]
async fn a_finalizer_that_another_controller_removes_meanwhile_is_not_mistaken_for_ours() {
    let (fixture, hold, _operator) = connected("race-remove").await;
    let mut manifest = fixture.manifest(json!({}));
    manifest["metadata"]["finalizers"] = json!([THEIRS, "example.com/audit"]);
    fixture.try_create(manifest).await.unwrap();
    assert_eq!([THEIRS, "example.com/audit", OURS], fixture.ready().await.finalizers());
    let mut held = hold.at(Step::Publish);
    fixture.delete().await;
    held.reached().await;
    fixture.patch(json!({ "metadata": { "finalizers": ["example.com/audit", OURS] } })).await;
    drop(held);
    let left = until("ours is removed", PATIENCE, async || {
        let tenant = fixture.get().await;
        if tenant.finalizers().iter().any(|name| name == OURS) {
            Err(tenant.finalizers().join(", "))
        } else {
            Ok(tenant)
        }
    });
    assert_eq!(["example.com/audit"], left.await.finalizers());
    fixture.patch(json!({ "metadata": { "finalizers": null } })).await;
    fixture.gone().await;
}

/// The same for what a Tenant refers to.
#[tokio::test(flavor = "multi_thread")]
async fn an_in_use_finalizer_replaces_no_other_that_is_added_meanwhile() {
    let mut fixture = Fixture::new("race-in-use").await;
    let hold = Pause::default();
    fixture.observer = hold.observer();
    let partners: Api<Partner> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    let name = fixture.env.namespace.clone();
    let partner = json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Partner", "metadata": { "name": name },
        "spec": { "displayName": "Northwind", "platformPartnerId": "northwind" }
    });
    partners.patch(&name, &PatchParams::apply("test").force(), &Patch::Apply(partner)).await.unwrap();
    let _operator = fixture.connect().await;
    let mut held = hold.at(Step::Execute);
    fixture.create(json!({ "partner": { "partnerRef": { "name": name } } })).await;
    held.reached().await;
    add_theirs::<Platform>(&fixture, &fixture.env.platform).await;
    add_theirs::<Partner>(&fixture, &name).await;
    drop(held);
    fixture.ready().await;
    let in_use = format!("nimbus.luware.com/in-use-{}", fixture.env.instance);
    let platforms: Api<Platform> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    assert_eq!([THEIRS, &in_use], platforms.get(&fixture.env.platform).await.unwrap().finalizers());
    assert_eq!([THEIRS, &in_use], partners.get(&name).await.unwrap().finalizers());
}

async fn add_theirs<K>(fixture: &Fixture, name: &str)
where
    K: Resource<DynamicType = (), Scope = ClusterResourceScope> + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    let api: Api<K> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    let patch = json!({ "metadata": { "finalizers": [THEIRS] } });
    api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.unwrap();
}

//! The exact cost of each situation: writes from the audit log, calls from the platform's log.
//!
//! A superfluous pass may come late. So the test requests one more pass, whose cost is known, and stops the operator, which
//! completes running passes, before it counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use nimbus_operator::controller::Step;
use nimbus_operator::resources::FINALIZER;
use serde_json::{Value, json};

use crate::support::fixture::{Fixture, Operator};
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;
use crate::support::since::Since;
use crate::support::wait::{PATIENCE, until};

/// What `settle` costs.
const SETTLED: (&str, &str) = ("patch status", "GET");

/// Requests one more pass and stops the operator.
async fn settle(fixture: &Fixture, operator: Operator) {
    fixture.pass().await;
    operator.stop().await;
}

/// A fixture whose Tenant is Ready, without a running operator.
async fn resting(mut fixture: Fixture, spec: Value) -> (Fixture, Arc<AtomicUsize>) {
    let passes = Arc::new(AtomicUsize::new(0));
    let counter = passes.clone();
    fixture.observer = Arc::new(move |step, _| {
        counter.fetch_add(usize::from(step == Step::Observe), Ordering::SeqCst);
    });
    let operator = fixture.start();
    fixture.create(spec).await;
    fixture.ready().await;
    operator.stop().await;
    passes.store(0, Ordering::SeqCst);
    (fixture, passes)
}

/// Waits for this number of passes, and stops.
async fn after(passes: &AtomicUsize, most: usize, operator: Operator) -> usize {
    until(&format!("{most} passes"), PATIENCE, async || match passes.load(Ordering::SeqCst) {
        made if made >= most => Ok(()),
        made => Err(format!("{made} passes")),
    })
    .await;
    operator.stop().await;
    passes.load(Ordering::SeqCst)
}

#[tokio::test(flavor = "multi_thread")]
async fn create_costs_at_most_two_writes_two_calls() {
    let fixture = Fixture::new("budget-create").await;
    let since = Since::now(&fixture).await;
    let operator = fixture.start();
    fixture.create(json!({})).await;
    fixture.ready().await;
    settle(&fixture, operator).await;
    assert_eq!(["patch", "patch status", SETTLED.0], *since.verbs(&fixture).await, "the finalizer, the status");
    assert_eq!(["GET", "PUT", SETTLED.1], *since.methods(&fixture).await);
}

/// The optional policy adds the finalizer to a new Tenant.
#[tokio::test(flavor = "multi_thread")]
async fn create_with_the_finalizer_costs_one_write_one_call() {
    let fixture = Fixture::new("budget-finalizer").await;
    let operator = fixture.start();
    let since = Since::now(&fixture).await;
    fixture.try_create(with_finalizer(&fixture)).await.unwrap();
    fixture.ready().await;
    settle(&fixture, operator).await;
    assert_eq!(["patch status", SETTLED.0], *since.verbs(&fixture).await);
    assert_eq!(["PUT", SETTLED.1], *since.methods(&fixture).await);
    assert_eq!(["tenant-created"], *since.effects(&fixture).await);
}

fn with_finalizer(fixture: &Fixture) -> Value {
    let mut manifest = fixture.manifest(json!({}));
    manifest["metadata"]["finalizers"] = json!([FINALIZER]);
    manifest
}

/// The platform creates a tenant only where there is none, and says so.
#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_is_there_is_not_created_unseen() {
    let mut fixture = Fixture::new("budget-unseen").await;
    let _operator = fixture.start();
    let settings = json!({ "general": { "name": "Contoso", "o365Domain": "contoso.onmicrosoft.com" } });
    let put = |status: u16| format!("PUT /v1/tenants/{{id}} {status}");
    let get = |status: u16| format!("GET /v1/tenants/{{id}} {status}");
    // Free: adopted by the policy.
    fixture.platform.create(&fixture.id, settings.clone()).await.unwrap();
    let since = Since::now(&fixture).await;
    fixture.try_create(with_finalizer(&fixture)).await.unwrap();
    fixture.ready().await;
    let claim = "PUT /v1/tenants/{id}/owner 200".to_owned();
    assert_eq!([put(412), get(200), claim], *since.calls(&fixture).await);
    fixture.delete().await;
    fixture.gone().await;
    // Another's, and one that was deleted.
    for deleted in [false, true] {
        fixture.id = uuid::Uuid::new_v4().to_string();
        fixture.platform.create(&fixture.id, settings.clone()).await.unwrap();
        if deleted {
            fixture.platform.delete(&fixture.id).await.unwrap();
            fixture.platform.run_script(&fixture.id).await.unwrap();
        } else {
            fixture.platform.stamp(&fixture.id, Some("elsewhere/contoso/contoso"), None).await.unwrap();
        }
        let since = Since::now(&fixture).await;
        fixture.try_create(with_finalizer(&fixture)).await.unwrap();
        let (reason, calls) = match deleted {
            true => ("TenantLost", [put(409), get(404)]),
            false => ("OwnedByOther", [put(412), get(200)]),
        };
        fixture.condition("Ready", "False", reason).await;
        assert_eq!(calls, *since.calls(&fixture).await);
        assert_eq!([""; 0], *since.effects(&fixture).await);
        fixture.delete().await;
        fixture.gone().await;
    }
}

/// Where the endpoint leads elsewhere by now, a tenant is not created there.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_created_unseen_in_another_environment() {
    let fixture = Fixture::new("budget-elsewhere").await;
    let proxy = Proxy::start(Upstream::platform(&fixture.platform.url()), &Recorder::new(|_, _| false)).await.unwrap();
    fixture.platform_object(&proxy.url()).await;
    let mut options = fixture.options();
    options.timing.platform_check = Duration::from_millis(200);
    let _operator = fixture.start_with(options);
    fixture.connected().await;
    let elsewhere = json!({ "platformId": "another", "role": "system", "restrictedPaths": [] });
    proxy.detours.say(Method::GET, "/v1/capabilities", StatusCode::OK, elsewhere);
    crate::faults::platform_says(&fixture, "False", "PlatformChanged").await;
    fixture.try_create(with_finalizer(&fixture)).await.unwrap();
    fixture.condition("Ready", "False", "PlatformChanged").await;
    assert_eq!(Vec::<String>::new(), fixture.platform.effects(0).await.unwrap());
    proxy.detours.clear();
    fixture.ready().await;
    assert_eq!(["tenant-created"], fixture.platform.effects(0).await.unwrap().as_slice());
}

#[tokio::test(flavor = "multi_thread")]
async fn edit_costs_one_write_two_calls() {
    let fixture = Fixture::new("budget-edit").await;
    let operator = fixture.start();
    fixture.create(json!({ "general": { "companyName": "Contoso AG" } })).await;
    fixture.ready().await;
    let since = Since::now(&fixture).await;
    fixture.patch(json!({ "spec": { "general": { "companyName": "Fabrikam AG" } } })).await;
    fixture.ready().await;
    settle(&fixture, operator).await;
    assert_eq!(["patch status", SETTLED.0], *since.verbs(&fixture).await);
    assert_eq!(["GET", "PATCH", SETTLED.1], *since.methods(&fixture).await);
    assert_eq!(vec![vec!["/general/companyName"]], since.changes(&fixture).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn local_edit_costs_one_write_one_call() {
    let fixture = Fixture::new("budget-head").await;
    let operator = fixture.start();
    fixture.create(json!({})).await;
    fixture.ready().await;
    let since = Since::now(&fixture).await;
    fixture.patch(json!({ "spec": { "syncIntervalSeconds": 600 } })).await;
    fixture.ready().await;
    settle(&fixture, operator).await;
    assert_eq!(["patch status", SETTLED.0], *since.verbs(&fixture).await);
    assert_eq!(["GET", SETTLED.1], *since.methods(&fixture).await);
}

/// Edits that come while one is applied are applied as one.
#[tokio::test(flavor = "multi_thread")]
async fn edits_while_busy_cost_one_write_two_calls_together() {
    let fixture = Fixture::new("budget-busy").await;
    let proxy = Proxy::start(Upstream::platform(&fixture.platform.url()), &Recorder::new(|_, _| false)).await.unwrap();
    fixture.platform_object(&proxy.url()).await;
    let operator = fixture.start();
    fixture.create(json!({})).await;
    fixture.ready().await;
    let since = Since::now(&fixture).await;
    let edit = async |number: u32| {
        fixture.patch(json!({ "spec": { "general": { "division": format!("Care {number}") } } })).await
    };
    let mut first = proxy.detours.pause(Method::PATCH, &fixture.id);
    edit(0).await;
    first.reached().await;
    for number in 1..=5 {
        edit(number).await;
    }
    drop(first);
    fixture.ready().await;
    settle(&fixture, operator).await;
    assert_eq!(["patch status", "patch status", SETTLED.0], *since.verbs(&fixture).await, "the first, and all others");
    assert_eq!(["GET", "PATCH", "GET", "PATCH", SETTLED.1], *since.methods(&fixture).await);
    let (_, document) = fixture.platform.tenant(&fixture.id).await.unwrap();
    assert_eq!("Care 5", document["settings"]["general"]["division"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_429_costs_one_write_one_call_more() {
    let fixture = Fixture::new("budget-429").await;
    let operator = fixture.start();
    fixture.create(json!({})).await;
    fixture.ready().await;
    let since = Since::now(&fixture).await;
    let action = json!({ "kind": "status", "status": 429, "headers": { "retry-after": "1" } });
    let fault = json!([{ "route": "PATCH /v1/tenants/{id}", "nth": 1, "action": action }]);
    fixture.platform.add_faults(fault).await.unwrap();
    fixture.patch(json!({ "spec": { "general": { "companyName": "Fabrikam AG" } } })).await;
    fixture.condition("Ready", "False", "PlatformUnavailable").await;
    fixture.ready().await;
    settle(&fixture, operator).await;
    assert_eq!(["patch status", "patch status", SETTLED.0], *since.verbs(&fixture).await, "it waits, and it is done");
    assert_eq!(["GET", "PATCH", "GET", "PATCH", SETTLED.1], *since.methods(&fixture).await);
    assert_eq!(1, since.changes(&fixture).await.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_costs_one_write_one_call() {
    let fixture = Fixture::new("budget-delete").await;
    let operator = fixture.start();
    fixture.create(json!({ "deletionPolicy": "Retain" })).await;
    fixture.ready().await;
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    fixture.gone().await;
    operator.stop().await;
    assert_eq!(["patch"], *since.verbs(&fixture).await, "the finalizer");
    assert_eq!(["DELETE"], *since.methods(&fixture).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn unchanged_resync_costs_no_write_one_call() {
    let mut fixture = Fixture::new("budget-resync").await;
    fixture.timing.sync = Some(Duration::from_millis(50));
    let (fixture, passes) = resting(fixture, json!({ "contact": { "email": "ops@contoso.com" } })).await;
    let since = Since::now(&fixture).await;
    let operator = fixture.start();
    let made = after(&passes, 4, operator).await;
    assert_eq!(Vec::<String>::new(), since.verbs(&fixture).await);
    assert_eq!(vec!["GET"; made], since.methods(&fixture).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn corrected_drift_costs_no_write_two_calls() {
    let fixture = Fixture::new("budget-correct").await;
    let (fixture, passes) = resting(fixture, json!({ "general": { "division": "Care" } })).await;
    fixture.platform.edit(&fixture.id, json!({ "general": { "division": "Sales" } })).await.unwrap();
    let since = Since::now(&fixture).await;
    let operator = fixture.start();
    fixture.settings("the drift is corrected", |settings| settings["general"]["division"] == "Care").await;
    assert_eq!(1, after(&passes, 1, operator).await, "one pass");
    assert_eq!(Vec::<String>::new(), since.verbs(&fixture).await);
    assert_eq!(["GET", "PATCH"], *since.methods(&fixture).await);
    assert_eq!(vec![vec!["/general/division"]], since.changes(&fixture).await);
    assert_eq!([("Normal".to_owned(), "DriftCorrected".to_owned())], *fixture.events().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn reported_drift_costs_one_write() {
    let mut fixture = Fixture::new("budget-report").await;
    fixture.timing.sync = Some(Duration::from_millis(50));
    let spec = json!({ "driftPolicy": "Report", "contact": { "name": "Ada" }, "general": { "division": "Care" } });
    let (fixture, passes) = resting(fixture, spec).await;
    let drift = json!({ "general": { "division": "Sales" }, "contact": { "name": "Grace" } });
    fixture.platform.edit(&fixture.id, drift).await.unwrap();
    let since = Since::now(&fixture).await;
    let operator = fixture.start();
    let drifted = fixture.condition("Synced", "False", "Drifted").await;
    let made = after(&passes, 5, operator).await;
    assert_eq!(["patch status"], *since.verbs(&fixture).await);
    assert_eq!(vec!["GET"; made], since.methods(&fixture).await);

    let status = drifted.status.unwrap();
    let drift: Vec<_> = status.drift.iter().map(|d| (d.path.as_str(), d.wanted.as_str(), d.found.as_str())).collect();
    let masked = ("spec.contact.name", "***", "***");
    assert_eq!([("spec.general.division", "'Care'", "'Sales'"), masked], *drift, "no name of a person in a status");

    // Reverted: one write, then none.
    fixture
        .platform
        .edit(&fixture.id, json!({ "general": { "division": "Care" }, "contact": { "name": "Ada" } }))
        .await
        .unwrap();
    let since = Since::now(&fixture).await;
    passes.store(0, Ordering::SeqCst);
    let operator = fixture.start();
    fixture.condition("Synced", "True", "InSync").await;
    after(&passes, 5, operator).await;
    assert_eq!(["patch status"], *since.verbs(&fixture).await);
}

//! F27: a panic in a pass. The Tenant reports it and retries with increasing delay; the process, the watch and all others
//! continue; and the Tenant recovers when the bug is gone.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use nimbus_operator::controller::Step;
use serde_json::json;

use super::platform_says;
use crate::support::fixture::{Fixture, condition};
use crate::support::tenant::TenantHandle;
use crate::support::wait::{PATIENCE, until};

const STEPS: [Step; 6] = [Step::Resolve, Step::Validate, Step::Observe, Step::Plan, Step::Execute, Step::Conclude];

/// Panics in the passes of one Tenant at one step, and records when.
#[derive(Default)]
struct PlantedPanic {
    bites: Mutex<Option<(Step, String)>>,
    bitten: Mutex<Vec<Instant>>,
}

impl PlantedPanic {
    fn at(&self, bites: Option<(Step, String)>) {
        self.bitten.lock().unwrap().clear();
        *self.bites.lock().unwrap() = bites;
    }

    fn look(&self, step: Step, tenant: &str) {
        let bites = self.bites.lock().unwrap().clone();
        if bites.is_some_and(|(at, whom)| at == step && tenant.ends_with(&whom)) {
            self.bitten.lock().unwrap().push(Instant::now());
            panic!("a planted bug at {step:?}");
        }
    }

    /// Waits for the n-th panic and returns the pauses between them.
    async fn pauses(&self, bites: usize) -> Vec<Duration> {
        let bitten = until("the bug bites", PATIENCE, async || {
            let bitten = self.bitten.lock().unwrap().clone();
            if bitten.len() >= bites { Ok(bitten) } else { Err(bitten.len()) }
        })
        .await;
        bitten.windows(2).map(|pair| pair[1] - pair[0]).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn panic_affects_one_tenant_and_recovers() {
    let mut fixture = Fixture::new("panics").await;
    fixture.timing.backoff_first = Duration::from_millis(200);
    let bug = Arc::new(PlantedPanic::default());
    let bites = bug.clone();
    fixture.observer = Arc::new(move |step, tenant| bites.look(step, tenant));
    let operator = fixture.start();
    platform_says(&fixture, "True", "Connected").await;
    for step in STEPS {
        let name = format!("bad-{step:?}").to_lowercase();
        let (bad, good) =
            (TenantHandle::new(&fixture, &name), TenantHandle::new(&fixture, &format!("good-{step:?}").to_lowercase()));
        bug.at(Some((step, format!("/{name}"))));
        bad.create(json!({})).await;
        let said = bad.condition("Ready", "False", "InternalError").await;
        assert_eq!(Some("True"), condition(&said, "Reconciling").map(|(status, _, _)| status).as_deref(), "{step:?}");
        assert_eq!(None, condition(&said, "Stalled"), "{step:?}");
        let (_, _, message) = condition(&said, "Ready").unwrap();
        assert!(!message.contains("planted"), "the text of a panic may quote anything: {message}");

        // Others are reconciled at once, during and after it.
        good.create(json!({})).await;
        good.ready().await;
        good.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
        good.ready().await;

        let audit = fixture.audit().mark().await.unwrap();
        let pauses = bug.pauses(4).await;
        // Doubled each time, with at most 10 % jitter. Only the third pause is checked: the Platform triggers all Tenants
        // once when it becomes ready.
        assert!(pauses[2] >= fixture.timing.backoff_first * 4 * 9 / 10, "{step:?}: {pauses:?}");
        assert_eq!(0, fixture.tenant_writes(audit).await.unwrap().len(), "{step:?}: said once");

        bug.at(None);
        bad.ready().await;
        let calls = fixture.platform.calls(&bad.id, 0).await.unwrap();
        let effects: Vec<_> = calls.into_iter().filter_map(|seen| seen.effect).collect();
        assert_eq!(["tenant-created"], effects.as_slice(), "{step:?}");
    }
    operator.stop().await;
}

/// If not even the status can be written, nothing is reported, and others are still unaffected.
#[tokio::test(flavor = "multi_thread")]
async fn panic_while_publishing_stops_nothing_else() {
    let mut fixture = Fixture::new("panics-publishing").await;
    fixture.timing.backoff_first = Duration::from_millis(200);
    let bug = Arc::new(PlantedPanic::default());
    let bites = bug.clone();
    fixture.observer = Arc::new(move |step, tenant| bites.look(step, tenant));
    let operator = fixture.start();
    let (bad, good) = (TenantHandle::new(&fixture, "bad"), TenantHandle::new(&fixture, "good"));
    bug.at(Some((Step::Publish, "/bad".to_owned())));
    bad.create(json!({})).await;
    bug.pauses(3).await;
    good.create(json!({})).await;
    good.ready().await;
    bug.pauses(5).await;
    good.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    good.ready().await;
    bug.at(None);
    bad.ready().await;
    let mut effects = fixture.platform.effects(0).await.unwrap();
    effects.sort();
    assert_eq!(["settings-changed", "tenant-created", "tenant-created"], effects.as_slice());
    operator.stop().await;
}

/// A panic during the deletion of a Tenant keeps the finalizer, and the deletion completes when the panics stop.
#[tokio::test(flavor = "multi_thread")]
async fn panic_during_deletion_keeps_the_finalizer() {
    let mut fixture = Fixture::new("panics-leaving").await;
    let bug = Arc::new(PlantedPanic::default());
    let bites = bug.clone();
    fixture.observer = Arc::new(move |step, tenant| bites.look(step, tenant));
    let _operator = fixture.start();
    for step in [Step::Resolve, Step::Plan, Step::Execute, Step::Conclude] {
        let name = format!("leaving-{step:?}").to_lowercase();
        let tenant = TenantHandle::new(&fixture, &name);
        tenant.create(json!({})).await;
        tenant.ready().await;
        bug.at(Some((step, format!("/{name}"))));
        tenant.delete().await;
        tenant.condition("Ready", "False", "InternalError").await;
        bug.pauses(2).await;
        assert!(tenant.is_held().await, "{step:?}");
        bug.at(None);
        tenant.gone().await;
        let (_, document) = fixture.platform.tenant(&tenant.id).await.unwrap();
        assert_eq!(json!(null), document["owner"], "{step:?}");
    }
}

//! Which object is next: an edit before a backlog, a share for each Platform, and fewer calls for a platform that asks for that. What
//! counts is the order and the number of calls, never how long they took.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kube::Api;
use kube::api::{Patch, PatchParams};
use nimbus_operator::controller::{Options, Step};
use nimbus_operator::resources::Platform;
use nimbus_operator::telemetry::Telemetry;
use serde_json::{Value, json};

use crate::support::fixture::{Fixture, FixtureOn};
use crate::support::openmetrics::Scrape;
use crate::support::pause::Pause;
use crate::support::sandbox::Sandbox;
use crate::support::tenant::TenantHandle;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

/// The passes of a controller, by the name of the Tenant.
#[derive(Clone, Default)]
struct Traffic(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    /// Those that asked the platform, in order.
    asked: Vec<String>,
    /// Those that ask it now.
    asking: BTreeSet<String>,
    /// How many asked it at the same time, at each beginning.
    at_once: Vec<usize>,
    ended: usize,
}

impl Traffic {
    /// Follows each controller of a fixture that is started from now on.
    fn of(fixture: &mut FixtureOn<'_>) -> Self {
        let traffic = Self::default();
        let told = traffic.clone();
        fixture.observer = Arc::new(move |step, key| told.note(step, key));
        traffic
    }

    fn note(&self, step: Step, key: &str) {
        let name = key.split_once('/').expect("namespace and name").1.to_owned();
        self.with(|seen| match step {
            Step::Observe => {
                seen.asked.push(name.clone());
                seen.asking.insert(name);
                seen.at_once.push(seen.asking.len());
            }
            Step::Publish => {
                seen.asking.remove(&name);
                seen.ended += 1;
            }
            Step::Resolve | Step::Validate | Step::Plan | Step::Execute | Step::Conclude => {}
        });
    }

    fn with<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn forget(&self) {
        self.with(|seen| {
            seen.asked.clear();
            seen.at_once.clear();
            seen.ended = 0;
        });
    }

    /// How many passes asked a platform about a Tenant with this prefix.
    fn asked(&self, prefix: &str) -> usize {
        self.with(|seen| seen.asked.iter().filter(|name| name.starts_with(prefix)).count())
    }

    /// Waits until this holds.
    async fn until(&self, what: &str, holds: impl Fn(&Seen) -> bool) {
        until(what, PATIENCE, async || {
            let (holds, asked, asking) = self.with(|seen| (holds(seen), seen.asked.len(), seen.asking.len()));
            if holds { Ok(()) } else { Err(format!("{asked} asked, {asking} ask")) }
        })
        .await;
    }
}

/// Tenants that are Ready, with the names `prefix-0` and so on.
async fn many<'s>(fixture: &'s Fixture, prefix: &str, count: usize, platform: &str) -> Vec<TenantHandle<'s>> {
    let tenants: Vec<_> = (0..count).map(|number| TenantHandle::new(fixture, &format!("{prefix}-{number}"))).collect();
    for tenant in &tenants {
        tenant.create(json!({ "platformRef": { "name": platform } })).await;
    }
    for tenant in &tenants {
        tenant.ready().await;
    }
    tenants
}

/// Lets each look at a tenant take this long.
async fn slow(platform: &Sandbox, seconds: f64) {
    let action = json!({ "kind": "delay", "seconds": seconds });
    platform.add_faults(json!([{ "route": "GET /v1/tenants/{id}", "action": action }])).await.unwrap();
}

/// Another Platform of the same operator.
async fn another(fixture: &Fixture) -> (Sandbox, String) {
    let (sandbox, name) = (Sandbox::start().await.unwrap(), format!("{}-b", fixture.env.platform));
    let url = sandbox.url();
    let manifest = json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Platform", "metadata": { "name": name },
        "spec": {
            "endpoint": url,
            "authentication": {
                "tokenUrl": format!("{url}/oauth2/v2.0/token"), "clientId": "system",
                "credentialsSecretRef": { "name": "platform" }
            },
            "instance": fixture.env.instance,
            "allowedNamespaces": { "names": [fixture.env.namespace] }
        }
    });
    let api: Api<Platform> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    api.patch(&name, &PatchParams::apply("test").force(), &Patch::Apply(manifest)).await.unwrap();
    (sandbox, name)
}

fn edit(company: &str) -> Value {
    json!({ "spec": { "general": { "companyName": company } } })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_applied_before_a_backlog() {
    let mut fixture = Fixture::new("queue-edit").await;
    let traffic = Traffic::of(&mut fixture);
    let operator = fixture.start();
    let platform = fixture.env.platform.clone();
    let tenants = many(&fixture, "t", 200, &platform).await;
    operator.stop().await;
    traffic.forget();
    slow(&fixture.platform, 1.0).await;
    let telemetry = Telemetry::default();
    let scraped =
        |sample: &str, lane: &str| Scrape::read(&telemetry.metrics.render()).unwrap().sum(sample, &[("lane", lane)]);
    let _operator = fixture.start_with(Options { telemetry: telemetry.clone(), ..fixture.options() });
    traffic.until("the backlog is begun", |seen| seen.ended >= 7).await;
    assert!(scraped("nimbus_queue_depth", "resync") > 100.0 && scraped("nimbus_queue_depth", "edit") == 0.0);
    assert!(scraped("nimbus_queue_oldest_age_seconds", "resync") > 0.0);
    assert_eq!(0.0, scraped("nimbus_queue_wait_seconds_count", "edit"));
    let waiting = tenants.iter().max_by_key(|tenant| &tenant.name).unwrap();
    assert_eq!(0, traffic.asked(&waiting.name), "it is the last");
    let before = traffic.asked("t-");
    waiting.patch(edit("Fabrikam AG")).await;
    traffic.until("the edit has its turn", |seen| seen.asked.contains(&waiting.name)).await;
    let between = traffic.with(|seen| seen.asked.iter().position(|name| *name == waiting.name).unwrap()) - before;
    assert!(before < 60, "most of the backlog is ahead: {before}");
    assert!(between <= 24, "{between} others were first");
    assert_eq!(1.0, scraped("nimbus_queue_wait_seconds_count", "edit"));
    fixture.platform.clear_faults().await.unwrap();
    waiting.ready().await;
    let (_, document) = fixture.platform.tenant(&waiting.id).await.unwrap();
    assert_eq!("Fabrikam AG", document["settings"]["general"]["companyName"]);
    let all: BTreeSet<_> = tenants.iter().map(|tenant| tenant.name.clone()).collect();
    traffic.until("none is lost", |seen| seen.asked.iter().cloned().collect::<BTreeSet<_>>() == all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_hangs_does_not_slow_another() {
    let mut fixture = Fixture::new("queue-hangs").await;
    fixture.timing.call = Duration::from_secs(100);
    let traffic = Traffic::of(&mut fixture);
    let _operator = fixture.start();
    let (_other, b) = another(&fixture).await;
    let good = &many(&fixture, "b", 1, &b).await[0];
    slow(&fixture.platform, 90.0).await;
    let platform = fixture.env.platform.clone();
    for number in 0..20 {
        let hanging = TenantHandle::new(&fixture, &format!("a-{number}"));
        hanging.create(json!({ "platformRef": { "name": platform } })).await;
    }
    // As many as one Platform may have while there is another.
    traffic.until("passes hang", |seen| seen.asking.len() >= 6).await;
    let ended = traffic.with(|seen| seen.ended);
    for number in 0..10 {
        good.patch(edit(&format!("Company {number}"))).await;
        good.ready().await;
    }
    assert_eq!(6, traffic.asked("a-"), "not one of them has ended");
    assert!(traffic.with(|seen| seen.ended) >= ended + 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_one_platform_leaves_another_its_share() {
    let mut fixture = Fixture::new("queue-flood").await;
    let traffic = Traffic::of(&mut fixture);
    let operator = fixture.start();
    let (other, b) = another(&fixture).await;
    let platform = fixture.env.platform.clone();
    many(&fixture, "a", 120, &platform).await;
    many(&fixture, "b", 10, &b).await;
    operator.stop().await;
    traffic.forget();
    slow(&fixture.platform, 0.3).await;
    slow(&other, 0.3).await;
    let _operator = fixture.start();
    traffic
        .until("the other Platform is served", |seen| {
            seen.asked.iter().filter(|name| name.starts_with("b-")).collect::<BTreeSet<_>>().len() == 10
        })
        .await;
    let of_flood = traffic.asked("a-");
    assert!(of_flood < 60, "{of_flood} of 120 were served by then");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_edits_of_one_tenant_make_few_passes() {
    let mut fixture = Fixture::new("queue-edits").await;
    let pause = Pause::default();
    let (traffic, holds) = (Traffic::default(), pause.observer());
    let told = traffic.clone();
    fixture.observer = Arc::new(move |step, key| {
        told.note(step, key);
        holds(step, key);
    });
    let operator = fixture.start();
    fixture.create(json!({})).await;
    fixture.ready().await;
    traffic.forget();
    let mut paused = pause.at(Step::Observe);
    fixture.patch(edit("Company 0")).await;
    paused.reached().await;
    for number in 1..=100 {
        fixture.patch(edit(&format!("Company {number}"))).await;
    }
    drop(paused);
    fixture.settings("the last edit is live", |settings| settings["general"]["companyName"] == "Company 100").await;
    fixture.ready().await;
    operator.stop().await;
    let passes = traffic.with(|seen| seen.ended);
    assert!((1..=4).contains(&passes), "{passes} passes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_fewer_calls_halves_those_in_flight_until_the_platform_recovers() {
    let mut fixture = Fixture::new("queue-throttled").await;
    let traffic = Traffic::of(&mut fixture);
    let options = |fixture: &Fixture| Options { concurrency: 16, ..fixture.options() };
    let operator = fixture.start_with(options(&fixture));
    let platform = fixture.env.platform.clone();
    many(&fixture, "t", 200, &platform).await;
    operator.stop().await;
    traffic.forget();
    slow(&fixture.platform, 0.3).await;
    let telemetry = Telemetry::default();
    let _operator = fixture.start_with(Options { telemetry: telemetry.clone(), ..options(&fixture) });
    // A backlog leaves an eighth to what is asked for.
    traffic.until("as many as may be", |seen| seen.at_once.contains(&14)).await;
    let action = json!({ "kind": "status", "status": 429, "headers": { "retry-after": "4" } });
    let fault = json!([{ "route": "GET /v1/tenants/{id}", "times": 1, "action": action }]);
    fixture.platform.clear_faults().await.unwrap();
    fixture.platform.add_faults(fault).await.unwrap();
    slow(&fixture.platform, 0.3).await;
    traffic.until("it is left alone", |seen| seen.asking.is_empty()).await;
    assert_eq!(14, traffic.with(|seen| seen.at_once.iter().copied().max()).unwrap(), "never more than may be");
    traffic.forget();
    traffic.until("it is called again", |seen| seen.at_once.len() >= 14).await;
    let first: Vec<_> = traffic.with(|seen| seen.at_once[..14].to_vec());
    assert_eq!(Some(&7), first.iter().max(), "half of before: {first:?}");
    let limit = || Scrape::read(&telemetry.metrics.render()).unwrap().sum("nimbus_platform_concurrency", &[]);
    assert!(limit() < 16.0, "{}", limit());
    traffic.until("it recovers", |seen| seen.at_once.contains(&14)).await;
    assert!(limit() >= 15.0, "{}", limit());
}

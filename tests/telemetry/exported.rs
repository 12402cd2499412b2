//! What is exported: everything that the table of metrics names and nothing else, of what is there and of nothing that is gone.

use std::collections::{BTreeMap, BTreeSet};

use kube::Api;
use kube::api::DeleteParams;
use nimbus_operator::controller::Options;
use nimbus_operator::resources::Platform;
use nimbus_operator::telemetry::Telemetry;
use nimbus_operator::telemetry::metrics::table::{Kind, Metric, Scope, TABLE};
use serde_json::json;

use crate::support::confirmation;
use crate::support::fixture::{Fixture, NAME, Operator};
use crate::support::microsoft::{GRANTS, object};
use crate::support::openmetrics::{Family, Scrape};
use crate::support::tenant::TenantHandle;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

/// The controller of a test, and what it records.
struct Observed {
    telemetry: Telemetry,
    operator: Operator,
}

impl Observed {
    fn start(fixture: &Fixture, per_tenant: bool) -> Self {
        let telemetry = Telemetry::default();
        let options = Options { telemetry: telemetry.clone(), metrics_per_tenant: per_tenant, ..fixture.options() };
        Self { operator: fixture.start_with(options), telemetry }
    }

    fn scrape(&self) -> Scrape {
        Scrape::read(&self.telemetry.metrics.render()).unwrap()
    }

    /// Waits for a value.
    async fn counts(&self, sample: &str, labels: &[(&str, &str)], expected: f64) {
        let what = format!("{sample}{labels:?} is {expected}");
        until(&what, PATIENCE, async || match self.scrape().sum(sample, labels) {
            found if found == expected => Ok(()),
            found => Err(found),
        })
        .await;
    }
}

/// How a scrape names the type of a metric.
fn kind(metric: &Metric) -> &'static str {
    match metric.kind {
        Kind::Counter => "counter",
        Kind::Gauge => "gauge",
        Kind::Histogram(_) => "histogram",
        Kind::Info => "info",
    }
}

/// The names of the labels of a family.
fn labels(family: &Family) -> BTreeSet<&str> {
    let all = family.samples.iter().flat_map(|sample| &sample.labels);
    all.map(|(name, _)| name.as_str()).filter(|name| *name != "le").collect()
}

/// Real work of each kind: a change, drift, checks with Microsoft, licenses, a script that waits.
async fn work(fixture: &Fixture) {
    fixture.platform.grant(&fixture.id, &GRANTS).await;
    fixture.platform.group(&fixture.id, &object(10), json!({ "displayName": "Admins", "members": [] })).await;
    fixture.platform.acs("contoso", true).await;
    let string = fixture.connection_string("contoso", crate::support::microsoft::ACCESS_KEY);
    fixture.secret(&fixture.env.namespace, "acs", json!({ "connection-string": string })).await;
    fixture
        .create(json!({
            "general": { "tenantAdministrationGroupId": object(10) },
            "licenses": { "contingents": { "users": { "contactCenter": 3 } } },
            "extensions": { "interact": {
                "enabled": true, "acsConnectionStringRef": { "name": "acs", "key": "connection-string" }
            } }
        }))
        .await;
    fixture.ready().await;
    fixture.check("TenantAdministrationGroup", "Passed", "SecurityGroup").await;
    fixture.check("InteractConnectionString", "Passed", "TokenIssued").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_metric_of_the_table_is_exported_and_no_other() {
    let mut fixture = Fixture::new("exported").await;
    fixture.microsoft().await;
    let observed = Observed::start(&fixture, true);
    work(&fixture).await;
    observed.counts("nimbus_tenant_last_sync_timestamp_seconds", &[("name", "nowhere")], 0.0).await;
    let scrape = observed.scrape();
    let exported: BTreeMap<&str, &str> =
        scrape.0.iter().map(|(name, family)| (name.as_str(), family.kind.as_str())).collect();
    let table: BTreeMap<&str, &str> = TABLE.iter().map(|metric| (metric.name, kind(metric))).collect();
    assert_eq!(table, exported);
    for metric in TABLE {
        let family = &scrape.0[metric.name];
        assert_eq!(metric.help, family.help, "{}", metric.name);
        let mut expected: BTreeSet<&str> = metric.labels.iter().copied().collect();
        if metric.name == "nimbus_tenant_condition" {
            expected.extend(["namespace", "name"]);
        }
        assert_eq!(expected, labels(family), "{}", metric.name);
    }
    let ours = [("namespace", fixture.env.namespace.as_str()), ("name", NAME)];
    let ready = [&ours[..], &[("type", "Ready"), ("status", "True"), ("reason", "Succeeded")]].concat();
    assert_eq!(1.0, scrape.sum("nimbus_tenant_condition", &ready));
    let contact_center = [&ours[..], &[("kind", "users.contactCenter")]].concat();
    assert_eq!(3.0, scrape.sum("nimbus_tenant_licenses_contingent", &contact_center));
    // What is gone leaves no series behind.
    fixture.delete().await;
    fixture.gone().await;
    until("its series are gone", PATIENCE, async || {
        let scrape = observed.scrape();
        let left = scrape.samples().find(|sample| sample.label("namespace").is_some());
        left.map_or(Ok(()), |sample| Err(format!("{sample:?}")))
    })
    .await;
    observed.operator.stop().await;
}

/// Numbers of objects, not their names: the number of series does not grow with the fleet.
#[tokio::test(flavor = "multi_thread")]
async fn sums_say_how_many_and_not_which() {
    let fixture = Fixture::new("sums").await;
    let observed = Observed::start(&fixture, false);
    fixture.connected().await;
    let platform = [("platform", fixture.env.platform.as_str())];
    observed.counts("nimbus_platform_up", &platform, 1.0).await;
    let tenants = ["one", "two", "three"].map(|name| TenantHandle::new(&fixture, name));
    for tenant in &tenants {
        tenant.create(json!({})).await;
        tenant.ready().await;
    }
    let ready = [("type", "Ready"), ("status", "True"), ("reason", "Succeeded")];
    observed.counts("nimbus_tenant_condition", &ready, 3.0).await;
    let scrape = observed.scrape();
    assert_eq!(3.0, scrape.sum("nimbus_tenants", &[]));
    for gone in ["nimbus_tenants_deleting", "nimbus_tenants_script_pending", "nimbus_tenants_sync_overdue"] {
        assert_eq!((0.0, true), (scrape.sum(gone, &[]), scrape.0.contains_key(gone)), "{gone}");
    }
    let names = [&fixture.env.namespace, &fixture.id, "one", "two", "three"];
    for sample in scrape.samples() {
        for (label, value) in sample.labels.iter().filter(|(label, _)| label != "platform") {
            assert!(!names.contains(&value.as_str()), "{label} of {sample:?}");
        }
    }
    let per_tenant = TABLE.iter().filter(|metric| metric.scope == Scope::Tenant);
    per_tenant.for_each(|metric| assert!(!scrape.0.contains_key(metric.name), "{}", metric.name));
    assert!(scrape.samples().count() < 700, "{} series", scrape.samples().count());
    let requests = |method, route, code| {
        let labels = [platform[0], ("method", method), ("route", route), ("code", code)];
        scrape.sum("nimbus_platform_requests_total", &labels)
    };
    assert_eq!(3.0, requests("PUT", "/v1/tenants/{id}", "201"));
    assert!(requests("GET", "/v1/tenants/{id}", "404") >= 3.0 && requests("POST", "token", "200") >= 1.0);
    let statuses = [("verb", "patch"), ("resource", "tenants/status"), ("code", "200")];
    assert!(scrape.sum("nimbus_kubernetes_requests_total", &statuses) >= 3.0);
    assert!(scrape.sum("nimbus_tenant_change_duration_seconds_count", &[]) >= 3.0);
    let passes = [("controller", "tenant"), ("result", "succeeded")];
    assert!(scrape.sum("nimbus_reconcile_total", &passes) >= 3.0);
    // A standby counts nothing of the fleet, or all would be counted twice.
    observed.telemetry.metrics.leads(false);
    let standby = observed.scrape();
    let fleet = TABLE.iter().filter(|metric| metric.scope != Scope::Process);
    fleet.for_each(|metric| assert!(!standby.0.contains_key(metric.name), "{}", metric.name));
    assert_eq!(0.0, standby.sum("nimbus_leader", &[]));
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_and_confirmed_deletions_are_counted() {
    let fixture = Fixture::new("counted").await;
    let observed = Observed::start(&fixture, false);
    fixture.create(json!({ "deletionPolicy": "Delete" })).await;
    fixture.ready().await;
    let platform = [("platform", fixture.env.platform.as_str())];
    observed.counts("nimbus_drift_corrected_total", &platform, 0.0).await;
    fixture.platform.edit(&fixture.id, json!({ "general": { "name": "Drifted" } })).await.unwrap();
    fixture.pass().await;
    observed.counts("nimbus_drift_corrected_total", &platform, 1.0).await;
    fixture.pass().await;
    observed.counts("nimbus_drift_corrected_total", &platform, 1.0).await;
    observed.counts("nimbus_confirmed_deletions_total", &platform, 0.0).await;
    fixture.patch(json!({ "spec": { "confirmations": confirmation::deletion(&fixture.id) } })).await;
    fixture.ready().await;
    fixture.delete().await;
    observed.counts("nimbus_confirmed_deletions_total", &platform, 1.0).await;
    observed.counts("nimbus_tenants_deleting", &[], 1.0).await;
    fixture.platform.run_script(&fixture.id).await.unwrap();
    fixture.gone().await;
    observed.counts("nimbus_tenants", &[], 0.0).await;
    assert_eq!(1.0, observed.scrape().sum("nimbus_confirmed_deletions_total", &platform), "once");
}

/// A platform that does not answer is down, and its requests have no code.
#[tokio::test(flavor = "multi_thread")]
async fn platform_that_is_away_is_down_and_one_that_is_gone_is_no_series() {
    let fixture = Fixture::new("down").await;
    let observed = Observed::start(&fixture, false);
    fixture.connected().await;
    let name = fixture.env.platform.clone();
    let platform = [("platform", name.as_str())];
    observed.counts("nimbus_platform_up", &platform, 1.0).await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    fixture.platform_object(&format!("http://{closed}")).await;
    observed.counts("nimbus_platform_up", &platform, 0.0).await;
    let unreachable = [platform[0], ("type", "Ready"), ("status", "False"), ("reason", "Unreachable")];
    observed.counts("nimbus_platform_condition", &unreachable, 1.0).await;
    let scrape = observed.scrape();
    assert!(scrape.sum("nimbus_platform_requests_total", &[platform[0], ("code", "none")]) >= 1.0);
    let platforms: Api<Platform> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    platforms.delete(&name, &DeleteParams::default()).await.unwrap();
    until("its series are gone", PATIENCE, async || {
        let scrape = observed.scrape();
        let left = scrape.samples().find(|sample| sample.label("platform").is_some());
        left.map_or(Ok(()), |sample| Err(format!("{sample:?}")))
    })
    .await;
}

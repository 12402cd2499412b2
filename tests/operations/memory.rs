//! How much memory an operator takes for each Tenant, as the process that its users run: `docs/performance.md` has the figures.
//!
//! The Tenants are created once. Then the program of this build, and each of `NIMBUS_OPERATORS` (`name=VARIABLE=value /path`, separated by
//! commas; without a path that of this build), is started with all of them in sync, which is the largest burst of its life.

#![allow(clippy::print_stdout, reason = "figures, which --nocapture shows")]

use std::fs::read_to_string;
use std::time::Duration;

use futures::{StreamExt, stream};
use kube::api::{Api, ObjectList, PartialObjectMeta};
use nimbus_operator::resources::Tenant;
use serde_json::{Value, json};

use crate::support::fixture::Fixture;
use crate::support::openmetrics::Scrape;
use crate::support::operator::OperatorProcess;
use crate::support::tenant::TenantHandle;
use crate::support::wait::until;

/// How many Tenants there are, one measurement after the other, unless `NIMBUS_TENANTS` says otherwise.
const COUNTS: [usize; 3] = [200, 1200, 5200];
/// Created at the same time.
const CREATING: usize = 16;
/// The longest wait for all passes.
const LONGEST: Duration = Duration::from_secs(1200);

/// What a process used, from `/proc`.
struct Usage {
    resident: u64,
    peak: u64,
    processor: Duration,
}

impl Usage {
    fn of(pid: u32) -> Self {
        let status = read_to_string(format!("/proc/{pid}/status")).unwrap();
        let kilobytes = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        let nanoseconds = tasks.map(|task| {
            let text = read_to_string(task.unwrap().path().join("schedstat")).unwrap_or_default();
            text.split_whitespace().next().and_then(|time| time.parse().ok()).unwrap_or(0)
        });
        let processor = Duration::from_nanos(nanoseconds.sum());
        Self { resident: kilobytes("VmRSS:"), peak: kilobytes("VmHWM:"), processor }
    }
}

/// A Tenant as most are: the settings of `examples/tenant.yaml`, with Interact, whose check is reported.
fn spec() -> Value {
    let acs = json!({ "name": "acs", "key": "connection-string" });
    let address = json!({ "street1": "Industriestrasse 1", "zipCode": "8005", "city": "Zürich", "country": "CH" });
    json!({
        "general": { "companyName": "Contoso AG", "division": "Customer Care", "billingAddress": address },
        "contact": { "name": "Adele Vance", "email": "adele.vance@contoso.onmicrosoft.com", "phone": "+41445550100" },
        "dataPrivacy": { "dataRetentionMonths": 24 },
        "extensions": {
            "interact": { "enabled": true, "acsConnectionStringRef": acs, "sessionRecoveryTimeoutSeconds": 30 }
        },
        "modalities": { "email": { "maxConcurrentTasksPerService": 80 } },
        "licenses": { "contingents": { "modalities": { "email": 20 } } },
    })
}

async fn create(fixture: &Fixture, numbers: std::ops::Range<usize>) {
    let spec = spec();
    let created = stream::iter(numbers).for_each_concurrent(CREATING, |number| {
        let spec = spec.clone();
        async move { drop(TenantHandle::new(fixture, &format!("tenant-{number:05}")).create(spec).await) }
    });
    created.await;
}

/// Waits until each of so many Tenants had a pass.
async fn settled(operator: &OperatorProcess, count: usize) {
    until("all passes are made", LONGEST, async || {
        let (_, text) = operator.ask("/metrics").await;
        let scrape = Scrape::read(&text).map_err(|error| error.to_string())?;
        let done = scrape.sum("nimbus_reconcile_total", &[("controller", "tenant"), ("result", "succeeded")]);
        if done >= count as f64 { Ok(()) } else { Err(done.to_string()) }
    })
    .await;
}

fn start(fixture: &Fixture, program: Option<&str>) -> OperatorProcess {
    let env = &fixture.env;
    let arguments = [
        ["run", "--cluster-id", "test", "--instance", &env.instance, "--listen", "127.0.0.1:0"].as_slice(),
        &["--namespace", &env.namespace, "--operator-namespace", &env.operator_namespace],
    ]
    .concat();
    let kubeconfig = env.operator_kubeconfig(None).unwrap();
    // A program may be named with an environment: `A=1 B=2 /path`.
    let words: Vec<_> = program.unwrap_or_default().split(' ').collect();
    let environment: Vec<_> = words.iter().filter_map(|word| word.split_once('=')).collect();
    match words.last().filter(|path| path.starts_with('/')) {
        Some(path) => OperatorProcess::start_program(path.as_ref(), &kubeconfig, &arguments, &environment).unwrap(),
        None => OperatorProcess::start(&kubeconfig, &arguments, &environment).unwrap(),
    }
}

/// The mean size of a Tenant, as the API server sends it.
async fn bytes_of_one(fixture: &Fixture) -> usize {
    let tenant = fixture.tenants().get("tenant-00000").await.unwrap();
    json!(tenant).to_string().len()
}

async fn count(fixture: &Fixture) -> usize {
    let client = fixture.client(crate::support::users::PLATFORM_ADMIN);
    let api: Api<PartialObjectMeta<Tenant>> = Api::namespaced(client, &fixture.env.namespace);
    let all: ObjectList<_> = api.list(&kube::api::ListParams::default()).await.unwrap();
    all.items.len()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; prints a table"]
async fn memory_of_each_tenant() {
    let counts = std::env::var("NIMBUS_TENANTS").ok();
    let counts: Vec<usize> = counts.map_or(COUNTS.to_vec(), |all| all.split(',').map(|n| n.parse().unwrap()).collect());
    let programs = std::env::var("NIMBUS_OPERATORS").unwrap_or_default();
    let programs: Vec<_> = programs.split(',').filter_map(|named| named.split_once('=')).collect();
    let fixture = Fixture::new("memory").await;
    let mut before = 0;
    println!("| Tenants | operator | resident MB | peak MB | CPU s | bytes of a Tenant |");
    for total in counts {
        let operator = start(&fixture, None);
        fixture.connected().await;
        create(&fixture, before..total).await;
        settled(&operator, total).await;
        print(total, "created", &operator, bytes_of_one(&fixture).await);
        operator.stop().await.unwrap();
        assert_eq!(count(&fixture).await, total);
        before = total;
        let own = [("restarted", None)].into_iter();
        for (name, program) in own.chain(programs.iter().map(|(name, path)| (*name, Some(*path)))) {
            let operator = start(&fixture, program);
            settled(&operator, total).await;
            print(total, name, &operator, bytes_of_one(&fixture).await);
            operator.stop().await.unwrap();
        }
    }
}

fn print(tenants: usize, what: &str, operator: &OperatorProcess, bytes: usize) {
    let Usage { resident, peak, processor } = Usage::of(operator.pid());
    let megabytes = |kilobytes: u64| kilobytes as f64 / 1000.0;
    let (resident, peak, seconds) = (megabytes(resident), megabytes(peak), processor.as_secs_f64());
    println!("| {tenants} | {what} | {resident:.1} | {peak:.1} | {seconds:.2} | {bytes} |");
}

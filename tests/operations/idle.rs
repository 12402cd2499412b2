//! What an operator costs that has nothing to do: `docs/recovery.md` states these numbers.

use std::time::Duration;

use serde_json::json;

use crate::support::audit::Request;
use crate::support::fixture::Fixture;
use crate::support::wait::{PATIENCE, until};

/// Passes that are counted at least, so that the first one cannot hide a request of each.
const PASSES: usize = 12;

/// Fails unless so many requests fit so many passes. The first pass may have begun before the count.
fn fits(what: &str, requests: usize, per_pass: usize, passes: usize) {
    let range = per_pass * passes..=per_pass * (passes + 1);
    assert!(range.contains(&requests), "{what}: {requests} requests in {passes} passes, not {per_pass} for each");
}

/// Production makes the pass over a Platform once a minute, and the one over a Tenant once per sync interval.
#[tokio::test(flavor = "multi_thread")]
async fn idle_passes_cost_what_the_docs_say() {
    let mut fixture = Fixture::new("idle").await;
    let often = Duration::from_millis(100);
    (fixture.timing.platform_check, fixture.timing.sync, fixture.timing.script_poll) = (often, Some(often), often);
    let operator = fixture.connect().await;
    let reference = json!({ "name": "acs", "key": "connection-string" });
    let interact = json!({ "interact": { "enabled": true, "acsConnectionStringRef": reference } });
    fixture.create(json!({ "extensions": interact })).await;
    fixture.ready().await;
    fixture.pass().await;

    let (mark, log) = (fixture.audit().mark().await.unwrap(), fixture.platform.mark().await.unwrap());
    let calls = async || fixture.platform.log_after(log).await.unwrap();
    let count = async |call: &str| calls().await.iter().filter(|seen| seen.call == call).count();
    let made = async || (count("GET /v1/capabilities").await, count("GET /v1/tenants/{id}").await);
    until("enough passes of each", PATIENCE, async || match made().await {
        (platform, tenant) if platform >= PASSES && tenant >= PASSES => Ok(()),
        seen => Err(format!("{seen:?}")),
    })
    .await;
    operator.stop().await;

    let (platform, tenant) = made().await;
    assert_eq!(platform + tenant, calls().await.len(), "no other call of the platform");
    let mut requests = fixture.audit().requests(&fixture.env.operator_user, mark).await.unwrap();
    // Every operator reports on the Partners of the tests that run beside this one.
    requests.retain(|request| request.resource != "partners");
    let writes: Vec<&Request> = requests.iter().filter(|request| request.is_write()).collect();
    assert!(writes.is_empty(), "{writes:?}");
    let of = |verb: &str, resource: &str, namespace: &str| {
        let wanted = |r: &&Request| (&*r.verb, &*r.resource, &*r.namespace) == (verb, resource, namespace);
        requests.iter().filter(wanted).count()
    };
    // Once a minute for all passes together, which is longer than this test takes; else all of them.
    let policies = of("get", "validatingadmissionpolicies", "");
    assert!([0, 6].contains(&policies), "{policies}");
    assert_eq!(policies, of("get", "validatingadmissionpolicybindings", ""));
    fits("credentials", of("get", "secrets", &fixture.env.operator_namespace), 1, platform);
    fits("whether Tenants refer to it", of("list", "tenants", ""), 1, platform);
    fits("the Tenant, read fresh", of("get", "tenants", &fixture.env.namespace), 1, tenant);
    fits("connection string", of("get", "secrets", &fixture.env.namespace), 1, tenant);
    let all = requests.iter().filter(|request| request.verb != "watch").count() - 2 * policies;
    let range = 2 * platform + 2 * tenant..=2 * (platform + 1) + 2 * (tenant + 1);
    assert!(range.contains(&all), "no other request: {all}");
}

//! A person asks to repeat the checks.

use nimbus_operator::resources::{Tenant, annotation};
use serde_json::json;

use super::{PASSED, all, fixture, of_microsoft};
use crate::support::fixture::Fixture;

fn handled(tenant: &Tenant) -> Option<&str> {
    tenant.status.as_ref()?.last_handled_check_at.as_deref()
}

async fn echoed(fixture: &Fixture, token: &str) -> Tenant {
    fixture.until("the request is echoed", |tenant| handled(tenant) == Some(token)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn request_repeats_every_check_once_and_costs_one_write() {
    let fixture = fixture("checks-requested").await;
    let operator = fixture.start();
    fixture.create(all()).await;
    fixture.until("every check passed", |tenant| of_microsoft(tenant) == PASSED).await;
    fixture.ready().await;
    let (mark, writes) = (fixture.platform.microsoft_mark().await, fixture.audit().mark().await.unwrap());
    fixture.annotate(annotation::CHECK, "now").await;
    assert_eq!(PASSED, *of_microsoft(&echoed(&fixture, "now").await));
    fixture.pass().await;
    operator.stop().await;
    assert_eq!(
        super::request_counts::ONE_LOOK.len(),
        fixture.platform.all_asked(mark).await.len(),
        "with the same token"
    );
    assert_eq!(2, fixture.tenant_writes(writes).await.unwrap().len(), "the echo, and the requested pass");

    // What is echoed is not repeated after a restart.
    let mark = fixture.platform.microsoft_mark().await;
    let operator = fixture.start();
    fixture.pass().await;
    operator.stop().await;
    assert_eq!(Vec::<String>::new(), fixture.platform.all_asked(mark).await);
}

/// The answer before the request would be echoed as if it came after it.
#[tokio::test(flavor = "multi_thread")]
async fn request_is_not_echoed_while_microsoft_does_not_answer() {
    let mut fixture = fixture("checks-requested-outage").await;
    fixture.timing.checks.retry_first = std::time::Duration::from_millis(200);
    fixture.timing.checks.retry_most = std::time::Duration::from_millis(200);
    let _operator = fixture.start();
    fixture.create(super::group(10)).await;
    fixture.check(super::GROUP, "Passed", "SecurityGroup").await;
    let outage = json!({ "kind": "status", "status": 503 });
    let route = "GET /graph/v1.0/groups/{group}";
    fixture.platform.add_faults(json!([{ "route": route, "action": outage }])).await.unwrap();
    let mark = fixture.platform.microsoft_mark().await;
    fixture.annotate(annotation::CHECK, "now").await;
    super::kept_results::looks(&fixture, mark, 3).await;
    assert_eq!(None, handled(&fixture.pass().await));
    fixture.platform.clear_faults().await.unwrap();
    echoed(&fixture, "now").await;
}

/// Where nothing can be asked, there is nothing to wait for.
#[tokio::test(flavor = "multi_thread")]
async fn request_without_checks_is_echoed_at_once() {
    let fixture = Fixture::new("checks-requested-none").await;
    let _operator = fixture.start();
    fixture.create(json!({})).await;
    fixture.ready().await;
    fixture.annotate(annotation::CHECK, "now").await;
    echoed(&fixture, "now").await;
}

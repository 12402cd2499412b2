//! The exact cost of triggers and the published key.

use std::time::Duration;

use crate::support::audit::Mark;
use crate::support::fixture::Fixture;
use crate::support::trigger::{SECRET, published, rotating};

/// The operator's writes of the Tenant after a mark.
async fn writes(fixture: &Fixture, mark: Mark) -> Vec<String> {
    let writes = fixture.tenant_writes(mark).await.unwrap();
    writes.into_iter().map(|write| format!("{} {}", write.verb, write.subresource).trim().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn create_with_key_costs_one_more_call_and_secret() {
    let fixture = Fixture::new("budget-key").await;
    let operator = fixture.connect().await;
    let audit = fixture.audit().mark().await.unwrap();
    fixture.create(published(Some("a"))).await;
    fixture.ready().await;
    fixture.pass().await;
    operator.stop().await;
    assert_eq!(["GET", "PUT", "GET widget-key", "GET"], *fixture.short_calls(0).await, "the token goes with the PUT");
    assert_eq!(["patch", "patch status", "patch status"], *writes(&fixture, audit).await);
    // The name of a created object is in its body.
    assert_eq!([("create ".to_owned() + SECRET, 201)], *named(fixture.secret_writes(audit).await));
}

/// The name of a created object is in its body, and in the audit log only if the server adds it.
fn named(writes: Vec<(String, u16)>) -> Vec<(String, u16)> {
    let named = |(write, code): (String, u16)| match write.as_str() {
        "create " => (format!("create {SECRET}"), code),
        _ => (write, code),
    };
    writes.into_iter().map(named).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rotation_costs_four_calls_two_writes() {
    let fixture = Fixture::new("budget-rotation").await;
    let operator = fixture.connect().await;
    fixture.create(published(None)).await;
    fixture.ready().await;
    let (audit, log) = (fixture.audit().mark().await.unwrap(), fixture.platform.mark().await.unwrap());
    fixture.patch(rotating("a")).await;
    fixture.ready().await;
    fixture.pass().await;
    operator.stop().await;
    let calls = ["GET", "GET widget-key", "POST rotate", "GET widget-key", "GET"];
    assert_eq!(calls, *fixture.short_calls(log).await, "that the key can be read is proved first");
    assert_eq!([(format!("patch {SECRET}"), 200)], *fixture.secret_dry_runs(audit).await, "and that it can be written");
    assert_eq!(["patch status", "patch status"], *writes(&fixture, audit).await);
    assert_eq!([(format!("patch {SECRET}"), 200)], *fixture.secret_writes(audit).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn resync_with_published_key_costs_one_call() {
    let mut fixture = Fixture::new("budget-at-rest").await;
    let operator = fixture.connect().await;
    fixture.create(published(Some("a"))).await;
    fixture.ready().await;
    operator.stop().await;
    fixture.timing.sync = Some(Duration::from_millis(50));
    let (audit, log) = (fixture.audit().mark().await.unwrap(), fixture.platform.mark().await.unwrap());
    let operator = fixture.connect().await;
    crate::support::wait::until("four passes", crate::support::wait::PATIENCE, async || {
        let calls = fixture.short_calls(log).await;
        if calls.len() >= 4 { Ok(()) } else { Err(format!("{calls:?}")) }
    })
    .await;
    operator.stop().await;
    let calls = fixture.short_calls(log).await;
    assert_eq!(vec!["GET"; calls.len()], calls);
    assert_eq!(Vec::<String>::new(), writes(&fixture, audit).await);
    assert_eq!(Vec::<(String, u16)>::new(), fixture.secret_writes(audit).await);
    let requests = fixture.audit().requests(&fixture.env.operator_user, audit).await.unwrap();
    let looks = requests.iter().filter(|request| request.resource == "secrets" && request.name == SECRET);
    assert_eq!(calls.len(), looks.count(), "each pass looks whether the Secret is there");
}

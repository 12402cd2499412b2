//! Kubernetes refuses the outcome of a pass, for long.

use std::time::Duration;

use serde_json::json;

use super::access::without;
use crate::support::fixture::Fixture;
use crate::support::log;
use crate::support::wait::{PATIENCE, until};

/// The waits that the log names for a Tenant, in milliseconds.
fn waits(fixture: &Fixture) -> Vec<u64> {
    let log = log::so_far().unwrap();
    let of = format!("namespace=\"{}\"", fixture.env.namespace);
    let lines = log.lines().filter(|line| line.contains("could not be written") && line.contains(&of));
    let lines: Vec<_> = lines.filter(|line| line.contains("controller=\"tenant\"")).collect();
    assert!(lines.iter().all(|line| line.contains("forbidden") && line.contains("name=\"contoso\"")), "{lines:?}");
    let wait = |line: &&str| line.split("retry_in_ms=").nth(1)?.split(' ').next()?.parse().ok();
    lines.iter().filter_map(wait).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_status_is_logged_and_the_platform_is_not_asked_meanwhile() {
    let mut fixture = Fixture::new("unwritten").await;
    fixture.timing.backoff_most = Duration::from_millis(1600);
    let operator = fixture.connect().await;
    fixture.create(json!({})).await;
    fixture.ready().await;
    let less = without(&fixture, "tenants/status").await;
    let mark = fixture.platform.mark().await.unwrap();
    fixture.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    let seen = until("it was tried six times", PATIENCE, async || match waits(&fixture) {
        seen if seen.len() >= 6 => Ok(seen),
        seen => Err(format!("{seen:?}")),
    })
    .await;
    assert_eq!([100, 200, 400, 800, 1600, 1600], seen[..6]);
    let asked: Vec<_> =
        fixture.platform.calls(&fixture.id, mark).await.unwrap().into_iter().map(|seen| seen.call).collect();
    assert_eq!(
        ["GET", "PATCH"],
        *asked.iter().map(|call| call.split(' ').next().unwrap()).collect::<Vec<_>>(),
        "{asked:?}"
    );

    // Allowed again: it is written at the next attempt.
    less.restore(&fixture).await;
    fixture.ready().await;
    operator.stop().await;
}

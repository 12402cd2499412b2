//! What a program that waits for a Platform reads: Stalled where someone must act, Reconciling where the operator goes on by itself.

use std::time::Duration;

use kube::Api;
use nimbus_operator::resources::Platform;
use serde_json::json;

use crate::support::fixture::{Fixture, what_happened};
use crate::support::users::PLATFORM_ADMIN;
use crate::support::wait::{PATIENCE, until};

/// The conditions as `type=status reason`.
fn said(platform: &Platform) -> Vec<String> {
    let conditions = platform.status.iter().flat_map(|status| &status.conditions);
    conditions.map(|found| format!("{}={} {}", found.type_, found.status, found.reason)).collect()
}

/// Waits until the Platform says exactly this of its generation, and returns the message.
pub(super) async fn says(fixture: &Fixture, expected: &[&str]) -> String {
    let api: Api<Platform> = Api::all(fixture.client(PLATFORM_ADMIN));
    until(&format!("the Platform says {expected:?}"), PATIENCE, async || {
        let platform = api.get(&fixture.env.platform).await.map_err(|error| error.to_string())?;
        let generation = platform.metadata.generation;
        let status = platform.status.clone().unwrap_or_default();
        let is_current = Some(status.observed_generation) == generation
            && status.conditions.iter().all(|condition| condition.observed_generation == generation);
        match status.conditions.first() {
            Some(ready) if is_current && said(&platform) == expected => Ok(ready.message.clone()),
            _ => Err(format!("{:?}", platform.status)),
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_credentials_are_stalled_and_heal_within_one_retry() {
    let mut fixture = Fixture::new("refused-secret").await;
    // Its Secret is watched, or looked at in any case when the next retry is due.
    fixture.timing.platform_retry = Duration::from_secs(2);
    let (namespace, platform) = (&fixture.env.operator_namespace, fixture.platform.url());
    fixture.secret(namespace, "wrong", json!({ "client-secret": "not-the-secret" })).await;
    fixture.platform_object_as(&platform, "system", "wrong").await;
    let _operator = fixture.start();
    let refused = says(&fixture, &["Ready=False AuthenticationFailed", "Stalled=True AuthenticationFailed"]).await;
    assert!(refused.contains("clientId"), "{refused}");

    let right = "system-secret";
    let since = std::time::Instant::now();
    fixture.secret(namespace, "wrong", json!({ "client-secret": right })).await;
    says(&fixture, &["Ready=True Connected"]).await;
    assert!(since.elapsed() < Duration::from_secs(30), "{:?}", since.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_credentials_are_stalled_after_a_while_and_name_the_cause() {
    let mut fixture = Fixture::new("missing-secret").await;
    fixture.timing.platform_retry = Duration::from_millis(500);
    fixture.timing.reference_grace = Duration::from_secs(3);
    let (namespace, platform) = (&fixture.env.operator_namespace, fixture.platform.url());
    fixture.platform_object_as(&platform, "system", "later").await;
    let _operator = fixture.start();
    let works = ["Ready=False CredentialsNotFound", "Reconciling=True CredentialsNotFound"];
    let stalled = ["Ready=False CredentialsNotFound", "Stalled=True CredentialsNotFound"];
    let message = says(&fixture, &works).await;
    assert_eq!(format!("Secret {namespace}/later not found"), what_happened(&message));
    says(&fixture, &stalled).await;

    // It is looked for all the same, and each cause is named.
    for (data, cause) in [
        (json!({ "other": "x" }), format!("Secret {namespace}/later does not have the key client-secret")),
        (json!({ "client-secret": " " }), format!("key client-secret of Secret {namespace}/later is empty")),
    ] {
        fixture.secret(namespace, "later", data).await;
        until(&cause, PATIENCE, async || {
            let message = says(&fixture, &stalled).await;
            if what_happened(&message) == cause { Ok(()) } else { Err(message) }
        })
        .await;
    }
    fixture.secret(namespace, "later", json!({ "client-secret": "system-secret" })).await;
    says(&fixture, &["Ready=True Connected"]).await;
}

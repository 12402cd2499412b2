//! What the start-up checks say of `--watch-secrets`.

use std::time::Duration;

use super::start;
use crate::support::fixture::Fixture;
use crate::support::wait::{PATIENCE, until};

#[tokio::test(flavor = "multi_thread")]
async fn watch_of_secrets_without_permission_is_told_and_the_operator_starts() {
    let fixture = Fixture::new("watch-denied").await;
    let namespace = &fixture.env.namespace;
    let operator = start(&fixture.env, None, &["--watch-secrets", namespace]).unwrap();
    until("it started", PATIENCE, async || match operator.log() {
        log if log.contains("operator started") => Ok(()),
        log => Err(log),
    })
    .await;
    let sentence =
        format!("may not list and watch secrets in the namespace '{namespace}', as --watch-secrets requires");
    assert_eq!(1, operator.log().matches(&sentence).count(), "{}", operator.log());
    operator.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn watch_of_secrets_that_are_not_used_is_refused() {
    let fixture = Fixture::new("watch-elsewhere").await;
    let operator = start(&fixture.env, None, &["--watch-secrets", "kube-system"]).unwrap();
    let status = operator.end(Duration::from_secs(30)).await.unwrap();
    let sentence = "--watch-secrets names the namespace 'kube-system', which is neither in --namespace nor";
    assert_eq!((Some(1), 1), (status.code(), operator.log().matches(sentence).count()), "{}", operator.log());
}

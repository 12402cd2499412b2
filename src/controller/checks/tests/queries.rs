//! What becomes of a query whose answer no longer counts.

use std::future::pending;

use tokio::sync::oneshot;

use super::*;
use crate::controller::checks::queries::{Leaves, Queries};

const LONG: Duration = Duration::from_secs(3600);

#[tokio::test(start_paused = true)]
async fn a_read_is_broken_off() {
    let mut queries = Queries::default();
    queries.spawn(QueryId(1), Leaves::Nothing, pending());
    queries.forget([QueryId(1)]);
    let start = tokio::time::Instant::now();
    queries.finish(LONG).await;
    assert_eq!(Duration::ZERO, start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_query_that_made_an_identity_goes_on_and_is_waited_for() {
    let (deleted, outcome) = oneshot::channel();
    let mut queries = Queries::default();
    queries.spawn(QueryId(1), Leaves::Identity, async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        deleted.send(()).unwrap();
        passed()
    });
    queries.forget([QueryId(1)]);
    queries.finish(LONG).await;
    assert_eq!(Ok(()), outcome.await);
}

#[tokio::test(start_paused = true)]
async fn the_end_is_not_waited_for_beyond_its_limit() {
    let mut queries = Queries::default();
    queries.spawn(QueryId(1), Leaves::Identity, pending());
    let start = tokio::time::Instant::now();
    queries.finish(Duration::from_secs(10)).await;
    assert_eq!(Duration::from_secs(10), start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn an_answer_comes_with_its_query_and_a_query_that_was_broken_off_gives_none() {
    let mut queries = Queries::default();
    queries.spawn(QueryId(1), Leaves::Nothing, pending());
    queries.spawn(QueryId(2), Leaves::Nothing, async { passed() });
    queries.forget([QueryId(1)]);
    let (id, answer) = queries.next().await;
    assert_eq!((QueryId(2), passed().verdict), (id, answer.verdict));
    assert!(tokio::time::timeout(LONG, queries.next()).await.is_err(), "nothing is asked any more");
}

//! The queries of one Platform that are being asked, each in a task of its own.

use std::collections::HashMap;
use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;
use tracing::{Instrument, debug, error, info_span};

use super::check_state::Answer;
use super::platform_checks::Ask;
use super::query::ask;
use super::tenant_checks::QueryId;
use crate::microsoft::{Acs, verdict};
use crate::plan::Query;

/// The queries that are being asked. Dropping them breaks them off.
#[derive(Default)]
pub(super) struct Queries {
    tasks: JoinSet<(QueryId, Answer)>,
    /// Those that may be broken off.
    reads: HashMap<QueryId, AbortHandle>,
}

/// What breaking off a query would leave with Microsoft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaves {
    Nothing,
    /// The identity that the check of a connection string makes, and deletes again.
    Identity,
}

impl Queries {
    /// Asks Microsoft, for at most `deadline`.
    pub(super) fn start(&mut self, asked: Ask, acs: Arc<Acs>, deadline: Duration) {
        let Ask { id, tenant, check, graph } = asked;
        let leaves = match &check.query {
            Query::ConnectionString { .. } => Leaves::Identity,
            Query::Group { .. }
            | Query::PresenceGrant { .. }
            | Query::ChatGrant { .. }
            | Query::Presence { .. }
            | Query::Filter { .. }
            | Query::Unanswerable { .. } => Leaves::Nothing,
        };
        let span = info_span!("checks", tenant);
        let query = async move {
            let query = timeout(deadline, ask(&check.query, graph.as_deref(), &acs));
            // A panic of one query must not end the checks of a whole Platform.
            let answer = AssertUnwindSafe(query).catch_unwind().await.unwrap_or_else(|_| Ok(panicked()));
            let answer = answer.unwrap_or_else(|_| no_answer());
            let reason = answer.verdict.reason;
            debug!(check = check.name.as_str(), judgment = ?reason.judgment(), reason = reason.as_str(), "checked");
            answer
        };
        self.spawn(id, leaves, query.instrument(span));
    }

    pub(super) fn spawn(&mut self, id: QueryId, leaves: Leaves, query: impl Future<Output = Answer> + Send + 'static) {
        let task = self.tasks.spawn(async move { (id, query.await) });
        if leaves == Leaves::Nothing {
            self.reads.insert(id, task);
        }
    }

    /// Breaks off queries whose answers no longer count, but none that would leave something behind.
    pub(super) fn forget(&mut self, ids: impl IntoIterator<Item = QueryId>) {
        ids.into_iter().filter_map(|id| self.reads.remove(&id)).for_each(|read| read.abort());
    }

    /// The next answer. Without a query it never comes.
    pub(super) async fn next(&mut self) -> (QueryId, Answer) {
        loop {
            match self.tasks.join_next().await {
                Some(Ok((id, answer))) => {
                    self.reads.remove(&id);
                    return (id, answer);
                }
                // It was broken off.
                Some(Err(_)) => {}
                None => return pending().await,
            }
        }
    }

    /// Waits until all have ended, those that were forgotten too. What does not end within the limit is broken off.
    pub(super) async fn finish(mut self, limit: Duration) {
        let all = async { while self.tasks.join_next().await.is_some() {} };
        let _in_time = timeout(limit, all).await;
    }
}

fn no_answer() -> Answer {
    Answer { verdict: verdict::out_of_time(), retry_after: None }
}

/// It is no answer, so the check is repeated. What a panic says may quote anything and is not logged here.
fn panicked() -> Answer {
    error!("a check panicked");
    no_answer()
}

//! One request in one transaction, with its entry in the log.
use tokio::time::Instant;

use super::dispatch::dispatch;
use super::platform::{Arrival, Platform};
use crate::http::call::Call;
use crate::http::log::{self, Ending};
use crate::http::paths::{is_logged, is_microsoft};
use crate::http::reply::Reply;
use crate::microsoft::journal;
use crate::model::problem::Failure;
use crate::model::store::Work;

impl Platform {
    /// Carries out a request; the log names the fault.
    pub(super) async fn carry_out(&self, arrival: &Arrival, fault: Option<&str>) -> Reply {
        let call = &arrival.call;
        match self.try_to_carry_out(arrival, fault).await {
            Ok(reply) => reply,
            Err(failure) => {
                tracing::error!(error = %failure, request_id = call.request_id, "request broke");
                Reply::failure(&failure, &call.request_id)
            }
        }
    }

    /// Carries out a request in one transaction, and repeats it while the answer wants to wait for a change.
    async fn try_to_carry_out(&self, arrival: &Arrival, fault: Option<&str>) -> Result<Reply, Failure> {
        let began = Instant::now();
        let mut committed = self.committed.subscribe();
        loop {
            committed.mark_unchanged();
            let mut work = self.store.begin().await?;
            let outcome = dispatch(self, &mut work, arrival).await;
            let wait_for_change = outcome.as_ref().ok().and_then(|reply| reply.wait_for_change);
            let until =
                wait_for_change.map(|wait_for_change| began + wait_for_change).filter(|until| *until > Instant::now());
            if let Some(until) = until.filter(|_| !self.stopping.is_cancelled()) {
                work.tx.rollback().await?;
                tokio::select! {
                    _ = committed.changed() => {}
                    () = tokio::time::sleep_until(until) => {}
                    () = self.stopping.cancelled() => {}
                }
                continue;
            }
            return self.settle(work, &arrival.call, outcome, fault).await;
        }
    }

    /// Ends the transaction and writes the log.
    async fn settle(
        &self,
        mut work: Work,
        call: &Call,
        outcome: Result<Reply, Failure>,
        fault: Option<&str>,
    ) -> Result<Reply, Failure> {
        let date = work.now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let (reply, mut work) = match outcome {
            Ok(reply) => (reply, work),
            Err(failure) => {
                if let Failure::Microsoft(error) = &failure {
                    work.trace.code = Some(error.code.clone());
                }
                if let Failure::Database(_) | Failure::Stored(_) = failure {
                    tracing::error!(error = ?failure, request_id = call.request_id, "request broke");
                }
                (Reply::failure(&failure, &call.request_id), self.undo(work).await?)
            }
        };
        if is_logged(&call.path) {
            let ending = Ending { status: Some(reply.status), slug: reply.slug, fault, carried_out: true };
            write_log(&mut work, call, &ending).await?;
        }
        work.tx.commit().await?;
        if call.method != "GET" {
            self.committed.send_replace(());
        }
        Ok(reply.with("date", date))
    }

    /// Rolls back and returns a new transaction, in which the refusal is logged.
    async fn undo(&self, work: Work) -> Result<Work, Failure> {
        let Work { tx, mut trace, .. } = work;
        tx.rollback().await?;
        trace.settings_version_after.clone_from(&trace.settings_version_before);
        trace.changed_pointers.clear();
        trace.effect = None;
        Ok(Work { trace, ..self.store.begin().await? })
    }
}

/// Writes the entry of a request into the log that it belongs to.
pub(super) async fn write_log(work: &mut Work, call: &Call, ending: &Ending<'_>) -> Result<(), sqlx::Error> {
    match is_microsoft(&call.path) {
        true => journal::write(work, call, ending).await,
        false => log::write(work, call, ending).await,
    }
}

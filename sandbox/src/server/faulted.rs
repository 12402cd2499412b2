//! A request that a planted fault strikes.
use std::time::Duration;

use axum::response::Response;

use super::serve::Platform;
use crate::http::call::Call;
use crate::http::connection::Peer;
use crate::http::faults::{Action, Strike};
use crate::http::log::{self, Ending};
use crate::http::wire::{canned_response, halved, respond};

impl Platform {
    /// Answers as the fault wants it; some faults let the request through and maim only the answer.
    pub(crate) async fn answer_struck(&self, call: &Call, strike: Strike, peer: &Peer) -> Response {
        let Strike { kind, action } = strike;
        match &action {
            Action::Answer { canned, after: false } => {
                self.note(call, &kind, Some(canned.status)).await;
                return canned_response(canned, &call.request_id);
            }
            Action::CloseBefore => {
                self.note(call, &kind, None).await;
                peer.cut();
                return Response::default();
            }
            Action::Delay { wait, after: false } => self.rest(*wait).await,
            _ => {}
        }
        let reply = self.carry_out(call, Some(&kind)).await;
        match action {
            Action::Answer { canned, .. } => return canned_response(&canned, &call.request_id),
            Action::CloseAfter => peer.cut(),
            Action::Delay { wait, after: true } => self.rest(wait).await,
            Action::Truncate => return halved(reply, &call.request_id, false),
            Action::Cut => return halved(reply, &call.request_id, true),
            Action::Delay { .. } | Action::CloseBefore => {}
        }
        respond(reply, &call.request_id)
    }

    /// Waits, but not longer than the platform runs.
    async fn rest(&self, wait: Duration) {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.stopping.cancelled() => {}
        }
    }

    /// Writes the log of a request that a fault kept from the platform.
    async fn note(&self, call: &Call, kind: &str, status: Option<u16>) {
        let ending = Ending { status, slug: None, fault: Some(kind), carried_out: false };
        let noted = async {
            let mut work = self.store.begin().await?;
            work.trace.tenant = call.tenant().ok();
            log::write(&mut work, call, &ending).await?;
            work.tx.commit().await
        };
        if let Err(error) = noted.await {
            tracing::error!(%error, request_id = call.request_id, "log not written");
        }
    }
}

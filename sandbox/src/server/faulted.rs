//! The answer to a request, changed by a planted fault.
use std::io::{Error, ErrorKind};
use std::time::Duration;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;

use super::carry_out::write_log;
use super::platform::{Arrival, Platform};
use crate::http::call::Call;
use crate::http::connection::Peer;
use crate::http::log::Ending;
use crate::http::paths::is_logged;
use crate::http::reply::Reply;
use crate::http::wire::{respond, set_header};
use crate::model::problem::Problem;
use crate::world::faults::{Action, Canned, Faulted};

impl Platform {
    pub(super) async fn answer(&self, arrival: &Arrival, peer: &Peer) -> Response {
        let call = &arrival.call;
        let faulted = is_logged(&call.path).then(|| self.faults.apply_to(call)).flatten();
        match faulted {
            Some(faulted) => self.answer_faulted(arrival, faulted, peer).await,
            None => respond(self.carry_out(arrival, None).await, &call.request_id),
        }
    }

    /// Answers as the fault says; some faults carry out the request and corrupt only the answer.
    async fn answer_faulted(&self, arrival: &Arrival, faulted: Faulted, peer: &Peer) -> Response {
        let (Faulted { kind, action }, call) = (faulted, &arrival.call);
        match &action {
            Action::Answer { canned, after: false } => {
                self.log_fault(call, &kind, Some(canned.status)).await;
                return canned_response(canned, &call.request_id);
            }
            Action::CloseBefore => {
                self.log_fault(call, &kind, None).await;
                peer.cut();
                return Response::default();
            }
            Action::Delay { wait, after: false } => self.pause(*wait).await,
            Action::Answer { after: true, .. }
            | Action::Delay { after: true, .. }
            | Action::CloseAfter
            | Action::Truncate
            | Action::Cut => {}
        }
        let reply = self.carry_out(arrival, Some(&kind)).await;
        match action {
            Action::Answer { canned, .. } => return canned_response(&canned, &call.request_id),
            Action::CloseAfter => peer.cut(),
            Action::Delay { wait, after: true } => self.pause(wait).await,
            Action::Truncate => return truncated(reply, &call.request_id),
            Action::Cut => return cut(reply, &call.request_id),
            Action::Delay { .. } | Action::CloseBefore => {}
        }
        respond(reply, &call.request_id)
    }

    /// Waits until the time is over or the platform stops.
    async fn pause(&self, wait: Duration) {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.stopping.cancelled() => {}
        }
    }

    /// Logs a request that a fault answered instead of the platform.
    async fn log_fault(&self, call: &Call, kind: &str, status: Option<u16>) {
        let ending = Ending { status, slug: None, fault: Some(kind), carried_out: false };
        let logged = async {
            let mut work = self.store.begin().await?;
            work.trace.tenant = call.tenant().ok();
            write_log(&mut work, call, &ending).await?;
            work.tx.commit().await
        };
        if let Err(error) = logged.await {
            tracing::error!(%error, request_id = call.request_id, "log not written");
        }
    }
}

/// Returns the answer of a fault.
fn canned_response(canned: &Canned, request_id: &str) -> Response {
    let mut response = match canned.problem {
        Some(slug) => {
            let problem = Problem { status: canned.status, ..Problem::new(slug) };
            respond(Reply::failure(&problem.into(), request_id), request_id)
        }
        None => Response::new(Body::from(canned.body.clone())),
    };
    *response.status_mut() = StatusCode::from_u16(canned.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(media_type) = &canned.content_type {
        set_header(&mut response, "content-type", media_type);
    }
    for (name, value) in &canned.headers {
        set_header(&mut response, name, value);
    }
    response
}

/// Returns the body of an answer, and its first half.
fn first_half(reply: &Reply) -> (String, Vec<u8>) {
    let whole = reply.body.as_ref().map(ToString::to_string).unwrap_or_default();
    let half = whole.as_bytes()[..whole.len() / 2].to_vec();
    (whole, half)
}

/// Returns the first half of an answer as if it were complete.
fn truncated(reply: Reply, request_id: &str) -> Response {
    let (_, half) = first_half(&reply);
    let mut response = respond(reply, request_id);
    *response.body_mut() = Body::from(half);
    response
}

/// Returns the first half of an answer with the length of the whole, and then an error.
fn cut(reply: Reply, request_id: &str) -> Response {
    let (whole, half) = first_half(&reply);
    let mut response = respond(reply, request_id);
    set_header(&mut response, "content-length", &whole.len().to_string());
    let parts = [Ok(half), Err(Error::from(ErrorKind::ConnectionAborted))];
    *response.body_mut() = Body::from_stream(futures::stream::iter(parts));
    response
}

//! One request from its arrival to its answer: faults, transaction, log.
//!
//! A request that has arrived is carried out even if its sender has gone away meanwhile, as a real platform would.
use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, RawPathParams, Request};
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::contract::routes::{Route, is_logged, routes};
use crate::http::call::{Call, Reply};
use crate::http::connection::Peer;
use crate::http::faults::Faults;
use crate::http::log::{self, Ending};
use crate::http::wire::respond;
use crate::microsoft::hosts::Sent;
use crate::microsoft::throttle::Throttle;
use crate::model::problem::{Failure, Slug};
use crate::model::store::{Store, Work};

const BODY_LIMIT: usize = 1 << 20;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Platform {
    pub store: Store,
    pub faults: Faults,
    pub throttle: Throttle,
    /// Wakes those who wait for a change.
    pub committed: watch::Sender<()>,
    pub stopping: CancellationToken,
    pub running: TaskTracker,
}

/// Returns the router of all routes.
pub(crate) fn router(platform: &Arc<Platform>) -> Router {
    // Some paths of Microsoft's begin with a colon.
    let mut router = Router::new().without_v07_checks();
    for route in routes() {
        let platform = Arc::clone(platform);
        let handler = move |peer, parameters, request| receive(platform, Ok(route), peer, parameters, request);
        router = router.route(route.path(), on(method_filter(route.method), handler));
    }
    let unknown = Arc::clone(platform);
    let other_method = Arc::clone(platform);
    router
        .fallback(move |peer, parameters, request| {
            receive(unknown, Err(Slug::RouteNotFound), peer, parameters, request)
        })
        .method_not_allowed_fallback(move |peer, parameters, request| {
            receive(other_method, Err(Slug::MethodNotAllowed), peer, parameters, request)
        })
}

fn method_filter(method: &str) -> MethodFilter {
    match method {
        "GET" => MethodFilter::GET,
        "PUT" => MethodFilter::PUT,
        "PATCH" => MethodFilter::PATCH,
        "DELETE" => MethodFilter::DELETE,
        _ => MethodFilter::POST,
    }
}

async fn receive(
    platform: Arc<Platform>,
    route: Result<&'static Route, Slug>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    parameters: RawPathParams,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let request_id = Uuid::new_v4().to_string();
    let refused = |slug: Slug| respond(Reply::failure(&slug.into(), &request_id), &request_id);
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return refused(Slug::MalformedRequest);
    };
    let raw_query = parts.uri.query().map(str::to_owned);
    let query = url::form_urlencoded::parse(raw_query.as_deref().unwrap_or("").as_bytes());
    let parameters = parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let sent = parts.extensions.get::<Sent>();
    let sent = sent.map_or_else(|| parts.uri.to_string(), |sent| sent.0.clone());
    let mut call = Call {
        route,
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        sent,
        query: query.into_owned().collect(),
        raw_query,
        parameters: parameters.collect(),
        headers: parts.headers,
        body,
        request_id: request_id.clone(),
        peer: peer.address,
    };
    call.take_suffixes();
    let tracker = platform.running.clone();
    let answered = tracker.spawn(async move { platform.answer(call, &peer).await }).await;
    answered.unwrap_or_else(|_| refused(Slug::Internal))
}

impl Platform {
    async fn answer(&self, call: Call, peer: &Peer) -> Response {
        let strike = is_logged(&call.path).then(|| self.faults.strike(&call)).flatten();
        match strike {
            Some(strike) => self.answer_struck(&call, strike, peer).await,
            None => respond(self.carry_out(&call, None).await, &call.request_id),
        }
    }

    pub(crate) async fn carry_out(&self, call: &Call, fault: Option<&str>) -> Reply {
        match self.try_to_carry_out(call, fault).await {
            Ok(reply) => reply,
            Err(failure) => {
                tracing::error!(error = %failure, request_id = call.request_id, "request broke");
                Reply::failure(&failure, &call.request_id)
            }
        }
    }

    /// Carries a request out in one transaction, as often as its patience allows.
    async fn try_to_carry_out(&self, call: &Call, fault: Option<&str>) -> Result<Reply, Failure> {
        let began = Instant::now();
        let mut committed = self.committed.subscribe();
        loop {
            committed.mark_unchanged();
            let mut work = self.store.begin().await?;
            let outcome = self.dispatch(&mut work, call).await;
            let patience = outcome.as_ref().ok().and_then(|reply| reply.patience);
            let until = patience.map(|patience| began + patience).filter(|until| *until > Instant::now());
            if let Some(until) = until.filter(|_| !self.stopping.is_cancelled()) {
                work.tx.rollback().await?;
                tokio::select! {
                    _ = committed.changed() => {}
                    () = tokio::time::sleep_until(until) => {}
                    () = self.stopping.cancelled() => {}
                }
                continue;
            }
            return self.settle(work, call, outcome, fault).await;
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
        let (reply, mut work) = match outcome {
            Ok(reply) => (reply, work),
            Err(failure) => {
                if let Failure::Foreign(foreign) = &failure {
                    work.trace.code = Some(foreign.code.clone());
                }
                if let Failure::Database(_) | Failure::Stored(_) = failure {
                    tracing::error!(error = ?failure, request_id = call.request_id, "request broke");
                }
                (Reply::failure(&failure, &call.request_id), self.undo(work).await?)
            }
        };
        if is_logged(&call.path) {
            let ending = Ending { status: Some(reply.status), slug: reply.slug, fault, carried_out: true };
            log::write(&mut work, call, &ending).await?;
        }
        work.tx.commit().await?;
        if call.method != "GET" {
            self.committed.send_replace(());
        }
        Ok(reply)
    }

    /// Takes everything back and returns another transaction, in which the refusal is logged.
    async fn undo(&self, work: Work) -> Result<Work, Failure> {
        let Work { tx, mut trace, .. } = work;
        tx.rollback().await?;
        trace.settings_version_after.clone_from(&trace.settings_version_before);
        trace.changed_pointers.clear();
        trace.effect = None;
        Ok(Work { trace, ..self.store.begin().await? })
    }
}

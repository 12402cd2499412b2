//! One request from its arrival to its answer: faults, transaction, log.
//!
//! A request that has arrived is carried out even if its sender has gone away meanwhile, as a real platform would.
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, RawPathParams, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::call::{Call, Reply};
use super::connection::Peer;
use super::faults::{Action, Canned, Faults};
use super::log::{self, Ending};
use super::problem::{Failure, Problem, Slug};
use super::routes::{Operation, ROUTES, Route, is_logged};
use super::store::{Store, Work};
use super::{auth, lists, outside, people, script, tenants, triggers};

const BODY_LIMIT: usize = 1 << 20;

/// What all requests share.
#[derive(Debug)]
pub(super) struct Platform {
    pub store: Store,
    pub faults: Faults,
    /// Wakes those who wait for a change.
    pub committed: watch::Sender<()>,
    pub stopping: CancellationToken,
    pub running: TaskTracker,
}

/// Returns the router of all routes.
pub(super) fn router(platform: &Arc<Platform>) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let platform = Arc::clone(platform);
        let handler = move |peer, parameters, request| {
            receive(platform, Ok(route), peer, parameters, request)
        };
        router = router.route(route.template, on(method_filter(route.method), handler));
    }
    let unknown = Arc::clone(platform);
    let other_method = Arc::clone(platform);
    router
        .fallback(move |peer, parameters, request| {
            receive(unknown, Err(Slug::RouteNotFound), peer, parameters, request)
        })
        .method_not_allowed_fallback(move |peer, parameters, request| {
            receive(
                other_method,
                Err(Slug::MethodNotAllowed),
                peer,
                parameters,
                request,
            )
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
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return respond(
            Reply::failure(&Slug::MalformedRequest.into(), &request_id),
            &request_id,
        );
    };
    let raw_query = parts.uri.query().map(str::to_owned);
    let query = url::form_urlencoded::parse(raw_query.as_deref().unwrap_or("").as_bytes());
    let parameters = parameters
        .iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let call = Call {
        route,
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: query.into_owned().collect::<BTreeMap<_, _>>(),
        raw_query,
        parameters: parameters.collect(),
        headers: parts.headers,
        body,
        request_id: request_id.clone(),
        peer: peer.address,
    };
    let tracker = platform.running.clone();
    let answered = tracker
        .spawn(async move { platform.answer(call, &peer).await })
        .await;
    answered.unwrap_or_else(|_| {
        respond(
            Reply::failure(&Slug::Internal.into(), &request_id),
            &request_id,
        )
    })
}

impl Platform {
    async fn answer(&self, call: Call, peer: &Peer) -> Response {
        let strike = is_logged(&call.path)
            .then(|| self.faults.strike(&call))
            .flatten();
        let Some(strike) = strike else {
            return respond(self.carry_out(&call, None).await, &call.request_id);
        };
        match &strike.action {
            Action::Answer(canned) => {
                let status = Some(canned.status);
                self.note(
                    &call,
                    &Ending {
                        status,
                        slug: None,
                        fault: Some(&strike.kind),
                    },
                )
                .await;
                return canned_response(canned, &call.request_id);
            }
            Action::CloseBefore => {
                self.note(
                    &call,
                    &Ending {
                        status: None,
                        slug: None,
                        fault: Some(&strike.kind),
                    },
                )
                .await;
                peer.cut();
                return Response::default();
            }
            Action::Delay { wait, after: false } => self.rest(*wait).await,
            _ => {}
        }
        let reply = self.carry_out(&call, Some(&strike.kind)).await;
        match strike.action {
            Action::CloseAfter => peer.cut(),
            Action::Delay { wait, after: true } => self.rest(wait).await,
            Action::Truncate => return halved(reply, &call.request_id, false),
            Action::Cut => return halved(reply, &call.request_id, true),
            _ => {}
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

    async fn carry_out(&self, call: &Call, fault: Option<&str>) -> Reply {
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
            let until = patience
                .map(|patience| began + patience)
                .filter(|until| *until > Instant::now());
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
                let mut trace = std::mem::take(&mut work.trace);
                work.tx.rollback().await?;
                // Nothing was changed, whatever had been noted on the way.
                trace
                    .settings_version_after
                    .clone_from(&trace.settings_version_before);
                trace.changed_pointers.clear();
                trace.effect = None;
                let mut work = self.store.begin().await?;
                work.trace = trace;
                if let Failure::Database(_) | Failure::Stored(_) = failure {
                    tracing::error!(error = ?failure, request_id = call.request_id, "request broke");
                }
                (Reply::failure(&failure, &call.request_id), work)
            }
        };
        if is_logged(&call.path) {
            let ending = Ending {
                status: Some(reply.status),
                slug: reply.slug,
                fault,
            };
            log::write(&mut work, call, &ending).await?;
        }
        work.tx.commit().await?;
        if call.method != "GET" {
            self.committed.send_replace(());
        }
        Ok(reply)
    }

    /// Writes the log of a request that a fault kept from the platform.
    async fn note(&self, call: &Call, ending: &Ending<'_>) {
        let noted = async {
            let mut work = self.store.begin().await?;
            work.trace.tenant = call.tenant().ok();
            log::write(&mut work, call, ending).await?;
            work.tx.commit().await
        };
        if let Err(error) = noted.await {
            tracing::error!(%error, request_id = call.request_id, "log not written");
        }
    }

    async fn dispatch(&self, work: &mut Work, call: &Call) -> Result<Reply, Failure> {
        let route = call.route?;
        if !is_logged(route.template) && !call.peer.ip().is_loopback() {
            return Err(Slug::NotPermitted.into());
        }
        match route.operation {
            Operation::IssueToken => auth::issue_token(work, call).await,
            Operation::ListTenants => lists::tenants(work, call).await,
            Operation::ListChanges => lists::changes(work, call).await,
            Operation::ReadCapabilities => tenants::capabilities(work, call).await,
            Operation::ReadTenant => tenants::read(work, call).await,
            Operation::CreateTenant => tenants::create(work, call).await,
            Operation::PatchTenant => tenants::patch(work, call).await,
            Operation::DeleteTenant => tenants::delete(work, call).await,
            Operation::ClaimTenant => tenants::claim(work, call).await,
            Operation::ReleaseTenant => tenants::release(work, call).await,
            Operation::ReadWidgetKey => triggers::widget_key(work, call).await,
            Operation::RotateWidgetKey => triggers::rotate(work, call).await,
            Operation::SendTestMessage => triggers::send_test_message(work, call).await,
            Operation::ReadHealth => Ok(outside::health()),
            Operation::EditSettings => outside::edit_settings(work, call).await,
            Operation::RunScript => script::run_now(work, call).await,
            Operation::SetAutoRun => script::set_auto_run(work, call).await,
            Operation::PutClient => auth::put_client(work, call).await,
            Operation::PlantFaults => self.faults.plant(call),
            Operation::ReadFaults => Ok(self.faults.read()),
            Operation::ClearFaults => Ok(self.faults.clear()),
            Operation::ReadLog => log::read(work, call).await,
            Operation::ReadClock => outside::read_clock(work).await,
            Operation::AdvanceClock => outside::advance_clock(work, call).await,
            Operation::StampTenant => outside::stamp(work, call).await,
            Operation::LoseTenant => outside::lose(work, call).await,
            Operation::PutNormaliser => outside::normaliser(work, call).await,
            Operation::PutModalities => outside::modalities(work, call).await,
            Operation::PutCaps => outside::caps(work, call).await,
            Operation::PutService => people::put_service(work, call).await,
            Operation::RemoveService => people::remove_service(work, call).await,
            Operation::PutUser => people::put_user(work, call).await,
            Operation::PutInvitations => people::invitations(work, call).await,
            Operation::ReadMessages => people::messages(work, call).await,
        }
    }
}

/// Returns the answer on the wire.
fn respond(reply: Reply, request_id: &str) -> Response {
    let body = reply.body.as_ref().map(ToString::to_string);
    let mut response = Response::new(body.map_or_else(Body::empty, Body::from));
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let media_type = if reply.slug.is_some() {
        "application/problem+json"
    } else {
        "application/json"
    };
    if reply.body.is_some() {
        set_header(&mut response, "content-type", media_type);
    }
    set_header(&mut response, "nimbus-request-id", request_id);
    for (name, value) in reply.headers {
        set_header(&mut response, name, &value);
    }
    response
}

fn set_header(response: &mut Response, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
        response.headers_mut().insert(name, value);
    }
}

fn canned_response(canned: &Canned, request_id: &str) -> Response {
    let mut response = match canned.problem {
        Some(slug) => {
            let problem = Problem {
                status: canned.status,
                ..Problem::new(slug)
            };
            respond(Reply::failure(&problem.into(), request_id), request_id)
        }
        None => Response::new(Body::from(canned.body.clone())),
    };
    *response.status_mut() =
        StatusCode::from_u16(canned.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(media_type) = &canned.content_type {
        set_header(&mut response, "content-type", media_type);
    }
    for (name, value) in &canned.headers {
        set_header(&mut response, name, value);
    }
    response
}

/// Returns the first half of an answer; if it is cut, the length still promises all of it.
fn halved(reply: Reply, request_id: &str, cut: bool) -> Response {
    let whole = reply
        .body
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    let half = whole.as_bytes()[..whole.len() / 2].to_vec();
    let mut response = respond(reply, request_id);
    if cut {
        set_header(&mut response, "content-length", &whole.len().to_string());
        let parts = [
            Ok(half),
            Err(std::io::Error::from(std::io::ErrorKind::ConnectionAborted)),
        ];
        *response.body_mut() = Body::from_stream(futures::stream::iter(parts));
    } else {
        *response.body_mut() = Body::from(half);
    }
    response
}

//! The routes of the platform on HTTP.
//!
//! A request that was received is carried out even if the client disconnects, as on a real platform.
use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{ConnectInfo, RawPathParams, Request};
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use uuid::Uuid;

use super::platform::{Arrival, Platform};
use crate::contract::route::Route;
use crate::contract::routes::routes;
use crate::http::call::Call;
use crate::http::connection::Peer;
use crate::http::reply::Reply;
use crate::http::wire::respond;
use crate::microsoft::hosts::Sent;
use crate::model::problem::Slug;

const BODY_LIMIT: usize = 1 << 20;

/// Returns the router of all routes.
pub(crate) fn router(platform: &Arc<Platform>) -> Router {
    // Some of Microsoft's path segments begin with a colon.
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
    let request_id = Uuid::new_v4().to_string();
    let refused = |slug: Slug| respond(Reply::failure(&slug.into(), &request_id), &request_id);
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_LIMIT).await else {
        return refused(Slug::MalformedRequest);
    };
    let raw_query = parts.uri.query().map(str::to_owned);
    let query = url::form_urlencoded::parse(raw_query.as_deref().unwrap_or("").as_bytes());
    let parameters = parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    let sent = parts.extensions.get::<Sent>();
    let sent = sent.map_or_else(|| parts.uri.to_string(), |sent| sent.0.clone());
    let call = Call {
        template: None,
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
    let arrival = Arrival::new(call, route);
    let tracker = platform.running.clone();
    let answered = tracker.spawn(async move { platform.answer(&arrival, &peer).await }).await;
    answered.unwrap_or_else(|_| refused(Slug::Internal))
}

//! Answers on the wire, whole or maimed by a fault.
use std::io::{Error, ErrorKind};

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;

use super::call::Reply;
use super::faults::Canned;
use crate::model::problem::Problem;

/// Returns the answer on the wire.
pub(crate) fn respond(reply: Reply, request_id: &str) -> Response {
    let body = reply.body.as_ref().map(ToString::to_string);
    let mut response = Response::new(body.map_or_else(Body::empty, Body::from));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let media_type = if reply.slug.is_some() { "application/problem+json" } else { "application/json" };
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

/// Returns an answer that is not the platform's own.
pub(crate) fn canned_response(canned: &Canned, request_id: &str) -> Response {
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

/// Returns the first half of an answer; if it is cut, the length still promises all of it.
pub(crate) fn halved(reply: Reply, request_id: &str, cut: bool) -> Response {
    let whole = reply.body.as_ref().map(ToString::to_string).unwrap_or_default();
    let half = whole.as_bytes()[..whole.len() / 2].to_vec();
    let mut response = respond(reply, request_id);
    if cut {
        set_header(&mut response, "content-length", &whole.len().to_string());
        let parts = [Ok(half), Err(Error::from(ErrorKind::ConnectionAborted))];
        *response.body_mut() = Body::from_stream(futures::stream::iter(parts));
    } else {
        *response.body_mut() = Body::from(half);
    }
    response
}

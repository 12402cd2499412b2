//! Answers on the wire.
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;

use super::reply::Reply;

/// Returns the answer on the wire.
pub(crate) fn respond(reply: Reply, request_id: &str) -> Response {
    let media_type = match (reply.slug, &reply.page) {
        (Some(_), _) => "application/problem+json",
        (None, Some(_)) => "text/html; charset=utf-8",
        (None, None) => "application/json",
    };
    let body = reply.page.or_else(|| reply.body.as_ref().map(ToString::to_string));
    let has_body = body.is_some();
    let mut response = Response::new(body.map_or_else(Body::empty, Body::from));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if has_body {
        set_header(&mut response, "content-type", media_type);
    }
    set_header(&mut response, "nimbus-request-id", request_id);
    for (name, value) in reply.headers {
        set_header(&mut response, name, &value);
    }
    response
}

pub(crate) fn set_header(response: &mut Response, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
        response.headers_mut().insert(name, value);
    }
}

//! Refusals in Microsoft's three formats.
use serde_json::json;

use crate::http::call::Call;
use crate::model::problem::MicrosoftError;
use crate::model::store::Work;

/// Returns the headers by which Graph names a request.
pub(super) fn request_ids(call: &Call) -> Vec<(&'static str, String)> {
    let of_client = call.header("client-request-id").unwrap_or(&call.request_id);
    vec![("request-id", call.request_id.clone()), ("client-request-id", of_client.to_owned())]
}

/// Returns an error of Graph.
pub(super) fn graph(work: &Work, call: &Call, status: u16, code: &str, message: &str) -> MicrosoftError {
    let headers = request_ids(call);
    let date = work.now.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let inner = json!({"date": date, "request-id": headers[0].1, "client-request-id": headers[1].1});
    let body = json!({"error": {"code": code, "message": message, "innerError": inner}});
    MicrosoftError { status, code: code.to_owned(), body, headers }
}

/// An error of the token endpoint.
pub(super) struct EntraError<'a> {
    status: u16,
    error: &'a str,
    /// The number after `AADSTS`.
    number: u32,
    message: &'a str,
}

impl<'a> EntraError<'a> {
    pub(super) fn new(status: u16, error: &'a str, number: u32, message: &'a str) -> Self {
        Self { status, error, number, message }
    }
}

/// Returns an error of the token endpoint.
pub(super) fn entra(work: &Work, call: &Call, error: &EntraError<'_>) -> MicrosoftError {
    let EntraError { status, error, number, message } = *error;
    let (trace, now) = (&call.request_id, work.now.strftime("%Y-%m-%d %H:%M:%SZ").to_string());
    let description = format!("AADSTS{number}: {message} Trace ID: {trace} Correlation ID: {trace} Timestamp: {now}");
    let body = json!({
        "error": error,
        "error_description": description,
        "error_codes": [number],
        "timestamp": now,
        "trace_id": trace,
        "correlation_id": trace,
        "error_uri": format!("https://login.microsoftonline.com/error?code={number}"),
    });
    MicrosoftError { status, code: format!("AADSTS{number}"), body, headers: Vec::new() }
}

/// Returns an error of Azure Communication Services.
pub(super) fn acs(call: &Call, status: u16, code: &str, message: &str) -> MicrosoftError {
    let body = json!({"error": {"code": code, "message": message}});
    let headers = vec![("x-ms-request-id", call.request_id.clone())];
    MicrosoftError { status, code: code.to_owned(), body, headers }
}

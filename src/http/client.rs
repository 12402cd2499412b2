//! One exchange: how a client is built, when a server asks to wait, and how much of a response is read.

use std::time::{Duration, Instant};

use ::http::header::{CONTENT_TYPE, DATE, RETRY_AFTER};
use ::http::{HeaderMap, StatusCode};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, RequestBuilder};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::error::{Defect, Endpoint, HttpError, NoTrust, UnexpectedResponse, Unreachable};
use super::failure::TransportFailure;
use super::object::Object;
use super::proxy::for_https_only;
use super::resolver::SystemResolver;
use super::retry_after::{http_date, retry_after};

/// How this program names itself to every server.
pub(crate) const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// A larger body is not read.
const MAX_BODY: usize = 4 * 1024 * 1024;
const MAX_CONNECT: Duration = Duration::from_secs(10);

/// A client that gives up after `deadline` and follows no redirect: a credential goes only where it was meant to go.
/// `ca_bundle` is PEM to trust instead of the public certificates.
///
/// *Errors*: the CA bundle is not PEM, or there is none and the system has no certificates.
pub(crate) fn client(deadline: Duration, ca_bundle: Option<&str>) -> Result<Client, NoTrust> {
    let mut builder: ClientBuilder = for_https_only(Client::builder())
        .user_agent(USER_AGENT)
        .timeout(deadline)
        .connect_timeout(deadline.min(MAX_CONNECT))
        .dns_resolver(SystemResolver)
        .redirect(Policy::none());
    if let Some(pem) = ca_bundle {
        let certificates = reqwest::Certificate::from_pem_bundle(pem.as_bytes()).map_err(|_| NoTrust::Bundle)?;
        // A text without any certificate is an empty list, which trusts no server.
        if certificates.is_empty() {
            return Err(NoTrust::Bundle);
        }
        builder = builder.tls_certs_only(certificates);
    }
    // Everything else is constant. A bundle may be PEM, and hold what is no certificate.
    builder.build().map_err(|_| if ca_bundle.is_some() { NoTrust::Bundle } else { NoTrust::System })
}

/// A URL as messages show it: without user, password, query and fragment, which may hold what must not be shown.
pub(crate) fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path().trim_end_matches('/'))
}

/// Sends a request. `endpoint` names the server in errors. `ended` gets the status, where an answer came, and how long that took:
/// every request is sent here, and who it is for is known to the caller.
///
/// *Errors*: [`HttpError`].
pub(crate) async fn send(
    request: RequestBuilder,
    endpoint: &Endpoint,
    ended: impl FnOnce(Option<u16>, Duration),
) -> Result<ResponseHead, HttpError> {
    let started = Instant::now();
    let answered = request.send().await;
    ended(answered.as_ref().ok().map(|response| response.status().as_u16()), started.elapsed());
    let response = answered.map_err(|error| unreachable(endpoint, &error))?;
    let (status, headers) = (response.status(), response.headers());
    // A 503 that names no time is an outage like any other 5xx.
    let asks_to_wait = status == StatusCode::SERVICE_UNAVAILABLE && headers.contains_key(RETRY_AFTER);
    if status == StatusCode::TOO_MANY_REQUESTS || asks_to_wait {
        return Err(HttpError::Throttled { after: retry_after(headers, jiff::Timestamp::now()) });
    }
    Ok(ResponseHead { endpoint: endpoint.clone(), response })
}

/// What a call comes to that was given up before it was answered.
pub(crate) fn no_answer(endpoint: &Endpoint) -> HttpError {
    HttpError::Unreachable(Unreachable { endpoint: endpoint.clone(), failure: TransportFailure::TimedOut })
}

fn unreachable(endpoint: &Endpoint, error: &reqwest::Error) -> HttpError {
    HttpError::Unreachable(Unreachable { endpoint: endpoint.clone(), failure: TransportFailure::of(error) })
}

/// A response whose body is not read yet.
pub(crate) struct ResponseHead {
    pub(crate) endpoint: Endpoint,
    response: reqwest::Response,
}

impl ResponseHead {
    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// A header that is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// For a response that is told apart by its status alone.
    pub(crate) fn unexpected(&self, defect: Defect) -> UnexpectedResponse {
        UnexpectedResponse { endpoint: self.endpoint.clone(), status: self.status().as_u16(), defect }
    }

    /// Reads the body up to the bound.
    ///
    /// *Errors*: [`HttpError`].
    pub(crate) async fn read(mut self) -> Result<Response, HttpError> {
        let (status, headers) = (self.response.status(), std::mem::take(self.response.headers_mut()));
        let mut response = Response { endpoint: self.endpoint, status, headers, body: vec![] };
        while let Some(chunk) = self.response.chunk().await.map_err(|error| unreachable(&response.endpoint, &error))? {
            if response.body.len() + chunk.len() > MAX_BODY {
                return Err(HttpError::Unexpected(response.unexpected(Defect::TooLarge)));
            }
            response.body.extend_from_slice(&chunk);
        }
        Ok(response)
    }
}

/// A whole response.
pub(crate) struct Response {
    pub(crate) endpoint: Endpoint,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// The body, which must be a JSON object.
    ///
    /// *Errors*: it is not, or not the one that is expected.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, UnexpectedResponse> {
        serde_json::from_slice(&self.body)
            .map(|Object(read)| read)
            .map_err(|error| self.unexpected(if error.is_data() { Defect::Malformed } else { Defect::NotJson }))
    }

    /// The body as any JSON object.
    ///
    /// *Errors*: it is not one.
    pub(crate) fn object(&self) -> Result<Value, UnexpectedResponse> {
        let value: Value = serde_json::from_slice(&self.body).map_err(|_| self.unexpected(Defect::NotJson))?;
        if value.is_object() { Ok(value) } else { Err(self.unexpected(Defect::Malformed)) }
    }

    /// When the server says that it answered.
    pub(crate) fn date(&self) -> Option<jiff::Timestamp> {
        http_date(self.headers.get(DATE)?.to_str().ok()?.trim())
    }

    pub(crate) fn has_type(&self, media_type: &str) -> bool {
        let found = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        // Parameters may follow, and capitals are the same (RFC 9110 8.3.1).
        let essence = found.and_then(|found| found.split(';').next()).map(str::trim);
        essence.is_some_and(|essence| essence.eq_ignore_ascii_case(media_type))
    }

    pub(crate) fn unexpected(&self, defect: Defect) -> UnexpectedResponse {
        UnexpectedResponse { endpoint: self.endpoint.clone(), status: self.status.as_u16(), defect }
    }
}

#[cfg(test)]
impl Response {
    pub(crate) fn fake(status: u16, body: &str) -> Self {
        let status = StatusCode::from_u16(status).unwrap();
        Self { endpoint: Endpoint::api("https://fake.example"), status, headers: HeaderMap::new(), body: body.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with the certificates of the system is tested with the binary, since the environment is of the process.
    #[test]
    fn a_bundle_that_is_of_no_use_is_blamed() {
        // Fails where another test has installed it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        for bundle in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n"] {
            let refused = client(MAX_CONNECT, Some(bundle)).map(|_| ());
            assert_eq!(Err(NoTrust::Bundle), refused, "{bundle}");
        }
    }

    #[test]
    fn a_media_type_is_read_without_parameters_and_capitals() {
        for (text, expected) in [
            ("application/problem+json", true),
            ("Application/Problem+JSON; charset=utf-8", true),
            ("application/problem+json;charset=UTF-8", true),
            ("application/problem+json-seq", false),
            ("application/json", false),
            ("", false),
        ] {
            let mut response = Response::fake(422, "{}");
            response.headers.insert(CONTENT_TYPE, text.parse().unwrap());
            assert_eq!(response.has_type("application/problem+json"), expected, "{text:?}");
        }
    }
}

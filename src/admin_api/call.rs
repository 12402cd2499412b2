//! One call: what is sent, and what a response is taken for.

use std::time::Duration;

use ::http::{Method, StatusCode};
use serde_json::Value;

use super::error::{ApiError, Defect, Endpoint, NotCalled, Rejected, Unauthenticated};
use super::problem::{Problem, ProblemType};
use super::types::{TenantDocument, Versions};
use crate::http::{self, HttpError, Response, ResponseHead};
use crate::lease::{Leadership, NotLeader};
use crate::settings::TenantId;
use crate::text::identifier;

const OWNER: &str = "nimbus-owner";
const EXPECTED_OWNER: &str = "nimbus-expected-owner";
/// What stands in its place where a tenant had no stamp. No stamp reads like this: each has two slashes.
const NO_OWNER: &str = "none";
const SETTINGS_VERSION: &str = "nimbus-settings-version";
const IF_NONE_MATCH: &str = "if-none-match";
/// As the contract has it, in characters.
const LONGEST_VERSION: usize = 64;

/// One request.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) method: Method,
    /// The template of its path.
    pub(super) route: String,
    /// The tenant that it is about.
    pub(super) tenant: Option<TenantId>,
    /// Below the base URL.
    pub(super) path: String,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<Value>,
    /// How long it may take, where that is not the deadline of every call.
    pub(super) most: Option<Duration>,
    /// How long the platform is asked to wait for something to say. It is no part of how long it takes.
    pub(super) waits: Duration,
}

impl Call {
    pub(super) fn new(method: Method, path: impl Into<String>) -> Self {
        let path = path.into();
        let route = format!("/{path}");
        Self {
            method,
            route,
            tenant: None,
            path,
            query: vec![],
            headers: vec![],
            body: None,
            most: None,
            waits: Duration::ZERO,
        }
    }

    /// A call about one tenant; `below` is empty or begins with a slash.
    pub(super) fn tenant(method: Method, id: TenantId, below: &str) -> Self {
        let route = format!("/v1/tenants/{{id}}{below}");
        Self { route, tenant: Some(id), ..Self::new(method, format!("v1/tenants/{id}{below}")) }
    }

    pub(super) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// Whose stamp the write is made with.
    pub(super) fn owner(mut self, owner: &str) -> Self {
        self.headers.push((OWNER, owner.to_owned()));
        self
    }

    /// Which stamp the tenant had when the write was decided.
    pub(super) fn expected_owner(mut self, owner: Option<&str>) -> Self {
        self.headers.push((EXPECTED_OWNER, owner.unwrap_or(NO_OWNER).to_owned()));
        self
    }

    /// Which version of the settings the write was decided on.
    pub(super) fn settings_version(mut self, version: &str) -> Self {
        self.headers.push((SETTINGS_VERSION, version.to_owned()));
        self
    }

    /// Asks for an answer only where the document has other versions.
    pub(super) fn unless(mut self, versions: &Versions) -> Self {
        self.headers.push((IF_NONE_MATCH, versions.etag()));
        self
    }

    /// Whether the platform may answer that nothing changed.
    pub(super) fn is_conditional(&self) -> bool {
        self.headers.iter().any(|(name, _)| *name == IF_NONE_MATCH)
    }

    pub(super) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }
}

/// Sends what may change something, as long as this replica leads.
pub(super) async fn write(
    leadership: &Leadership,
    endpoint: &Endpoint,
    sent: impl Future<Output = Result<ResponseHead, HttpError>>,
) -> Result<Result<ResponseHead, HttpError>, ApiError> {
    match leadership.write(sent).await {
        Ok(sent) => Ok(sent),
        Err(NotLeader::NotBegun) => Err(ApiError::NotCalled(NotCalled::NotLeader)),
        Err(NotLeader::CutShort) => Ok(Err(http::no_answer(endpoint))),
    }
}

/// A success. Any other response is an error: only the documented refusals are taken at their word, and that nothing changed only
/// where that was asked.
pub(super) async fn success(head: ResponseHead, is_conditional: bool) -> Result<Response, ApiError> {
    if head.status() == StatusCode::UNAUTHORIZED {
        let (endpoint, status) = (head.endpoint.clone(), head.status().as_u16());
        return Err(ApiError::Unauthenticated(Unauthenticated { endpoint, status, rejected: Rejected::AccessToken }));
    }
    let response = head.read().await?;
    if response.status.is_success() || (is_conditional && response.status == StatusCode::NOT_MODIFIED) {
        return Ok(response);
    }
    if !response.status.is_client_error() || !response.has_type("application/problem+json") {
        return Err(response.unexpected(Defect::Undocumented).into());
    }
    Err(match Problem::read(&response.body) {
        Some(problem) if problem.problem_type == ProblemType::NotPermitted => ApiError::Forbidden,
        Some(problem) => ApiError::Refused(problem),
        None => response.unexpected(Defect::Undocumented).into(),
    })
}

/// The tenant in a response, which must be the one that was asked for.
pub(super) fn document(response: &Response, id: TenantId) -> Result<TenantDocument, ApiError> {
    let document: TenantDocument = response.json()?;
    if TenantId::parse(&document.id) != Some(id) {
        return Err(response.unexpected(Defect::WrongObject).into());
    }
    // It goes back in a header and into what people are told.
    let version = identifier(&document.settings_version, LONGEST_VERSION);
    if version.is_none() || !document.settings.is_object() {
        return Err(response.unexpected(Defect::Malformed).into());
    }
    Ok(document)
}

/// The tenant in the answer to a write, which has the stamp that the write leaves. Any other answer says nothing about the write.
pub(super) fn written(response: &Response, id: TenantId, owner: Option<&str>) -> Result<TenantDocument, ApiError> {
    let document = document(response, id)?;
    if document.owner.as_deref() != owner {
        return Err(response.unexpected(Defect::NoEffect).into());
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use url::Url;

    use super::super::client::{Client, ClientConfig};
    use super::super::outcome::Listener;
    use super::*;
    use crate::telemetry::metrics::Metrics;

    const ID: &str = "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c";

    #[tokio::test]
    async fn only_a_leader_sends_what_may_change_something() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        // No server is there: what is sent fails in another way.
        let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let url: Url = format!("http://{nowhere}").parse().unwrap();
        let config = ClientConfig {
            url: url.clone(),
            token_url: url,
            client_id: "operator".to_owned(),
            client_secret: "secret".into(),
            scope: None,
            ca_bundle: None,
            token_ca_bundle: None,
            deadline: Duration::from_secs(5),
            leadership: Leadership::standby(),
            requests: Metrics::default().platform("a"),
            listener: Listener::default(),
        };
        let client = Client::new(config, Arc::default()).unwrap();
        let id = TenantId::parse(ID).unwrap();
        for method in [Method::PUT, Method::PATCH, Method::POST, Method::DELETE] {
            let sent = client.send(&Call::tenant(method.clone(), id, ""), "token".into()).await;
            assert!(matches!(sent, Err(ApiError::NotCalled(NotCalled::NotLeader))), "{method}");
        }
        let read = client.send(&Call::tenant(Method::GET, id, ""), "token".into()).await;
        assert!(matches!(read, Err(ApiError::Unreachable(_))));
    }

    #[test]
    fn the_answer_to_a_write_has_the_stamp_that_the_write_leaves() {
        let id = TenantId::parse(ID).unwrap();
        let document =
            |owner: &str| format!(r#"{{"id":"{ID}","settingsVersion":"s","settings":{{}},"owner":{owner}}}"#);
        let counts = |body: &str, owner| written(&Response::fake(200, body), id, owner).is_ok();
        let (ours, theirs) = (document(r#""c/n/ours""#), document(r#""c/n/theirs""#));
        assert!(counts(&ours, Some("c/n/ours")) && counts(&document("null"), None));
        for (body, owner) in [
            (theirs.as_str(), Some("c/n/ours")),
            (&document("null"), Some("c/n/ours")),
            (&ours, None),
            ("<html>", Some("c/n/ours")),
            ("", None),
            ("[]", None),
            ("{}", None),
        ] {
            assert!(!counts(body, owner), "{body} {owner:?}");
        }
    }
}

//! A client of Microsoft Graph as one app, in any Entra tenant. Nothing is retried here but a refused token, once: what comes
//! next is decided by who asked.

use std::time::Duration;

use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::address;
use super::error::{CallError, Defect, Endpoint, LoginProblem, NoTrust, UnexpectedResponse, codes};
use super::token::{App, Login};
use crate::http::{self, Response};
use crate::telemetry::metrics::Metrics;

/// A list of more pages than this (at 999 items each) is not read to its end.
const MAX_PAGES: usize = 200;

/// Where Microsoft is and who asks.
pub struct GraphConfig {
    /// Base URL of the log-in, `https://login.microsoftonline.com`.
    pub login: Url,
    /// Base URL of Graph without a version, `https://graph.microsoft.com`.
    pub graph: Url,
    /// The app. A check proves something about Nimbus only when asked as the Nimbus app.
    pub app: App,
    /// Certificates (PEM) to trust instead of the public ones.
    pub ca_bundle: Option<String>,
    /// How long one call may take.
    pub deadline: Duration,
    /// Where its requests are counted.
    pub metrics: Metrics,
}

/// A client of Microsoft Graph. Cheap to share.
pub struct Graph {
    http: reqwest::Client,
    base: Url,
    endpoint: Endpoint,
    login: Login,
    metrics: Metrics,
}

/// One request.
#[derive(Clone, Copy)]
pub(super) struct GraphRequest<'a> {
    pub(super) tenant: Uuid,
    pub(super) path: &'a str,
    pub(super) query: &'a [(&'a str, &'a str)],
    /// With `ConsistencyLevel: eventual`, which advanced queries need.
    pub(super) eventual: bool,
}

impl Graph {
    /// A client.
    ///
    /// *Errors*: there is no certificate to trust.
    pub fn new(config: GraphConfig) -> Result<Self, NoTrust> {
        let GraphConfig { login, graph, app, ca_bundle, deadline, metrics } = config;
        let http = http::client(deadline, ca_bundle.as_deref())?;
        let base = address::url(&graph, "v1.0", &[]);
        let endpoint = Endpoint::api(address::named("Microsoft Graph", &graph));
        Ok(Self { http, base, endpoint, login: Login::new(login, &graph, app, metrics.clone()), metrics })
    }

    /// The app that asks.
    pub fn client_id(&self) -> Uuid {
        self.login.client_id()
    }

    /// One object.
    pub(super) async fn get(&self, request: GraphRequest<'_>) -> Result<Value, CallError> {
        let url = address::url(&self.base, request.path, request.query);
        self.authorized(request.tenant, &url, request.eventual).await
    }

    /// The first page of a list.
    pub(super) fn list(&self, request: GraphRequest<'_>) -> Pages<'_> {
        let next = address::url(&self.base, request.path, request.query);
        Pages { graph: self, tenant: request.tenant, next: Some(next), read: 0 }
    }

    async fn authorized(&self, tenant: Uuid, url: &Url, eventual: bool) -> Result<Value, CallError> {
        let rejects = |error: &CallError| *error == CallError::Unauthenticated(LoginProblem::AccessToken);
        let fetch = || self.login.fetch(&self.http, tenant);
        self.login.token(tenant).with_token(fetch, |token| self.send(url, token, eventual), rejects).await
    }

    async fn send(&self, url: &Url, token: SecretString, eventual: bool) -> Result<Value, CallError> {
        let mut request = self.http.get(url.clone()).bearer_auth(token.expose_secret());
        if eventual {
            request = request.header("consistencylevel", "eventual");
        }
        let ended = |status, took| self.metrics.microsoft("graph", status, took);
        judge(&http::send(request, &self.endpoint, ended).await?.read().await?)
    }

    /// A success that is not the documented one.
    pub(super) fn unexpected(&self, defect: Defect) -> CallError {
        UnexpectedResponse { endpoint: self.endpoint.clone(), status: 200, defect }.into()
    }
}

/// What a response of Graph says. A refusal counts only with the documented body: an error page of a proxy says nothing.
fn judge(response: &Response) -> Result<Value, CallError> {
    let codes = codes(response);
    let not_found = codes.iter().any(|code| code.ends_with("notfound"));
    match response.status {
        StatusCode::OK => Ok(response.object()?),
        StatusCode::UNAUTHORIZED => Err(CallError::Unauthenticated(LoginProblem::AccessToken)),
        StatusCode::BAD_REQUEST if !codes.is_empty() => Err(CallError::Rejected),
        StatusCode::FORBIDDEN if !codes.is_empty() => Err(CallError::Forbidden),
        StatusCode::NOT_FOUND if not_found => Err(CallError::NotFound),
        _ => Err(response.unexpected(Defect::Undocumented).into()),
    }
}

/// The pages of a list, one by one.
pub(super) struct Pages<'g> {
    graph: &'g Graph,
    tenant: Uuid,
    next: Option<Url>,
    read: usize,
}

impl Pages<'_> {
    /// The items of the next page; `None` after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Value>>, CallError> {
        let Some(url) = self.next.take() else { return Ok(None) };
        if self.read == MAX_PAGES {
            return Err(self.graph.unexpected(Defect::EndlessList));
        }
        self.read += 1;
        let mut page = self.graph.authorized(self.tenant, &url, false).await?;
        self.next = match &page["@odata.nextLink"] {
            Value::Null => None,
            link => {
                let next = link.as_str().and_then(|link| address::next_page(&self.graph.base, link));
                Some(next.ok_or_else(|| self.graph.unexpected(Defect::ForeignPage))?)
            }
        };
        match page["value"].take() {
            Value::Array(items) => Ok(Some(items)),
            _ => Err(self.graph.unexpected(Defect::Malformed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_counts_only_with_the_documented_body() {
        let documented = |code: &str| format!(r#"{{"error":{{"code":"{code}","message":"x"}}}}"#);
        let unexpected = |status| Err(Response::fake(status, "").unexpected(Defect::Undocumented).into());
        for (status, body, expected) in [
            (404, documented("Request_ResourceNotFound"), Err(CallError::NotFound)),
            (404, documented("UnknownError"), unexpected(404)),
            (404, "<html>".to_owned(), unexpected(404)),
            (404, "{}".to_owned(), unexpected(404)),
            (403, documented("Authorization_RequestDenied"), Err(CallError::Forbidden)),
            (403, "<html>".to_owned(), unexpected(403)),
            (400, documented("Request_UnsupportedQuery"), Err(CallError::Rejected)),
            (400, String::new(), unexpected(400)),
            (302, String::new(), unexpected(302)),
            (500, documented("InternalServerError"), unexpected(500)),
            (204, String::new(), unexpected(204)),
        ] {
            assert_eq!(judge(&Response::fake(status, &body)), expected, "{status} {body}");
        }
    }
}

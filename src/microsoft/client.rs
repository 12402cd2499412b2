//! A client of Microsoft Graph as one app, in any Entra tenant. Nothing is retried here but a refused token, once: what comes
//! next is decided by who asked.

use std::time::Duration;

use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::address;
use super::error::{Answer, CallError};
use super::token::Tokens;
pub use super::token::{App, Credential};
use crate::http;

/// A list of more pages than this (at 999 items each) is not read to its end.
const MOST_PAGES: usize = 200;

/// Where Microsoft is and who asks.
pub struct Options {
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
}

/// A client of Microsoft Graph. Cheap to share.
pub struct Graph {
    http: reqwest::Client,
    base: Url,
    tokens: Tokens,
}

/// One request.
#[derive(Clone, Copy)]
pub(super) struct Ask<'a> {
    pub(super) tenant: Uuid,
    pub(super) path: &'a str,
    pub(super) query: &'a [(&'a str, &'a str)],
    /// With `ConsistencyLevel: eventual`, which advanced queries need.
    pub(super) eventual: bool,
}

impl Graph {
    /// A client.
    ///
    /// *Errors*: the CA bundle is not PEM.
    pub fn new(options: Options) -> Result<Self, reqwest::Error> {
        let Options { login, graph, app, ca_bundle, deadline } = options;
        let http = http::client(deadline, ca_bundle.as_deref())?;
        let base = address::url(&graph, "v1.0", &[]);
        Ok(Self { http, base, tokens: Tokens::new(login, &graph, app) })
    }

    /// The app that asks.
    pub fn client_id(&self) -> Uuid {
        self.tokens.client_id()
    }

    /// One object.
    pub(super) async fn get(&self, ask: Ask<'_>) -> Result<Value, CallError> {
        let url = address::url(&self.base, ask.path, ask.query);
        self.authorized(ask.tenant, &url, ask.eventual).await
    }

    /// The first page of a list.
    pub(super) fn list(&self, ask: Ask<'_>) -> Pages<'_> {
        let next = address::url(&self.base, ask.path, ask.query);
        Pages { graph: self, tenant: ask.tenant, next: Some(next), read: 0 }
    }

    /// A token may have been revoked before its time, so a 401 is believed only with a new one.
    async fn authorized(&self, tenant: Uuid, url: &Url, eventual: bool) -> Result<Value, CallError> {
        let token = self.tokens.get(&self.http, tenant).await?;
        match self.send(url, &token, eventual).await {
            Err(CallError::Unauthenticated { .. }) => {
                self.tokens.forget(tenant, &token).await;
                let token = self.tokens.get(&self.http, tenant).await?;
                self.send(url, &token, eventual).await
            }
            outcome => outcome,
        }
    }

    async fn send(&self, url: &Url, token: &SecretString, eventual: bool) -> Result<Value, CallError> {
        let mut request = self.http.get(url.clone()).bearer_auth(token.expose_secret());
        if eventual {
            request = request.header("consistencylevel", "eventual");
        }
        let answer = request.send().await.map_err(|error| CallError::broken(&error))?;
        judge(&Answer::read(answer).await?)
    }
}

/// What an answer of Graph says. A refusal counts only with the documented body: an error page of a proxy says nothing.
fn judge(answer: &Answer) -> Result<Value, CallError> {
    let codes = answer.codes();
    let not_found = codes.iter().any(|code| code.ends_with("notfound"));
    match answer.status {
        StatusCode::OK => answer.object(),
        StatusCode::UNAUTHORIZED => Err(CallError::Unauthenticated { what: "Microsoft Graph refused the token" }),
        StatusCode::BAD_REQUEST if !codes.is_empty() => Err(CallError::Rejected),
        StatusCode::FORBIDDEN if !codes.is_empty() => Err(CallError::Forbidden),
        StatusCode::NOT_FOUND if not_found => Err(CallError::NotFound),
        _ => Err(answer.unexpected("not an answer of Microsoft Graph")),
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
        let unexpected = |what| CallError::Unexpected { status: 200, what };
        if self.read == MOST_PAGES {
            return Err(unexpected("a list without an end"));
        }
        self.read += 1;
        let mut page = self.graph.authorized(self.tenant, &url, false).await?;
        self.next = match &page["@odata.nextLink"] {
            Value::Null => None,
            link => {
                let next = link.as_str().and_then(|link| address::next_page(&self.graph.base, link));
                Some(next.ok_or_else(|| unexpected("a list that goes on elsewhere"))?)
            }
        };
        match page["value"].take() {
            Value::Array(items) => Ok(Some(items)),
            _ => Err(unexpected("a list without items")),
        }
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderMap;

    use super::*;

    fn outcome(status: u16, body: &str) -> Result<Value, CallError> {
        let status = StatusCode::from_u16(status).unwrap();
        judge(&Answer { status, headers: HeaderMap::new(), body: body.into() })
    }

    #[test]
    fn a_refusal_counts_only_with_the_documented_body() {
        let documented = |code: &str| format!(r#"{{"error":{{"code":"{code}","message":"x"}}}}"#);
        let unexpected = |status| Err(CallError::Unexpected { status, what: "not an answer of Microsoft Graph" });
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
            assert_eq!(outcome(status, &body), expected, "{status} {body}");
        }
    }
}

//! One method per route that the operator uses. Nothing is retried here but a refused token, once: what comes next is decided
//! by who asked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ::http::header::{CONTENT_TYPE, RETRY_AFTER};
use ::http::{Method, StatusCode};
use reqwest::{Response, header::HeaderMap};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::{Mutex, Notify, OnceCell};
use url::Url;

use super::error::{ApiError, Problem};
use super::gate::Gate;
use super::token::Tokens;
use super::types::{Capabilities, Lookup, TenantDocument, TenantPage};
use crate::http::{self, Object, retry_after};

const OWNER: &str = "nimbus-owner";
const SETTINGS_VERSION: &str = "nimbus-settings-version";

/// Where a platform is and how to prove who we are.
pub struct Endpoint {
    /// Base URL of the admin API.
    pub url: Url,
    /// URL of the token endpoint.
    pub token_url: Url,
    /// The OAuth client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// The scope to ask for.
    pub scope: Option<String>,
    /// Certificates (PEM) to trust instead of the public ones.
    pub ca_bundle: Option<String>,
    /// How long one call may take.
    pub deadline: Duration,
}

/// What stands over a write: whose stamp, and which version of the settings it was decided on.
#[derive(Clone, Copy, Debug)]
pub struct Write<'w> {
    /// The tenant's id in lower case.
    pub id: &'w str,
    /// Our stamp.
    pub owner: &'w str,
    /// The version of the settings that the decision was made on.
    pub settings_version: &'w str,
}

/// What came of a request to delete.
#[derive(Clone, Debug, PartialEq)]
pub enum Deletion {
    /// Accepted; the tenant waits for services and script.
    Pending(Box<TenantDocument>),
    /// It was gone already.
    Gone,
}

/// A client of one platform. Cheap to share.
pub struct Client {
    http: reqwest::Client,
    url: Url,
    tokens: Tokens,
    gate: Gate,
    capabilities: OnceCell<Capabilities>,
    alarm: Arc<Notify>,
}

impl Client {
    /// A client; `alarm` is rung when the platform may be out of reach, so that it is probed.
    ///
    /// *Errors*: the CA bundle is not PEM.
    pub fn new(endpoint: Endpoint, alarm: Arc<Notify>) -> Result<Self, reqwest::Error> {
        let Endpoint { url, token_url, client_id, client_secret, scope, ca_bundle, deadline } = endpoint;
        let http = http::client(deadline, ca_bundle.as_deref())?;
        let tokens = Tokens { url: token_url, client_id, scope, secret: client_secret, cached: Mutex::new(None) };
        Ok(Self { http, url, tokens, gate: Gate::default(), capabilities: OnceCell::new(), alarm })
    }

    /// What our credentials may do; asked once.
    ///
    /// *Errors*: any [`ApiError`].
    pub async fn capabilities(&self) -> Result<&Capabilities, ApiError> {
        self.capabilities
            .get_or_try_init(|| self.call(Call::new(Method::GET, "v1/capabilities"), |answer| answer.read()))
            .await
    }

    /// Asks the platform even while it is known to be out of reach: the one probe that finds out when it is back.
    ///
    /// *Errors*: any [`ApiError`] but `NotCalled`.
    pub async fn probe(&self) -> Result<Capabilities, ApiError> {
        if let Some(after) = self.gate.wait(Instant::now()) {
            return Err(ApiError::Throttled { after });
        }
        let answer = self.authorized(&Call::new(Method::GET, "v1/capabilities")).await;
        let outcome = answer.and_then(|answer| answer.read()).map_err(|error| match error {
            // No tenant was asked for: it is the credentials that are good for nothing.
            ApiError::Forbidden => ApiError::Unauthenticated { what: "they may not even ask what they may do" },
            error => error,
        });
        self.gate.decide(&outcome, Instant::now());
        outcome
    }

    /// Everything about a tenant.
    ///
    /// *Errors*: any [`ApiError`]. A 404 that is not one of the two documented bodies is an error, never an absence.
    pub async fn tenant(&self, id: &str) -> Result<Lookup, ApiError> {
        match self.call(Call::tenant(Method::GET, id), |answer| answer.document(id)).await {
            Ok(document) => Ok(Lookup::Found(Box::new(document))),
            Err(error) if error.is("tenant-not-found") => Ok(Lookup::Absent),
            Err(ApiError::Refused(Problem { slug, deletion_id: Some(deletion_id), .. }))
                if slug == "tenant-deleted" =>
            {
                Ok(Lookup::Tombstone { deletion_id })
            }
            Err(error) => Err(error),
        }
    }

    /// A page of all tenants that our credentials reach, with their stamps.
    ///
    /// *Errors*: any [`ApiError`].
    pub async fn tenants(&self, cursor: Option<&str>) -> Result<TenantPage, ApiError> {
        let mut call = Call::new(Method::GET, "v1/tenants");
        call.query = vec![("fields", "id,owner".to_owned())];
        call.query.extend(cursor.map(|cursor| ("cursor", cursor.to_owned())));
        self.call(call, |answer| answer.read()).await
    }

    /// Creates a tenant once. `recreate` names the tombstone that it replaces; `rotation` is the token that the widget key starts
    /// with.
    ///
    /// *Errors*: `tenant-exists` when there is one already; any other [`ApiError`].
    pub async fn create(
        &self,
        id: &str,
        owner: &str,
        settings: Value,
        recreate: Option<&str>,
        rotation: Option<&str>,
    ) -> Result<TenantDocument, ApiError> {
        let mut body = json!({ "settings": settings });
        if let Some(token) = rotation {
            body["triggers"] = json!({ "widgetKeyRotation": token });
        }
        let mut call = Call::tenant(Method::PUT, id).owner(owner).body(body);
        call.query.extend(recreate.map(|deletion| ("recreate", deletion.to_owned())));
        self.call(call, |answer| answer.document(id)).await
    }

    /// Changes settings, all or nothing.
    ///
    /// *Errors*: `settings-changed` when somebody was faster; any other [`ApiError`].
    pub async fn patch(&self, write: Write<'_>, settings: Value) -> Result<TenantDocument, ApiError> {
        let mut call = Call::tenant(Method::PATCH, write.id).owner(write.owner).body(json!({ "settings": settings }));
        call.settings_version = Some(write.settings_version.to_owned());
        self.call(call, |answer| answer.document(write.id)).await
    }

    /// Puts our stamp on a free tenant.
    ///
    /// *Errors*: `owned-by-other`; any other [`ApiError`].
    pub async fn claim(&self, id: &str, owner: &str) -> Result<(), ApiError> {
        self.call(Call::owner_of(Method::PUT, id).owner(owner), |_| Ok(())).await
    }

    /// Takes our stamp off; the platform keeps it as the last owner. Returns what the platform says of the tenant, if that
    /// can be read.
    ///
    /// *Errors*: `owned-by-other`; any other [`ApiError`].
    pub async fn release(&self, id: &str, owner: &str) -> Result<Option<TenantDocument>, ApiError> {
        self.call(Call::owner_of(Method::DELETE, id).owner(owner), |answer| Ok(answer.document(id).ok())).await
    }

    /// Asks for the deletion of a tenant. Irreversible.
    ///
    /// *Errors*: any [`ApiError`]; the two documented 404 are an answer.
    pub async fn delete(&self, id: &str, owner: &str) -> Result<Deletion, ApiError> {
        let mut call = Call::tenant(Method::DELETE, id).owner(owner);
        call.query = vec![("confirm", "YES".to_owned())];
        match self.call(call, |answer| answer.document(id)).await {
            Ok(document) => Ok(Deletion::Pending(Box::new(document))),
            Err(error) if error.is("tenant-deleted") || error.is("tenant-not-found") => Ok(Deletion::Gone),
            Err(error) => Err(error),
        }
    }

    /// Makes a call unless the gate is closed. What cannot be read is a failure as good as any.
    pub(super) async fn call<T>(
        &self,
        call: Call,
        read: impl FnOnce(Answer) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.gate.pass(Instant::now())?;
        let outcome = self.authorized(&call).await.and_then(read);
        if self.gate.learn(&outcome, Instant::now()) {
            self.alarm.notify_one();
        }
        outcome
    }

    /// A token may have been revoked before its time, so a 401 is believed only with a new one.
    async fn authorized(&self, call: &Call) -> Result<Answer, ApiError> {
        let token = self.tokens.get(&self.http).await?;
        match self.send(call, &token).await {
            Err(ApiError::Unauthenticated { .. }) => {
                self.tokens.forget(&token).await;
                let token = self.tokens.get(&self.http).await?;
                self.send(call, &token).await
            }
            outcome => outcome,
        }
    }

    async fn send(&self, call: &Call, token: &SecretString) -> Result<Answer, ApiError> {
        let mut url = self.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(call.path.split('/'));
        }
        let mut request =
            self.http.request(call.method.clone(), url).bearer_auth(token.expose_secret()).query(&call.query);
        for (name, value) in [(OWNER, &call.owner), (SETTINGS_VERSION, &call.settings_version)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(|error| ApiError::broken(&error))?;
        Answer::judge(answer).await
    }
}

/// One request.
pub(super) struct Call {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    owner: Option<String>,
    settings_version: Option<String>,
    body: Option<Value>,
}

impl Call {
    pub(super) fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), query: vec![], owner: None, settings_version: None, body: None }
    }

    pub(super) fn tenant(method: Method, id: &str) -> Self {
        Self::new(method, format!("v1/tenants/{id}"))
    }

    fn owner_of(method: Method, id: &str) -> Self {
        Self::new(method, format!("v1/tenants/{id}/owner"))
    }

    pub(super) fn owner(mut self, owner: &str) -> Self {
        self.owner = Some(owner.to_owned());
        self
    }

    pub(super) fn body(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }
}

/// A success.
pub(super) struct Answer {
    status: u16,
    body: Vec<u8>,
}

impl Answer {
    async fn judge(answer: Response) -> Result<Self, ApiError> {
        let status = answer.status();
        let headers = answer.headers().clone();
        let code = status.as_u16();
        // A 503 that names no time is an outage like any other 5xx.
        let asks_to_wait = status == StatusCode::SERVICE_UNAVAILABLE && headers.contains_key(RETRY_AFTER);
        if status == StatusCode::TOO_MANY_REQUESTS || asks_to_wait {
            return Err(ApiError::Throttled { after: retry_after(&headers, jiff::Timestamp::now()) });
        }
        if status == StatusCode::UNAUTHORIZED {
            return Err(ApiError::Unauthenticated { what: "the platform refused the token" });
        }
        let body = http::body(answer).await.map_err(|lost| ApiError::lost(lost, code))?;
        if status.is_success() {
            return Ok(Self { status: code, body });
        }
        if status.is_client_error() && is(&headers, "application/problem+json") {
            return Err(match Problem::read(&body) {
                Some(problem) if problem.slug == "not-permitted" => ApiError::Forbidden,
                Some(problem) => ApiError::Refused(problem),
                None => ApiError::Unexpected { status: code, what: "not a documented problem" },
            });
        }
        Err(ApiError::Unexpected { status: code, what: "not an answer of the admin API" })
    }

    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        serde_json::from_slice(&self.body)
            .map(|Object(read)| read)
            .map_err(|_| ApiError::Unexpected { status: self.status, what: "a body that cannot be read" })
    }

    /// The tenant in the answer, which must be the one that was asked for.
    fn document(&self, id: &str) -> Result<TenantDocument, ApiError> {
        let document: TenantDocument = self.read()?;
        if document.id.eq_ignore_ascii_case(id) && document.settings.is_object() {
            Ok(document)
        } else {
            Err(ApiError::Unexpected { status: self.status, what: "another tenant than asked for" })
        }
    }
}

fn is(headers: &HeaderMap, kind: &str) -> bool {
    headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| value.starts_with(kind))
}

//! One method per route that the operator uses. Nothing is retried here but a rejected token, once: what comes next is decided
//! by the caller.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ::http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::sync::{Mutex, Notify};
use url::Url;

use super::call::{Call, document, success, write, written};
use super::error::{ApiError, Defect, Endpoint, Rejected, Unauthenticated, UnexpectedResponse};
use super::gate::Gate;
use super::login::{self, Login};
use super::problem::{Problem, ProblemType};
use super::types::{Capabilities, Lookup, TenantDocument, TenantPage};
use super::write_log;
use crate::http::{self, Response, TokenCache};
use crate::lease::Leadership;
use crate::settings::TenantId;

/// Where a platform is and how to prove who we are.
pub struct ClientConfig {
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
    /// Certificates (PEM) to trust for the admin API instead of the public ones.
    pub ca_bundle: Option<String>,
    /// The same for the token endpoint.
    pub token_ca_bundle: Option<String>,
    /// How long one call may take.
    pub deadline: Duration,
    /// Whether this replica may write.
    pub leadership: Leadership,
}

/// The bundle of a configuration that is not a list of PEM certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaBundle {
    /// That of the admin API.
    Api,
    /// That of the token endpoint.
    Login,
}

/// Which tenant a write is about, and whose stamp it is made with.
#[derive(Clone, Copy, Debug)]
pub struct Write<'w> {
    /// The tenant.
    pub id: TenantId,
    /// The stamp.
    pub owner: &'w str,
}

/// What a new tenant begins with.
#[derive(Clone, Debug, Default)]
pub struct Creation {
    /// Its settings.
    pub settings: Value,
    /// The tombstone that it replaces.
    pub recreate: Option<String>,
    /// The token that its widget key begins with.
    pub rotation: Option<String>,
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
    /// The URL in error texts.
    endpoint: Endpoint,
    login: Login,
    token: TokenCache<ApiError>,
    gate: Gate,
    leadership: Leadership,
    capabilities: std::sync::Mutex<Option<Arc<Capabilities>>>,
    /// Held while they are asked for; when and how the last attempt failed.
    asking: Mutex<Option<(Instant, ApiError)>>,
    alarm: Arc<Notify>,
}

impl Client {
    /// A client; `alarm` is rung when the platform may be out of reach, so that it is probed.
    ///
    /// *Errors*: a CA bundle is not PEM.
    pub fn new(config: ClientConfig, alarm: Arc<Notify>) -> Result<Self, CaBundle> {
        let ClientConfig {
            url,
            token_url,
            client_id,
            client_secret,
            scope,
            ca_bundle,
            token_ca_bundle,
            deadline,
            leadership,
        } = config;
        // Two servers, and each is trusted by its own certificates only.
        let connections = [(ca_bundle, CaBundle::Api), (token_ca_bundle, CaBundle::Login)]
            .map(|(pem, bundle)| http::client(deadline, pem.as_deref()).map_err(|_| bundle));
        let [http, login_http] = connections;
        Ok(Self {
            http: http?,
            endpoint: Endpoint::api(http::shown(&url)),
            url,
            login: Login {
                http: login_http?,
                endpoint: login::endpoint(&token_url),
                url: token_url,
                client_id,
                client_secret,
                scope,
            },
            token: TokenCache::default(),
            gate: Gate::default(),
            leadership,
            capabilities: std::sync::Mutex::default(),
            asking: Mutex::default(),
            alarm,
        })
    }

    /// Which environment this is and what our credentials may do, as it was last said; asked where that is not known.
    ///
    /// *Errors*: any [`ApiError`].
    pub async fn capabilities(&self) -> Result<Arc<Capabilities>, ApiError> {
        if let Some(known) = self.known().clone() {
            return Ok(known);
        }
        // Callers that come while it is asked get that answer, a failure too.
        let came = Instant::now();
        let mut failed = self.asking.lock().await;
        if let Some(known) = self.known().clone() {
            return Ok(known);
        }
        if let Some((_, error)) = failed.as_ref().filter(|(at, _)| came <= *at) {
            return Err(error.clone());
        }
        let asked = self.capabilities_now().await;
        *failed = asked.as_ref().err().map(|error| (Instant::now(), error.clone()));
        asked
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Option<Arc<Capabilities>>> {
        self.capabilities.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The same, asked now: the endpoint may lead elsewhere since.
    ///
    /// *Errors*: any [`ApiError`].
    pub async fn capabilities_now(&self) -> Result<Arc<Capabilities>, ApiError> {
        let now = Arc::new(self.ask().await?);
        *self.known() = Some(now.clone());
        Ok(now)
    }

    async fn ask(&self) -> Result<Capabilities, ApiError> {
        self.call(capabilities(), |response| Ok(response.json()?)).await
    }

    /// Asks the platform even while it is known to be out of reach: the one probe that finds out when it is back.
    ///
    /// *Errors*: any [`ApiError`] but `NotCalled`.
    pub async fn probe(&self) -> Result<Arc<Capabilities>, ApiError> {
        if let Some(after) = self.gate.wait(Instant::now()) {
            return Err(ApiError::Throttled { after });
        }
        let response = self.authorized(&capabilities()).await;
        let read = |response: Response| Ok(Arc::new(response.json()?));
        let result: Result<Arc<Capabilities>, ApiError> = response.and_then(read).map_err(|error| match error {
            // No tenant was asked for: it is the credentials that are good for nothing.
            ApiError::Forbidden => ApiError::Unauthenticated(Unauthenticated {
                endpoint: self.endpoint.clone(),
                status: 403,
                rejected: Rejected::Role,
            }),
            error => error,
        });
        self.gate.decide(&result, Instant::now());
        if let Ok(now) = &result {
            *self.known() = Some(now.clone());
        }
        result
    }

    /// Everything about a tenant.
    ///
    /// *Errors*: any [`ApiError`]. A 404 that is not one of the two documented bodies is an error, never an absence.
    pub async fn tenant(&self, id: TenantId) -> Result<Lookup, ApiError> {
        let found = self.call(Call::tenant(Method::GET, id, ""), |response| document(&response, id)).await;
        match found {
            Ok(document) => Ok(Lookup::Found(Box::new(document))),
            Err(error) if error.is(&ProblemType::TenantNotFound) => Ok(Lookup::Absent),
            Err(ApiError::Refused(Problem {
                problem_type: ProblemType::TenantDeleted,
                deletion_id: Some(deletion_id),
                ..
            })) => Ok(Lookup::Tombstone { deletion_id }),
            Err(error) => Err(error),
        }
    }

    /// A page of all tenants that our credentials may access, with their stamps.
    ///
    /// *Errors*: any [`ApiError`].
    pub async fn tenants(&self, cursor: Option<&str>) -> Result<TenantPage, ApiError> {
        let mut call = Call::new(Method::GET, "v1/tenants").query("fields", "id,owner");
        if let Some(cursor) = cursor {
            call = call.query("cursor", cursor);
        }
        self.call(call, |response| Ok(response.json()?)).await
    }

    /// Creates a tenant once.
    ///
    /// *Errors*: `tenant-exists` when there is one already; any other [`ApiError`].
    pub async fn create(&self, write: Write<'_>, creation: Creation) -> Result<TenantDocument, ApiError> {
        let mut body = json!({ "settings": creation.settings });
        if let Some(token) = creation.rotation {
            body["triggers"] = json!({ "widgetKeyRotation": token });
        }
        let mut call = Call::tenant(Method::PUT, write.id, "").owner(write.owner).body(body);
        if let Some(deletion) = creation.recreate {
            call = call.query("recreate", deletion);
        }
        self.call(call, |response| written(&response, write.id, Some(write.owner))).await
    }

    /// Changes settings, all or nothing, unless they are no longer of the version that the change was decided on.
    ///
    /// *Errors*: `settings-changed` when another write came first; any other [`ApiError`].
    pub async fn patch(
        &self,
        write: Write<'_>,
        settings_version: &str,
        settings: Value,
    ) -> Result<TenantDocument, ApiError> {
        let call = Call::tenant(Method::PATCH, write.id, "").owner(write.owner).settings_version(settings_version);
        let call = call.body(json!({ "settings": settings }));
        self.call(call, |response| written(&response, write.id, Some(write.owner))).await
    }

    /// Puts our stamp on a tenant that has the expected one, or none.
    ///
    /// *Errors*: `owner-changed` when it has another one by now; `owned-by-other`; any other [`ApiError`].
    pub async fn claim(&self, write: Write<'_>, expected: Option<&str>) -> Result<TenantDocument, ApiError> {
        let call = Call::tenant(Method::PUT, write.id, "/owner").owner(write.owner).expected_owner(expected);
        self.call(call, |response| written(&response, write.id, Some(write.owner))).await
    }

    /// Takes our stamp off; the platform keeps it as the last owner.
    ///
    /// *Errors*: `owner-changed` when the tenant does not have our stamp; any other [`ApiError`].
    pub async fn release(&self, write: Write<'_>) -> Result<TenantDocument, ApiError> {
        let call =
            Call::tenant(Method::DELETE, write.id, "/owner").owner(write.owner).expected_owner(Some(write.owner));
        self.call(call, |response| written(&response, write.id, None)).await
    }

    /// Asks for the deletion of a tenant. Irreversible. `last_look` is taken with the token in hand, before each attempt to send
    /// the request: it says how long the request may take, or why it is not sent.
    ///
    /// *Errors*: what `last_look` says. The answer is any [`ApiError`]; a tombstone is no error. That there is no tenant is one: it
    /// was there a moment ago.
    pub async fn delete<L, X>(
        &self,
        write: Write<'_>,
        last_look: impl Fn() -> L,
    ) -> Result<Result<Deletion, ApiError>, X>
    where
        L: Future<Output = Result<Duration, X>>,
    {
        let call = Call::tenant(Method::DELETE, write.id, "").owner(write.owner).query("confirm", "YES");
        if let Err(error) = self.gate.pass(Instant::now()) {
            return Ok(Err(error));
        }
        let (call, last_look) = (&call, &last_look);
        let send = |token| async move {
            let most = last_look().await.map_err(NoAnswer::NotSent)?;
            Ok(self.send(&Call { most: Some(most), ..call.clone() }, token).await?)
        };
        let rejects = |no_answer: &NoAnswer<X>| matches!(no_answer, NoAnswer::Failed(ApiError::Unauthenticated(_)));
        let answer = match self.token.with_token(|| self.login.fetch(), send, rejects).await {
            Ok(response) => pending(&response, write.id),
            Err(NoAnswer::Failed(error)) => Err(error),
            Err(NoAnswer::NotSent(reason)) => return Err(reason),
        };
        self.learn(&answer);
        Ok(match answer {
            Ok(document) => Ok(Deletion::Pending(Box::new(document))),
            Err(error) if error.is(&ProblemType::TenantDeleted) => Ok(Deletion::Gone),
            Err(error) => Err(error),
        })
    }

    /// The error for a tenant whose settings do not match the API.
    pub fn malformed_settings(&self) -> ApiError {
        let endpoint = self.endpoint.clone();
        UnexpectedResponse { endpoint, status: 200, defect: Defect::Malformed }.into()
    }

    /// Makes a call unless the gate is closed. A response that cannot be read is a failure like any other.
    pub(super) async fn call<T>(
        &self,
        call: Call,
        read: impl FnOnce(Response) -> Result<T, ApiError>,
    ) -> Result<T, ApiError> {
        self.gate.pass(Instant::now())?;
        let result = self.authorized(&call).await.and_then(read);
        self.learn(&result);
        result
    }

    fn learn<T>(&self, result: &Result<T, ApiError>) {
        if self.gate.learn(result, Instant::now()) {
            self.alarm.notify_one();
        }
    }

    async fn authorized(&self, call: &Call) -> Result<Response, ApiError> {
        let rejects = |error: &ApiError| matches!(error, ApiError::Unauthenticated(_));
        self.token.with_token(|| self.login.fetch(), |token| self.send(call, token), rejects).await
    }

    async fn send(&self, call: &Call, token: SecretString) -> Result<Response, ApiError> {
        let mut url = self.url.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(call.path.split('/'));
        }
        let request = self.http.request(call.method.clone(), url);
        let mut request = request.bearer_auth(token.expose_secret()).query(&call.query);
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        if let Some(most) = call.most {
            request = request.timeout(most);
        }
        let started = Instant::now();
        let sent = http::send(request, &self.endpoint);
        let sent =
            if call.method == Method::GET { sent.await } else { write(&self.leadership, &self.endpoint, sent).await? };
        write_log::log(call, started, &sent);
        success(sent?).await
    }
}

/// Why a request that is preceded by a last look has no answer.
enum NoAnswer<X> {
    NotSent(X),
    Failed(ApiError),
}

impl<X> From<ApiError> for NoAnswer<X> {
    fn from(error: ApiError) -> Self {
        Self::Failed(error)
    }
}

/// The tenant in the answer to a request to delete, which has a pending deletion.
fn pending(response: &Response, id: TenantId) -> Result<TenantDocument, ApiError> {
    let document = document(response, id)?;
    match document.runtime.deletion {
        Some(_) => Ok(document),
        None => Err(response.unexpected(Defect::NoEffect).into()),
    }
}

fn capabilities() -> Call {
    Call::new(Method::GET, "v1/capabilities")
}

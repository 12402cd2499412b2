//! One method per route that the operator uses. Nothing is retried here but a rejected token, once: what comes next is decided
//! by the caller.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ::http::Method;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Mutex, Notify};
use url::Url;

use super::call::{Call, success, write};
use super::error::{ApiError, Defect, Endpoint, NoTrust, Rejected, Unauthenticated, UnexpectedResponse};
use super::gate::Gate;
use super::login::{self, Login};
use super::outcome::{CallOutcome, Listener};
use super::server_clock::ServerClock;
use super::types::Capabilities;
use super::write_log;
use crate::http::{self, Response, TokenCache};
use crate::lease::Leadership;
use crate::telemetry::metrics::PlatformRequests;

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
    /// Where its requests are counted.
    pub requests: PlatformRequests,
    /// Told of its calls about tenants.
    pub listener: Listener,
}

/// Why there is no client: the certificates for one of its servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Untrusting {
    /// Where they are set.
    pub bundle: CaBundle,
    /// What is wrong with them.
    pub cause: NoTrust,
}

/// A bundle of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaBundle {
    /// That of the admin API.
    Api,
    /// That of the token endpoint.
    Login,
}

/// A client of one platform. Cheap to share.
pub struct Client {
    http: reqwest::Client,
    url: Url,
    /// The URL in error texts.
    endpoint: Endpoint,
    pub(super) login: Login,
    pub(super) token: TokenCache<ApiError>,
    pub(super) gate: Gate,
    leadership: Leadership,
    clock: ServerClock,
    /// How long one call may take.
    pub(super) deadline: Duration,
    requests: PlatformRequests,
    listener: Listener,
    /// What was last said, and when that was asked.
    capabilities: std::sync::Mutex<Option<(Instant, Arc<Capabilities>)>>,
    /// Held while they are asked for; when and how the last attempt failed.
    asking: Mutex<Option<(Instant, ApiError)>>,
    alarm: Arc<Notify>,
}

impl Client {
    /// A client; `alarm` is rung when the platform may be out of reach, so that it is probed.
    ///
    /// *Errors*: there is no certificate to trust for one of the servers.
    pub fn new(config: ClientConfig, alarm: Arc<Notify>) -> Result<Self, Untrusting> {
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
            requests,
            listener,
        } = config;
        // Two servers, and each is trusted by its own certificates only.
        let connections = [(ca_bundle, CaBundle::Api), (token_ca_bundle, CaBundle::Login)]
            .map(|(pem, bundle)| http::client(deadline, pem.as_deref()).map_err(|cause| Untrusting { bundle, cause }));
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
                requests: requests.clone(),
            },
            token: TokenCache::default(),
            gate: Gate::default(),
            leadership,
            clock: ServerClock::default(),
            deadline,
            requests,
            listener,
            capabilities: std::sync::Mutex::default(),
            asking: Mutex::default(),
            alarm,
        })
    }

    /// Which environment this is and what our credentials may do, as it was last said; asked where that is not known.
    ///
    /// *Errors*: any [`ApiError`].
    pub async fn capabilities(&self) -> Result<Arc<Capabilities>, ApiError> {
        self.capabilities_since(None).await
    }

    /// The same, as it was said at some moment in the last `age`: the endpoint may lead elsewhere since.
    ///
    /// *Errors*: any [`ApiError`].
    pub async fn capabilities_within(&self, age: Duration) -> Result<Arc<Capabilities>, ApiError> {
        self.capabilities_since(Instant::now().checked_sub(age)).await
    }

    async fn capabilities_since(&self, oldest: Option<Instant>) -> Result<Arc<Capabilities>, ApiError> {
        if let Some(known) = self.known_since(oldest) {
            return Ok(known);
        }
        // Callers that come while it is asked get that answer, a failure too.
        let came = Instant::now();
        let mut failed = self.asking.lock().await;
        if let Some(known) = self.known_since(oldest) {
            return Ok(known);
        }
        if let Some((_, error)) = failed.as_ref().filter(|(at, _)| came <= *at) {
            return Err(error.clone());
        }
        let asked = self.capabilities_now().await;
        *failed = asked.as_ref().err().map(|error| (Instant::now(), error.clone()));
        asked
    }

    fn known_since(&self, oldest: Option<Instant>) -> Option<Arc<Capabilities>> {
        let known = self.known();
        let counts = |(asked, _): &&(Instant, Arc<Capabilities>)| oldest.is_none_or(|oldest| oldest <= *asked);
        known.as_ref().filter(counts).map(|(_, known)| known.clone())
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Option<(Instant, Arc<Capabilities>)>> {
        self.capabilities.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The same, asked now.
    ///
    /// *Errors*: any [`ApiError`].
    pub async fn capabilities_now(&self) -> Result<Arc<Capabilities>, ApiError> {
        let asked = Instant::now();
        let now = Arc::new(self.ask().await?);
        *self.known() = Some((asked, now.clone()));
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
        let asked = Instant::now();
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
            *self.known() = Some((asked, now.clone()));
        }
        result
    }

    /// What the clock of the platform shows, where its answers tell it. It may be wrong, or lie.
    pub fn platform_time(&self) -> Option<jiff::Timestamp> {
        self.clock.now(Instant::now())
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
        let sent = Instant::now();
        self.gate.pass(sent)?;
        let result = self.authorized(&call).await.and_then(read);
        self.learn(&result, &call, sent);
        result
    }

    /// Learns from the result of a call that was sent at this time. Only calls about one tenant are alike, so that what they take can be
    /// compared.
    pub(super) fn learn<T>(&self, result: &Result<T, ApiError>, call: &Call, sent: Instant) {
        if let Some(outcome) = CallOutcome::of(result).filter(|_| call.tenant.is_some()) {
            self.listener.tell(outcome, sent.elapsed());
        }
        if self.gate.learn(result, Instant::now()) {
            self.alarm.notify_one();
        }
    }

    pub(super) async fn authorized(&self, call: &Call) -> Result<Response, ApiError> {
        let rejects = |error: &ApiError| matches!(error, ApiError::Unauthenticated(_));
        self.token.with_token(|| self.login.fetch(), |token| self.send(call, token), rejects).await
    }

    pub(super) async fn send(&self, call: &Call, token: SecretString) -> Result<Response, ApiError> {
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
        let (method, route) = (call.method.as_str(), call.route.as_str());
        let ended =
            |status, took: Duration| self.requests.record(method, route, status, took.saturating_sub(call.waits));
        let sent = http::send(request, &self.endpoint, ended);
        let sent =
            if call.method == Method::GET { sent.await } else { write(&self.leadership, &self.endpoint, sent).await? };
        write_log::log(call, started, &sent);
        let response = success(sent?, call.is_conditional()).await?;
        self.clock.set(response.date(), Instant::now());
        Ok(response)
    }
}

fn capabilities() -> Call {
    Call::new(Method::GET, "v1/capabilities")
}

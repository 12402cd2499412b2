//! An HTTP/1.1 proxy for crash and fault tests.
//!
//! It runs on loopback between the operator and the API server or the platform, streams reads (including watches), and lets
//! a [`Recorder`] decide about side effects.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header, request};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use reqwest::Client;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::controlplane::ControlPlane;
use super::detours::Detours;
use super::http;
use super::recorder::{ArmedStop, Decision, Moment, Recorder};
use super::wait::PATIENCE;

/// The target of a proxy.
pub struct Upstream {
    /// The name of the target in side effects.
    pub name: &'static str,
    /// `https://host:port` or `http://host:port`, without a path.
    pub url: String,
    /// The certificates to trust, as PEM.
    pub ca: Option<String>,
    /// A bearer token that replaces the one of the client, if given.
    pub bearer: Option<String>,
}

impl Upstream {
    /// The API server; its clients bring their own tokens.
    pub fn kubernetes(control_plane: &ControlPlane) -> Self {
        Self {
            name: "kubernetes",
            url: control_plane.url().to_owned(),
            ca: Some(control_plane.ca().to_owned()),
            bearer: None,
        }
    }

    /// A platform that speaks plain HTTP, as the sandbox does.
    pub fn platform(url: &str) -> Self {
        Self { name: "platform", url: url.trim_end_matches('/').to_owned(), ca: None, bearer: None }
    }
}

/// A running proxy; it stops with this value.
pub struct Proxy {
    address: SocketAddr,
    /// The requests that are not passed on at once.
    pub detours: Arc<Detours>,
    expired: Arc<ExpiredVersions>,
    server: JoinHandle<()>,
}

/// The resource versions that a server has compacted.
#[derive(Default)]
struct ExpiredVersions {
    /// Kinds, by their plural, whose watches cannot continue before a new list.
    kinds: Mutex<BTreeSet<String>>,
    refused: Mutex<usize>,
    /// Counts how often open watches were closed.
    cuts: watch::Sender<u64>,
    /// How many watches of a kind, by its plural, were opened.
    opened: Mutex<BTreeMap<String, usize>>,
    /// What is read and never answered, by the last segment of its path.
    held: Mutex<BTreeSet<String>>,
    /// Counts the requests that are held.
    holding: watch::Sender<usize>,
    /// Whether every request is answered with 502.
    broken: AtomicBool,
    /// Counts the requests that arrived.
    requests: watch::Sender<usize>,
    /// Which watch of a kind is slow: the number in which it was opened, from 1, and the delay of what it delivers.
    slow: Mutex<Option<(String, usize, Duration)>>,
}

impl ExpiredVersions {
    /// Whether a read would continue from an expired resource version. A list ends that.
    fn is_gone(&self, head: &request::Parts) -> bool {
        let plural = plural(head);
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        if lists(head) {
            kinds.remove(plural);
            return false;
        }
        let gone = kinds.contains(plural);
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) += usize::from(gone);
        gone
    }

    /// Whether this is a read that is held. A watch that goes on, and a look at some objects of a list (`limit=3`), are none.
    fn is_held(&self, head: &request::Parts) -> bool {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).contains(plural(head));
        let looks = has_parameter(head, "limit=3");
        held && head.method == Method::GET && lists(head) && !looks
    }

    /// Counts a watch that was opened, and returns its number.
    fn open(&self, plural: &str) -> usize {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        let count = opened.entry(plural.to_owned()).or_default();
        *count += 1;
        *count
    }

    /// Returns the delay of what a watch delivers now.
    fn delay_of(&self, plural: &str, number: usize) -> Option<Duration> {
        let slow = self.slow.lock().unwrap_or_else(PoisonError::into_inner);
        slow.as_ref().filter(|(of, nth, _)| of == plural && *nth == number).map(|(_, _, delay)| *delay)
    }
}

fn plural(head: &request::Parts) -> &str {
    head.uri.path().rsplit('/').next().unwrap_or_default()
}

fn is_watch(head: &request::Parts) -> bool {
    has_parameter(head, "watch=true")
}

/// Whether this is a list, which may come as the beginning of a watch.
fn lists(head: &request::Parts) -> bool {
    !is_watch(head) || has_parameter(head, "sendInitialEvents=true")
}

fn has_parameter(head: &request::Parts, wanted: &str) -> bool {
    head.uri.query().is_some_and(|query| query.split('&').any(|pair| pair == wanted))
}

#[derive(Clone)]
struct Forwarder {
    detours: Arc<Detours>,
    expired: Arc<ExpiredVersions>,
    name: &'static str,
    url: String,
    bearer: Option<String>,
    client: Client,
    recorder: Recorder,
}

impl Proxy {
    /// Starts a proxy on a free port of loopback.
    pub async fn start(upstream: Upstream, recorder: &Recorder) -> Result<Self> {
        let (detours, expired) = (Arc::new(Detours::default()), Arc::new(ExpiredVersions::default()));
        let forwarder = Forwarder {
            detours: detours.clone(),
            expired: expired.clone(),
            client: http::client(upstream.ca.as_deref())?,
            name: upstream.name,
            url: upstream.url,
            bearer: upstream.bearer,
            recorder: recorder.clone(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let router = Router::new().fallback(pass).with_state(forwarder);
        let server = tokio::spawn(async move {
            // It never returns.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, detours, expired, server })
    }

    /// Returns the URL for the client.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Expires the resource versions of a kind, by its plural: open watches end, and a watch that would continue gets the
    /// status 410 until the kind is listed again.
    pub fn expire(&self, plural: &str) {
        self.expired.kinds.lock().unwrap_or_else(PoisonError::into_inner).insert(plural.to_owned());
        self.expired.cuts.send_modify(|count| *count += 1);
    }

    /// Whether a kind was not listed since its resource versions expired.
    pub fn is_expired(&self, plural: &str) -> bool {
        self.expired.kinds.lock().unwrap_or_else(PoisonError::into_inner).contains(plural)
    }

    /// Delays what one watch of a kind delivers from now on: the one that was opened as number `number` of its kind, counted
    /// from 1. The watch that was slow before is fast again.
    pub fn slow_down(&self, plural: &str, number: usize, delay: Duration) {
        *self.expired.slow.lock().unwrap_or_else(PoisonError::into_inner) = Some((plural.to_owned(), number, delay));
    }

    /// Returns how many watches of a kind were opened so far.
    pub fn opened(&self, plural: &str) -> usize {
        self.expired.opened.lock().unwrap_or_else(PoisonError::into_inner).get(plural).copied().unwrap_or_default()
    }

    /// Leaves reads of a path that ends in this segment without an answer from now on, for example lists of a plural.
    pub fn hold(&self, segment: &str) {
        self.expired.held.lock().unwrap_or_else(PoisonError::into_inner).insert(segment.to_owned());
    }

    /// Waits until a read is held.
    pub async fn holds(&self) {
        let holds = async { drop(self.expired.holding.subscribe().wait_for(|count| *count > 0).await) };
        tokio::time::timeout(PATIENCE, holds).await.expect("a read is held");
    }

    /// Answers every request with 502, or no longer.
    pub fn break_all(&self, broken: bool) {
        self.expired.broken.store(broken, Ordering::Relaxed);
    }

    /// Ends the open watches.
    pub fn cut(&self) {
        self.expired.cuts.send_modify(|count| *count += 1);
    }

    /// Waits until this many requests have arrived.
    pub async fn requested(&self, count: usize) {
        // An error means that the proxy is gone.
        drop(self.expired.requests.subscribe().wait_for(|requests| *requests >= count).await);
    }

    /// Returns how many requests have arrived.
    pub fn requests(&self) -> usize {
        *self.expired.requests.borrow()
    }

    /// Returns the total number of rejected watches.
    pub fn refused(&self) -> usize {
        *self.expired.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn pass(State(forwarder): State<Forwarder>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        // The client closed the connection during its request.
        return StatusCode::BAD_REQUEST.into_response();
    };
    let recorder = forwarder.recorder.clone();
    forwarder.expired.requests.send_modify(|count| *count += 1);
    if forwarder.expired.broken.load(Ordering::Relaxed) {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    if let Some(response) = forwarder.detours.send(&head).await {
        return response;
    }
    if forwarder.expired.is_held(&head) {
        forwarder.expired.holding.send_modify(|count| *count += 1);
        std::future::pending::<()>().await;
    }
    if forwarder.expired.is_gone(&head) {
        let status = serde_json::json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "code": 410 });
        return (StatusCode::GONE, axum::Json(status)).into_response();
    }
    if has_parameter(&head, "dryRun=All") || !recorder.counts(forwarder.name, &head.method, head.uri.path()) {
        return respond(forwarder.stream(head, body).await);
    }
    // Subscribed before the decision, so that no release in between is missed.
    let released = recorder.released();
    let (number, mut stop) = match recorder.arrive(forwarder.name, &head.method, head.uri.path()) {
        Decision::Send(number, stop) => (number, stop),
        Decision::Hold => lose_connection(released).await,
    };
    if stop.reaches(Moment::BeforeSend) {
        lose_connection(released).await
    }
    let answer = forwarder.effect(number, head, body).await;
    if stop.reaches(Moment::AfterSend) {
        lose_connection(released).await
    }
    respond(answer.map(|(status, headers, bytes)| {
        let last_word = stream::once(async { Ok::<_, Infallible>(bytes) });
        let delivery = Delivery(stop);
        let body = Body::from_stream(last_word.inspect(move |_| {
            // Owned by the body, which the server drops when it has written the last byte.
            let _ = &delivery;
        }));
        (status, headers, body)
    }))
}

impl Forwarder {
    async fn stream(&self, head: request::Parts, body: Bytes) -> Result<Parts<Body>> {
        let cut = is_watch(&head).then(|| self.expired.cuts.subscribe());
        let watch = is_watch(&head).then(|| (plural(&head).to_owned(), self.expired.open(plural(&head))));
        let answer = self.send(head, body).await?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let expired = self.expired.clone();
        let paced = answer.bytes_stream().then(move |bytes| {
            let delay = watch.as_ref().and_then(|(plural, number)| expired.delay_of(plural, *number));
            async move {
                if let Some(delay) = delay {
                    tokio::time::sleep(delay).await;
                }
                bytes
            }
        });
        let ends = async {
            match cut {
                // An error means that the proxy is gone.
                Some(mut cut) => drop(cut.changed().await),
                None => std::future::pending().await,
            }
        };
        Ok((status, headers, Body::from_stream(paced.take_until(Box::pin(ends)))))
    }

    /// Completes a side effect even if the client is killed in the meantime: the result must not depend on that race.
    async fn effect(self, number: usize, head: request::Parts, body: Bytes) -> Result<Parts<Bytes>> {
        let carried_out = tokio::spawn(async move {
            let answer = self.send(head, body).await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let bytes = answer.bytes().await.context("reading an answer")?;
            self.recorder.answered(number, status.as_u16());
            Ok((status, headers, bytes))
        });
        carried_out.await.context("carrying out an effect")?
    }

    async fn send(&self, head: request::Parts, body: Bytes) -> Result<reqwest::Response> {
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut headers = end_to_end(head.headers);
        if let Some(token) = &self.bearer {
            headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse()?);
        }
        self.client
            .request(head.method, format!("{}{path}", self.url))
            .headers(headers)
            .body(body)
            .send()
            .await
            .with_context(|| format!("asking {}", self.name))
    }
}

type Parts<Content> = (StatusCode, HeaderMap, Content);

fn respond(answer: Result<Parts<Body>>) -> Response {
    match answer {
        Ok((status, headers, body)) => (status, end_to_end(headers), body).into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, format!("{error:#}\n")).into_response(),
    }
}

/// Removes hop-by-hop headers.
fn end_to_end(mut headers: HeaderMap) -> HeaderMap {
    for name in [header::CONNECTION, header::TRANSFER_ENCODING, header::UPGRADE, header::HOST, header::EXPECT] {
        headers.remove(name);
    }
    headers
}

/// Notifies the test when the response has been delivered.
struct Delivery(ArmedStop);

impl Drop for Delivery {
    fn drop(&mut self) {
        self.0.reaches(Moment::AfterAnswer);
    }
}

/// Hangs until the release and then closes the connection without a byte.
async fn lose_connection(released: impl Future<Output = ()>) -> ! {
    released.await;
    // A handler cannot close its connection, but it can panic its task. `resume_unwind` prints no panic message.
    std::panic::resume_unwind(Box::new("the connection is lost"))
}

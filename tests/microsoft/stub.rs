//! A stub of Microsoft: it returns scripted responses and records requests.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use futures::stream;
use http::HeaderMap;
use nimbus_operator::microsoft::{
    Acs, App, CallError, Credential, Defect, Endpoint, Graph, GraphConfig, UnexpectedResponse, Upn,
};
use nimbus_operator::telemetry::metrics::Metrics;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use url::Url;
use uuid::{Uuid, uuid};

use crate::support::http::install_tls_provider;

pub const TENANT: Uuid = uuid!("6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c");
pub const OTHER_TENANT: Uuid = uuid!("7a2c3d4e-1111-4222-8333-abcdef012345");
pub const CLIENT: Uuid = uuid!("0d1c2b3a-4f5e-6d7c-8b9a-a0b1c2d3e4f5");
pub const SECRET: &str = "p~ss&word=+/%";
/// Long enough for a loaded machine.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// A stub that stops with the test.
pub struct Stub {
    pub url: Url,
    state: Arc<Mutex<Scripted>>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct Scripted {
    replies: HashMap<String, VecDeque<Reply>>,
    seen: Vec<Received>,
}

/// A received request.
#[derive(Clone, Debug)]
pub struct Received {
    /// `GET /v1.0/groups/1`, as sent, without the query.
    pub call: String,
    /// The query, as sent.
    pub query: String,
    pub headers: HeaderMap,
    pub body: String,
}

/// One response.
#[derive(Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    end: BodyEnd,
}

/// How a response ends.
#[derive(Clone)]
enum BodyEnd {
    Whole,
    /// The connection breaks within the body.
    Broken,
    /// The response waits until this is notified.
    Paused(Arc<Notify>),
}

impl Reply {
    pub fn json(status: u16, body: Value) -> Self {
        Self::text(status, "application/json", body.to_string())
    }

    pub fn text(status: u16, kind: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: vec![("content-type", kind.to_owned())], body: body.into(), end: BodyEnd::Whole }
    }

    /// The documented error body of Graph and Azure.
    pub fn error(status: u16, code: &str) -> Self {
        let inner =
            json!({ "date": "2026-11-24T20:30:00", "request-id": Uuid::nil(), "client-request-id": Uuid::nil() });
        Self::json(status, json!({ "error": { "code": code, "message": "SECRET prose", "innerError": inner } }))
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn broken(mut self) -> Self {
        self.end = BodyEnd::Broken;
        self
    }

    pub fn held(mut self, until: &Arc<Notify>) -> Self {
        self.end = BodyEnd::Paused(until.clone());
        self
    }

    async fn send(self) -> Response {
        let body = match self.end {
            BodyEnd::Whole => Body::from(self.body),
            BodyEnd::Broken => {
                let cut = std::io::Error::other("cut");
                Body::from_stream(stream::iter([Ok(Bytes::from(self.body)), Err(cut)]))
            }
            BodyEnd::Paused(until) => {
                until.notified().await;
                Body::from(self.body)
            }
        };
        let mut answer = Response::builder().status(self.status);
        for (name, value) in self.headers {
            answer = answer.header(name, value);
        }
        answer.body(body).unwrap()
    }
}

impl Stub {
    /// A stub that issues tokens and has no other routes.
    pub async fn start() -> Self {
        install_tls_provider();
        let state = Arc::new(Mutex::new(Scripted::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
        let app = Router::new().fallback(answer).with_state(state.clone());
        let server = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let stub = Self { url, state, server };
        for tenant in [TENANT, OTHER_TENANT] {
            stub.on(&token_call(tenant), [token("T1", 3599)]);
        }
        stub
    }

    /// Scripts the responses of a call, one after the other; the last is repeated.
    pub fn on(&self, call: &str, replies: impl IntoIterator<Item = Reply>) {
        self.state.lock().unwrap().replies.insert(call.to_owned(), replies.into_iter().collect());
    }

    /// Every request so far.
    pub fn seen(&self) -> Vec<Received> {
        self.state.lock().unwrap().seen.clone()
    }

    /// Every call so far, except those for tokens.
    pub fn calls(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.call).filter(|call| !call.contains("oauth2")).collect()
    }

    /// The number of token requests.
    pub fn log_ins(&self) -> usize {
        self.seen().iter().filter(|seen| seen.call.contains("oauth2")).count()
    }

    pub fn graph(&self) -> Graph {
        self.graph_by(Credential::Secret(SECRET.into()), DEADLINE)
    }

    pub fn graph_by(&self, credential: Credential, deadline: Duration) -> Graph {
        let app = App { client_id: CLIENT, credential };
        let (login, graph) = (self.url.clone(), self.url.clone());
        Graph::new(GraphConfig { login, graph, app, ca_bundle: None, deadline, metrics: Metrics::default() }).unwrap()
    }

    pub fn acs(&self) -> Acs {
        Acs::new(DEADLINE, vec![self.url.clone()], Metrics::default()).unwrap()
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn answer(State(state): State<Arc<Mutex<Scripted>>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = String::from_utf8(to_bytes(body, 1 << 20).await.unwrap().into()).unwrap();
    let call = format!("{} {}", head.method, head.uri.path());
    let query = head.uri.query().unwrap_or_default().to_owned();
    let reply = {
        let mut script = state.lock().unwrap();
        script.seen.push(Received { call: call.clone(), query, headers: head.headers, body });
        script.replies.get_mut(&call).and_then(|replies| match replies.len() {
            0 | 1 => replies.front().cloned(),
            _ => replies.pop_front(),
        })
    };
    reply.unwrap_or_else(|| Reply::text(599, "text/plain", format!("nothing is scripted for {call}"))).send().await
}

pub fn token_call(tenant: Uuid) -> String {
    format!("POST /{tenant}/oauth2/v2.0/token")
}

pub fn token(text: &str, expires_in: u64) -> Reply {
    let body =
        json!({ "token_type": "Bearer", "expires_in": expires_in, "ext_expires_in": expires_in, "access_token": text });
    Reply::json(200, body)
}

pub fn upn() -> Upn {
    Upn::parse("ext_fabrikam.com#EXT#@contoso.onmicrosoft.com").unwrap()
}

pub const ACS: &str = "Azure Communication Services";
/// Each with the host of the stub.
pub const ENTRA: &str = "Microsoft Entra (127.0.0.1)";
pub const GRAPH: &str = "Microsoft Graph (127.0.0.1)";

pub fn unexpected(endpoint: &str, status: u16, defect: Defect) -> CallError {
    CallError::Unexpected(UnexpectedResponse { endpoint: called(endpoint), status, defect })
}

/// A server by its name.
pub fn called(name: &str) -> Endpoint {
    if name == ENTRA { Endpoint::login(name) } else { Endpoint::api(name) }
}

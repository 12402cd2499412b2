//! A platform of its own for each test, and requests to it.
use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::Mutex;

use nimbus_sandbox::{Database, Options, Running, start};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::contract::{check_answer, check_request, template};

pub const ID: &str = "6f1b2c3d-0000-4000-8000-abcdef012345";
pub const OTHER_ID: &str = "7a2c3d4e-0000-4000-8000-abcdef012345";
pub const OWNER: &str = "cluster-1/contoso/contoso";
pub const STRANGER: &str = "cluster-2/fabrikam/fabrikam";
pub const STRING: &str = "endpoint=https://contoso.communication.azure.com/;accesskey=QUJD";

/// A running platform and a client for it.
pub struct Api {
    running: Running,
    http: reqwest::Client,
    tokens: Mutex<HashMap<String, String>>,
    /// Methods and templates of the document that succeeded.
    exercised: Mutex<BTreeSet<(String, String)>>,
}

/// A request to be sent.
#[derive(Clone, Debug)]
pub struct Ask {
    pub method: &'static str,
    pub path: String,
    /// The OAuth client of the request, if any.
    pub client: Option<&'static str>,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<Value>,
}

/// A received answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Ask {
    pub fn new(method: &'static str, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), client: Some("system"), headers: Vec::new(), body: None }
    }

    pub fn by(self, client: &'static str) -> Self {
        Self { client: Some(client), ..self }
    }

    pub fn without_client(self) -> Self {
        Self { client: None, ..self }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn owner(self, owner: &str) -> Self {
        self.header("nimbus-owner", owner)
    }

    /// Names the stamp that was seen, of a claim or a release.
    pub fn expecting(self, owner: Option<&str>) -> Self {
        self.header("nimbus-expected-owner", owner.unwrap_or("none"))
    }

    pub fn version(self, version: &str) -> Self {
        self.header("nimbus-settings-version", version)
    }

    pub fn body(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    pub fn settings(self, settings: Value) -> Self {
        self.body(json!({"settings": settings}))
    }
}

/// Returns the path of the tenant with `rest` below it.
pub fn tenant(rest: &str) -> String {
    format!("/v1/tenants/{ID}{rest}")
}

/// The same under `/sandbox`.
pub fn world(rest: &str) -> String {
    format!("/sandbox/tenants/{ID}{rest}")
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Returns the body of an answer with this status.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(status, self.status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// Checks a refusal and returns its body.
    #[track_caller]
    pub fn refused(&self, status: u16, slug: &str) -> Value {
        let body = self.expect(status);
        assert_eq!(json!(format!("urn:nimbus:problem:{slug}")), body["type"]);
        assert_eq!("application/problem+json", self.header("content-type"));
        body
    }

    /// Returns the pointers and codes of a refusal.
    #[track_caller]
    pub fn errors(&self, status: u16, slug: &str) -> Vec<(String, String)> {
        let body = self.refused(status, slug);
        let text = |error: &Value, name: &str| error[name].as_str().unwrap().to_owned();
        let errors = body["errors"].as_array().unwrap();
        errors.iter().map(|error| (text(error, "pointer"), text(error, "code"))).collect()
    }
}

/// One invalid field, as [`Answer::errors`] returns it.
pub fn error(pointer: &str, code: &str) -> (String, String) {
    (pointer.to_owned(), code.to_owned())
}

impl Api {
    pub async fn start() -> Self {
        Self::start_on(Database::Memory).await
    }

    pub async fn start_on(database: Database) -> Self {
        rustls::crypto::ring::default_provider().install_default().ok();
        let options = Options { listen: "127.0.0.1:0".parse().unwrap(), database };
        let http = reqwest::Client::builder()
            .no_proxy()
            // A connection that a fault closes must not be reused by another request.
            .pool_max_idle_per_host(0)
            .build()
            .unwrap();
        let running = start(options).await.unwrap();
        Self { running, http, tokens: Mutex::default(), exercised: Mutex::default() }
    }

    pub fn address(&self) -> SocketAddr {
        self.running.address()
    }

    pub async fn stop(self) {
        self.running.stop().await;
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.url())
    }

    /// Requests a token with a form.
    pub async fn token_answer(&self, form: &[(&str, &str)]) -> Answer {
        self.form_answer("/oauth2/v2.0/token", form).await
    }

    /// Sends a form.
    pub async fn form_answer(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        let request = self.http.post(self.url(path)).form(form);
        let answer = received(request.send().await.unwrap()).await.unwrap();
        self.hold("POST", path, &answer);
        answer
    }

    pub async fn token(&self, client: &str) -> String {
        if let Some(token) = self.tokens.lock().unwrap().get(client) {
            return token.clone();
        }
        let secret = format!("{client}-secret");
        let form = [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", &secret)];
        let token = self.token_answer(&form).await.expect(200)["access_token"].as_str().unwrap().to_owned();
        self.tokens.lock().unwrap().insert(client.to_owned(), token.clone());
        token
    }

    /// Uses a token that was issued before.
    pub fn adopt_token(&self, client: &str, token: String) {
        self.tokens.lock().unwrap().insert(client.to_owned(), token);
    }

    /// Forgets the tokens, so that the next request asks for one.
    pub fn forget_tokens(&self) {
        self.tokens.lock().unwrap().clear();
    }

    /// Sends a request and checks the answer against the document.
    pub async fn send(&self, ask: Ask) -> Answer {
        let (method, path, body) = (ask.method, ask.path.clone(), ask.body.clone());
        let answer = self.try_send(ask).await.unwrap();
        self.hold(method, &path, &answer);
        if let Some(body) = body.filter(|_| answer.status < 300) {
            check_request(method, &path, &body).unwrap_or_else(|error| panic!("{method} {path} takes {error}"));
        }
        answer
    }

    fn hold(&self, method: &str, path: &str, answer: &Answer) {
        check_answer(method, path, answer)
            .unwrap_or_else(|error| panic!("{method} {path} answers {}: {error}", answer.status));
        if let Some(template) = template(path).filter(|_| answer.status < 300) {
            self.exercised.lock().unwrap().insert((method.to_owned(), template.to_owned()));
        }
    }

    /// Returns the methods and templates that succeeded so far.
    pub fn exercised(&self) -> BTreeSet<(String, String)> {
        self.exercised.lock().unwrap().clone()
    }

    /// Sends a request that may fail.
    pub async fn try_send(&self, ask: Ask) -> Result<Answer, reqwest::Error> {
        let mut request = self.http.request(ask.method.parse().unwrap(), self.url(&ask.path));
        if let Some(client) = ask.client.filter(|_| ask.path.starts_with("/v1/")) {
            request = request.bearer_auth(self.token(client).await);
        }
        for (name, value) in ask.headers {
            request = request.header(name, value);
        }
        if let Some(body) = ask.body {
            request = request.json(&body);
        }
        received(request.send().await?).await
    }

    /// Creates the tenant as `OWNER`, with these settings in addition to the required ones.
    pub async fn create(&self, settings: Value) -> Value {
        let mut settings = settings;
        settings["general"]["name"] = json!("Contoso");
        settings["general"]["o365Domain"] = json!("contoso.com");
        self.send(Ask::new("PUT", tenant("")).owner(OWNER).settings(settings)).await.expect(201)
    }

    /// Reads the tenant.
    pub async fn read(&self) -> Value {
        self.send(Ask::new("GET", tenant(""))).await.expect(200)
    }

    /// Sends a patch as `OWNER` with the current version.
    pub async fn patch(&self, settings: Value) -> Answer {
        let version = self.read().await["settingsVersion"].as_str().unwrap().to_owned();
        self.send(Ask::new("PATCH", tenant("")).owner(OWNER).version(&version).settings(settings)).await
    }

    /// Sends a request to `/sandbox` that must succeed.
    #[track_caller]
    pub fn world(&self, method: &'static str, path: String, body: Value) -> impl Future<Output = Value> {
        let ask = Ask::new(method, path);
        let ask = match body {
            Value::Null if method == "POST" => ask.body(json!({})),
            Value::Null => ask,
            body => ask.body(body),
        };
        async {
            let answer = self.send(ask).await;
            assert!(answer.status < 300, "{answer:?}");
            if answer.text.is_empty() { Value::Null } else { answer.json() }
        }
    }

    /// Returns once a planted fault was applied.
    pub async fn faulted(&self) {
        loop {
            let faults = self.world("GET", "/sandbox/faults".into(), Value::Null).await;
            let faulted = |fault: &Value| fault["faulted"] != json!(0);
            if faults["faults"].as_array().unwrap().iter().any(faulted) {
                return;
            }
        }
    }

    /// Returns the log without the token requests.
    pub async fn log(&self) -> Vec<Value> {
        let log = self.world("GET", "/sandbox/log".into(), Value::Null).await;
        let items = log["items"].as_array().unwrap().iter();
        items.filter(|entry| entry["path"] != "/oauth2/v2.0/token").cloned().collect()
    }
}

async fn received(response: reqwest::Response) -> Result<Answer, reqwest::Error> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Answer { status, headers, text: response.text().await? })
}

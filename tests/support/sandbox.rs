//! The sandbox of one test, and its simulation: edits in the UI, faults, the script, the log.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use nimbus_sandbox::{Database, Options, Running};
use reqwest::Method;
use serde_json::{Value, json};

/// A reference platform in this process.
pub struct Sandbox {
    running: Running,
    /// The file with its state, if it is persistent.
    file: Option<PathBuf>,
    http: reqwest::Client,
}

/// A request that the platform received.
#[derive(Clone, Debug)]
pub struct LoggedCall {
    /// `PATCH /v1/tenants/{id}`.
    pub call: String,
    /// The status of the response, if any.
    pub status: Option<u64>,
    /// Its effect, e.g. `settings-changed`.
    pub effect: Option<String>,
    /// The whole log entry.
    pub entry: Value,
}

impl Sandbox {
    /// Starts one in memory.
    pub async fn start() -> Result<Self> {
        super::http::install_tls_provider();
        let running =
            nimbus_sandbox::start(Options { listen: "127.0.0.1:0".parse()?, database: Database::Memory }).await?;
        Ok(Self { running, file: None, http: reqwest::Client::new() })
    }

    /// Starts one whose state is in a file.
    pub async fn start_in(file: &Path) -> Result<Self> {
        super::http::install_tls_provider();
        let database = Database::File(file.to_owned());
        let running = nimbus_sandbox::start(Options { listen: "127.0.0.1:0".parse()?, database }).await?;
        Ok(Self { running, file: Some(file.to_owned()), http: reqwest::Client::new() })
    }

    /// Restarts it at the same address, with the state in its file.
    pub async fn restart(self) -> Result<Self> {
        let Self { running, file, http } = self;
        let listen = running.address();
        running.stop().await;
        let database = Database::File(file.clone().context("its state is in memory")?);
        let running = nimbus_sandbox::start(Options { listen, database }).await?;
        Ok(Self { running, file, http })
    }

    /// The same with other contents of the file, as after a restore; returns the ones that it had.
    pub async fn restart_with(self, contents: Option<&[u8]>) -> Result<(Self, Vec<u8>)> {
        let Self { running, file, http } = self;
        let file = file.context("its state is in memory")?;
        let listen = running.address();
        running.stop().await;
        let before = std::fs::read(&file)?;
        if let Some(contents) = contents {
            std::fs::write(&file, contents)?;
        }
        let options = Options { listen, database: Database::File(file.clone()) };
        let running = nimbus_sandbox::start(options).await?;
        Ok((Self { running, file: Some(file), http }, before))
    }

    /// Its URL.
    pub fn url(&self) -> String {
        self.running.url()
    }

    /// Sends a request to the simulation.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.url()));
        // It takes only JSON.
        let nothing = || (method == Method::POST).then(|| json!({}));
        if let Some(body) = body.or_else(nothing) {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{method} {path} answered {status}: {text}");
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }

    /// A token for a client.
    pub async fn token(&self, client: &str) -> Result<String> {
        let secret = format!("{client}-secret");
        let form = [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", &secret)];
        let answer = self.http.post(format!("{}/oauth2/v2.0/token", self.url())).form(&form).send().await?;
        let body: Value = answer.error_for_status()?.json().await?;
        Ok(body["access_token"].as_str().context("no token")?.to_owned())
    }

    /// HTTP status and document of a tenant, as the system role.
    pub async fn tenant(&self, id: &str) -> Result<(u16, Value)> {
        let request = self.http.get(format!("{}/v1/tenants/{id}", self.url())).bearer_auth(self.token("system").await?);
        let answer = request.send().await?;
        Ok((answer.status().as_u16(), answer.json().await.unwrap_or_default()))
    }

    /// Creates a tenant without an owner, as the vendor does.
    pub async fn create(&self, id: &str, settings: Value) -> Result<()> {
        let request = self.http.put(format!("{}/v1/tenants/{id}", self.url())).bearer_auth(self.token("system").await?);
        let answer = request.json(&json!({ "settings": settings })).send().await?;
        ensure!(answer.status() == 201, "creating answered {}: {}", answer.status(), answer.text().await?);
        Ok(())
    }

    /// Edits a tenant in the UI, as the system role.
    pub async fn edit(&self, id: &str, settings: Value) -> Result<Value> {
        let path = format!("/sandbox/tenants/{id}/settings?as=system");
        self.ask(Method::PATCH, &path, Some(json!({ "settings": settings }))).await
    }

    /// Requests the deletion of a tenant, as the system role.
    pub async fn delete(&self, id: &str) -> Result<Value> {
        let (_, document) = self.tenant(id).await?;
        let request = self.http.delete(format!("{}/v1/tenants/{id}?confirm=YES", self.url()));
        let mut request = request.bearer_auth(self.token("system").await?);
        if let Some(owner) = document["owner"].as_str() {
            request = request.header("nimbus-owner", owner);
        }
        let answer = request.send().await?;
        ensure!(answer.status() == 202, "deleting answered {}: {}", answer.status(), answer.text().await?);
        Ok(answer.json().await?)
    }

    /// Loses a tenant without a tombstone.
    pub async fn lose(&self, id: &str) -> Result<Value> {
        self.ask(Method::DELETE, &format!("/sandbox/tenants/{id}"), None).await
    }

    /// Sets the owner stamps.
    pub async fn stamp(&self, id: &str, owner: Option<&str>, last_owner: Option<&str>) -> Result<Value> {
        let body = json!({ "owner": owner, "lastOwner": last_owner });
        self.ask(Method::PUT, &format!("/sandbox/tenants/{id}/stamp"), Some(body)).await
    }

    /// Creates an organization unit with this ID, also before the tenant exists.
    pub async fn organization_unit(&self, id: &str, unit: &str) -> Result<Value> {
        let body = json!({ "id": unit, "name": "Sales" });
        self.ask(Method::POST, &format!("/sandbox/tenants/{id}/organization-units"), Some(body)).await
    }

    /// Provisions a service, as an administrator does.
    pub async fn service(&self, id: &str, service: &str) -> Result<Value> {
        let body = json!({ "displayName": service, "features": [] });
        self.ask(Method::PUT, &format!("/sandbox/tenants/{id}/services/{service}"), Some(body)).await
    }

    /// Runs the provisioning script.
    pub async fn run_script(&self, id: &str) -> Result<Value> {
        self.ask(Method::POST, &format!("/sandbox/tenants/{id}/script/run"), None).await
    }

    /// Enables or disables running the script after each change.
    pub async fn auto_run(&self, enabled: bool) -> Result<Value> {
        self.ask(Method::PUT, "/sandbox/auto-run", Some(json!({ "enabled": enabled }))).await
    }

    /// Adds faults.
    pub async fn add_faults(&self, faults: Value) -> Result<Value> {
        self.ask(Method::POST, "/sandbox/faults", Some(json!({ "faults": faults }))).await
    }

    /// Removes all faults.
    pub async fn clear_faults(&self) -> Result<Value> {
        self.ask(Method::DELETE, "/sandbox/faults", None).await
    }

    /// A mark at the end of the log.
    pub async fn mark(&self) -> Result<u64> {
        let log = self.log_after(0).await?;
        Ok(log.last().and_then(|seen| seen.entry["seq"].as_u64()).unwrap_or_default())
    }

    /// Every request of the admin API after a mark, tokens included.
    pub async fn log_after(&self, mark: u64) -> Result<Vec<LoggedCall>> {
        let log = self.ask(Method::GET, &format!("/sandbox/log?after={mark}"), None).await?;
        let entries = log["items"].as_array().cloned();
        Ok(entries.context("the log is no list")?.into_iter().map(logged_call).collect())
    }

    /// The operator's calls for one tenant after a mark, without tokens, capabilities and this test's own calls.
    pub async fn calls(&self, id: &str, mark: u64) -> Result<Vec<LoggedCall>> {
        let log = self.log_after(mark).await?;
        Ok(log
            .into_iter()
            .filter(|seen| ours(&seen.entry) && seen.entry["path"].as_str().unwrap_or("").contains(id))
            .collect())
    }

    /// The operator's reads after a mark, by route and status, without tokens and capabilities. Requests to the change feed that wait
    /// for a change are left out: there is one all the time.
    pub async fn reads(&self, mark: u64) -> Result<Vec<String>> {
        let waits = |entry: &Value| {
            entry["route"] == "/v1/changes" && entry["query"].as_str().is_some_and(|query| query.contains("after="))
        };
        let reads = |seen: &LoggedCall| seen.call.starts_with("GET ") && !seen.call.ends_with("/v1/capabilities");
        let log = self.log_after(mark).await?;
        let counted = log.into_iter().filter(|seen| ours(&seen.entry) && reads(seen) && !waits(&seen.entry));
        Ok(counted.map(|seen| format!("{} {}", seen.call, seen.status.unwrap_or_default())).collect())
    }

    /// The changes that the operator made on the platform after a mark, in order.
    pub async fn effects(&self, mark: u64) -> Result<Vec<String>> {
        let log = self.log_after(mark).await?;
        Ok(log.into_iter().filter(|seen| ours(&seen.entry)).filter_map(|seen| seen.effect).collect())
    }
}

fn ours(entry: &Value) -> bool {
    entry["userAgent"].as_str().is_some_and(|agent| agent.starts_with("nimbus-operator/"))
}

fn logged_call(entry: Value) -> LoggedCall {
    let text = |name: &str| entry[name].as_str().unwrap_or("?").to_owned();
    LoggedCall {
        call: format!("{} {}", text("method"), text("route")),
        status: entry["status"].as_u64(),
        effect: entry["effect"].as_str().map(ToOwned::to_owned),
        entry,
    }
}

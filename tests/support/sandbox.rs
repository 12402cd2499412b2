//! The sandbox of one test, and the outside world that acts on it: people in the UI, faults, the script, the log.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use nimbus_sandbox::{Database, Options, Running};
use reqwest::Method;
use serde_json::{Value, json};

/// A reference platform in this process.
pub struct Sandbox {
    running: Running,
    /// Where its state is, if it outlives the platform.
    file: Option<PathBuf>,
    http: reqwest::Client,
}

/// A request that the platform saw.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `PATCH /v1/tenants/{id}`.
    pub call: String,
    /// The status that was answered, if any.
    pub status: Option<u64>,
    /// What it did, e.g. `settings-changed`.
    pub effect: Option<String>,
    /// The whole entry.
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

    /// Stops it and starts another one at the same address, with what is in its file.
    pub async fn restart(self) -> Result<Self> {
        let Self { running, file, http } = self;
        let listen = running.address();
        running.stop().await;
        let database = Database::File(file.clone().context("its state is in memory")?);
        let running = nimbus_sandbox::start(Options { listen, database }).await?;
        Ok(Self { running, file, http })
    }

    /// Where it is.
    pub fn url(&self) -> String {
        self.running.url()
    }

    /// Asks something of the world around the platform.
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.url()));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{method} {path} answered {status}: {text}");
        Ok(serde_json::from_str(&text).unwrap_or_default())
    }

    /// A token of a client.
    pub async fn token(&self, client: &str) -> Result<String> {
        let secret = format!("{client}-secret");
        let form = [("grant_type", "client_credentials"), ("client_id", client), ("client_secret", &secret)];
        let answer = self.http.post(format!("{}/oauth2/v2.0/token", self.url())).form(&form).send().await?;
        let body: Value = answer.error_for_status()?.json().await?;
        Ok(body["access_token"].as_str().context("no token")?.to_owned())
    }

    /// What the platform says about a tenant, as its system role, with the status.
    pub async fn tenant(&self, id: &str) -> Result<(u16, Value)> {
        let request = self.http.get(format!("{}/v1/tenants/{id}", self.url())).bearer_auth(self.token("system").await?);
        let answer = request.send().await?;
        Ok((answer.status().as_u16(), answer.json().await.unwrap_or_default()))
    }

    /// Creates a tenant that belongs to nobody, as the vendor's people do.
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

    /// Asks for the deletion of a tenant, as somebody with the system role does.
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

    /// Plants stamps of somebody else.
    pub async fn stamp(&self, id: &str, owner: Option<&str>, last_owner: Option<&str>) -> Result<Value> {
        let body = json!({ "owner": owner, "lastOwner": last_owner });
        self.ask(Method::PUT, &format!("/sandbox/tenants/{id}/stamp"), Some(body)).await
    }

    /// Makes an organization unit with this id, also for a tenant that is still to be created.
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

    /// Runs the script after each change by itself, or not.
    pub async fn auto_run(&self, enabled: bool) -> Result<Value> {
        self.ask(Method::PUT, "/sandbox/auto-run", Some(json!({ "enabled": enabled }))).await
    }

    /// Plants faults.
    pub async fn plant(&self, faults: Value) -> Result<Value> {
        self.ask(Method::POST, "/sandbox/faults", Some(json!({ "faults": faults }))).await
    }

    /// Takes every planted fault away.
    pub async fn heal(&self) -> Result<Value> {
        self.ask(Method::DELETE, "/sandbox/faults", None).await
    }

    /// The place in the log from where a later look counts.
    pub async fn mark(&self) -> Result<u64> {
        let log = self.log_after(0).await?;
        Ok(log.last().and_then(|seen| seen.entry["seq"].as_u64()).unwrap_or_default())
    }

    /// Every request of the admin API after a mark, tokens included.
    pub async fn log_after(&self, mark: u64) -> Result<Vec<Seen>> {
        let log = self.ask(Method::GET, &format!("/sandbox/log?after={mark}"), None).await?;
        let entries = log["items"].as_array().cloned();
        Ok(entries.context("the log is no list")?.into_iter().map(seen).collect())
    }

    /// The operator's calls for one tenant after a mark: token, capabilities and this test's own calls apart.
    pub async fn calls(&self, id: &str, mark: u64) -> Result<Vec<Seen>> {
        let log = self.log_after(mark).await?;
        Ok(log
            .into_iter()
            .filter(|seen| ours(&seen.entry) && seen.entry["path"].as_str().unwrap_or("").contains(id))
            .collect())
    }

    /// What the operator changed on the platform after a mark, in order.
    pub async fn effects(&self, mark: u64) -> Result<Vec<String>> {
        let log = self.log_after(mark).await?;
        Ok(log.into_iter().filter(|seen| ours(&seen.entry)).filter_map(|seen| seen.effect).collect())
    }
}

fn ours(entry: &Value) -> bool {
    entry["userAgent"].as_str().is_some_and(|agent| agent.starts_with("nimbus-operator/"))
}

fn seen(entry: Value) -> Seen {
    let text = |name: &str| entry[name].as_str().unwrap_or("?").to_owned();
    Seen {
        call: format!("{} {}", text("method"), text("route")),
        status: entry["status"].as_u64(),
        effect: entry["effect"].as_str().map(ToOwned::to_owned),
        entry,
    }
}

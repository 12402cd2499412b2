//! The few calls of the platform that the oracle and the stock operator make.

use anyhow::{Context, Result, bail};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::environment::NAME;

/// A client of the platform with a token.
#[derive(Clone)]
pub struct PlatformClient {
    url: String,
    token: String,
    http: reqwest::Client,
}

impl PlatformClient {
    /// Logs in.
    pub async fn log_in(url: &str) -> Result<Self> {
        let http = crate::support::http::client(None)?;
        let form = [("grant_type", "client_credentials"), ("client_id", "system"), ("client_secret", "system-secret")];
        let answer = http.post(format!("{url}/oauth2/v2.0/token")).form(&form).send().await?.error_for_status()?;
        let token: Value = answer.json().await?;
        let token = token["access_token"].as_str().context("no token")?.to_owned();
        Ok(Self { url: url.to_owned(), token, http })
    }

    /// The document of a tenant, or nothing if there is none.
    pub async fn get(&self, id: &str) -> Result<Option<Value>> {
        let answer = self.http.get(self.tenant(id)).bearer_auth(&self.token).send().await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(None),
            _ => Ok(Some(answer.error_for_status()?.json().await?)),
        }
    }

    /// Creates a tenant.
    pub async fn create(&self, name: &str, id: &str, settings: &Value) -> Result<Value> {
        let request = self.request(Method::PUT, &self.tenant(id), name);
        send(request.json(&json!({ "settings": settings }))).await
    }

    /// Changes settings of a tenant.
    pub async fn patch(&self, name: &str, id: &str, version: &str, settings: &Value) -> Result<Value> {
        let request = self.request(Method::PATCH, &self.tenant(id), name);
        send(request.header("nimbus-settings-version", version).json(&json!({ "settings": settings }))).await
    }

    /// Takes the stamp off a tenant.
    pub async fn release(&self, name: &str, id: &str) -> Result<()> {
        let request = self.request(Method::DELETE, &format!("{}/owner", self.tenant(id)), name);
        send(request.header("nimbus-expected-owner", owner(name))).await.map(drop)
    }

    /// The ids and versions of all tenants, page by page.
    pub async fn versions(&self) -> Result<Vec<(String, String)>> {
        let mut cursor: Option<String> = None;
        let mut all = vec![];
        loop {
            let mut request = self.http.get(format!("{}/v1/tenants", self.url)).bearer_auth(&self.token);
            request = request.query(&[("fields", "id,settingsVersion,runtimeVersion"), ("limit", "500")]);
            if let Some(cursor) = &cursor {
                request = request.query(&[("cursor", cursor)]);
            }
            let page: Value = request.send().await?.error_for_status()?.json().await?;
            let text = |item: &Value, name: &str| item[name].as_str().unwrap_or_default().to_owned();
            let items = page["items"].as_array().context("a page without items")?.iter();
            all.extend(items.map(|item| (text(item, "id"), text(item, "settingsVersion"))));
            match page["nextCursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return Ok(all),
            }
        }
    }

    /// A write, with the stamp of a Tenant.
    fn request(&self, method: Method, url: &str, name: &str) -> RequestBuilder {
        self.http.request(method, url).bearer_auth(&self.token).header("nimbus-owner", owner(name))
    }

    fn tenant(&self, id: &str) -> String {
        format!("{}/v1/tenants/{id}", self.url)
    }
}

async fn send(request: RequestBuilder) -> Result<Value> {
    let answer = request.send().await?;
    let (status, url) = (answer.status(), answer.url().clone());
    if !status.is_success() {
        bail!("{url} answered {status}: {}", answer.text().await?);
    }
    Ok(answer.json().await.unwrap_or_default())
}

/// The stamp of a Tenant.
fn owner(name: &str) -> String {
    format!("{NAME}/{NAME}/{name}")
}

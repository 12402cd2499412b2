//! Tokens of Microsoft Entra: client credentials of the v2 endpoint, by a secret or by a federated token, cached per tenant
//! until shortly before they expire.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;
use uuid::Uuid;

use super::address::{default_scope, named, url};
use super::error::{CallError, Defect, Endpoint, LoginProblem};
use crate::http::{self, AccessToken, Response, TokenCache};
use crate::telemetry::metrics::Metrics;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// No federated token is longer.
const LONGEST_ASSERTION: u64 = 64 * 1024;

/// An app in Microsoft Entra.
pub struct App {
    /// Its application (client) id, the same in every Entra tenant.
    pub client_id: Uuid,
    /// How it proves who it is.
    pub credential: Credential,
}

/// How an app proves who it is.
pub enum Credential {
    /// By a client secret.
    Secret(SecretString),
    /// By the token in this file, which another process keeps up to date: it is read again at each log-in.
    FederatedTokenFile(PathBuf),
}

/// Where and as which app tokens are asked for.
pub(super) struct Login {
    url: Url,
    endpoint: Endpoint,
    scope: String,
    app: App,
    /// One for each tenant: the log-in of one does not wait for that of another.
    tokens: Mutex<HashMap<Uuid, Arc<TokenCache<CallError>>>>,
    metrics: Metrics,
}

impl Login {
    pub(super) fn new(url: Url, graph: &Url, app: App, metrics: Metrics) -> Self {
        let endpoint = Endpoint::login(named("Microsoft Entra", &url));
        Self { url, endpoint, scope: default_scope(graph), app, tokens: Mutex::default(), metrics }
    }

    pub(super) fn client_id(&self) -> Uuid {
        self.app.client_id
    }

    /// The token of an Entra tenant.
    pub(super) fn token(&self, tenant: Uuid) -> Arc<TokenCache<CallError>> {
        // A panic elsewhere leaves plain data behind, never a half-made map.
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).entry(tenant).or_default().clone()
    }

    pub(super) async fn fetch(&self, http: &reqwest::Client, tenant: Uuid) -> Result<AccessToken, CallError> {
        let request = http.post(token_url(&self.url, tenant)).form(&form(&self.app, &self.scope)?.exposed());
        let ended = |status, took| self.metrics.microsoft("login", status, took);
        let response = http::send(request, &self.endpoint, ended).await?.read().await?;
        match response.status.as_u16() {
            200 => Ok(AccessToken::read(&response, Instant::now())?),
            400 | 401 | 403 => Err(refusal(&response)),
            _ => Err(response.unexpected(Defect::Undocumented).into()),
        }
    }
}

fn token_url(login: &Url, tenant: Uuid) -> Url {
    url(login, &format!("{tenant}/oauth2/v2.0/token"), &[])
}

/// The form that asks for a token.
struct Form {
    plain: Vec<(&'static str, String)>,
    secret: (&'static str, SecretString),
}

impl Form {
    fn exposed(&self) -> Vec<(&str, &str)> {
        let (name, secret) = &self.secret;
        let plain = self.plain.iter().map(|(name, value)| (*name, value.as_str()));
        plain.chain([(*name, secret.expose_secret())]).collect()
    }
}

fn form(app: &App, scope: &str) -> Result<Form, CallError> {
    let mut plain = vec![
        ("client_id", app.client_id.to_string()),
        ("grant_type", "client_credentials".to_owned()),
        ("scope", scope.to_owned()),
    ];
    let secret = match &app.credential {
        Credential::Secret(secret) => ("client_secret", secret.clone()),
        Credential::FederatedTokenFile(path) => {
            plain.push(("client_assertion_type", ASSERTION_TYPE.to_owned()));
            ("client_assertion", assertion(path)?)
        }
    };
    Ok(Form { plain, secret })
}

fn assertion(path: &Path) -> Result<SecretString, CallError> {
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(LONGEST_ASSERTION).read_to_string(&mut text));
    let token = text.trim();
    if read.is_err() || token.is_empty() {
        return Err(CallError::Unauthenticated(LoginProblem::TokenFile));
    }
    Ok(token.into())
}

/// Microsoft's code for an app that has no service principal in the Entra tenant.
const NO_SERVICE_PRINCIPAL: u64 = 7_000_229;

/// What a refusal says by its `error`, which RFC 6749 5.2 fixes. Microsoft asks not to depend on its own finer codes; the one
/// that is looked at only makes the advice better, since an app that was never granted anything is refused as a wrong secret is.
fn refusal(response: &Response) -> CallError {
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    match body["error"].as_str() {
        Some("unauthorized_client") => CallError::NotConsented,
        Some("invalid_client") if body["error_codes"][0].as_u64() == Some(NO_SERVICE_PRINCIPAL) => {
            CallError::NotConsented
        }
        Some("invalid_client") => CallError::Unauthenticated(LoginProblem::Credential),
        Some("invalid_request" | "invalid_grant" | "invalid_scope" | "invalid_tenant") => {
            CallError::Unauthenticated(LoginProblem::Request)
        }
        _ => response.unexpected(Defect::Undocumented).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{ASSERTION, CLIENT, FORM_BY_ASSERTION, FORM_BY_SECRET, SECRET, TENANT, TOKEN_URL};
    use super::*;

    fn form_by(credential: Credential) -> Result<Form, CallError> {
        let app = App { client_id: CLIENT.parse().unwrap(), credential };
        form(&app, &default_scope(&"https://graph.microsoft.com".parse().unwrap()))
    }

    fn sorted(form: &Form) -> Vec<(&str, &str)> {
        let mut form = form.exposed();
        form.sort_unstable();
        form
    }

    #[test]
    fn the_form_is_that_of_the_packages_of_microsoft() {
        let by_secret = form_by(Credential::Secret(SECRET.into())).unwrap();
        assert_eq!(sorted(&by_secret), FORM_BY_SECRET);
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("{ASSERTION}\n")).unwrap();
        let by_assertion = form_by(Credential::FederatedTokenFile(file.path().into())).unwrap();
        assert_eq!(sorted(&by_assertion), FORM_BY_ASSERTION);
    }

    #[test]
    fn it_is_sent_where_they_send_it() {
        for login in ["https://login.microsoftonline.com", "https://login.microsoftonline.com/"] {
            let url = token_url(&login.parse().unwrap(), TENANT.parse().unwrap());
            assert_eq!(url.as_str(), TOKEN_URL);
        }
    }

    #[test]
    fn a_federated_token_that_cannot_be_read_is_said() {
        let unread = Err(CallError::Unauthenticated(LoginProblem::TokenFile));
        let empty = tempfile::NamedTempFile::new().unwrap();
        for path in [empty.path(), Path::new("/nowhere/token")] {
            let form = form_by(Credential::FederatedTokenFile(path.into()));
            assert_eq!(form.map(drop), unread, "{}", path.display());
        }
    }
}

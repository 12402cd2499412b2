//! OAuth 2.0 client credentials (RFC 6749 4.4) with `client_secret_post`, cached until shortly before the token expires.

use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use url::Url;

use super::error::ApiError;
use super::types::TokenAnswer;

/// Renewed this long before it expires, so that a call under way does not lose it.
const MARGIN: Duration = Duration::from_secs(60);
const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);

pub(super) struct Tokens {
    pub(super) url: Url,
    pub(super) client_id: String,
    pub(super) scope: Option<String>,
    pub(super) secret: SecretString,
    /// Held while a token is fetched, so that a thousand Tenants make one log-in.
    pub(super) cached: Mutex<Option<Token>>,
}

#[derive(Clone)]
pub(super) struct Token {
    pub(super) text: SecretString,
    until: Instant,
}

impl Tokens {
    /// A token that is good for a while.
    pub(super) async fn get(&self, http: &reqwest::Client) -> Result<SecretString, ApiError> {
        let mut cached = self.cached.lock().await;
        if let Some(token) = cached.as_ref().filter(|token| Instant::now() < token.until) {
            return Ok(token.text.clone());
        }
        let token = self.fetch(http).await?;
        Ok(cached.insert(token).text.clone())
    }

    /// Forgets a token that was refused, unless another call already got a new one.
    pub(super) async fn forget(&self, refused: &SecretString) {
        let mut cached = self.cached.lock().await;
        if cached.as_ref().is_some_and(|token| token.text.expose_secret() == refused.expose_secret()) {
            *cached = None;
        }
    }

    async fn fetch(&self, http: &reqwest::Client) -> Result<Token, ApiError> {
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", self.secret.expose_secret()),
        ];
        form.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
        let answer =
            http.post(self.url.clone()).form(&form).send().await.map_err(|error| super::client::transport(&error))?;
        let status = answer.status().as_u16();
        match status {
            200 => {}
            400 | 401 | 403 => return Err(ApiError::Unauthenticated { what: "the token endpoint refused the client" }),
            429 | 503 => {
                let after = super::retry_after::retry_after(answer.headers(), jiff::Timestamp::now());
                return Err(ApiError::Throttled { after });
            }
            _ => return Err(ApiError::Unexpected { status, what: "not an answer of a token endpoint" }),
        }
        let body = super::client::body(answer).await?;
        let answer: TokenAnswer = serde_json::from_slice(&body)
            .map_err(|_| ApiError::Unexpected { status, what: "not an answer of a token endpoint" })?;
        let lifetime = answer.expires_in.map_or(DEFAULT_LIFETIME, Duration::from_secs);
        let margin = MARGIN.min(lifetime / 2);
        Ok(Token {
            text: answer.access_token.into(),
            until: Instant::now() + lifetime.saturating_sub(margin).min(Duration::from_secs(86_400)),
        })
    }
}

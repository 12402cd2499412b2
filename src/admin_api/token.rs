//! OAuth 2.0 client credentials (RFC 6749 4.4) with `client_secret_post`, cached until shortly before the token expires.

use std::time::Instant;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use url::Url;

use super::error::ApiError;
use crate::http::{self, Bearer, retry_after};

pub(super) struct Tokens {
    pub(super) url: Url,
    pub(super) client_id: String,
    pub(super) scope: Option<String>,
    pub(super) secret: SecretString,
    /// Held while a token is fetched, so that a thousand Tenants make one log-in.
    pub(super) cached: Mutex<Option<Bearer>>,
}

impl Tokens {
    /// A token that is good for a while.
    pub(super) async fn get(&self, http: &reqwest::Client) -> Result<SecretString, ApiError> {
        let mut cached = self.cached.lock().await;
        if let Some(token) = cached.as_ref().and_then(|token| token.good(Instant::now())) {
            return Ok(token);
        }
        let token = self.fetch(http).await?;
        Ok(cached.insert(token).text())
    }

    /// Forgets a token that was refused, unless another call already got a new one.
    pub(super) async fn forget(&self, refused: &SecretString) {
        let mut cached = self.cached.lock().await;
        if cached.as_ref().is_some_and(|token| token.is(refused)) {
            *cached = None;
        }
    }

    async fn fetch(&self, http: &reqwest::Client) -> Result<Bearer, ApiError> {
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", self.secret.expose_secret()),
        ];
        form.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
        let answer = http.post(self.url.clone()).form(&form).send().await.map_err(|error| ApiError::broken(&error))?;
        let status = answer.status().as_u16();
        match status {
            200 => {}
            400 | 401 | 403 => return Err(ApiError::Unauthenticated { what: "the token endpoint refused the client" }),
            429 | 503 => {
                let after = retry_after(answer.headers(), jiff::Timestamp::now());
                return Err(ApiError::Throttled { after });
            }
            _ => return Err(ApiError::Unexpected { status, what: "not an answer of a token endpoint" }),
        }
        let body = http::body(answer).await.map_err(|lost| ApiError::lost(lost, status))?;
        Bearer::read(&body, Instant::now())
            .ok_or(ApiError::Unexpected { status, what: "not an answer of a token endpoint" })
    }
}

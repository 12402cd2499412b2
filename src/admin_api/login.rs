//! OAuth 2.0 client credentials (RFC 6749 4.4) with `client_secret_post`.

use std::time::Instant;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::error::{ApiError, Defect, Endpoint, Rejected, Unauthenticated};
use crate::http::{self, AccessToken};
use crate::telemetry::metrics::PlatformRequests;

/// What counts as the route of a log-in, whose path is that of another server.
const ROUTE: &str = "token";

/// The OAuth client and where it logs in.
pub(super) struct Login {
    pub(super) http: reqwest::Client,
    pub(super) url: Url,
    /// The URL in error texts.
    pub(super) endpoint: Endpoint,
    pub(super) client_id: String,
    pub(super) client_secret: SecretString,
    pub(super) scope: Option<String>,
    pub(super) requests: PlatformRequests,
}

/// A token endpoint as errors show it.
pub(super) fn endpoint(url: &Url) -> Endpoint {
    Endpoint::login(http::shown(url))
}

impl Login {
    pub(super) async fn fetch(&self) -> Result<AccessToken, ApiError> {
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", self.client_secret.expose_secret()),
        ];
        form.extend(self.scope.as_deref().map(|scope| ("scope", scope)));
        let ended = |status, took| self.requests.record("POST", ROUTE, status, took);
        let response = http::send(self.http.post(self.url.clone()).form(&form), &self.endpoint, ended).await?;
        match response.status().as_u16() {
            200 => Ok(AccessToken::read(&response.read().await?, Instant::now())?),
            status @ (400 | 401 | 403) => Err(ApiError::Unauthenticated(Unauthenticated {
                endpoint: self.endpoint.clone(),
                status,
                rejected: Rejected::ClientCredentials,
            })),
            _ => Err(response.unexpected(Defect::Undocumented).into()),
        }
    }
}

//! What is done once per token, and the key that comes of it.

use http::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::{Call, Client};
use super::error::ApiError;
use super::types::Pulled;

/// The widget key of a tenant.
#[derive(Clone, Debug)]
pub struct WidgetKey {
    /// The key.
    pub key: SecretString,
    /// Its version.
    pub version: i64,
}

#[derive(Deserialize)]
struct WidgetKeyBody {
    key: String,
    version: i64,
}

/// Longest key that is passed on. The platform gives a GUID.
const LONGEST_KEY: usize = 1024;

impl Client {
    /// Makes a new widget key, once per token; a baseline only records the token.
    ///
    /// *Errors*: `section-off`; any other [`ApiError`].
    pub async fn rotate_widget_key(
        &self,
        id: &str,
        owner: &str,
        token: &str,
        baseline: bool,
    ) -> Result<Pulled, ApiError> {
        let body = if baseline { baseline_of(token) } else { json!({ "token": token }) };
        self.call(Call::trigger(id, "widget-key/rotate").owner(owner).body(body), |answer| answer.read()).await
    }

    /// Sends a test message, once per token; a baseline only records the token.
    ///
    /// *Errors*: `section-off` and `invitation-pending`, which leave the token unused; any other [`ApiError`].
    pub async fn send_test_message(
        &self,
        id: &str,
        owner: &str,
        token: &str,
        upn: &str,
        baseline: bool,
    ) -> Result<Pulled, ApiError> {
        let body = if baseline { baseline_of(token) } else { json!({ "token": token, "upn": upn }) };
        self.call(Call::trigger(id, "instant-messaging/test").owner(owner).body(body), |answer| answer.read()).await
    }

    /// The widget key; `None` while the tenant has none.
    ///
    /// *Errors*: any [`ApiError`].
    pub async fn widget_key(&self, id: &str) -> Result<Option<WidgetKey>, ApiError> {
        let call = Call::new(Method::GET, format!("v1/tenants/{id}/widget-key"));
        let read = |answer: super::client::Answer| {
            let WidgetKeyBody { key, version } = answer.read()?;
            if key.is_empty() || key.len() > LONGEST_KEY {
                return Err(ApiError::Unexpected { status: 200, what: "a widget key that cannot be one" });
            }
            Ok(Some(WidgetKey { key: key.into(), version }))
        };
        match self.call(call, read).await {
            Err(error) if error.is("widget-key-not-set") => Ok(None),
            answer => answer,
        }
    }
}

fn baseline_of(token: &str) -> Value {
    json!({ "token": token, "baseline": true })
}

impl Call {
    fn trigger(id: &str, path: &str) -> Self {
        Self::new(Method::POST, format!("v1/tenants/{id}/{path}"))
    }
}

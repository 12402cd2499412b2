//! What is done once per token, and the key that comes of it.

use ::http::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::Call;
use super::client::Client;
use super::error::{ApiError, Defect};
use super::problem::ProblemType;
use super::types::Fired;
use super::writes::Write;
use crate::http::Response;
use crate::settings::{TenantId, Version};

/// Longest key that is passed on. The platform gives a GUID.
const MAX_KEY: usize = 1024;

/// The token of a trigger, and what the platform does with one that it has not seen.
#[derive(Clone, Copy, Debug)]
pub struct Token<'t> {
    /// The token.
    pub text: &'t str,
    /// What is done with it.
    pub effect: Effect,
    /// The version of the settings that was seen: they say whose the tenant is, and what is done cannot be undone.
    pub seen: &'t str,
}

/// What the platform does with a new token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It acts.
    Act,
    /// It only records the token as one that was used.
    Record,
}

/// The widget key of a tenant.
#[derive(Clone, Debug)]
pub struct WidgetKey {
    /// The key.
    pub key: SecretString,
    /// Its version.
    pub version: Version,
}

#[derive(Deserialize)]
struct WidgetKeyBody {
    key: String,
    version: Version,
}

impl Client {
    /// Makes a new widget key, once per token.
    ///
    /// *Errors*: `section-off`, and `settings-changed` when another write came first; any other [`ApiError`].
    pub async fn rotate_widget_key(&self, write: Write<'_>, token: Token<'_>) -> Result<Fired, ApiError> {
        self.fire(write, "/widget-key/rotate", token, json!({})).await
    }

    /// Sends a test message, once per token.
    ///
    /// *Errors*: `section-off`, `invitation-pending` and `settings-changed`, which leave the token unused; any other [`ApiError`].
    pub async fn send_test_message(&self, write: Write<'_>, token: Token<'_>, upn: &str) -> Result<Fired, ApiError> {
        self.fire(write, "/instant-messaging/test", token, json!({ "upn": upn })).await
    }

    /// `arguments` are for a token that acts.
    async fn fire(&self, write: Write<'_>, route: &str, token: Token<'_>, arguments: Value) -> Result<Fired, ApiError> {
        let call = Call::tenant(Method::POST, write.id, route).owner(write.owner).settings_version(token.seen);
        let call = call.body(body(token, arguments));
        self.call(call, |response| fired(&response, token)).await
    }

    /// The widget key; `None` while the tenant has none.
    ///
    /// *Errors*: any [`ApiError`].
    pub async fn widget_key(&self, id: TenantId) -> Result<Option<WidgetKey>, ApiError> {
        let key = self.call(Call::tenant(Method::GET, id, "/widget-key"), |response| {
            let WidgetKeyBody { key, version } = response.json()?;
            if key.is_empty() || key.len() > MAX_KEY {
                return Err(response.unexpected(Defect::Malformed).into());
            }
            Ok(Some(WidgetKey { key: key.into(), version }))
        });
        match key.await {
            Err(error) if error.is(&ProblemType::WidgetKeyNotSet) => Ok(None),
            result => result,
        }
    }
}

/// What came of a token. The answer names it, or it is not the answer to this request.
fn fired(response: &Response, token: Token<'_>) -> Result<Fired, ApiError> {
    let fired: Fired = response.json()?;
    if fired.last == token.text { Ok(fired) } else { Err(response.unexpected(Defect::NoEffect).into()) }
}

fn body(token: Token<'_>, arguments: Value) -> Value {
    let mut body = match token.effect {
        Effect::Act => arguments,
        Effect::Record => json!({ "baseline": true }),
    };
    body["token"] = token.text.into();
    body
}

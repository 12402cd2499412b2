//! The writes to a tenant, and those that something has to be looked at right before.

use std::time::{Duration, Instant};

use ::http::Method;
use serde_json::{Value, json};

use super::call::{Call, document, written};
use super::client::Client;
use super::error::{ApiError, Defect};
use super::problem::ProblemType;
use super::types::TenantDocument;
use crate::http::Response;
use crate::settings::TenantId;

/// Which tenant a write is about, and whose stamp it is made with.
#[derive(Clone, Copy, Debug)]
pub struct Write<'w> {
    /// The tenant.
    pub id: TenantId,
    /// The stamp.
    pub owner: &'w str,
}

/// What a new tenant begins with.
#[derive(Clone, Debug, Default)]
pub struct Creation {
    /// Its settings.
    pub settings: Value,
    /// The tombstone that it replaces.
    pub recreate: Option<String>,
    /// The token that its widget key begins with.
    pub rotation: Option<String>,
}

/// What came of a request to delete.
#[derive(Clone, Debug, PartialEq)]
pub enum Deletion {
    /// Accepted; the tenant waits for services and script.
    Pending(Box<TenantDocument>),
    /// It was gone already.
    Gone,
}

/// A write whose answer is the tenant.
pub struct TenantWrite<'w> {
    write: Write<'w>,
    call: Call,
}

impl<'w> TenantWrite<'w> {
    /// Creates a tenant once. Refused with `tenant-exists` when there is one already.
    pub fn create(write: Write<'w>, creation: Creation) -> Self {
        let mut body = json!({ "settings": creation.settings });
        if let Some(token) = creation.rotation {
            body["triggers"] = json!({ "widgetKeyRotation": token });
        }
        let mut call = Call::tenant(Method::PUT, write.id, "").owner(write.owner).body(body);
        if let Some(deletion) = creation.recreate {
            call = call.query("recreate", deletion);
        }
        Self { write, call }
    }

    /// Changes settings, all or nothing, unless they are no longer of the version that the change was decided on. Refused with
    /// `settings-changed` when another write came first.
    pub fn patch(write: Write<'w>, settings_version: &str, settings: Value) -> Self {
        let call = Call::tenant(Method::PATCH, write.id, "").owner(write.owner).settings_version(settings_version);
        let call = call.body(json!({ "settings": settings }));
        Self { write, call }
    }

    /// Puts our stamp on a tenant that has the expected one, or none, and whose settings are still of the version that was seen: they
    /// say whose it is. Refused with `owner-changed` or `settings-changed` when another write came first, or with `owned-by-other`.
    pub fn claim(write: Write<'w>, expected: Option<&str>, settings_version: &str) -> Self {
        let call = Call::tenant(Method::PUT, write.id, "/owner").owner(write.owner).expected_owner(expected);
        Self { write, call: call.settings_version(settings_version) }
    }
}

impl Client {
    /// Makes a write.
    ///
    /// *Errors*: any [`ApiError`].
    pub async fn write(&self, write: TenantWrite<'_>) -> Result<TenantDocument, ApiError> {
        let Write { id, owner } = write.write;
        self.call(write.call, |response| written(&response, id, Some(owner))).await
    }

    /// Makes a write that a confirmation unlocks. `last_look` is taken with the token in hand, before each attempt to send it: it
    /// says how long the write may take, or why it is not sent.
    ///
    /// *Errors*: what `last_look` says. The answer is any [`ApiError`].
    pub async fn write_after<L, X>(
        &self,
        write: TenantWrite<'_>,
        last_look: impl Fn() -> L,
    ) -> Result<Result<TenantDocument, ApiError>, X>
    where
        L: Future<Output = Result<Duration, X>>,
    {
        let Write { id, owner } = write.write;
        self.call_after(&write.call, last_look, |response| written(response, id, Some(owner))).await
    }

    /// Takes our stamp off; the platform keeps it as the last owner.
    ///
    /// *Errors*: `owner-changed` when the tenant does not have our stamp; any other [`ApiError`].
    pub async fn release(&self, write: Write<'_>) -> Result<TenantDocument, ApiError> {
        let call =
            Call::tenant(Method::DELETE, write.id, "/owner").owner(write.owner).expected_owner(Some(write.owner));
        self.call(call, |response| written(&response, write.id, None)).await
    }

    /// Asks for the deletion of a tenant, unless its settings are no longer of the version that was seen: they say whose it is.
    /// Irreversible. `last_look` is taken as in [`Self::write_after`].
    ///
    /// *Errors*: what `last_look` says. The answer is any [`ApiError`]; a tombstone is no error. That there is no tenant is one: it
    /// was there a moment ago.
    pub async fn delete<L, X>(
        &self,
        write: Write<'_>,
        settings_version: &str,
        last_look: impl Fn() -> L,
    ) -> Result<Result<Deletion, ApiError>, X>
    where
        L: Future<Output = Result<Duration, X>>,
    {
        let call = Call::tenant(Method::DELETE, write.id, "").owner(write.owner).query("confirm", "YES");
        let call = call.settings_version(settings_version);
        Ok(match self.call_after(&call, last_look, |response| pending(response, write.id)).await? {
            Ok(document) => Ok(Deletion::Pending(Box::new(document))),
            Err(error) if error.is(&ProblemType::TenantDeleted) => Ok(Deletion::Gone),
            Err(error) => Err(error),
        })
    }

    /// Makes a call with nothing between a look and the request.
    async fn call_after<T, L, X>(
        &self,
        call: &Call,
        last_look: impl Fn() -> L,
        read: impl FnOnce(&Response) -> Result<T, ApiError>,
    ) -> Result<Result<T, ApiError>, X>
    where
        L: Future<Output = Result<Duration, X>>,
    {
        let sent = Instant::now();
        if let Err(error) = self.gate.pass(sent) {
            return Ok(Err(error));
        }
        let last_look = &last_look;
        let send = |token| async move {
            let most = last_look().await.map_err(NoAnswer::NotSent)?;
            Ok(self.send(&Call { most: Some(most), ..call.clone() }, token).await?)
        };
        let rejects = |no_answer: &NoAnswer<X>| matches!(no_answer, NoAnswer::Failed(ApiError::Unauthenticated(_)));
        let answer = match self.token.with_token(|| self.login.fetch(), send, rejects).await {
            Ok(response) => read(&response),
            Err(NoAnswer::Failed(error)) => Err(error),
            Err(NoAnswer::NotSent(reason)) => return Err(reason),
        };
        self.learn(&answer, call, sent);
        Ok(answer)
    }
}

/// Why a request that is preceded by a last look has no answer.
enum NoAnswer<X> {
    NotSent(X),
    Failed(ApiError),
}

impl<X> From<ApiError> for NoAnswer<X> {
    fn from(error: ApiError) -> Self {
        Self::Failed(error)
    }
}

/// The tenant in the answer to a request to delete, which has a pending deletion.
fn pending(response: &Response, id: TenantId) -> Result<TenantDocument, ApiError> {
    let document = document(response, id)?;
    match document.runtime.deletion {
        Some(_) => Ok(document),
        None => Err(response.unexpected(Defect::NoEffect).into()),
    }
}

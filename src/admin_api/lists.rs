//! What is read: one tenant, the list of all, and the change feed.

use std::time::{Duration, Instant};

use ::http::{Method, StatusCode};

use super::call::{Call, document};
use super::client::Client;
use super::error::ApiError;
use super::problem::{Problem, ProblemType};
use super::types::{Changes, Lookup, TenantPage, Versions};
use crate::http::Response;
use crate::settings::TenantId;

impl Client {
    /// Everything about a tenant.
    ///
    /// *Errors*: any [`ApiError`]. A 404 that is not one of the two documented bodies is an error, never an absence.
    pub async fn tenant(&self, id: TenantId) -> Result<Lookup, ApiError> {
        let found = self.call(Call::tenant(Method::GET, id, ""), |response| document(&response, id)).await;
        looked_up(found.map(|document| Lookup::Found(Box::new(document))))
    }

    /// The same, unless it still has these versions.
    ///
    /// *Errors*: as of [`Self::tenant`].
    pub async fn tenant_unless(&self, id: TenantId, versions: &Versions) -> Result<Option<Lookup>, ApiError> {
        let call = Call::tenant(Method::GET, id, "").unless(versions);
        let found = self.call(call, |response| match response.status {
            StatusCode::NOT_MODIFIED => Ok(None),
            _ => document(&response, id).map(Some),
        });
        match found.await {
            Ok(None) => Ok(None),
            Ok(Some(document)) => Ok(Some(Lookup::Found(Box::new(document)))),
            Err(error) => looked_up(Err(error)).map(Some),
        }
    }

    /// A page of all tenants that our credentials may access, with their stamps.
    ///
    /// *Errors*: any [`ApiError`].
    pub async fn tenants(&self, cursor: Option<&str>) -> Result<TenantPage, ApiError> {
        let call = Call::new(Method::GET, "v1/tenants").query("fields", "id,owner");
        self.call(after("cursor", call, cursor), |response| Ok(response.json()?)).await
    }

    /// A page of at most so many tenants, with their stamps and versions.
    ///
    /// *Errors*: any [`ApiError`].
    pub async fn versions(&self, limit: u16, cursor: Option<&str>) -> Result<TenantPage, ApiError> {
        let fields = "id,settingsVersion,runtimeVersion,owner";
        let call = Call::new(Method::GET, "v1/tenants").query("fields", fields).query("limit", limit.to_string());
        self.aside(after("cursor", call, cursor), |response| Ok(response.json()?)).await
    }

    /// The tenants that changed since a cursor, as soon as there is one, or after `wait`; without a cursor, where to begin.
    ///
    /// *Errors*: `cursor-expired` where what happened since is not known any more; any other [`ApiError`].
    pub async fn changes(&self, cursor: Option<&str>, wait: Duration) -> Result<Changes, ApiError> {
        let waits = if cursor.is_some() { wait } else { Duration::ZERO };
        let call = Call::new(Method::GET, "v1/changes").query("wait", waits.as_secs().to_string());
        let call = Call { waits, most: Some(waits + self.deadline), ..after("after", call, cursor) };
        self.aside(call, |response| Ok(response.json()?)).await
    }

    /// Whether the platform is called at present: it is not while it is out of reach, or asked to be left alone.
    pub fn is_open(&self) -> bool {
        self.gate.pass(Instant::now()).is_ok()
    }

    /// Makes a call that no Tenant waits for. Where it fails, that says nothing of any tenant and brings no probe: a platform may
    /// have no such route. That the platform asks to be left alone counts.
    async fn aside<T>(&self, call: Call, read: impl FnOnce(Response) -> Result<T, ApiError>) -> Result<T, ApiError> {
        self.gate.pass(Instant::now())?;
        let result = self.authorized(&call).await.and_then(read);
        if matches!(result, Err(ApiError::Throttled { .. })) {
            // It closes nothing, so that nothing has to be probed.
            self.gate.learn(&result, Instant::now());
        }
        result
    }
}

fn after(name: &'static str, call: Call, cursor: Option<&str>) -> Call {
    match cursor {
        Some(cursor) => call.query(name, cursor),
        None => call,
    }
}

/// The two documented refusals that say that there is no tenant.
fn looked_up(found: Result<Lookup, ApiError>) -> Result<Lookup, ApiError> {
    match found {
        Err(error) if error.is(&ProblemType::TenantNotFound) => Ok(Lookup::Absent),
        Err(ApiError::Refused(Problem {
            problem_type: ProblemType::TenantDeleted,
            deletion_id: Some(deletion_id),
            ..
        })) => Ok(Lookup::Tombstone { deletion_id }),
        found => found,
    }
}

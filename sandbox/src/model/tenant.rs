//! A tenant as it is stored and as it is shown.
use serde_json::{Value, json};

use super::problem::{Failure, Slug};
use super::roles::Caller;
use super::rows::PARTNER;
use super::runtime::State;
use super::store::Work;
use super::table::restricted_paths;

/// One tenant of the platform.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub id: String,
    pub settings: Value,
    pub owner: Option<String>,
    pub last_owner: Option<String>,
    pub state: State,
    pub(super) settings_version: i64,
    pub(super) runtime: Value,
    pub(super) runtime_version: i64,
    /// What a reader saw before this request; `None` before the tenant is created.
    pub(super) seen: Option<Seen>,
}

/// The parts of the document whose change moves a version.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub settings: Value,
    pub runtime: Value,
    pub owner: Option<String>,
    pub last_owner: Option<String>,
}

type Row = (String, i64, String, i64, Option<String>, Option<String>, String);

impl Tenant {
    /// Returns a tenant that is not stored yet.
    pub(crate) fn new(id: &str, settings: Value, state: State) -> Self {
        Self {
            id: id.to_owned(),
            settings,
            owner: None,
            last_owner: None,
            state,
            settings_version: 0,
            runtime: Value::Null,
            runtime_version: 0,
            seen: None,
        }
    }

    /// Returns the tenant `id` without a check of the caller.
    pub(crate) async fn load(work: &mut Work, id: &str) -> Result<Option<Self>, Failure> {
        let sql = "SELECT settings, settings_version, runtime, runtime_version, owner, last_owner, state \
                   FROM tenants WHERE id = ?";
        let row: Option<Row> = sqlx::query_as(sql).bind(id).fetch_optional(&mut *work.tx).await?;
        let Some((settings, settings_version, runtime, runtime_version, owner, last_owner, state)) = row else {
            return Ok(None);
        };
        let mut tenant = Self {
            id: id.to_owned(),
            settings: serde_json::from_str(&settings)?,
            owner,
            last_owner,
            state: serde_json::from_str(&state)?,
            settings_version,
            runtime: serde_json::from_str(&runtime)?,
            runtime_version,
            seen: None,
        };
        tenant.seen = Some(tenant.to_be_seen());
        Ok(Some(tenant))
    }

    pub(super) fn to_be_seen(&self) -> Seen {
        Seen {
            settings: self.settings.clone(),
            runtime: self.runtime.clone(),
            owner: self.owner.clone(),
            last_owner: self.last_owner.clone(),
        }
    }

    /// Returns the partner that manages the tenant.
    pub(crate) fn partner(&self) -> Option<&str> {
        self.settings.pointer(PARTNER).and_then(Value::as_str)
    }

    /// Returns the member `runtime` as it was last stored.
    pub(crate) fn runtime(&self) -> &Value {
        &self.runtime
    }

    /// Returns the value at a pointer that is a boolean; anything else counts as false.
    pub(crate) fn is_on(&self, pointer: &str) -> bool {
        self.settings.pointer(pointer) == Some(&json!(true))
    }

    /// Returns the text at a pointer.
    pub(crate) fn text(&self, pointer: &str) -> Option<&str> {
        self.settings.pointer(pointer).and_then(Value::as_str)
    }

    /// Returns the version of the settings in wire format.
    pub(crate) fn settings_version(&self) -> String {
        version("s", self.settings_version)
    }

    pub(crate) fn etag(&self) -> String {
        format!("\"{}.{}\"", self.settings_version(), version("r", self.runtime_version))
    }

    /// Returns the document that GET and every write answer.
    pub(crate) fn document(&self, caller: &Caller) -> Value {
        json!({
            "id": self.id,
            "settingsVersion": self.settings_version(),
            "runtimeVersion": version("r", self.runtime_version),
            "owner": self.owner,
            "lastOwner": self.last_owner,
            "settings": self.settings,
            "runtime": self.runtime,
            "restrictedPaths": restricted_paths(caller.role),
        })
    }
}

/// Returns a version in wire format: opaque, short, never reused.
pub(crate) fn version(kind: &str, number: i64) -> String {
    format!("{kind}{number}")
}

/// Refuses a write to a tenant whose deletion has begun.
pub(crate) fn refuse_if_deleting(tenant: &Tenant) -> Result<(), Failure> {
    match tenant.state.deletion_id {
        Some(_) => Err(Slug::TenantDeleting.into()),
        None => Ok(()),
    }
}

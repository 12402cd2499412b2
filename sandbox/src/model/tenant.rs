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
    /// The stamp of the writer of this request; `None` for anybody without one.
    pub writer: Option<String>,
    pub state: State,
    pub(super) settings_version: String,
    pub(super) last_writer: Option<String>,
    pub(super) runtime: Value,
    pub(super) runtime_version: String,
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

/// Settings and their version, runtime and its version, owner, last owner, last writer, state.
type Row = (String, String, String, String, Option<String>, Option<String>, Option<String>, String);

impl Tenant {
    /// Returns a tenant that is not stored yet.
    pub(crate) fn new(id: &str, settings: Value, state: State) -> Self {
        Self {
            id: id.to_owned(),
            settings,
            owner: None,
            last_owner: None,
            writer: None,
            state,
            settings_version: String::new(),
            last_writer: None,
            runtime: Value::Null,
            runtime_version: String::new(),
            seen: None,
        }
    }

    /// Returns the tenant `id` without a check of the caller.
    pub(crate) async fn load(work: &mut Work, id: &str) -> Result<Option<Self>, Failure> {
        let sql = "SELECT settings, settings_version, runtime, runtime_version, owner, last_owner, last_writer, state \
                   FROM tenants WHERE id = ?";
        let row: Option<Row> = sqlx::query_as(sql).bind(id).fetch_optional(&mut *work.tx).await?;
        let Some((settings, settings_version, runtime, runtime_version, owner, last_owner, last_writer, state)) = row
        else {
            return Ok(None);
        };
        let mut tenant = Self {
            id: id.to_owned(),
            settings: serde_json::from_str(&settings)?,
            owner,
            last_owner,
            writer: None,
            state: serde_json::from_str(&state)?,
            settings_version,
            last_writer,
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

    pub(crate) fn settings_version(&self) -> &str {
        &self.settings_version
    }

    pub(crate) fn etag(&self) -> String {
        format!("\"{}.{}\"", self.settings_version, self.runtime_version)
    }

    /// Returns the document that GET and every write answer.
    pub(crate) fn document(&self, caller: &Caller) -> Value {
        json!({
            "id": self.id,
            "settingsVersion": self.settings_version,
            "runtimeVersion": self.runtime_version,
            "owner": self.owner,
            "lastOwner": self.last_owner,
            "lastWriter": self.last_writer,
            "settings": self.settings,
            "runtime": self.runtime,
            "restrictedPaths": restricted_paths(caller.role),
        })
    }
}

/// Refuses a write to a tenant whose deletion has begun.
pub(crate) fn refuse_if_deleting(tenant: &Tenant) -> Result<(), Failure> {
    match tenant.state.deletion_id {
        Some(_) => Err(Slug::TenantDeleting.into()),
        None => Ok(()),
    }
}

//! A tenant as it is stored, and the one place that writes it.
//!
//! Versions follow from content: `settingsVersion` moves exactly when the settings differ, `runtimeVersion` exactly
//! when anything else of the document does. Both are the number of the change in the feed, so that a tenant that is
//! created again never reuses one.
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::merge::Normaliser;
use super::problem::{Failure, Problem, Slug};
use super::roles::Caller;
use super::rows::{INTERACT_ENABLED, PARTNER};
use super::runtime::{Holdings, Service, State, WidgetKey, runtime};
use super::store::Work;
use super::table::{changed_pointers, restricted_paths};
use crate::http::call::Call;
use crate::world::tasks;

/// A tenant.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub id: String,
    pub settings: Value,
    pub owner: Option<String>,
    pub last_owner: Option<String>,
    pub state: State,
    settings_version: i64,
    runtime: Value,
    runtime_version: i64,
    /// What a reader sees now; nothing before the tenant is created.
    seen: Option<Seen>,
}

/// The parts of the document whose change moves a version.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    settings: Value,
    runtime: Value,
    owner: Option<String>,
    last_owner: Option<String>,
}

/// What stands under an id.
pub(crate) enum Found {
    Tenant(Box<Tenant>),
    Tombstone { deletion_id: String },
    Absent,
}

type Row = (String, i64, String, i64, Option<String>, Option<String>, String);

impl Tenant {
    /// A tenant that is not stored yet.
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

    /// Returns the tenant `id`, whoever asks.
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

    fn to_be_seen(&self) -> Seen {
        Seen {
            settings: self.settings.clone(),
            runtime: self.runtime.clone(),
            owner: self.owner.clone(),
            last_owner: self.last_owner.clone(),
        }
    }

    /// Returns the partner that looks after the tenant.
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

    /// Returns the version of the settings as it stands on the wire.
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

    /// Stores the tenant and moves the versions of what changed.
    pub(crate) async fn save(&mut self, work: &mut Work) -> Result<(), Failure> {
        if self.settings.pointer(INTERACT_ENABLED) == Some(&json!(true)) && self.state.widget_key.is_none() {
            self.state.widget_key = Some(WidgetKey { key: uuid::Uuid::new_v4().to_string(), version: 1 });
        }
        let (services, users) = (services(work, &self.id).await?, users(work, &self.id).await?);
        self.runtime = runtime(&Holdings {
            id: &self.id,
            settings: &self.settings,
            state: &self.state,
            services: &services,
            users: &users,
        });
        self.move_versions(work).await?;
        tasks::resume(work, self).await?;
        work.trace.settings_version_after = Some(self.settings_version());
        let sql = "INSERT OR REPLACE INTO tenants VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
        sqlx::query(sql)
            .bind(&self.id)
            .bind(self.partner())
            .bind(self.settings.to_string())
            .bind(self.settings_version)
            .bind(self.runtime.to_string())
            .bind(self.runtime_version)
            .bind(&self.owner)
            .bind(&self.last_owner)
            .bind(serde_json::to_string(&self.state)?)
            .execute(&mut *work.tx)
            .await?;
        Ok(())
    }

    async fn move_versions(&mut self, work: &mut Work) -> Result<(), Failure> {
        let now = self.to_be_seen();
        if self.seen.as_ref() == Some(&now) {
            return Ok(());
        }
        let was = self.seen.replace(now);
        let partner_before = was.as_ref().and_then(|was| was.settings.pointer(PARTNER)?.as_str());
        if partner_before.is_some() && partner_before != self.partner() {
            // The partner that loses the tenant hears of it too.
            record_change(work, &self.id, partner_before).await?;
        }
        let seq = record_change(work, &self.id, self.partner()).await?;
        let settings_before = was.as_ref().map(|was| &was.settings);
        if settings_before != Some(&self.settings) {
            let before = settings_before.unwrap_or(&Value::Null);
            work.trace.changed_pointers = changed_pointers(before, &self.settings);
            self.settings_version = seq;
        }
        let same_beside_settings =
            |was: &Seen| (&was.runtime, &was.owner, &was.last_owner) == (&self.runtime, &self.owner, &self.last_owner);
        if !was.as_ref().is_some_and(same_beside_settings) {
            self.runtime_version = seq;
        }
        Ok(())
    }
}

/// Returns a version as it stands on the wire: opaque, short, never reused.
pub(crate) fn version(kind: &str, number: i64) -> String {
    format!("{kind}{number}")
}

/// Writes an entry of the change feed and returns its number.
pub(crate) async fn record_change(work: &mut Work, tenant: &str, partner: Option<&str>) -> Result<i64, sqlx::Error> {
    let sql = "INSERT INTO changes (tenant, partner, at) VALUES (?, ?, ?) RETURNING seq";
    let at = work.now.as_second();
    sqlx::query_scalar(sql).bind(tenant).bind(partner).bind(at).fetch_one(&mut *work.tx).await
}

/// Returns what stands under the id in the path, if the caller may know.
pub(crate) async fn find(work: &mut Work, call: &Call, caller: &Caller) -> Result<Found, Failure> {
    let id = call.tenant()?;
    work.trace.tenant = Some(id.clone());
    if let Some(tenant) = Tenant::load(work, &id).await? {
        return match caller.reaches(&id, tenant.partner(), true) {
            true => {
                work.trace.settings_version_before = Some(tenant.settings_version());
                work.trace.settings_version_after = Some(tenant.settings_version());
                Ok(Found::Tenant(Box::new(tenant)))
            }
            false => Err(Slug::NotPermitted.into()),
        };
    }
    let sql = "SELECT deletion_id, partner FROM tombstones WHERE tenant = ?";
    let row: Option<(String, Option<String>)> = sqlx::query_as(sql).bind(&id).fetch_optional(&mut *work.tx).await?;
    let partner = row.as_ref().and_then(|(_, partner)| partner.as_deref());
    if !caller.reaches(&id, partner, row.is_some()) {
        return Err(Slug::NotPermitted.into());
    }
    Ok(row.map_or(Found::Absent, |(deletion_id, _)| Found::Tombstone { deletion_id }))
}

/// Returns the tenant in the path, which has to exist.
pub(crate) async fn existing(work: &mut Work, call: &Call, caller: &Caller) -> Result<Tenant, Failure> {
    match find(work, call, caller).await? {
        Found::Tenant(tenant) => Ok(*tenant),
        Found::Tombstone { deletion_id } => Err(Problem::tombstone(&deletion_id, 404).into()),
        Found::Absent => Err(Slug::TenantNotFound.into()),
    }
}

/// Returns the services of a tenant.
pub(crate) async fn services(work: &mut Work, tenant: &str) -> Result<Vec<Service>, Failure> {
    let sql = "SELECT id, licence, features, technical, pushed, removed FROM services WHERE tenant = ? ORDER BY id";
    let rows: Vec<(String, String, String, String, Option<String>, bool)> =
        sqlx::query_as(sql).bind(tenant).fetch_all(&mut *work.tx).await?;
    let service = |(id, licence, features, technical, pushed, removed): (_, _, String, String, Option<String>, _)| {
        Ok(Service {
            id,
            licence,
            features: serde_json::from_str(&features)?,
            technical: serde_json::from_str(&technical)?,
            pushed: pushed.as_deref().map(serde_json::from_str).transpose()?,
            removed,
        })
    };
    rows.into_iter().map(service).collect()
}

async fn users(work: &mut Work, tenant: &str) -> Result<BTreeMap<String, i64>, Failure> {
    let sql = "SELECT kind, COUNT(*) FROM user_licences WHERE tenant = ? GROUP BY kind";
    let rows: Vec<(String, i64)> = sqlx::query_as(sql).bind(tenant).fetch_all(&mut *work.tx).await?;
    Ok(rows.into_iter().collect())
}

/// Returns the values behind the sealed leaves of a tenant.
pub(crate) async fn secrets(work: &mut Work, tenant: &str) -> Result<BTreeMap<String, String>, Failure> {
    let sql = "SELECT pointer, value FROM secrets WHERE tenant = ?";
    let rows: Vec<(String, String)> = sqlx::query_as(sql).bind(tenant).fetch_all(&mut *work.tx).await?;
    Ok(rows.into_iter().collect())
}

/// Keeps new values behind sealed leaves.
pub(crate) async fn keep_secrets(work: &mut Work, tenant: &str, secrets: &[(String, String)]) -> Result<(), Failure> {
    for (pointer, value) in secrets {
        let sql = "INSERT OR REPLACE INTO secrets VALUES (?, ?, ?)";
        sqlx::query(sql).bind(tenant).bind(pointer).bind(value).execute(&mut *work.tx).await?;
    }
    Ok(())
}

/// Returns the values that the platform does not keep as they are written.
pub(crate) async fn normalisers(work: &mut Work, tenant: &str) -> Result<BTreeMap<String, Normaliser>, Failure> {
    let sql = "SELECT pointer, mode FROM normalisers WHERE tenant = ?";
    let rows: Vec<(String, String)> = sqlx::query_as(sql).bind(tenant).fetch_all(&mut *work.tx).await?;
    let mode = |mode: &str| {
        if mode == "upper" { Normaliser::Upper } else { Normaliser::Ignore }
    };
    Ok(rows.into_iter().map(|(pointer, text)| (pointer, mode(&text))).collect())
}

//! Entra tenants, apps and their permissions: planted, or granted by the provisioning script.
use serde_json::{Value, json};

use super::permissions::{GRAPH_APP, INTERACT_APP, NIMBUS_APP, registered, role_id};
use crate::http::call::Call;
use crate::http::members::Members;
use crate::http::reply::Reply;
use crate::model::format::{canonical, guid};
use crate::model::leaf::Format;
use crate::model::problem::{Code, Failure, Problem};
use crate::model::store::Work;

/// The maximum replication lag.
const DAY: i64 = 86_400;
/// Units per 10 seconds of a small tenant, and presences per 30 seconds.
const IDENTITY_UNITS: i64 = 3500;
const PRESENCE_REQUESTS: i64 = 1500;

pub(super) struct EntraTenant {
    pub id: String,
    pub domains: Vec<String>,
    /// Seconds until a write can be read.
    pub lag: i64,
    pub identity_units: i64,
    pub presence_requests: i64,
}

impl EntraTenant {
    /// Returns the tenant of an id or a domain. Every Nimbus tenant has one, even if none was planted.
    pub(crate) async fn find(work: &mut Work, name: &str) -> Result<Option<Self>, Failure> {
        let sql = "SELECT id, domains, lag, identity_units, presence_requests FROM ms_tenants \
                   WHERE id = ?1 OR EXISTS (SELECT 1 FROM json_each(domains) WHERE value = ?1)";
        let name = name.to_ascii_lowercase();
        let row: Option<(String, String, i64, i64, i64)> =
            sqlx::query_as(sql).bind(&name).fetch_optional(&mut *work.tx).await?;
        if let Some((id, domains, lag, identity_units, presence_requests)) = row {
            let domains = serde_json::from_str(&domains)?;
            return Ok(Some(Self { id, domains, lag, identity_units, presence_requests }));
        }
        let sql = "SELECT 1 FROM tenants WHERE id = ?";
        let known: Option<i64> = sqlx::query_scalar(sql).bind(&name).fetch_optional(&mut *work.tx).await?;
        Ok(known.map(|_| Self::blank(name)))
    }

    fn blank(id: String) -> Self {
        let domains = Vec::new();
        Self { id, domains, lag: 0, identity_units: IDENTITY_UNITS, presence_requests: PRESENCE_REQUESTS }
    }

    /// Returns the tenant in the path of a route that plants data, and creates it if it is missing.
    pub(crate) async fn planted(work: &mut Work, call: &Call) -> Result<Self, Failure> {
        let id = path_guid(call, "tenant")?;
        let tenant = Self::find(work, &id).await?.unwrap_or_else(|| Self::blank(id));
        tenant.save(work).await?;
        Ok(tenant)
    }

    async fn save(&self, work: &mut Work) -> Result<(), Failure> {
        let sql = "INSERT OR REPLACE INTO ms_tenants VALUES (?, ?, ?, ?, ?)";
        let row = sqlx::query(sql).bind(&self.id).bind(json!(self.domains).to_string()).bind(self.lag);
        row.bind(self.identity_units).bind(self.presence_requests).execute(&mut *work.tx).await?;
        Ok(())
    }

    /// Returns the domain of the names of guests.
    pub(super) fn initial_domain(&self) -> String {
        let of_microsoft = self.domains.iter().find(|domain| domain.ends_with(".onmicrosoft.com"));
        of_microsoft.cloned().unwrap_or_else(|| format!("{}.onmicrosoft.com", self.id))
    }

    /// Returns from when on a write of this moment can be read.
    pub(super) fn visible_from(&self, work: &Work, body: &Members) -> Result<i64, Failure> {
        let lag = body.number("lagSeconds", 0, DAY)?.unwrap_or(self.lag);
        Ok(work.now.as_second() + lag)
    }
}

/// Returns a GUID of the path in lower case.
pub(super) fn path_guid(call: &Call, name: &str) -> Result<String, Failure> {
    guid(call.parameter(name)).ok_or_else(|| Problem::member(&format!("/{name}"), Code::BadFormat).into())
}

/// `PUT /sandbox/microsoft/tenants/{tenant}`: domains, lag and budgets of an Entra tenant.
pub(crate) async fn put_tenant(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["domains", "lagSeconds", "identityUnits", "presenceRequests"])?;
    let mut tenant = EntraTenant::planted(work, call).await?;
    if body.has("domains") {
        let domains = body.texts("domains")?;
        let canonical: Option<Vec<String>> = domains.iter().map(|domain| canonical(Format::Domain, domain)).collect();
        tenant.domains = canonical.ok_or(Problem::member("/domains", Code::BadFormat))?;
    }
    tenant.lag = body.number("lagSeconds", 0, DAY)?.unwrap_or(tenant.lag);
    tenant.identity_units = body.number("identityUnits", 1, i64::MAX)?.unwrap_or(tenant.identity_units);
    tenant.presence_requests = body.number("presenceRequests", 1, i64::MAX)?.unwrap_or(tenant.presence_requests);
    tenant.save(work).await?;
    Ok(Reply::new(204, None))
}

/// `PUT /sandbox/microsoft/apps/{app}`: an app with its credentials.
pub(crate) async fn put_app(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["displayName", "secret", "keys"])?;
    let app = path_guid(call, "app")?;
    let name = body.nullable_text("displayName")?.unwrap_or_else(|| app.clone());
    let keys = body.get("keys").cloned().unwrap_or_else(|| json!([]));
    if !super::assertion::are_keys(&keys) {
        return Err(Problem::member("/keys", Code::BadFormat).into());
    }
    let sql = "INSERT OR REPLACE INTO ms_apps VALUES (?, ?, ?, ?)";
    let row = sqlx::query(sql).bind(app).bind(name).bind(body.nullable_text("secret")?);
    row.bind(keys.to_string()).execute(&mut *work.tx).await?;
    Ok(Reply::new(204, None))
}

/// `PUT /sandbox/microsoft/tenants/{tenant}/grants`: exactly these permissions of an app for a resource.
pub(crate) async fn put_grants(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["clientId", "permissions", "resourceAppId", "lagSeconds"])?;
    let app = guid(&body.text("clientId")?).ok_or(Problem::member("/clientId", Code::BadFormat))?;
    let resource = body.nullable_text("resourceAppId")?.unwrap_or_else(|| GRAPH_APP.to_owned());
    let resource = guid(&resource).ok_or(Problem::member("/resourceAppId", Code::BadFormat))?;
    let permissions = body.texts("permissions")?;
    let roles: Option<Vec<String>> = permissions.iter().map(|name| role_id(name)).collect();
    let roles = roles.ok_or(Problem::member("/permissions", Code::NotAllowed))?;
    let tenant = EntraTenant::planted(work, call).await?;
    let at = tenant.visible_from(work, &body)?;
    consent(work, &tenant.id, &app).await?;
    let sql = "UPDATE ms_grants SET until = ?1 WHERE tenant = ?2 AND app = ?3 AND resource = ?4 AND until IS NULL \
               AND role NOT IN (SELECT value FROM json_each(?5))";
    let row = sqlx::query(sql).bind(at).bind(&tenant.id).bind(&app).bind(&resource);
    row.bind(json!(roles).to_string()).execute(&mut *work.tx).await?;
    for role in roles {
        grant(work, &Grant { tenant: &tenant.id, app: &app, resource: &resource, role: &role }, at).await?;
    }
    Ok(Reply::new(204, None))
}

/// `DELETE /sandbox/microsoft/tenants/{tenant}/apps/{app}`: removes the app from the tenant.
pub(crate) async fn remove_principal(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let (tenant, app) = (path_guid(call, "tenant")?, path_guid(call, "app")?);
    for sql in
        ["DELETE FROM ms_consents WHERE tenant = ? AND app = ?", "DELETE FROM ms_grants WHERE tenant = ? AND app = ?"]
    {
        sqlx::query(sql).bind(&tenant).bind(&app).execute(&mut *work.tx).await?;
    }
    Ok(Reply::new(204, None))
}

async fn consent(work: &mut Work, tenant: &str, app: &str) -> Result<(), Failure> {
    let sql = "INSERT OR IGNORE INTO ms_consents VALUES (?, ?)";
    sqlx::query(sql).bind(tenant).bind(app).execute(&mut *work.tx).await?;
    Ok(())
}

/// A permission of an app.
struct Grant<'a> {
    tenant: &'a str,
    app: &'a str,
    resource: &'a str,
    role: &'a str,
}

/// Grants a permission from a time on; an existing grant does not change.
async fn grant(work: &mut Work, grant: &Grant<'_>, at: i64) -> Result<(), Failure> {
    let sql = "INSERT INTO ms_grants VALUES (?1, ?2, ?3, ?4, ?5, NULL) \
               ON CONFLICT DO UPDATE SET since = ?5, until = NULL WHERE until IS NOT NULL";
    let row = sqlx::query(sql).bind(grant.tenant).bind(grant.app).bind(grant.resource).bind(grant.role);
    row.bind(at).execute(&mut *work.tx).await?;
    Ok(())
}

/// Grants the permissions of a run of the provisioning script; the Interact app gets its permissions only while Interact is on.
pub(crate) async fn script_grants(work: &mut Work, tenant: &str, interact: bool) -> Result<(), Failure> {
    let apps = [(NIMBUS_APP, true), (INTERACT_APP, interact)];
    for (app, _) in apps.into_iter().filter(|(_, granted)| *granted) {
        grant_registered(work, tenant, app).await?;
    }
    Ok(())
}

/// Grants an app the permissions that it is registered with, as the consent of an administrator does.
pub(super) async fn grant_registered(work: &mut Work, tenant: &str, app: &str) -> Result<(), Failure> {
    let lag = EntraTenant::find(work, tenant).await?.map_or(0, |tenant| tenant.lag);
    let at = work.now.as_second() + lag;
    consent(work, tenant, app).await?;
    for role in registered(app).iter().filter_map(|name| role_id(name)) {
        grant(work, &Grant { tenant, app, resource: GRAPH_APP, role: &role }, at).await?;
    }
    Ok(())
}

/// True if an app has one of these permissions in a tenant.
pub(crate) async fn has_permission(work: &mut Work, tenant: &str, app: &str, any_of: &[&str]) -> Result<bool, Failure> {
    let roles: Vec<String> = any_of.iter().filter_map(|name| role_id(name)).collect();
    let granted = grants(work, tenant, app).await?;
    Ok(granted.iter().any(|(resource, role)| resource == GRAPH_APP && roles.contains(role)))
}

/// Returns resource and role of all permissions of an app in a tenant.
pub(super) async fn grants(work: &mut Work, tenant: &str, app: &str) -> Result<Vec<(String, String)>, Failure> {
    let sql = "SELECT resource, role FROM ms_grants WHERE tenant = ?1 AND app = ?2 AND since <= ?3 \
               AND (until IS NULL OR until > ?3) ORDER BY resource, role";
    let row = sqlx::query_as(sql).bind(tenant).bind(app).bind(work.now.as_second());
    Ok(row.fetch_all(&mut *work.tx).await?)
}

/// True if a tenant knows an app; Graph itself is known everywhere.
pub(super) async fn is_known(work: &mut Work, tenant: &str, app: &str) -> Result<bool, Failure> {
    let sql = "SELECT 1 FROM ms_consents WHERE tenant = ? AND app = ?";
    let known: Option<i64> = sqlx::query_scalar(sql).bind(tenant).bind(app).fetch_optional(&mut *work.tx).await?;
    Ok(app == GRAPH_APP || known.is_some())
}

/// Returns the name of an app.
pub(super) async fn display_name(work: &mut Work, app: &str) -> Result<Value, Failure> {
    let sql = "SELECT name FROM ms_apps WHERE id = ?";
    let name: Option<String> = sqlx::query_scalar(sql).bind(app).fetch_optional(&mut *work.tx).await?;
    Ok(if app == GRAPH_APP { json!("Microsoft Graph") } else { json!(name) })
}

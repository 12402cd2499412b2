//! The provisioning script that an administrator runs: it pushes pending changes and finishes a deletion.
use serde_json::{Value, json};

use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::microsoft::script_grants;
use crate::model::changes::record_change;
use crate::model::parts::services;
use crate::model::problem::{Failure, Slug};
use crate::model::rows::INTERACT_ENABLED;
use crate::model::runtime::{Holdings, pending_changes, script_settings};
use crate::model::store::Work;
use crate::model::tenant::Tenant;

/// What a run did.
pub(crate) struct Run {
    pub pushed: Vec<Value>,
    /// True if the tenant was deleted.
    pub deleted: bool,
}

/// Runs the script for a tenant.
pub(crate) async fn run(work: &mut Work, tenant: &mut Tenant) -> Result<Run, Failure> {
    let services = services(work, &tenant.id).await?;
    let pushed = pending_changes(&Holdings {
        id: &tenant.id,
        settings: &tenant.settings,
        state: &tenant.state,
        services: &services,
        users: &Default::default(),
    });
    let id = &tenant.id;
    for sql in [
        "DELETE FROM services WHERE tenant = ? AND removed = 1",
        "UPDATE services SET pushed = technical WHERE tenant = ?",
    ] {
        sqlx::query(sql).bind(id).execute(&mut *work.tx).await?;
    }
    if let Some(deletion_id) = tenant.state.deletion_id.clone() {
        remove(work, tenant).await?;
        let sql = "INSERT OR REPLACE INTO tombstones VALUES (?, ?, ?)";
        let tombstone = sqlx::query(sql).bind(&tenant.id).bind(deletion_id).bind(tenant.partner());
        tombstone.execute(&mut *work.tx).await?;
        return Ok(Run { pushed, deleted: true });
    }
    script_grants(work, &tenant.id, tenant.is_on(INTERACT_ENABLED)).await?;
    tenant.state.pushed = script_settings(&tenant.settings);
    tenant.save(work).await?;
    Ok(Run { pushed, deleted: false })
}

/// Runs the script if automatic runs are on.
pub(crate) async fn run_if_automatic(work: &mut Work, tenant: &mut Tenant) -> Result<(), Failure> {
    if work.fact("auto_run").await? == "true" {
        run(work, tenant).await?;
    }
    Ok(())
}

/// Saves a tenant, runs the script if automatic runs are on, and returns an empty answer.
pub(crate) async fn save_and_run(work: &mut Work, mut tenant: Tenant) -> Result<Reply, Failure> {
    tenant.save(work).await?;
    run_if_automatic(work, &mut tenant).await?;
    Ok(Reply::new(204, None))
}

/// Removes everything about a tenant except the tokens of its triggers, which stay used.
pub(crate) async fn remove(work: &mut Work, tenant: &Tenant) -> Result<(), Failure> {
    for sql in [
        "DELETE FROM tenants WHERE id = ?",
        "DELETE FROM secrets WHERE tenant = ?",
        "DELETE FROM normalisers WHERE tenant = ?",
        "DELETE FROM services WHERE tenant = ?",
        "DELETE FROM user_licenses WHERE tenant = ?",
        "DELETE FROM users WHERE tenant = ?",
        "DELETE FROM organization_units WHERE tenant = ?",
        "DELETE FROM tasks WHERE tenant = ?",
        "DELETE FROM calls WHERE tenant = ?",
        "DELETE FROM user_states WHERE tenant = ?",
        "DELETE FROM interact_sessions WHERE tenant = ?",
    ] {
        sqlx::query(sql).bind(&tenant.id).execute(&mut *work.tx).await?;
    }
    record_change(work, &tenant.id, tenant.partner()).await?;
    work.trace.settings_version_after = None;
    Ok(())
}

/// `POST /sandbox/tenants/{id}/script/run`.
pub(crate) async fn run_now(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    call.members(&[])?;
    let mut tenant = Tenant::load(work, &call.tenant()?).await?.ok_or(Slug::TenantNotFound)?;
    let run = run(work, &mut tenant).await?;
    Ok(Reply::ok(json!({"pushed": run.pushed, "deleted": run.deleted})))
}

/// `PUT /sandbox/auto-run`.
pub(crate) async fn set_auto_run(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["enabled"])?;
    let enabled = body.flag("enabled")?;
    work.set_fact("auto_run", if enabled { "true" } else { "false" }).await?;
    Ok(Reply::ok(json!({"enabled": enabled})))
}

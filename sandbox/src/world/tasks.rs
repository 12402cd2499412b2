//! Tasks of services and their limits.
//!
//! A limit acts at once: on the next task, and on those that wait. It never ends a task that runs.
use serde_json::{Value, json};

use super::tenant::tenant;
use crate::http::call::{Call, Reply};
use crate::model::problem::{Code, Failure, Problem, Slug};
use crate::model::rows::{
    EMAIL_LIMIT, EXTERNAL_TASK_LIMIT, INSTANT_MESSAGING_ENABLED, INSTANT_MESSAGING_LIMIT, OUTBOUND_LIMIT,
};
use crate::model::runtime::is_in_service;
use crate::model::store::Work;
use crate::model::tenant::Tenant;

/// What becomes of a task at the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AtLimit {
    /// The flow that made it gets an error.
    Discarded,
    /// It waits until there is room.
    Blocked,
}

/// A kind of task.
struct Kind {
    name: &'static str,
    limit: &'static str,
    at_limit: AtLimit,
    /// The modality that it belongs to.
    modality: Option<&'static str>,
    switch: Option<&'static str>,
}

static KINDS: [Kind; 4] = [
    Kind { name: "outbound", limit: OUTBOUND_LIMIT, at_limit: AtLimit::Discarded, modality: None, switch: None },
    Kind {
        name: "external",
        limit: EXTERNAL_TASK_LIMIT,
        at_limit: AtLimit::Discarded,
        modality: Some("externalTask"),
        switch: None,
    },
    Kind {
        name: "instantMessaging",
        limit: INSTANT_MESSAGING_LIMIT,
        at_limit: AtLimit::Blocked,
        modality: Some("instantMessaging"),
        switch: Some(INSTANT_MESSAGING_ENABLED),
    },
    Kind { name: "email", limit: EMAIL_LIMIT, at_limit: AtLimit::Blocked, modality: Some("email"), switch: None },
];

/// The names of the kinds of tasks.
pub(crate) fn kinds() -> [&'static str; 4] {
    [KINDS[0].name, KINDS[1].name, KINDS[2].name, KINDS[3].name]
}

/// What becomes of a task, and why it does not run.
pub(crate) const OUTCOMES: [&str; 4] = ["running", "blocked", "discarded", "rejected"];
pub(crate) const REASONS: [&str; 6] =
    ["flow-error", "tenant-state", "service-removed", "section-off", "not-available", "not-licensed"];

/// Returns how many tasks of a kind may run at once per service: the wanted value, or the vendor's cap below it.
fn effective_limit(tenant: &Tenant, kind: &Kind) -> i64 {
    let wanted = tenant.settings.pointer(kind.limit).and_then(Value::as_i64).unwrap_or(0);
    tenant.state.caps.get(kind.limit).map_or(wanted, |cap| wanted.min(*cap))
}

/// Says what keeps tasks of a kind from running, whatever the limit.
fn hindrance(tenant: &Tenant, kind: &Kind) -> Option<&'static str> {
    let unavailable = |name: &str| !tenant.state.available_modalities.contains(name);
    let unlicensed = |name: &str| tenant.runtime()["licensed"]["modalities"][name] != json!(true);
    if !is_in_service(&tenant.settings) {
        Some("tenant-state")
    } else if kind.switch.is_some_and(|switch| !tenant.is_on(switch)) {
        Some("section-off")
    } else if kind.modality.is_some_and(unavailable) {
        Some("not-available")
    } else if kind.modality.is_some_and(unlicensed) {
        Some("not-licensed")
    } else {
        None
    }
}

fn outcome(id: Option<i64>, outcome: &str, reason: Option<&str>) -> Reply {
    Reply::ok(json!({"id": id.map(|id| id.to_string()), "outcome": outcome, "reason": reason}))
}

/// `POST /sandbox/tenants/{id}/tasks`: a task comes in.
pub(crate) async fn create(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["service", "kind"])?;
    let (service, name) = (body.text("service")?, body.choice("kind", &kinds())?);
    let tenant = tenant(work, call).await?;
    let removed = is_removed(work, &tenant.id, &service).await?;
    let Some(kind) = KINDS.iter().find(|kind| kind.name == name) else {
        return Err(Problem::member("/kind", Code::NotAllowed).into());
    };
    if let Some(reason) = hindrance(&tenant, kind).or(removed.then_some("service-removed")) {
        return Ok(outcome(None, "rejected", Some(reason)));
    }
    let sql = "SELECT COUNT(*) FROM tasks WHERE tenant = ? AND service = ? AND kind = ? AND running = 1";
    let row = sqlx::query_scalar(sql).bind(&tenant.id).bind(&service).bind(&name);
    let running: i64 = row.fetch_one(&mut *work.tx).await?;
    let has_room = running < effective_limit(&tenant, kind);
    if !has_room && kind.at_limit == AtLimit::Discarded {
        return Ok(outcome(None, "discarded", Some("flow-error")));
    }
    let sql = "INSERT INTO tasks (tenant, service, kind, running) VALUES (?, ?, ?, ?) RETURNING seq";
    let row = sqlx::query_scalar(sql).bind(&tenant.id).bind(&service).bind(&name).bind(has_room);
    let id: i64 = row.fetch_one(&mut *work.tx).await?;
    Ok(outcome(Some(id), if has_room { "running" } else { "blocked" }, None))
}

/// Returns whether a service, which has to be there, is out of service.
pub(crate) async fn is_removed(work: &mut Work, tenant: &str, service: &str) -> Result<bool, Failure> {
    let sql = "SELECT removed FROM services WHERE tenant = ? AND id = ?";
    let removed: Option<bool> =
        sqlx::query_scalar(sql).bind(tenant).bind(service).fetch_optional(&mut *work.tx).await?;
    removed.ok_or_else(|| Problem::member("/service", Code::UnknownReference).into())
}

/// `GET /sandbox/tenants/{id}/tasks`.
pub(crate) async fn list(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let tenant = tenant(work, call).await?;
    let sql = "SELECT seq, service, kind, running FROM tasks WHERE tenant = ? ORDER BY seq";
    let rows: Vec<(i64, String, String, bool)> = sqlx::query_as(sql).bind(&tenant.id).fetch_all(&mut *work.tx).await?;
    let task = |(seq, service, kind, running): (i64, String, String, bool)| {
        let outcome = if running { "running" } else { "blocked" };
        json!({"id": seq.to_string(), "service": service, "kind": kind, "outcome": outcome})
    };
    Ok(Reply::ok(json!({"items": rows.into_iter().map(task).collect::<Vec<Value>>()})))
}

/// `DELETE /sandbox/tenants/{id}/tasks/{task}`: a task is done.
pub(crate) async fn finish(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let tenant = tenant(work, call).await?;
    let task: i64 = call.parameter("task").parse().map_err(|_| Slug::MalformedRequest)?;
    let sql = "DELETE FROM tasks WHERE tenant = ? AND seq = ?";
    sqlx::query(sql).bind(&tenant.id).bind(task).execute(&mut *work.tx).await?;
    resume(work, &tenant).await?;
    Ok(Reply::new(204, None))
}

/// Lets waiting tasks run as far as there is room, the oldest first.
pub(crate) async fn resume(work: &mut Work, tenant: &Tenant) -> Result<(), Failure> {
    let sql = "SELECT service, kind, SUM(running) FROM tasks WHERE tenant = ? \
               GROUP BY service, kind HAVING SUM(running) < COUNT(*)";
    let rows: Vec<(String, String, i64)> = sqlx::query_as(sql).bind(&tenant.id).fetch_all(&mut *work.tx).await?;
    for (service, name, running) in rows {
        let free = |kind: &&Kind| kind.name == name && hindrance(tenant, kind).is_none();
        let Some(kind) = KINDS.iter().find(free) else {
            continue;
        };
        let room = (effective_limit(tenant, kind) - running).max(0);
        let sql = "UPDATE tasks SET running = 1 WHERE seq IN (SELECT seq FROM tasks \
                   WHERE tenant = ? AND service = ? AND kind = ? AND running = 0 ORDER BY seq LIMIT ?)";
        let row = sqlx::query(sql).bind(&tenant.id).bind(&service).bind(&name).bind(room);
        row.execute(&mut *work.tx).await?;
    }
    Ok(())
}

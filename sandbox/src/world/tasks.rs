//! Tasks of services.
use serde_json::{Value, json};

use super::target::tenant;
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::model::problem::{Code, Failure, Problem, Slug};
use crate::model::store::Work;
use crate::model::tasks::{AtLimit, KINDS, effective_limit, kinds, obstacle, resume};

/// The outcomes of a task, and the reasons why it does not run.
pub(crate) const OUTCOMES: [&str; 4] = ["running", "blocked", "discarded", "rejected"];
pub(crate) const REASONS: [&str; 6] =
    ["flow-error", "tenant-state", "service-removed", "section-off", "not-available", "not-licensed"];

fn outcome(id: Option<i64>, outcome: &str, reason: Option<&str>) -> Reply {
    Reply::ok(json!({"id": id.map(|id| id.to_string()), "outcome": outcome, "reason": reason}))
}

/// `POST /sandbox/tenants/{id}/tasks`: creates a task.
pub(crate) async fn create(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["service", "kind"])?;
    let (service, name) = (body.text("service")?, body.choice("kind", &kinds())?);
    let tenant = tenant(work, call).await?;
    let removed = is_removed(work, &tenant.id, &service).await?;
    let Some(kind) = KINDS.iter().find(|kind| kind.name == name) else {
        return Err(Problem::member("/kind", Code::NotAllowed).into());
    };
    if let Some(reason) = obstacle(&tenant, kind).or(removed.then_some("service-removed")) {
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

/// Returns whether a service is out of service, or an error if it does not exist.
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

/// `DELETE /sandbox/tenants/{id}/tasks/{task}`: finishes a task.
pub(crate) async fn finish(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let tenant = tenant(work, call).await?;
    let task: i64 = call.parameter("task").parse().map_err(|_| Slug::MalformedRequest)?;
    let sql = "DELETE FROM tasks WHERE tenant = ? AND seq = ?";
    sqlx::query(sql).bind(&tenant.id).bind(task).execute(&mut *work.tx).await?;
    resume(work, &tenant).await?;
    Ok(Reply::new(204, None))
}

//! Calls and log-ins, also of a tenant that is not in service.
use serde_json::{Value, json};

use super::target::tenant;
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::model::problem::{Code, Failure, Problem};
use crate::model::runtime::is_in_service;
use crate::model::store::Work;

/// The outcomes of a call.
pub(crate) const OUTCOMES: [&str; 3] = ["distributed", "announcement", "unreachable"];

/// `POST /sandbox/tenants/{id}/calls`: a customer calls a service.
pub(crate) async fn call(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["service", "customer"])?;
    let (service, customer) = (body.text("service")?, body.text("customer")?);
    let tenant = tenant(work, call).await?;
    let sql = "SELECT removed, pushed IS NOT NULL FROM services WHERE tenant = ? AND id = ?";
    let row: Option<(bool, bool)> =
        sqlx::query_as(sql).bind(&tenant.id).bind(&service).fetch_optional(&mut *work.tx).await?;
    let (removed, known) = row.ok_or_else(|| Problem::member("/service", Code::UnknownReference))?;
    let outcome = if !known {
        // The script has not registered the service yet, so nothing answers in Microsoft Teams.
        "unreachable"
    } else if removed || !is_in_service(&tenant.settings) {
        "announcement"
    } else {
        "distributed"
    };
    let sql = "INSERT INTO calls (tenant, service, customer, outcome, at) VALUES (?, ?, ?, ?, ?)";
    let row = sqlx::query(sql).bind(&tenant.id).bind(&service).bind(&customer).bind(outcome);
    row.bind(work.now.as_second()).execute(&mut *work.tx).await?;
    Ok(Reply::ok(json!({"outcome": outcome})))
}

/// `POST /sandbox/tenants/{id}/log-ins`: a user logs in to Nimbus or one of its apps.
pub(crate) async fn log_in(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    call.members(&["user"])?.text("user")?;
    let tenant = tenant(work, call).await?;
    let reason = match is_in_service(&tenant.settings) {
        true => Value::Null,
        false => json!("tenant-state"),
    };
    let outcome = if reason.is_null() { "admitted" } else { "refused" };
    Ok(Reply::ok(json!({"outcome": outcome, "reason": reason})))
}

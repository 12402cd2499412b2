//! The log of the admin API: every request, in the order of effects, without secrets.
//!
//! The entry of a request that changed something is written in the same transaction as the change, so the log
//! shows exactly what the platform accepted.
use serde_json::{Value, json};

use super::call::Call;
use super::reply::Reply;
use crate::model::problem::Failure;
use crate::model::store::Work;

/// How a request ended.
pub(crate) struct Ending<'a> {
    /// The status that was, or would have been, answered; `None` if the request was not processed.
    pub status: Option<u16>,
    /// The slug of the refusal.
    pub slug: Option<&'static str>,
    /// The kind of the fault that was applied.
    pub fault: Option<&'a str>,
    /// False if a fault answered instead of the platform.
    pub carried_out: bool,
}

/// Writes the entry of a request.
pub(crate) async fn write(work: &mut Work, call: &Call, ending: &Ending<'_>) -> Result<(), sqlx::Error> {
    let entry = entry(work, call, ending).to_string();
    let sql = "INSERT INTO log (entry) VALUES (?)";
    sqlx::query(sql).bind(entry).execute(&mut *work.tx).await?;
    Ok(())
}

fn entry(work: &Work, call: &Call, ending: &Ending<'_>) -> Value {
    let trace = &work.trace;
    let written = call.method != "GET" && call.path.starts_with("/v1/");
    let accepted = written && ending.status.is_some_and(|status| status < 300) && ending.slug.is_none();
    let mut entry = request(work, call, ending);
    entry["owner"] = json!(call.header("nimbus-owner"));
    entry["slug"] = json!(ending.slug);
    entry["accepted"] = json!(accepted && trace.tenant.is_some() && ending.carried_out);
    entry["effect"] = json!(trace.effect);
    entry["settingsVersion"] = json!({
        "before": trace.settings_version_before,
        "after": trace.settings_version_after,
    });
    entry["changedPointers"] = json!(trace.changed_pointers);
    entry
}

/// What the entry of any request holds, in this log and in Microsoft's.
pub(crate) fn request(work: &Work, call: &Call, ending: &Ending<'_>) -> Value {
    json!({
        "at": work.now.to_string(),
        "requestId": call.request_id,
        "method": call.method,
        "path": call.path,
        "query": call.raw_query,
        "route": call.template,
        "tenant": work.trace.tenant,
        "client": work.trace.client,
        "userAgent": call.header("user-agent"),
        "status": ending.status,
        "fault": ending.fault,
    })
}

/// `GET /sandbox/log`: the entries after `after`.
pub(crate) async fn read(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    entries(work, call, "SELECT seq, entry FROM log WHERE seq > ? ORDER BY seq").await
}

/// Returns the entries after `after`; `sql` selects them by number.
pub(crate) async fn entries(work: &mut Work, call: &Call, sql: &'static str) -> Result<Reply, Failure> {
    let after: i64 = call.number("after", 0, i64::MAX)?.unwrap_or(0);
    let rows: Vec<(i64, String)> = sqlx::query_as(sql).bind(after).fetch_all(&mut *work.tx).await?;
    let mut items = Vec::new();
    for (seq, entry) in rows {
        let mut entry: Value = serde_json::from_str(&entry)?;
        entry["seq"] = json!(seq);
        items.push(entry);
    }
    Ok(Reply::ok(json!({"items": items})))
}

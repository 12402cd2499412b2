//! The journal of what reached Microsoft's side: paths and codes, never a body or a header.
use serde_json::{Value, json};

use crate::sandbox::call::{Call, Reply};
use crate::sandbox::log::Ending;
use crate::sandbox::problem::Failure;
use crate::sandbox::store::Work;

/// Writes the entry of a request.
pub(in crate::sandbox) async fn write(work: &mut Work, call: &Call, ending: &Ending<'_>) -> Result<(), sqlx::Error> {
    let entry = json!({
        "at": work.now.to_string(),
        "requestId": call.request_id,
        "method": call.method,
        "path": call.path,
        "query": call.raw_query,
        "route": call.route.ok().map(|route| route.template),
        "tenant": work.trace.tenant,
        "client": work.trace.client,
        "userAgent": call.header("user-agent"),
        "status": ending.status,
        "code": work.trace.code.as_deref().or(ending.slug),
        "fault": ending.fault,
    });
    let sql = "INSERT INTO ms_log (entry) VALUES (?)";
    sqlx::query(sql).bind(entry.to_string()).execute(&mut *work.tx).await?;
    Ok(())
}

/// `GET /sandbox/microsoft/log`: the entries after `after`.
pub(super) async fn read(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let after: i64 = call.number("after", 0, i64::MAX)?.unwrap_or(0);
    let sql = "SELECT seq, entry FROM ms_log WHERE seq > ? ORDER BY seq";
    let rows: Vec<(i64, String)> = sqlx::query_as(sql).bind(after).fetch_all(&mut *work.tx).await?;
    let mut items = Vec::new();
    for (seq, entry) in rows {
        let mut entry: Value = serde_json::from_str(&entry)?;
        entry["seq"] = json!(seq);
        items.push(entry);
    }
    Ok(Reply::ok(json!({"items": items})))
}

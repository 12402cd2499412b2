//! The log of Microsoft's routes: paths and codes, never a body or a header.
use serde_json::json;

use crate::http::call::Call;
use crate::http::log::{self, Ending};
use crate::http::reply::Reply;
use crate::model::problem::Failure;
use crate::model::store::Work;

/// Writes the entry of a request.
pub(crate) async fn write(work: &mut Work, call: &Call, ending: &Ending<'_>) -> Result<(), sqlx::Error> {
    let mut entry = log::request(work, call, ending);
    entry["code"] = json!(work.trace.code.as_deref().or(ending.slug));
    let sql = "INSERT INTO ms_log (entry) VALUES (?)";
    sqlx::query(sql).bind(entry.to_string()).execute(&mut *work.tx).await?;
    Ok(())
}

/// `GET /sandbox/microsoft/log`: the entries after `after`.
pub(crate) async fn read(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    log::entries(work, call, "SELECT seq, entry FROM ms_log WHERE seq > ? ORDER BY seq").await
}

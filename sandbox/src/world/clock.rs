//! The virtual clock of the platform.
use serde_json::json;

use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::model::problem::{Code, Failure, Problem};
use crate::model::store::{Work, advanced_seconds};

/// `GET /sandbox/clock`.
pub(crate) async fn read_clock(work: &mut Work) -> Result<Reply, Failure> {
    let advanced = advanced_seconds(&mut work.tx).await?;
    Ok(Reply::ok(json!({"now": work.now.to_string(), "advancedSeconds": advanced})))
}

/// `POST /sandbox/clock`: moves the virtual clock forward.
pub(crate) async fn advance_clock(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["advanceSeconds"])?;
    let ten_years = 10 * 365 * 86_400;
    let seconds = body.number("advanceSeconds", 0, ten_years)?;
    let seconds = seconds.ok_or(Problem::member("/advanceSeconds", Code::Required))?;
    let advanced = advanced_seconds(&mut work.tx).await? + seconds;
    work.set_fact("clock_advanced_seconds", &advanced.to_string()).await?;
    let now = work.now.saturating_add(jiff::SignedDuration::from_secs(seconds));
    let now = now.unwrap_or(jiff::Timestamp::MAX);
    Ok(Reply::ok(json!({"now": now.to_string(), "advancedSeconds": advanced})))
}

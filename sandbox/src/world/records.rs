//! Records of user states, and the purge of data whose retention time is over.
//!
//! The purge is a nightly job: at each midnight (UTC) of the virtual clock it removes all data whose retention time is over,
//! which is within 24 hours. Missed purges are made up for before records are read and before the retention time changes.
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde_json::{Value, json};

use super::target::tenant;
use super::users::ensure_user;
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::model::digest::derived_guid;
use crate::model::problem::{Failure, Slug};
use crate::model::rows::PERSIST_USER_STATES;
use crate::model::store::Work;
use crate::model::tenant::Tenant;
use crate::model::units::teams_based;

const DAY: i64 = 86_400;
const RETENTION: &str = "/dataPrivacy/dataRetentionMonths";
const SHARE_PII: &str = "/dataPrivacy/allowSharingPii";

/// The reporting role that can read user states, and others that cannot.
pub(crate) const READERS: [&str; 3] = ["user-supervisor", "tenant-administrator", "partner-administrator"];

/// `PUT /sandbox/tenants/{id}/users/{user}/state`: changes the state of a user.
pub(crate) async fn set_state(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let state = call.members(&["state"])?.text("state")?;
    let tenant = tenant(work, call).await?;
    let (user, now) = (call.parameter("user"), work.now.as_second());
    ensure_user(work, &tenant, user, &teams_based(&tenant.id)).await?;
    let sql = "UPDATE users SET state = ?, state_since = ? WHERE tenant = ? AND id = ?";
    let row = sqlx::query(sql).bind(&state).bind(now).bind(&tenant.id).bind(user);
    row.execute(&mut *work.tx).await?;
    if tenant.is_on(PERSIST_USER_STATES) {
        let sql = "UPDATE user_states SET ended_at = ? WHERE tenant = ? AND user = ? AND ended_at IS NULL";
        sqlx::query(sql).bind(now).bind(&tenant.id).bind(user).execute(&mut *work.tx).await?;
        let sql = "INSERT INTO user_states (tenant, user, state, began_at) VALUES (?, ?, ?, ?)";
        let row = sqlx::query(sql).bind(&tenant.id).bind(user).bind(&state).bind(now);
        row.execute(&mut *work.tx).await?;
    }
    Ok(Reply::new(204, None))
}

/// Closes open records if states are no longer recorded; existing records stay.
pub(crate) async fn close_if_off(work: &mut Work, tenant: &Tenant) -> Result<(), Failure> {
    if !tenant.is_on(PERSIST_USER_STATES) {
        let sql = "UPDATE user_states SET ended_at = ? WHERE tenant = ? AND ended_at IS NULL";
        sqlx::query(sql).bind(work.now.as_second()).bind(&tenant.id).execute(&mut *work.tx).await?;
    }
    Ok(())
}

/// Removes what the nightly job would have removed by now. Without a retention time nothing is removed.
pub(crate) async fn purge(work: &mut Work, tenant: &Tenant) -> Result<(), Failure> {
    let months = tenant.settings.pointer(RETENTION).and_then(Value::as_i64);
    let Some(months) = months.and_then(|months| i32::try_from(months).ok()) else {
        return Ok(());
    };
    let now = work.now.as_second();
    let midnight = now - now.rem_euclid(DAY);
    for (read, delete) in [
        (
            "SELECT seq, ended_at FROM user_states WHERE tenant = ? AND ended_at < ?",
            "DELETE FROM user_states WHERE seq = ?",
        ),
        ("SELECT seq, at FROM calls WHERE tenant = ? AND at < ?", "DELETE FROM calls WHERE seq = ?"),
    ] {
        let rows: Vec<(i64, i64)> =
            sqlx::query_as(read).bind(&tenant.id).bind(midnight).fetch_all(&mut *work.tx).await?;
        for (seq, at) in rows {
            if expiry(at, months).is_some_and(|expiry| expiry <= midnight) {
                sqlx::query(delete).bind(seq).execute(&mut *work.tx).await?;
            }
        }
    }
    Ok(())
}

/// Returns when the retention time is over; `None` if that is beyond the range of dates.
fn expiry(at: i64, months: i32) -> Option<i64> {
    let began = Timestamp::from_second(at).ok()?.to_zoned(TimeZone::UTC);
    let months = Span::new().try_months(months).ok()?;
    began.checked_add(months).ok().map(|end| end.timestamp().as_second())
}

/// Returns the identifier of a user in reports: the sign-in name, or a pseudonym.
fn identifier(tenant: &Tenant, user: &str, upn: Option<String>) -> String {
    match tenant.is_on(SHARE_PII) {
        true => upn.unwrap_or_else(|| user.to_owned()),
        false => format!("user-{}", derived_guid(&["pseudonym", &tenant.id, user])),
    }
}

type Row = (String, Option<String>, Option<String>, String, i64, Option<i64>);

/// `GET /sandbox/tenants/{id}/records`: user states as reports show them.
pub(crate) async fn list(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let reader = call.query.get("as").map_or(READERS[0], String::as_str);
    match READERS.iter().position(|known| *known == reader) {
        Some(0) => {}
        Some(_) => return Err(Slug::NotPermitted.into()),
        None => return Err(Slug::MalformedRequest.into()),
    }
    let tenant = tenant(work, call).await?;
    purge(work, &tenant).await?;
    let sql = "SELECT user, users.upn, users.organization_unit, user_states.state, began_at, ended_at FROM user_states \
               LEFT JOIN users ON users.tenant = user_states.tenant AND users.id = user \
               WHERE user_states.tenant = ? ORDER BY seq";
    let rows: Vec<Row> = sqlx::query_as(sql).bind(&tenant.id).fetch_all(&mut *work.tx).await?;
    let moment = |at: i64| Timestamp::from_second(at).map(|at| at.to_string()).ok();
    let record = |(user, upn, unit, state, began, ended): Row| {
        json!({
            "user": identifier(&tenant, &user, upn), "organizationUnitId": unit, "state": state,
            "beganAt": moment(began), "endedAt": ended.and_then(moment),
        })
    };
    Ok(Reply::ok(json!({"items": rows.into_iter().map(record).collect::<Vec<Value>>()})))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_month_ends_at_the_end_of_a_shorter_one() {
        let second = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
        let rows =
            [("2026-01-31T10:00:00Z", 1, "2026-02-28T10:00:00Z"), ("2026-03-15T10:00:00Z", 12, "2027-03-15T10:00:00Z")];
        for (at, months, expected) in rows {
            assert_eq!(Some(second(expected)), expiry(second(at), months), "{at}");
        }
        assert_eq!(None, expiry(second("2026-01-31T10:00:00Z"), i32::MAX));
    }
}

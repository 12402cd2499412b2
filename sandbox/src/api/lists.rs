//! Cheap resyncs: the list of tenants with their versions, and the change feed.
//!
//! A cursor is the position of a change in the feed and the mark of that change. Changes are kept for one day of virtual time; an
//! older cursor is expired, as is one whose change this database does not have because it was restored from a backup.
use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::auth::authenticate;
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::model::problem::{Failure, Slug};
use crate::model::roles::{Caller, Role, Subject};
use crate::model::store::Work;

/// The fields of an item.
pub(crate) const FIELDS: [&str; 5] = ["id", "settingsVersion", "runtimeVersion", "owner", "lastOwner"];
/// The default of the parameter `fields`.
const DEFAULT_FIELDS: &str = "id,settingsVersion,runtimeVersion";
pub(crate) const LIMIT: i64 = 500;
/// The longest wait for a change, in seconds.
pub(crate) const WAIT: i64 = 60;

const CHANGES_KEPT_SECONDS: i64 = 24 * 60 * 60;
/// The maximum number of changes in one answer.
const CHANGES_AT_ONCE: i64 = 5000;

type Row = (String, Option<String>, String, String, Option<String>, Option<String>);

/// `GET /v1/tenants`.
pub(crate) async fn tenants(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let caller = authenticate(work, call).await?;
    let names = call.query.get("fields").map_or(DEFAULT_FIELDS, String::as_str);
    let fields: Vec<&str> = names.split(',').collect();
    if fields.iter().any(|field| !FIELDS.contains(field)) {
        return Err(Slug::MalformedRequest.into());
    }
    let limit = call.number("limit", 1, LIMIT)?.unwrap_or(LIMIT);
    let cursor = call.query.get("cursor").filter(|cursor| !cursor.is_empty());
    let etag = etag(work, &caller).await?;
    if cursor.is_none() && call.knows(&etag) {
        return Ok(Reply::new(304, None).with("etag", etag));
    }
    let rows = page(work, &caller, cursor.map_or("", String::as_str), limit + 1).await?;
    let more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    let rows = &rows[..rows.len() - usize::from(more)];
    let items: Vec<Value> = rows.iter().map(|row| item(row, &fields)).collect();
    let next = rows.last().filter(|_| more).map(|row| row.0.clone());
    let reply = Reply::ok(json!({"items": items, "nextCursor": next}));
    Ok(if cursor.is_none() { reply.with("etag", etag) } else { reply })
}

/// Returns the tag of the whole list as this caller sees it.
async fn etag(work: &mut Work, caller: &Caller) -> Result<String, Failure> {
    let seen = format!("{} {caller:?}", last_change(work).await?);
    let digest = Sha256::digest(seen);
    Ok(format!("\"{}\"", digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>()))
}

async fn page(work: &mut Work, caller: &Caller, after: &str, limit: i64) -> Result<Vec<Row>, Failure> {
    let sql = "SELECT id, partner, settings_version, runtime_version, owner, last_owner FROM tenants \
               WHERE id > ?1 \
               AND (?2 = 'system' OR (?2 = 'partner' AND partner = ?3) \
                    OR (?2 = 'tenant' AND id IN (SELECT value FROM json_each(?4)))) \
               ORDER BY id LIMIT ?5";
    let rows = sqlx::query_as(sql)
        .bind(after)
        .bind(caller.role.name())
        .bind(&caller.partner)
        .bind(json!(caller.tenants).to_string())
        .bind(limit);
    Ok(rows.fetch_all(&mut *work.tx).await?)
}

fn item(row: &Row, fields: &[&str]) -> Value {
    let (id, _, settings_version, runtime_version, owner, last_owner) = row;
    let member = |field: &&str| {
        let value = match *field {
            "id" => json!(id),
            "settingsVersion" => json!(settings_version),
            "runtimeVersion" => json!(runtime_version),
            "owner" => json!(owner),
            _ => json!(last_owner),
        };
        ((*field).to_owned(), value)
    };
    Value::Object(fields.iter().map(member).collect::<Map<_, _>>())
}

/// The last change; before the first one, the platform itself.
async fn last_change(work: &mut Work) -> Result<Cursor, Failure> {
    let sql = "SELECT seq, mark FROM changes ORDER BY seq DESC LIMIT 1";
    let last: Option<(i64, String)> = sqlx::query_as(sql).fetch_optional(&mut *work.tx).await?;
    Ok(match last {
        Some((seq, mark)) => Cursor { seq, mark },
        None => Cursor { seq: 0, mark: work.fact("platform_id").await? },
    })
}

/// A position in the feed.
#[derive(PartialEq, Eq)]
struct Cursor {
    seq: i64,
    mark: String,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.seq, self.mark)
    }
}

impl Cursor {
    /// Reads a cursor of this feed; any other one is expired.
    async fn read(work: &mut Work, text: &str) -> Result<Self, Failure> {
        let (seq, mark) = text.split_once('-').ok_or(Slug::CursorExpired)?;
        let cursor = Self { seq: seq.parse().map_err(|_| Slug::CursorExpired)?, mark: mark.to_owned() };
        let forgotten = forgotten(work).await?;
        let present: Option<String> = match cursor.seq {
            0 => Some(work.fact("platform_id").await?),
            seq => {
                let sql = "SELECT mark FROM changes WHERE seq = ?";
                sqlx::query_scalar(sql).bind(seq).fetch_optional(&mut *work.tx).await?
            }
        };
        let is_present = present.is_some_and(|present| present == cursor.mark);
        if is_present && cursor.seq >= forgotten { Ok(cursor) } else { Err(Slug::CursorExpired.into()) }
    }
}

/// `GET /v1/changes`.
pub(crate) async fn changes(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let caller = authenticate(work, call).await?;
    let wait = call.number("wait", 0, WAIT)?.unwrap_or(0);
    let last = last_change(work).await?;
    let Some(after) = call.query.get("after") else {
        return Ok(Reply::ok(json!({"cursor": last.to_string(), "ids": []})));
    };
    let after = Cursor::read(work, after).await?;
    let sql = "SELECT seq, mark, tenant, partner FROM changes WHERE seq > ? ORDER BY seq LIMIT ?";
    let rows: Vec<(i64, String, String, Option<String>)> =
        sqlx::query_as(sql).bind(after.seq).bind(CHANGES_AT_ONCE).fetch_all(&mut *work.tx).await?;
    let mut ids = Vec::new();
    for (_, _, tenant, partner) in &rows {
        let has_access = match caller.role {
            Role::Partner => caller.has_access(tenant, Subject::Managed(partner.as_deref())),
            Role::System | Role::Tenant => caller.has_access(tenant, Subject::Managed(None)),
        };
        if has_access && !ids.contains(tenant) {
            ids.push(tenant.clone());
        }
    }
    let seen = rows.last().map_or(after, |(seq, mark, ..)| Cursor { seq: *seq, mark: mark.clone() });
    let mut reply = Reply::ok(json!({"cursor": seen.to_string(), "ids": ids}));
    let wait_for_change = Duration::from_secs(wait.unsigned_abs());
    reply.wait_for_change = (ids.is_empty() && seen == last).then_some(wait_for_change);
    Ok(reply)
}

/// Drops changes that are too old and returns the number of the last of them.
///
/// The last of them stays as a marker.
async fn forgotten(work: &mut Work) -> Result<i64, Failure> {
    let sql = "SELECT COALESCE(MAX(seq), 0) FROM changes WHERE at < ?";
    let oldest = work.now.as_second() - CHANGES_KEPT_SECONDS;
    let forgotten: i64 = sqlx::query_scalar(sql).bind(oldest).fetch_one(&mut *work.tx).await?;
    let sql = "DELETE FROM changes WHERE seq < ?";
    sqlx::query(sql).bind(forgotten).execute(&mut *work.tx).await?;
    Ok(forgotten)
}

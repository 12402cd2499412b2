//! Planted resources of Azure Communication Services with their access keys.
use serde_json::{Value, json};

use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::model::format::{guid, is_base64};
use crate::model::problem::{Code, Failure, Problem};
use crate::model::store::Work;

pub(super) struct Resource {
    pub name: String,
    /// The immutable id; it is part of the id of each identity.
    pub id: String,
    pub keys: Vec<String>,
    /// False for one whose keys may not issue tokens.
    pub permitted: bool,
}

/// `PUT /sandbox/microsoft/acs/{resource}`.
pub(crate) async fn put(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["resourceId", "accessKeys", "permitted"])?;
    let id = guid(&body.text("resourceId")?).ok_or(Problem::member("/resourceId", Code::BadFormat))?;
    let keys = body.texts("accessKeys")?;
    if keys.is_empty() || !keys.iter().all(|key| is_base64(key)) {
        return Err(Problem::member("/accessKeys", Code::BadFormat).into());
    }
    let permitted = !body.has("permitted") || body.flag("permitted")?;
    let sql = "INSERT INTO acs_resources VALUES (?1, ?2, ?3, ?4, 0, 0, 0, 0) \
               ON CONFLICT DO UPDATE SET resource_id = ?2, keys = ?3, permitted = ?4";
    let row = sqlx::query(sql).bind(name(call)).bind(id).bind(json!(keys).to_string()).bind(permitted);
    row.execute(&mut *work.tx).await?;
    Ok(Reply::new(204, None))
}

fn name(call: &Call) -> String {
    call.parameter("resource").to_ascii_lowercase()
}

/// Returns the resource in the path.
pub(super) async fn find(work: &mut Work, call: &Call) -> Result<Option<Resource>, Failure> {
    let sql = "SELECT resource_id, keys, permitted FROM acs_resources WHERE name = ?";
    let row: Option<(String, String, bool)> =
        sqlx::query_as(sql).bind(name(call)).fetch_optional(&mut *work.tx).await?;
    let Some((id, keys, permitted)) = row else {
        return Ok(None);
    };
    Ok(Some(Resource { name: name(call), id, keys: serde_json::from_str(&keys)?, permitted }))
}

/// The operations that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    Created,
    Deleted,
    Issued,
    Revoked,
}

pub(super) async fn count(work: &mut Work, resource: &Resource, count: Count) -> Result<(), Failure> {
    let sql = match count {
        Count::Created => "UPDATE acs_resources SET created = created + 1 WHERE name = ?",
        Count::Deleted => "UPDATE acs_resources SET deleted = deleted + 1 WHERE name = ?",
        Count::Issued => "UPDATE acs_resources SET issued = issued + 1 WHERE name = ?",
        Count::Revoked => "UPDATE acs_resources SET revoked = revoked + 1 WHERE name = ?",
    };
    sqlx::query(sql).bind(&resource.name).execute(&mut *work.tx).await?;
    Ok(())
}

/// `GET /sandbox/microsoft/acs/{resource}`: counts of its operations, never its keys.
pub(crate) async fn read(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let sql = "SELECT resource_id, permitted, created, deleted, issued, revoked FROM acs_resources WHERE name = ?";
    let row: Option<(String, bool, i64, i64, i64, i64)> =
        sqlx::query_as(sql).bind(name(call)).fetch_optional(&mut *work.tx).await?;
    let row = row.ok_or_else(|| Problem::member("/resource", Code::UnknownReference))?;
    let (id, permitted, created, deleted, issued, revoked) = row;
    let body: Value = json!({
        "resourceId": id, "permitted": permitted, "identitiesCreated": created, "identitiesDeleted": deleted,
        "tokensIssued": issued, "revocations": revoked,
    });
    Ok(Reply::ok(body))
}

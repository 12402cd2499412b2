//! Organization units are created and deleted.
//!
//! The content of a deleted unit moves one level up: services, users, units below it, and the default unit of new services,
//! which is a setting that the platform then changes and reports as moved.
use serde_json::json;

use super::target::tenant;
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::model::format::guid;
use crate::model::problem::{Code, Failure, Problem};
use crate::model::rows::DEFAULT_ORGANIZATION_UNIT;
use crate::model::store::Work;
use crate::model::table::put;
use crate::model::tenant::{Tenant, refuse_if_deleting};
use crate::model::units::{ROOT, Tree, teams_based};

/// `GET /sandbox/tenants/{id}/organization-units`.
pub(crate) async fn list(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let tenant = tenant(work, call).await?;
    Ok(Reply::ok(Tree::load(work, &tenant.id).await?.to_json()))
}

/// `POST /sandbox/tenants/{id}/organization-units`: creates a unit below another one.
///
/// The tenant need not exist yet, so that its creation can name a unit.
pub(crate) async fn create(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["id", "name", "parent", "selectable"])?;
    let tenant = call.tenant()?;
    if let Some(present) = Tenant::load(work, &tenant).await? {
        refuse_if_deleting(&present)?;
    }
    let tree = Tree::load(work, &tenant).await?;
    let id = match body.nullable_text("id")? {
        None => uuid::Uuid::new_v4().to_string(),
        Some(id) => guid(&id).ok_or(Problem::member("/id", Code::BadFormat))?,
    };
    if tree.has(&id) {
        return Err(Problem::member("/id", Code::NotAllowed).into());
    }
    let parent = body.nullable_text("parent")?.unwrap_or_else(|| ROOT.to_owned());
    if !tree.has(&parent) {
        return Err(Problem::member("/parent", Code::UnknownReference).into());
    }
    let (name, selectable) = (body.text("name")?, !body.has("selectable") || body.flag("selectable")?);
    let sql = "INSERT INTO organization_units VALUES (?, ?, ?, ?, ?)";
    let row = sqlx::query(sql).bind(&tenant).bind(&id).bind(&parent).bind(&name).bind(selectable);
    row.execute(&mut *work.tx).await?;
    Ok(Reply::new(201, Some(json!({"id": id, "parent": parent, "name": name, "selectable": selectable}))))
}

/// `DELETE /sandbox/tenants/{id}/organization-units/{unit}`: moves its content one level up.
pub(crate) async fn delete(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let mut tenant = tenant(work, call).await?;
    let id = call.parameter("unit");
    let tree = Tree::load(work, &tenant.id).await?;
    let Some(unit) = tree.get(id).filter(|_| id != teams_based(&tenant.id)) else {
        return Err(Problem::member("/unit", Code::UnknownReference).into());
    };
    for sql in [
        "UPDATE organization_units SET parent = ?1 WHERE tenant = ?2 AND parent = ?3",
        "UPDATE services SET organization_unit = ?1 WHERE tenant = ?2 AND organization_unit = ?3",
        "UPDATE users SET organization_unit = ?1 WHERE tenant = ?2 AND organization_unit = ?3",
    ] {
        sqlx::query(sql).bind(&unit.parent).bind(&tenant.id).bind(id).execute(&mut *work.tx).await?;
    }
    let sql = "DELETE FROM organization_units WHERE tenant = ? AND id = ?";
    sqlx::query(sql).bind(&tenant.id).bind(id).execute(&mut *work.tx).await?;
    if tenant.text(DEFAULT_ORGANIZATION_UNIT) == Some(id) {
        put(&mut tenant.settings, DEFAULT_ORGANIZATION_UNIT, json!(unit.parent));
        // After several moves in a row the first value is the wanted one.
        tenant.state.moved_from.entry(DEFAULT_ORGANIZATION_UNIT.to_owned()).or_insert_with(|| id.to_owned());
        tenant.save(work).await?;
    }
    Ok(Reply::new(204, None))
}

//! Users of a tenant and their licenses.
use serde_json::json;

use super::script::save_and_run;
use super::services::named_unit;
use super::target::tenant;
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::model::problem::{Code, Failure, Problem};
use crate::model::runtime::user_kinds;
use crate::model::store::Work;
use crate::model::tenant::Tenant;
use crate::model::units::{Tree, teams_based};

/// The designs of Attendant Console.
pub(crate) const DESIGNS: [&str; 2] = ["old", "new"];

/// `PUT /sandbox/tenants/{id}/users/{user}`: creates or changes a user and replaces its licenses.
pub(crate) async fn put_user(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["licenses", "displayName", "upn", "organizationUnitId", "design"])?;
    let licenses = body.texts("licenses")?;
    if licenses.iter().any(|license| !user_kinds().any(|kind| kind == *license)) {
        return Err(Problem::member("/licenses", Code::NotAllowed).into());
    }
    let design = if body.has("design") { Some(body.choice("design", &DESIGNS)?) } else { None };
    let tenant = tenant(work, call).await?;
    let user = call.parameter("user");
    let unit = named_unit(&body, &Tree::load(work, &tenant.id).await?)?;
    // A new user without a unit.
    ensure_user(work, &tenant, user, &teams_based(&tenant.id)).await?;
    let sql = "UPDATE users SET organization_unit = COALESCE(?3, organization_unit), \
               display_name = COALESCE(?4, display_name), upn = COALESCE(?5, upn), design = COALESCE(?6, design) \
               WHERE tenant = ?1 AND id = ?2";
    sqlx::query(sql)
        .bind(&tenant.id)
        .bind(user)
        .bind(unit)
        .bind(body.nullable_text("displayName")?)
        .bind(body.nullable_text("upn")?)
        .bind(design)
        .execute(&mut *work.tx)
        .await?;
    let sql = "DELETE FROM user_licenses WHERE tenant = ? AND user = ?";
    sqlx::query(sql).bind(&tenant.id).bind(user).execute(&mut *work.tx).await?;
    for license in licenses {
        let sql = "INSERT OR IGNORE INTO user_licenses VALUES (?, ?, ?)";
        sqlx::query(sql).bind(&tenant.id).bind(user).bind(license).execute(&mut *work.tx).await?;
    }
    save_and_run(work, tenant).await
}

/// Creates a user unless it exists; true if it was created.
pub(crate) async fn ensure_user(work: &mut Work, tenant: &Tenant, user: &str, unit: &str) -> Result<bool, Failure> {
    let sql = "INSERT OR IGNORE INTO users (tenant, id, organization_unit) VALUES (?, ?, ?)";
    let row = sqlx::query(sql).bind(&tenant.id).bind(user).bind(unit);
    Ok(row.execute(&mut *work.tx).await?.rows_affected() > 0)
}

/// Id, organization unit, name, sign-in name, licenses.
type UserRow = (String, String, Option<String>, Option<String>, String);

/// `GET /sandbox/tenants/{id}/users`.
pub(crate) async fn users(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let tenant = tenant(work, call).await?;
    let sql = "SELECT id, organization_unit, display_name, upn, \
               (SELECT json_group_array(kind) FROM user_licenses WHERE user_licenses.tenant = users.tenant AND user = id) \
               FROM users WHERE tenant = ? ORDER BY id";
    let rows: Vec<UserRow> = sqlx::query_as(sql).bind(&tenant.id).fetch_all(&mut *work.tx).await?;
    let mut items = Vec::new();
    for (id, unit, name, upn, licenses) in rows {
        let licenses: Vec<String> = serde_json::from_str(&licenses)?;
        items.push(json!({
            "id": id, "organizationUnitId": unit, "displayName": name, "upn": upn, "licenses": licenses,
        }));
    }
    Ok(Reply::ok(json!({"items": items})))
}

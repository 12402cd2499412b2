//! Services, users and guest accounts of a tenant, as far as licences, the script and test messages see them.
use serde_json::{Value, json};

use super::organization::{Tree, teams_based};
use super::provisioning::{self, named_unit};
use super::script;
use super::tenant::tenant;
use crate::api::tenants::alive;
use crate::http::call::{Call, Reply};
use crate::model::problem::{Code, Failure, Problem};
use crate::model::rows::{PRIMARY_ACCOUNT, SECONDARY_ACCOUNT};
use crate::model::runtime::user_kinds;
use crate::model::store::Work;
use crate::model::tenant::Tenant;

pub(crate) async fn saved(work: &mut Work, mut tenant: Tenant) -> Result<Reply, Failure> {
    tenant.save(work).await?;
    script::follow(work, &mut tenant).await?;
    Ok(Reply::new(204, None))
}

/// `PUT /sandbox/tenants/{id}/services/{service}`: a service is planted, or an administrator changes one.
pub(crate) async fn put_service(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body =
        call.members(&["displayName", "upn", "phone", "licence", "features", "organizationUnitId", "members"])?;
    let (technical, licence) = (provisioning::technical(&body)?, provisioning::licence(&body)?);
    let features = json!(body.texts("features")?);
    let tenant = tenant(work, call).await?;
    alive(&tenant)?;
    let tree = Tree::load(work, &tenant.id).await?;
    let unit = named_unit(&body, &tree)?;
    let members = if body.has("members") { Some(json!(body.texts("members")?).to_string()) } else { None };
    let id = call.parameter("service");
    let place = provisioning::Place::default_of(&tenant);
    provisioning::insert(work, &tenant, id, &technical, &licence, &place).await?;
    let sql = "UPDATE services SET licence = ?3, features = ?4, technical = ?5, \
               organization_unit = COALESCE(?6, organization_unit), members = COALESCE(?7, members) \
               WHERE tenant = ?1 AND id = ?2";
    let row = sqlx::query(sql).bind(&tenant.id).bind(id).bind(licence);
    row.bind(features.to_string()).bind(technical.to_string()).bind(unit).bind(members).execute(&mut *work.tx).await?;
    saved(work, tenant).await
}

/// `DELETE /sandbox/tenants/{id}/services/{service}`: a service is out of service until the script takes it away.
pub(crate) async fn remove_service(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let tenant = tenant(work, call).await?;
    provisioning::may_remove(call, &tenant)?;
    let sql = "UPDATE services SET removed = 1 WHERE tenant = ? AND id = ?";
    sqlx::query(sql).bind(&tenant.id).bind(call.parameter("service")).execute(&mut *work.tx).await?;
    saved(work, tenant).await
}

/// The designs of Attendant Console.
pub(crate) const DESIGNS: [&str; 2] = ["old", "new"];

/// `PUT /sandbox/tenants/{id}/users/{user}`: a user is made or changed; licences are always those that are named.
pub(crate) async fn put_user(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["licences", "displayName", "upn", "organizationUnitId", "design"])?;
    let licences = body.texts("licences")?;
    if licences.iter().any(|licence| !user_kinds().any(|kind| kind == *licence)) {
        return Err(Problem::member("/licences", Code::NotAllowed).into());
    }
    let design = if body.has("design") { Some(body.choice("design", &DESIGNS)?) } else { None };
    let tenant = tenant(work, call).await?;
    let user = call.parameter("user");
    let unit = named_unit(&body, &Tree::load(work, &tenant.id).await?)?;
    // Somebody who is new here and whom nobody puts anywhere.
    welcome(work, &tenant, user, &teams_based(&tenant.id)).await?;
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
    let sql = "DELETE FROM user_licences WHERE tenant = ? AND user = ?";
    sqlx::query(sql).bind(&tenant.id).bind(user).execute(&mut *work.tx).await?;
    for licence in licences {
        let sql = "INSERT OR IGNORE INTO user_licences VALUES (?, ?, ?)";
        sqlx::query(sql).bind(&tenant.id).bind(user).bind(licence).execute(&mut *work.tx).await?;
    }
    saved(work, tenant).await
}

/// Makes a user unless there is one; true if there was none.
pub(crate) async fn welcome(work: &mut Work, tenant: &Tenant, user: &str, unit: &str) -> Result<bool, Failure> {
    let sql = "INSERT OR IGNORE INTO users (tenant, id, organization_unit) VALUES (?, ?, ?)";
    let row = sqlx::query(sql).bind(&tenant.id).bind(user).bind(unit);
    Ok(row.execute(&mut *work.tx).await?.rows_affected() > 0)
}

/// Id, organization unit, name, sign-in name, licences.
type UserRow = (String, String, Option<String>, Option<String>, String);

/// `GET /sandbox/tenants/{id}/users`.
pub(crate) async fn users(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let tenant = tenant(work, call).await?;
    let sql = "SELECT id, organization_unit, display_name, upn, \
               (SELECT json_group_array(kind) FROM user_licences WHERE user_licences.tenant = users.tenant AND user = id) \
               FROM users WHERE tenant = ? ORDER BY id";
    let rows: Vec<UserRow> = sqlx::query_as(sql).bind(&tenant.id).fetch_all(&mut *work.tx).await?;
    let mut items = Vec::new();
    for (id, unit, name, upn, licences) in rows {
        let licences: Vec<String> = serde_json::from_str(&licences)?;
        items.push(json!({
            "id": id, "organizationUnitId": unit, "displayName": name, "upn": upn, "licences": licences,
        }));
    }
    Ok(Reply::ok(json!({"items": items})))
}

/// `PUT /sandbox/tenants/{id}/invitations`: what became of the invitations of the present accounts.
pub(crate) async fn invitations(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["primary", "secondary"])?;
    let mut tenant = tenant(work, call).await?;
    for (name, pointer) in [("primary", PRIMARY_ACCOUNT), ("secondary", SECONDARY_ACCOUNT)] {
        if !body.has(name) {
            continue;
        }
        let answer = body.choice(name, &["pending", "accepted"])?;
        let account = tenant.settings.pointer(pointer).and_then(Value::as_str).map(str::to_lowercase);
        let account = account.ok_or(Problem::member(&format!("/{name}"), Code::NotAllowed))?;
        match answer.as_str() {
            "accepted" => tenant.state.accepted_accounts.insert(account),
            _ => tenant.state.accepted_accounts.remove(&account),
        };
    }
    saved(work, tenant).await
}

/// `GET /sandbox/tenants/{id}/messages`: the test messages that arrived.
pub(crate) async fn messages(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let sql = "SELECT token, upn, sender FROM messages WHERE tenant = ? ORDER BY seq";
    let rows: Vec<(String, String, String)> = sqlx::query_as(sql).bind(call.tenant()?).fetch_all(&mut *work.tx).await?;
    let message = |(token, upn, sender)| json!({"token": token, "upn": upn, "sender": sender});
    Ok(Reply::ok(json!({"items": rows.into_iter().map(message).collect::<Vec<Value>>()})))
}

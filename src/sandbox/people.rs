//! Services, users and guest accounts of a tenant, as far as licences, the script and test messages see them.
use serde_json::{Value, json};

use super::call::{Call, Reply};
use super::problem::{Code, Failure, Problem, Slug};
use super::rows::{PRIMARY_ACCOUNT, SECONDARY_ACCOUNT};
use super::runtime::{SERVICE_LICENCES, user_kinds};
use super::script;
use super::store::Work;
use super::tenant::Tenant;
use super::tenants::alive;

async fn tenant(work: &mut Work, call: &Call) -> Result<Tenant, Failure> {
    Ok(Tenant::load(work, &call.tenant()?).await?.ok_or(Slug::TenantNotFound)?)
}

async fn saved(work: &mut Work, mut tenant: Tenant) -> Result<Reply, Failure> {
    tenant.save(work).await?;
    script::follow(work, &mut tenant).await?;
    Ok(Reply::new(204, None))
}

/// `PUT /sandbox/tenants/{id}/services/{service}`: a service is provisioned or changed.
pub(super) async fn put_service(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["displayName", "upn", "phone", "licence", "features"])?;
    let licence =
        if body.has("licence") { body.choice("licence", &SERVICE_LICENCES)? } else { SERVICE_LICENCES[0].into() };
    let technical = json!({
        "displayName": body.text("displayName")?,
        "upn": body.nullable_text("upn")?,
        "phone": body.nullable_text("phone")?,
    });
    let features = json!(body.texts("features")?);
    let tenant = tenant(work, call).await?;
    alive(&tenant)?;
    let sql = "INSERT INTO services VALUES (?, ?, ?, ?, ?, NULL, 0) ON CONFLICT DO UPDATE \
               SET licence = excluded.licence, features = excluded.features, technical = excluded.technical";
    let row = sqlx::query(sql).bind(&tenant.id).bind(call.parameter("service")).bind(licence);
    row.bind(features.to_string()).bind(technical.to_string()).execute(&mut *work.tx).await?;
    saved(work, tenant).await
}

/// `DELETE /sandbox/tenants/{id}/services/{service}`: a service is out of service until the script takes it away.
pub(super) async fn remove_service(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let tenant = tenant(work, call).await?;
    let sql = "UPDATE services SET removed = 1 WHERE tenant = ? AND id = ?";
    sqlx::query(sql).bind(&tenant.id).bind(call.parameter("service")).execute(&mut *work.tx).await?;
    saved(work, tenant).await
}

/// `PUT /sandbox/tenants/{id}/users/{user}`: which licences a user holds.
pub(super) async fn put_user(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["licences"])?;
    let licences = body.texts("licences")?;
    if licences.iter().any(|licence| !user_kinds().any(|kind| kind == *licence)) {
        return Err(Problem::member("/licences", Code::NotAllowed).into());
    }
    let tenant = tenant(work, call).await?;
    let user = call.parameter("user");
    let sql = "DELETE FROM user_licences WHERE tenant = ? AND user = ?";
    sqlx::query(sql).bind(&tenant.id).bind(user).execute(&mut *work.tx).await?;
    for licence in licences {
        let sql = "INSERT OR IGNORE INTO user_licences VALUES (?, ?, ?)";
        sqlx::query(sql).bind(&tenant.id).bind(user).bind(licence).execute(&mut *work.tx).await?;
    }
    saved(work, tenant).await
}

/// `PUT /sandbox/tenants/{id}/invitations`: what became of the invitations of the present accounts.
pub(super) async fn invitations(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
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
pub(super) async fn messages(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let sql = "SELECT token, upn, sender FROM messages WHERE tenant = ? ORDER BY seq";
    let rows: Vec<(String, String, String)> = sqlx::query_as(sql).bind(call.tenant()?).fetch_all(&mut *work.tx).await?;
    let message = |(token, upn, sender)| json!({"token": token, "upn": upn, "sender": sender});
    Ok(Reply::ok(json!({"items": rows.into_iter().map(message).collect::<Vec<Value>>()})))
}

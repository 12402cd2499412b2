//! Guest accounts of a tenant: their invitations, and the messages that they send.
use serde_json::{Value, json};

use super::script::save_and_run;
use super::target::tenant;
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::microsoft::{has_domain, is_inside};
use crate::model::problem::{Code, Failure, Problem};
use crate::model::rows::{O365_DOMAIN, PRIMARY_ACCOUNT, SECONDARY_ACCOUNT};
use crate::model::store::Work;
use crate::model::tenant::Tenant;

/// `PUT /sandbox/tenants/{id}/invitations`: sets the state of the invitations of the current accounts.
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
    save_and_run(work, tenant).await
}

/// Refuses a recipient who is no user of the tenant.
pub(crate) async fn refuse_outsider(work: &mut Work, tenant: &Tenant, upn: &str) -> Result<(), Failure> {
    let of_tenant = tenant.text(O365_DOMAIN).is_some_and(|domain| has_domain(upn, domain));
    if of_tenant || is_inside(work, &tenant.id, upn).await? {
        return Ok(());
    }
    Err(Problem::member("/upn", Code::UnknownReference).into())
}

/// `GET /sandbox/tenants/{id}/messages`: lists the test messages that arrived.
pub(crate) async fn messages(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let sql = "SELECT token, upn, sender FROM messages WHERE tenant = ? ORDER BY seq";
    let rows: Vec<(String, String, String)> = sqlx::query_as(sql).bind(call.tenant()?).fetch_all(&mut *work.tx).await?;
    let message = |(token, upn, sender)| json!({"token": token, "upn": upn, "sender": sender});
    Ok(Reply::ok(json!({"items": rows.into_iter().map(message).collect::<Vec<Value>>()})))
}

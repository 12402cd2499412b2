//! The administration views of a tenant, as the partner and the tenant see them.
use serde_json::{Value, json};

use super::target::tenant;
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::model::problem::{Failure, Slug};
use crate::model::roles::Role;
use crate::model::store::Work;

const SEES_USERS: &str = "/dataPrivacy/allowPartnerToSeeUserIdentifiers";
const SEES_CUSTOMERS: &str = "/dataPrivacy/allowPartnerToSeeCustomerIdentifiers";
const SHOW_TIME_IN_STATE: &str = "/dataPrivacy/showUserTimeInState";

/// The mask of an identifier that the partner may not see. Its length is fixed, so that it reveals nothing.
pub(crate) const MASK: &str = "***";

type User = (String, Option<String>, Option<String>, Option<i64>);

/// `GET /sandbox/tenants/{id}/view`: users and calls.
pub(crate) async fn view(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let role = call.query.get("as").map_or(Some(Role::Tenant), |name| Role::parse(name));
    let role = role.ok_or(Slug::MalformedRequest)?;
    let tenant = tenant(work, call).await?;
    super::records::purge(work, &tenant).await?;
    let shown = |pointer: &str| role != Role::Partner || tenant.is_on(pointer);
    let masked = |is_shown: bool, name: String| if is_shown { name } else { MASK.to_owned() };
    let sql = "SELECT id, COALESCE(display_name, upn), state, state_since FROM users WHERE tenant = ? ORDER BY id";
    let users: Vec<User> = sqlx::query_as(sql).bind(&tenant.id).fetch_all(&mut *work.tx).await?;
    let now = work.now.as_second();
    let user = |(id, name, state, since): User| {
        let mut user = json!({"name": masked(shown(SEES_USERS), name.unwrap_or(id)), "state": state});
        if let Some(since) = since.filter(|_| tenant.is_on(SHOW_TIME_IN_STATE)) {
            user["timeInStateSeconds"] = json!(now - since);
        }
        user
    };
    let users: Vec<Value> = users.into_iter().map(user).collect();
    let sql = "SELECT service, customer, outcome FROM calls WHERE tenant = ? ORDER BY seq";
    let calls: Vec<(String, String, String)> = sqlx::query_as(sql).bind(&tenant.id).fetch_all(&mut *work.tx).await?;
    let call = |(service, customer, outcome)| json!({"service": service, "customer": masked(shown(SEES_CUSTOMERS), customer), "outcome": outcome});
    let calls: Vec<Value> = calls.into_iter().map(call).collect();
    Ok(Reply::ok(json!({"users": users, "calls": calls})))
}

//! The contact search of Attendant Console.
//!
//! The administrator's filter is ANDed, in parentheses, with the words of the user, and applies to the accounts of services, too.
//! With an invalid filter, or without the permission to search, nothing is found.
use serde_json::{Value, json};

use super::target::tenant;
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::microsoft;
use crate::microsoft::filter::Filter;
use crate::model::problem::{Failure, Slug};
use crate::model::rows::{NEW_DESIGN, OVERWRITE_DESIGN, SEARCH_FILTER, TEAM_VISIBILITY};
use crate::model::store::Work;
use crate::model::tenant::Tenant;

/// Properties that are searched for the words of the user.
const SEARCHED: [&str; 5] = ["displayName", "givenName", "surname", "mail", "userPrincipalName"];

/// Returns the filter that is sent to Graph: the administrator's and the user's, each in parentheses.
fn combined(of_admin: Option<&str>, words: &str) -> String {
    let quoted = words.replace('\'', "''");
    let terms: Vec<String> = SEARCHED.iter().map(|name| format!("startsWith({name},'{quoted}')")).collect();
    let of_user = format!("({})", terms.join(" or "));
    match of_admin {
        Some(filter) => format!("({filter}) and {of_user}"),
        None => of_user,
    }
}

/// Returns the design that a user sees, and whether the user may switch.
fn design(is_new: bool, overwrite: bool, chosen: Option<&str>) -> (&'static str, bool) {
    match (is_new, overwrite) {
        (true, true) => ("new", false),
        (false, _) => ("old", false),
        (true, false) if chosen == Some("new") => ("new", true),
        (true, false) => ("old", true),
    }
}

/// A service as the search finds it.
struct Found {
    id: String,
    name: Value,
    upn: Option<String>,
    members: Vec<String>,
}

/// `GET /sandbox/tenants/{id}/search`: searches as a user with Attendant Console.
pub(crate) async fn search(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let asker = call.query.get("as").ok_or(Slug::MalformedRequest)?;
    let words = call.query.get("text").map_or("", String::as_str);
    let tenant = tenant(work, call).await?;
    let filter = combined(tenant.text(SEARCH_FILTER), words);
    let accounts = match is_licensed(work, &tenant, asker).await? {
        true => accounts(work, &tenant, &filter).await?,
        false => Vec::new(),
    };
    let services = services(work, &tenant).await?;
    let is_of = |account: &Value, service: &Found| {
        let upn = account["userPrincipalName"].as_str().unwrap_or_default();
        service.upn.as_deref().is_some_and(|of_service| of_service.eq_ignore_ascii_case(upn))
    };
    let contacts = accounts.iter().filter(|account| !services.iter().any(|service| is_of(account, service)));
    let contact =
        |user: &Value| json!({"displayName": user["displayName"], "userPrincipalName": user["userPrincipalName"]});
    let contacts: Vec<Value> = contacts.map(contact).collect();
    let available = available(work, &tenant).await?;
    let visible = services.iter().filter(|service| accounts.iter().any(|account| is_of(account, service)));
    let visible: Vec<Value> = visible.map(|service| shown(&tenant, asker, service, &available)).collect();
    let (design, may_switch) = look(work, &tenant, asker).await?;
    Ok(Reply::ok(json!({
        "filter": filter, "contacts": contacts, "services": visible, "design": design, "maySwitchDesign": may_switch,
    })))
}

async fn is_licensed(work: &mut Work, tenant: &Tenant, user: &str) -> Result<bool, Failure> {
    let sql = "SELECT 1 FROM user_licenses WHERE tenant = ? AND user = ? AND kind = 'users/attendantConsole'";
    let row = sqlx::query_scalar(sql).bind(&tenant.id).bind(user);
    let license: Option<i64> = row.fetch_optional(&mut *work.tx).await?;
    Ok(license.is_some())
}

async fn look(work: &mut Work, tenant: &Tenant, user: &str) -> Result<(&'static str, bool), Failure> {
    let sql = "SELECT design FROM users WHERE tenant = ? AND id = ? AND design IS NOT NULL";
    let chosen: Option<String> =
        sqlx::query_scalar(sql).bind(&tenant.id).bind(user).fetch_optional(&mut *work.tx).await?;
    Ok(design(tenant.is_on(NEW_DESIGN), tenant.is_on(OVERWRITE_DESIGN), chosen.as_deref()))
}

/// Returns the accounts that pass the filter. Services without a planted account have one of their own name.
async fn accounts(work: &mut Work, tenant: &Tenant, filter: &str) -> Result<Vec<Value>, Failure> {
    let readers = ["User.Read.All", "Directory.Read.All"];
    let permitted = microsoft::has_permission(work, &tenant.id, microsoft::NIMBUS_APP, &readers).await?;
    let Some(filter) = Filter::parse(filter).ok().filter(|_| permitted) else {
        return Ok(Vec::new());
    };
    let mut accounts = microsoft::users(work, &tenant.id).await?;
    for service in services(work, tenant).await? {
        let Some(upn) = service.upn else { continue };
        let is_planted = |account: &Value| {
            account["userPrincipalName"].as_str().is_some_and(|known| known.eq_ignore_ascii_case(&upn))
        };
        if !accounts.iter().any(is_planted) {
            accounts.push(json!({"displayName": service.name, "userPrincipalName": upn, "accountEnabled": true}));
        }
    }
    accounts.retain(|account| filter.passes(account));
    Ok(accounts)
}

async fn services(work: &mut Work, tenant: &Tenant) -> Result<Vec<Found>, Failure> {
    let sql = "SELECT id, technical, members FROM services WHERE tenant = ? AND removed = 0 ORDER BY id";
    let rows: Vec<(String, String, String)> = sqlx::query_as(sql).bind(&tenant.id).fetch_all(&mut *work.tx).await?;
    let mut services = Vec::new();
    for (id, technical, members) in rows {
        let technical: Value = serde_json::from_str(&technical)?;
        let upn = technical["upn"].as_str().map(str::to_owned);
        services.push(Found {
            id,
            name: technical["displayName"].clone(),
            upn,
            members: serde_json::from_str(&members)?,
        });
    }
    Ok(services)
}

/// Returns the users who are available for a call.
async fn available(work: &mut Work, tenant: &Tenant) -> Result<Vec<String>, Failure> {
    let sql = "SELECT id FROM users WHERE tenant = ? AND state = 'Available'";
    Ok(sqlx::query_scalar(sql).bind(&tenant.id).fetch_all(&mut *work.tx).await?)
}

/// Returns a service as the search shows it: whether someone is available, and the visible members.
fn shown(tenant: &Tenant, asker: &str, service: &Found, available: &[String]) -> Value {
    let is_available = |member: &String| available.contains(member);
    let member = |member: &String| json!({"id": member, "available": is_available(member)});
    let members: Vec<Value> = match tenant.text(TEAM_VISIBILITY) {
        Some("ShowAllMembers") => service.members.iter().map(member).collect(),
        Some("ShowOwnMembers") if service.members.iter().any(|member| member == asker) => {
            service.members.iter().filter(|member| is_available(member)).map(member).collect()
        }
        // No default is published, so an unset value shows the least.
        _ => Vec::new(),
    };
    let any = service.members.iter().any(is_available);
    json!({"id": service.id, "displayName": service.name, "available": any, "members": members})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_with_or_does_not_let_the_search_out_of_it() {
        let filter = combined(Some("city eq 'Bern' or city eq 'Basel'"), "O'N");
        assert!(filter.starts_with("(city eq 'Bern' or city eq 'Basel') and (startsWith(displayName,'O''N') or "));
        assert!(Filter::parse(&filter).is_ok());
    }

    #[test]
    fn design_and_overwrite_have_four_rows() {
        let rows = [
            ((true, true), ("new", false), ("new", false)),
            ((true, false), ("old", true), ("new", true)),
            ((false, true), ("old", false), ("old", false)),
            ((false, false), ("old", false), ("old", false)),
        ];
        for ((is_new, overwrite), of_old, of_new) in rows {
            assert_eq!(of_old, design(is_new, overwrite, Some("old")));
            assert_eq!(of_new, design(is_new, overwrite, Some("new")));
        }
    }
}

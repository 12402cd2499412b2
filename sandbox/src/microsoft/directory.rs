//! Groups and users of an Entra tenant: planted; read by Graph and by the search of Attendant Console.
use serde_json::{Map, Value, json};

use super::apps::{EntraTenant, path_guid};
use super::filter::user_properties;
use crate::http::call::Call;
use crate::http::members::Members;
use crate::http::reply::Reply;
use crate::model::format::guid;
use crate::model::problem::{Code, Failure, Problem};
use crate::model::store::Work;

/// The types of members of a group.
pub(crate) const MEMBER_TYPES: [&str; 3] = ["user", "group", "servicePrincipal"];

/// `PUT /sandbox/microsoft/tenants/{tenant}/groups/{group}`.
pub(crate) async fn put_group(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let known = ["displayName", "groupTypes", "mailEnabled", "securityEnabled", "members", "owners", "lagSeconds"];
    let body = call.members(&known)?;
    let id = path_guid(call, "group")?;
    let (name, types) = (body.text("displayName")?, body.texts("groupTypes")?);
    let on = |name: &str, default: bool| if body.has(name) { body.flag(name) } else { Ok(default) };
    let document = json!({
        "id": id, "displayName": name, "groupTypes": types, "mailEnabled": on("mailEnabled", false)?,
        "securityEnabled": on("securityEnabled", true)?,
    });
    // Owners are validated and dropped: no route shows them.
    people(&body, "owners")?;
    let members = people(&body, "members")?;
    let tenant = EntraTenant::planted(work, call).await?;
    let since = tenant.visible_from(work, &body)?;
    let sql = "INSERT OR REPLACE INTO ms_groups VALUES (?, ?, ?, ?, ?)";
    let row = sqlx::query(sql).bind(&tenant.id).bind(id).bind(document.to_string());
    row.bind(members.to_string()).bind(since).execute(&mut *work.tx).await?;
    Ok(Reply::new(204, None))
}

/// Returns a list of members, each with its type and its id.
fn people(body: &Members, name: &str) -> Result<Value, Failure> {
    let bad = || Problem::member(&format!("/{name}"), Code::BadFormat);
    let items = match body.get(name) {
        None => return Ok(json!([])),
        Some(items) => items.as_array().ok_or_else(bad)?,
    };
    let member = |item: &Value| {
        let kind = item["type"].as_str().filter(|kind| MEMBER_TYPES.contains(kind))?;
        Some(json!({"type": kind, "id": guid(item["id"].as_str()?)?}))
    };
    let members: Option<Vec<Value>> = items.iter().map(member).collect();
    Ok(json!(members.ok_or_else(bad)?))
}

/// `DELETE /sandbox/microsoft/tenants/{tenant}/groups/{group}`.
pub(crate) async fn remove_group(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    remove(work, call, "DELETE FROM ms_groups WHERE tenant = ? AND id = ?", "group").await
}

async fn remove(work: &mut Work, call: &Call, sql: &'static str, name: &str) -> Result<Reply, Failure> {
    let row = sqlx::query(sql).bind(path_guid(call, "tenant")?).bind(path_guid(call, name)?);
    row.execute(&mut *work.tx).await?;
    Ok(Reply::new(204, None))
}

pub(super) struct Group {
    pub document: Value,
    /// Type and id of each member.
    pub members: Vec<(String, String)>,
}

/// Returns a group that is replicated.
pub(super) async fn group(work: &mut Work, tenant: &str, id: &str) -> Result<Option<Group>, Failure> {
    let sql = "SELECT document, members FROM ms_groups WHERE tenant = ? AND id = ? AND since <= ?";
    let row = sqlx::query_as(sql).bind(tenant).bind(id).bind(work.now.as_second());
    let row: Option<(String, String)> = row.fetch_optional(&mut *work.tx).await?;
    let Some((document, members)) = row else {
        return Ok(None);
    };
    let members: Vec<Value> = serde_json::from_str(&members)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let members = members.iter().map(|member| (text(&member["type"]), text(&member["id"]))).collect();
    Ok(Some(Group { document: serde_json::from_str(&document)?, members }))
}

/// `PUT /sandbox/microsoft/tenants/{tenant}/users/{user}`.
pub(crate) async fn put_user(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["userPrincipalName", "properties", "presence", "lagSeconds"])?;
    let (id, upn) = (path_guid(call, "user")?, body.text("userPrincipalName")?);
    let mut properties = match body.get("properties") {
        None => Map::new(),
        Some(Value::Object(properties)) => properties.clone(),
        Some(_) => return Err(Problem::member("/properties", Code::WrongType).into()),
    };
    if let Some(unknown) = properties.keys().find(|name| !user_properties().any(|known| known == **name)) {
        return Err(Problem::member(&format!("/properties/{unknown}"), Code::UnknownField).into());
    }
    properties.insert("id".to_owned(), json!(id));
    properties.insert("userPrincipalName".to_owned(), json!(upn));
    for (name, default) in [("accountEnabled", json!(true)), ("userType", json!("Member"))] {
        properties.entry(name).or_insert(default);
    }
    let presence = presence(&body)?;
    let tenant = EntraTenant::planted(work, call).await?;
    let since = tenant.visible_from(work, &body)?;
    save_user(work, &tenant.id, &Value::Object(properties), &presence, since).await?;
    Ok(Reply::new(204, None))
}

fn presence(body: &Members) -> Result<Value, Failure> {
    let Some(presence) = body.get("presence") else {
        return Ok(json!({"availability": "PresenceUnknown", "activity": "PresenceUnknown"}));
    };
    match (presence["availability"].as_str(), presence["activity"].as_str()) {
        (Some(availability), Some(activity)) => Ok(json!({"availability": availability, "activity": activity})),
        _ => Err(Problem::member("/presence", Code::WrongType).into()),
    }
}

/// Stores a user with its id and sign-in name in the document.
pub(super) async fn save_user(
    work: &mut Work,
    tenant: &str,
    document: &Value,
    presence: &Value,
    since: i64,
) -> Result<(), Failure> {
    let text = |name: &str| document[name].as_str().unwrap_or_default();
    let sql = "INSERT OR REPLACE INTO ms_users VALUES (?, ?, ?, ?, ?, ?)";
    let row = sqlx::query(sql).bind(tenant).bind(text("id")).bind(text("userPrincipalName"));
    let row = row.bind(document.to_string()).bind(presence.to_string()).bind(since);
    row.execute(&mut *work.tx).await?;
    Ok(())
}

/// `DELETE /sandbox/microsoft/tenants/{tenant}/users/{user}`.
pub(crate) async fn remove_user(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    remove(work, call, "DELETE FROM ms_users WHERE tenant = ? AND id = ?", "user").await
}

/// Returns the replicated users of a tenant, in the order of their names.
pub(crate) async fn users(work: &mut Work, tenant: &str) -> Result<Vec<Value>, Failure> {
    let sql = "SELECT document FROM ms_users WHERE tenant = ? AND since <= ? ORDER BY upn";
    let row = sqlx::query_scalar(sql).bind(tenant).bind(work.now.as_second());
    let documents: Vec<String> = row.fetch_all(&mut *work.tx).await?;
    documents.iter().map(|document| Ok(serde_json::from_str(document)?)).collect()
}

/// True if a sign-in name is one of a domain.
pub(crate) fn has_domain(upn: &str, domain: &str) -> bool {
    upn.rsplit_once('@').is_some_and(|(_, of_upn)| of_upn.eq_ignore_ascii_case(domain))
}

/// True if a sign-in name is of a user of the tenant: of one of its domains, or planted.
pub(crate) async fn is_inside(work: &mut Work, tenant: &str, upn: &str) -> Result<bool, Failure> {
    let domains = EntraTenant::find(work, tenant).await?.map(|tenant| tenant.domains).unwrap_or_default();
    Ok(domains.iter().any(|domain| has_domain(upn, domain)) || user(work, tenant, upn).await?.is_some())
}

/// Returns the user of an id or a sign-in name, and its presence.
pub(super) async fn user(work: &mut Work, tenant: &str, name: &str) -> Result<Option<(Value, Value)>, Failure> {
    let sql =
        "SELECT document, presence FROM ms_users WHERE tenant = ?1 AND (id = lower(?2) OR upn = ?2) AND since <= ?3";
    let row = sqlx::query_as(sql).bind(tenant).bind(name).bind(work.now.as_second());
    let row: Option<(String, String)> = row.fetch_optional(&mut *work.tx).await?;
    let Some((document, presence)) = row else {
        return Ok(None);
    };
    Ok(Some((serde_json::from_str(&document)?, serde_json::from_str(&presence)?)))
}

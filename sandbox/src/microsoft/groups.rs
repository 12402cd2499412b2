//! Groups on Graph: their kind and their members.
use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::directory::{Group, group, user};
use super::graph::{Authorized, Cost, authorize, entity, not_found, object_id, page, select};
use super::throttle::Throttle;
use super::users::{KNOWN as OF_USERS, SHOWN as SHOWN_OF_USERS};
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::model::problem::Failure;
use crate::model::store::Work;

const KNOWN: [&str; 12] = [
    "id",
    "displayName",
    "description",
    "groupTypes",
    "mail",
    "mailEnabled",
    "mailNickname",
    "securityEnabled",
    "visibility",
    "createdDateTime",
    "deletedDateTime",
    "membershipRule",
];
const READERS: &[&str] = &["GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"];
const READ: Cost = Cost::identity(1, READERS);
const MEMBERS: Cost = Cost::identity(3, READERS);
const TRANSITIVE_MEMBERS: Cost = Cost::identity(5, READERS);

/// Authorizes a call and returns the group in its path.
async fn target(
    work: &mut Work,
    call: &Call,
    throttle: &Throttle,
    cost: &Cost,
) -> Result<(Authorized, String, Group), Failure> {
    let authorized = authorize(work, call, throttle, cost).await?;
    let id = object_id(work, call, "group")?;
    match group(work, &authorized.tenant.id, &id).await? {
        Some(group) => Ok((authorized, id, group)),
        None => Err(not_found(work, call, &id)),
    }
}

/// `GET /graph/v1.0/groups/{group}`.
pub(crate) async fn read(work: &mut Work, call: &Call, throttle: &Throttle) -> Result<Reply, Failure> {
    let (authorized, _, group) = target(work, call, throttle, &READ).await?;
    let object = select(work, call, &group.document, &KNOWN, &KNOWN)?;
    Ok(authorized.reply(entity(call, "groups", object)))
}

/// `GET /graph/v1.0/groups/{group}/members`: the direct members; owners are not included.
pub(crate) async fn members(work: &mut Work, call: &Call, throttle: &Throttle) -> Result<Reply, Failure> {
    let (authorized, _, group) = target(work, call, throttle, &MEMBERS).await?;
    list(work, call, authorized, group.members).await
}

/// `GET /graph/v1.0/groups/{group}/transitiveMembers`: also the members of nested groups.
pub(crate) async fn transitive_members(work: &mut Work, call: &Call, throttle: &Throttle) -> Result<Reply, Failure> {
    let (authorized, id, top) = target(work, call, throttle, &TRANSITIVE_MEMBERS).await?;
    let mut seen = BTreeSet::from([id]);
    let mut found = Vec::new();
    let mut waiting = top.members;
    while let Some((kind, id)) = waiting.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        if kind == "group"
            && let Some(group) = group(work, &authorized.tenant.id, &id).await?
        {
            waiting.extend(group.members);
        }
        found.push((kind, id));
    }
    found.sort();
    list(work, call, authorized, found).await
}

async fn list(
    work: &mut Work,
    call: &Call,
    authorized: Authorized,
    members: Vec<(String, String)>,
) -> Result<Reply, Failure> {
    let (mut known, mut shown) = (OF_USERS.to_vec(), SHOWN_OF_USERS.to_vec());
    known.extend(KNOWN);
    shown.dedup();
    let mut items = Vec::new();
    for (kind, id) in members {
        let found = match kind.as_str() {
            "user" => user(work, &authorized.tenant.id, &id).await?.map(|(document, _)| document),
            "group" => group(work, &authorized.tenant.id, &id).await?.map(|group| group.document),
            _ => None,
        };
        let mut member = found.unwrap_or_else(|| json!({"id": id}));
        member["@odata.type"] = json!(format!("#microsoft.graph.{kind}"));
        items.push(Value::Object(select(work, call, &member, &known, &shown)?));
    }
    let body = page(work, call, "directoryObjects", items)?;
    Ok(authorized.reply(body))
}

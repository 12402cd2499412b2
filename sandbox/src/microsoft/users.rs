//! Users on Graph: one of them, a filtered list, and a presence.
use serde_json::{Value, json};

use super::answers::graph;
use super::directory::{self, user};
use super::filter::{Filter, FilterError};
use super::graph::{Cost, authorize, entity, is_advanced, not_found, object_id, page, select};
use super::throttle::{Budget, Throttle};
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::model::problem::Failure;
use crate::model::store::Work;

/// The properties that can be selected.
pub(super) const KNOWN: [&str; 27] = [
    "id",
    "displayName",
    "userPrincipalName",
    "mail",
    "givenName",
    "surname",
    "jobTitle",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "businessPhones",
    "userType",
    "department",
    "city",
    "country",
    "state",
    "mailNickname",
    "otherMails",
    "proxyAddresses",
    "usageLocation",
    "imAddresses",
    "accountEnabled",
    "companyName",
    "postalCode",
    "streetAddress",
    "employeeId",
    "employeeType",
];
/// The properties that are returned without `$select`: the first ones.
pub(super) const SHOWN: &[&str] = KNOWN.split_at(11).0;

const READ: Cost = Cost::identity(1, &["User.Read.All", "User.ReadBasic.All", "Directory.Read.All"]);
const LIST: Cost = Cost::identity(2, &["User.Read.All", "Directory.Read.All"]);
const PRESENCE: Cost = Cost { budget: Budget::Presence, units: 1, any_of: &["Presence.Read.All"], denial: "Forbidden" };

/// `GET /graph/v1.0/users/{user}`, by id or sign-in name.
pub(crate) async fn read(work: &mut Work, call: &Call, throttle: &Throttle) -> Result<Reply, Failure> {
    let authorized = authorize(work, call, throttle, &READ).await?;
    let name = call.parameter("user");
    let Some((document, _)) = user(work, &authorized.tenant.id, name).await? else {
        return Err(not_found(work, call, name));
    };
    let object = select(work, call, &document, &KNOWN, SHOWN)?;
    Ok(authorized.reply(entity(call, "users", object)))
}

/// `GET /graph/v1.0/users`: the users that pass `$filter`.
pub(crate) async fn list(work: &mut Work, call: &Call, throttle: &Throttle) -> Result<Reply, Failure> {
    let authorized = authorize(work, call, throttle, &LIST).await?;
    let filter = filter(work, call)?;
    let passes = |user: &Value| filter.as_ref().is_none_or(|filter| filter.passes(user));
    let users = directory::users(work, &authorized.tenant.id).await?;
    let mut items = Vec::new();
    for user in users.iter().filter(|user| passes(user)) {
        items.push(Value::Object(select(work, call, user, &KNOWN, SHOWN)?));
    }
    let body = page(work, call, "users", items)?;
    Ok(authorized.reply(body))
}

fn filter(work: &Work, call: &Call) -> Result<Option<Filter>, Failure> {
    let refused = |code: &str, message: &str| Err(graph(work, call, 400, code, message).into());
    let sorted = call.query.contains_key("$orderby");
    let Some(text) = call.query.get("$filter") else {
        return Ok(None);
    };
    match Filter::parse(text) {
        Err(FilterError::Syntax) => refused("Request_BadRequest", "Invalid filter clause."),
        Err(FilterError::Unsupported) => refused(
            "Request_UnsupportedQuery",
            "Unsupported or invalid query filter clause specified for resource 'User'.",
        ),
        Ok(filter) if (filter.advanced || sorted) && !is_advanced(call) => refused(
            "Request_UnsupportedQuery",
            "Operator is not supported because the required parameters might be missing. \
             Try adding $count=true query parameter and ConsistencyLevel:eventual header.",
        ),
        Ok(filter) => Ok(Some(filter)),
    }
}

/// `GET /graph/v1.0/users/{user}/presence` and `/communications/presences/{user}`, by id only.
pub(crate) async fn presence(work: &mut Work, call: &Call, throttle: &Throttle) -> Result<Reply, Failure> {
    let authorized = authorize(work, call, throttle, &PRESENCE).await?;
    let id = object_id(work, call, "user")?;
    let Some((_, mut presence)) = user(work, &authorized.tenant.id, &id).await? else {
        return Err(not_found(work, call, &id));
    };
    presence["id"] = json!(id);
    let object = presence.as_object().cloned().unwrap_or_default();
    Ok(authorized.reply(entity(call, "users('presence')", object)))
}

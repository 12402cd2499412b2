//! What all calls of Graph have in common: token, budget, permission, and the form of the answer.
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::answers::{graph, request_ids};
use super::apps::{EntraTenant, has_permission};
use super::hosts;
use super::throttle::{Budget, BudgetKey, Spent, Throttle};
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::model::digest::hash;
use crate::model::format::guid;
use crate::model::problem::{Failure, MicrosoftError};
use crate::model::store::Work;

/// The cost of a route, and the permissions that it needs.
pub(super) struct Cost {
    pub budget: Budget,
    pub units: i64,
    /// Application permissions, any of which is enough.
    pub any_of: &'static [&'static str],
    /// The error code if the permission is missing.
    pub denial: &'static str,
}

impl Cost {
    pub(super) const fn identity(units: i64, any_of: &'static [&'static str]) -> Self {
        Self { budget: Budget::Identity, units, any_of, denial: "Authorization_RequestDenied" }
    }

    /// Returns the cost of a call; `$select` and a small `$top` reduce it.
    fn units(&self, call: &Call) -> i64 {
        let selects = i64::from(call.query.contains_key("$select"));
        let top = call.query.get("$top").and_then(|top| top.parse::<u32>().ok());
        let few = i64::from(top.is_some_and(|top| top < 20));
        match self.budget {
            Budget::Identity => (self.units - selects - few).max(1),
            Budget::Presence => self.units,
        }
    }
}

pub(super) struct Authorized {
    pub tenant: EntraTenant,
    headers: Vec<(&'static str, String)>,
}

impl Authorized {
    pub(super) fn reply(self, body: Value) -> Reply {
        self.reply_with(200, body)
    }

    pub(super) fn reply_with(self, status: u16, body: Value) -> Reply {
        Reply { headers: self.headers, ..Reply::new(status, Some(body)) }
    }
}

pub(super) async fn authorize(
    work: &mut Work,
    call: &Call,
    throttle: &Throttle,
    cost: &Cost,
) -> Result<Authorized, Failure> {
    let (app, tenant) = authenticate(work, call).await?;
    let units = cost.units(call);
    let limit = match cost.budget {
        Budget::Identity => tenant.identity_units,
        Budget::Presence => tenant.presence_requests,
    };
    let key = BudgetKey { tenant: tenant.id.clone(), app: app.clone(), budget: cost.budget };
    let mut headers = request_ids(call);
    match throttle.spend(key, units, limit, work.now.as_second()) {
        Spent::Beyond(seconds) => return Err(throttled(work, call, &app, &tenant.id, seconds).into()),
        Spent::Within(share) if share >= 0.8 => {
            headers.push(("x-ms-throttle-limit-percentage", format!("{share:.2}")));
        }
        Spent::Within(_) => {}
    }
    headers.push(("x-ms-resource-unit", units.to_string()));
    if !has_permission(work, &tenant.id, &app, cost.any_of).await? {
        let message = "Insufficient privileges to complete the operation.";
        return Err(graph(work, call, 403, cost.denial, message).into());
    }
    Ok(Authorized { tenant, headers })
}

fn throttled(work: &Work, call: &Call, app: &str, tenant: &str, seconds: i64) -> MicrosoftError {
    let error = graph(work, call, 429, "TooManyRequests", "Too many requests. Retry after the time in the header.");
    error
        .with("retry-after", seconds.to_string())
        .with("x-ms-throttle-scope", format!("Tenant_Application/ReadWrite/{app}/{tenant}"))
        .with("x-ms-throttle-information", "ResourceUnitLimitExceeded".to_owned())
}

/// Returns the app of the token of a call, and the tenant that the token was issued for.
async fn authenticate(work: &mut Work, call: &Call) -> Result<(String, EntraTenant), Failure> {
    let refused = |work: &Work, message: &str| {
        let error = graph(work, call, 401, "InvalidAuthenticationToken", message);
        error.with(
            "www-authenticate",
            "Bearer realm=\"\", client_id=\"00000003-0000-0000-c000-000000000000\"".to_owned(),
        )
    };
    let Some(token) = call.header("authorization").and_then(|text| text.strip_prefix("Bearer ")) else {
        return Err(refused(work, "Access token is empty.").into());
    };
    let sql = "SELECT app, tenant, expires_at FROM ms_tokens WHERE hash = ?";
    let row: Option<(String, String, i64)> =
        sqlx::query_as(sql).bind(hash(token)).fetch_optional(&mut *work.tx).await?;
    let Some((app, tenant, expires_at)) = row else {
        return Err(refused(work, "Access token validation failure. Invalid token.").into());
    };
    (work.trace.client, work.trace.tenant) = (Some(app.clone()), Some(tenant.clone()));
    if expires_at <= work.now.as_second() {
        return Err(refused(work, "Lifetime validation failed, the token is expired.").into());
    }
    match EntraTenant::find(work, &tenant).await? {
        Some(tenant) => Ok((app, tenant)),
        None => Err(refused(work, "Access token validation failure. Unknown tenant.").into()),
    }
}

/// Returns an object id of the path.
pub(super) fn object_id(work: &Work, call: &Call, name: &str) -> Result<String, Failure> {
    let text = call.parameter(name);
    let message = format!("Invalid object identifier '{text}'.");
    guid(text).ok_or_else(|| graph(work, call, 400, "Request_BadRequest", &message).into())
}

pub(super) fn not_found(work: &Work, call: &Call, name: &str) -> Failure {
    let message =
        format!("Resource '{name}' does not exist or one of its queried reference-property objects are not present.");
    graph(work, call, 404, "Request_ResourceNotFound", &message).into()
}

/// Returns the members of an object that `$select` names, or the default ones; an unknown name is an error.
pub(super) fn select(
    work: &Work,
    call: &Call,
    object: &Value,
    known: &[&str],
    default: &[&str],
) -> Result<Map<String, Value>, Failure> {
    let selected: Vec<&str> = match call.query.get("$select") {
        Some(names) => names.split(',').map(str::trim).collect(),
        None => default.to_vec(),
    };
    let mut kept = Map::new();
    if let Some(kind) = object.get("@odata.type") {
        kept.insert("@odata.type".to_owned(), kind.clone());
    }
    for name in selected {
        if !known.contains(&name) {
            let message = format!("Parsing OData Select and Expand failed: Could not find a property named '{name}'.");
            return Err(graph(work, call, 400, "BadRequest", &message).into());
        }
        kept.insert(name.to_owned(), object[name].clone());
    }
    Ok(kept)
}

/// Returns one object with its context link.
pub(super) fn entity(call: &Call, set: &str, object: Map<String, Value>) -> Value {
    let mut body = Map::new();
    let context = format!("{}/v1.0/$metadata#{set}/$entity", hosts::base(call, "/graph"));
    body.insert("@odata.context".to_owned(), json!(context));
    body.extend(object);
    Value::Object(body)
}

/// True if a call asks for advanced query capabilities.
pub(super) fn is_advanced(call: &Call) -> bool {
    let eventual = call.header("consistencylevel").is_some_and(|level| level.eq_ignore_ascii_case("eventual"));
    eventual && call.query.get("$count").is_some_and(|count| count == "true")
}

/// Returns a page of a list, with a link to the next one.
pub(super) fn page(work: &Work, call: &Call, set: &str, items: Vec<Value>) -> Result<Value, Failure> {
    let bad = |message: &str| Failure::from(graph(work, call, 400, "Request_BadRequest", message));
    let size = match call.query.get("$top").map(|top| top.parse::<usize>()) {
        None => 100,
        Some(Ok(top)) if (1..=999).contains(&top) => top,
        Some(_) => return Err(bad("Invalid page size specified. Must be between 1 and 999 inclusive.")),
    };
    let start = match call.query.get("$skiptoken") {
        None => 0,
        Some(token) => place_of(token).ok_or_else(|| bad("The skip token is not valid."))?,
    };
    let base = hosts::base(call, "/graph");
    let mut body = json!({"@odata.context": format!("{base}/v1.0/$metadata#{set}")});
    if is_advanced(call) {
        body["@odata.count"] = json!(items.len());
    }
    if items.len() > start + size {
        body["@odata.nextLink"] = json!(next_link(call, &base, start + size));
    }
    body["value"] = items.into_iter().skip(start).take(size).collect();
    Ok(body)
}

fn place_of(token: &str) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    std::str::from_utf8(&bytes).ok()?.strip_prefix("from:")?.parse().ok()
}

fn next_link(call: &Call, base: &str, start: usize) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(call.query.iter().filter(|(name, _)| *name != "$skiptoken"));
    query.append_pair("$skiptoken", &URL_SAFE_NO_PAD.encode(format!("from:{start}")));
    let path = call.path.strip_prefix("/graph").unwrap_or(&call.path);
    format!("{base}{path}?{}", query.finish())
}

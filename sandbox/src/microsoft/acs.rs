//! ACS Identity: identities and their tokens, for requests that are signed with an access key of the resource.
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::acs_resources::{Count, Resource, count, find};
use super::answers::acs;
use super::signature::{SignatureError, Signed, check};
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::model::problem::Failure;
use crate::model::store::Work;

const VERSIONS: [&str; 4] = ["2021-03-07", "2022-06-01", "2022-10-01", "2023-10-01"];
const SCOPES: [&str; 5] = ["chat", "voip", "chat.join", "chat.join.limited", "voip.join"];

fn bad(call: &Call, code: &str, message: &str) -> Failure {
    acs(call, 400, code, message).into()
}

/// Returns the resource of a request whose signature is valid.
async fn target(work: &mut Work, call: &Call) -> Result<Resource, Failure> {
    work.trace.client = Some(call.parameter("resource").to_owned());
    let version = call.query.get("api-version").map_or("", String::as_str);
    if !VERSIONS.contains(&version) {
        let message = format!("The provided API version '{version}' is not supported.");
        return Err(bad(call, "UnsupportedApiVersion", &message));
    }
    let denied = |code: &str, message: &str| acs(call, 401, code, message);
    let Some(resource) = find(work, call).await? else {
        return Err(denied("Denied", "Denied by the resource provider.").into());
    };
    let text = |name: &str| call.header(name).unwrap_or_default();
    let signed = Signed {
        method: &call.method,
        target: &call.sent,
        date: text("x-ms-date"),
        host: text("host"),
        content_hash: text("x-ms-content-sha256"),
        authorization: text("authorization"),
        body: &call.body,
    };
    let error = match check(&signed, &resource.keys, Timestamp::now()) {
        Ok(()) if resource.permitted => return Ok(resource),
        // A key without the permission to issue tokens is refused with the same text as a wrong key.
        Ok(()) | Err(SignatureError::Unsigned | SignatureError::Signature) => {
            denied("Denied", "Denied by the resource provider.")
        }
        Err(SignatureError::Date) => {
            denied("7509", "HMAC-SHA256 validation failed: the date is not within 15 minutes of now.")
        }
        Err(SignatureError::Content) => {
            denied("7509", "HMAC-SHA256 validation failed: the content hash is not that of the body.")
        }
    };
    Err(error.with("www-authenticate", "HMAC-SHA256, Bearer".to_owned()).into())
}

fn body(call: &Call) -> Result<Value, Failure> {
    if call.body.is_empty() {
        return Ok(json!({}));
    }
    let body = serde_json::from_slice::<Value>(&call.body).ok().filter(Value::is_object);
    body.ok_or_else(|| bad(call, "BadRequest", "The request body is not a JSON object."))
}

/// Returns whether a body names scopes; unknown scopes are an error.
fn scopes(call: &Call, body: &Value, name: &str) -> Result<bool, Failure> {
    let scopes = body[name].as_array();
    let known = |scope: &Value| scope.as_str().is_some_and(|scope| SCOPES.contains(&scope));
    match scopes {
        None if body[name].is_null() => Ok(false),
        Some(scopes) if scopes.iter().all(known) => Ok(!scopes.is_empty()),
        _ => Err(bad(call, "BadRequest", "A scope is not known.")),
    }
}

async fn token(work: &mut Work, call: &Call, resource: &Resource, body: &Value) -> Result<Value, Failure> {
    let minutes = match &body["expiresInMinutes"] {
        Value::Null => 1440,
        minutes => minutes
            .as_i64()
            .filter(|minutes| (60..=1440).contains(minutes))
            .ok_or_else(|| bad(call, "BadRequest", "The token has to live between 60 and 1440 minutes."))?,
    };
    count(work, resource, Count::Issued).await?;
    let expires_on = work.now.saturating_add(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MAX);
    let token = format!("{}.{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
    Ok(json!({"token": token, "expiresOn": expires_on.to_string()}))
}

fn reply(call: &Call, status: u16, body: Option<Value>) -> Reply {
    Reply::new(status, body).with("x-ms-request-id", call.request_id.clone())
}

/// `POST /acs/{resource}/identities`: creates an identity, with a token if scopes are given.
pub(crate) async fn create(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let resource = target(work, call).await?;
    let body = body(call)?;
    let with_token = scopes(call, &body, "createTokenWithScopes")?;
    let id = format!("8:acs:{}_{}", resource.id, uuid::Uuid::new_v4());
    let sql = "INSERT INTO acs_identities VALUES (?, ?)";
    sqlx::query(sql).bind(&id).bind(&resource.name).execute(&mut *work.tx).await?;
    count(work, &resource, Count::Created).await?;
    let mut answer = json!({"identity": {"id": id}});
    if with_token {
        answer["accessToken"] = token(work, call, &resource, &body).await?;
    }
    Ok(reply(call, 201, Some(answer)))
}

/// Returns resource and identity in the path.
async fn identity(work: &mut Work, call: &Call) -> Result<(Resource, String), Failure> {
    let resource = target(work, call).await?;
    let id = call.parameter("identity").to_owned();
    let sql = "SELECT 1 FROM acs_identities WHERE id = ? AND resource = ?";
    let row = sqlx::query_scalar(sql).bind(&id).bind(&resource.name);
    let known: Option<i64> = row.fetch_optional(&mut *work.tx).await?;
    match known {
        Some(_) => Ok((resource, id)),
        None => Err(acs(call, 404, "IdentityNotFound", "The identity does not exist.").into()),
    }
}

/// `POST /acs/{resource}/identities/{identity}/:issueAccessToken`.
pub(crate) async fn issue(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let (resource, _) = identity(work, call).await?;
    let body = body(call)?;
    if !scopes(call, &body, "scopes")? {
        return Err(bad(call, "BadRequest", "Scopes are required."));
    }
    let token = token(work, call, &resource, &body).await?;
    Ok(reply(call, 200, Some(token)))
}

/// `POST /acs/{resource}/identities/{identity}/:revokeAccessTokens`.
pub(crate) async fn revoke(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let (resource, _) = identity(work, call).await?;
    count(work, &resource, Count::Revoked).await?;
    Ok(reply(call, 204, None))
}

/// `DELETE /acs/{resource}/identities/{identity}`.
pub(crate) async fn delete(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let (resource, id) = identity(work, call).await?;
    sqlx::query("DELETE FROM acs_identities WHERE id = ?").bind(&id).execute(&mut *work.tx).await?;
    count(work, &resource, Count::Deleted).await?;
    Ok(reply(call, 204, None))
}

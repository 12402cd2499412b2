//! OAuth 2.0 client credentials: tokens, and the client of a request.
//!
//! Tokens have the shape of a JWT whose claims name the role and the partner. They are not read again: the platform knows them by
//! their hash. They expire on the virtual clock, and all tokens of a client are revoked when its secret
//! changes. Role and tenants of the client are read at each request, so that a change takes effect immediately.
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::model::digest::hash;
use crate::model::problem::{Failure, Slug};
use crate::model::roles::{Caller, Role};
use crate::model::store::Work;

/// Errors of the token endpoint, as in RFC 6749.
pub(crate) const TOKEN_ERRORS: [&str; 3] = ["invalid_request", "invalid_client", "unsupported_grant_type"];

fn no_token(status: u16, error: &'static str) -> Failure {
    Failure::NoToken { status, error }
}

/// `POST /oauth2/v2.0/token`.
pub(crate) async fn issue_token(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let media_type = call.header("content-type").and_then(|text| text.split(';').next());
    if media_type.map(str::trim) != Some("application/x-www-form-urlencoded") {
        return Err(no_token(400, "invalid_request"));
    }
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&call.body).into_owned().collect();
    let field = |name: &str| form.get(name).ok_or(no_token(400, "invalid_request"));
    if field("grant_type")? != "client_credentials" {
        return Err(no_token(400, "unsupported_grant_type"));
    }
    let (id, secret) = (field("client_id")?, field("client_secret")?);
    work.trace.client = Some(id.clone());
    let sql = "SELECT token_lifetime, role, partner FROM clients WHERE id = ? AND secret = ?";
    let row = sqlx::query_as(sql).bind(id).bind(secret);
    let row: Option<(i64, String, Option<String>)> = row.fetch_optional(&mut *work.tx).await?;
    let (lifetime, role, partner) = row.ok_or(no_token(401, "invalid_client"))?;
    let now = work.now.as_second();
    let claims = json!({"sub": id, "roles": [role], "partnerId": partner, "iat": now, "exp": now + lifetime});
    let token = token(&claims);
    let sql = "DELETE FROM tokens WHERE expires_at <= ?";
    sqlx::query(sql).bind(now).execute(&mut *work.tx).await?;
    let sql = "INSERT INTO tokens VALUES (?, ?, ?)";
    let row = sqlx::query(sql).bind(hash(&token)).bind(id).bind(now + lifetime);
    row.execute(&mut *work.tx).await?;
    let body = json!({"access_token": token, "token_type": "Bearer", "expires_in": lifetime});
    Ok(Reply::ok(body).with("cache-control", "no-store".to_owned()))
}

/// Returns a new token with these claims; what stands in place of its signature is random.
fn token(claims: &Value) -> String {
    let random = [uuid::Uuid::new_v4().into_bytes(), uuid::Uuid::new_v4().into_bytes()].concat();
    let parts =
        [json!({"alg": "none", "typ": "JWT"}).to_string().into_bytes(), claims.to_string().into_bytes(), random];
    parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
}

/// Returns the client whose token the request carries.
pub(crate) async fn authenticate(work: &mut Work, call: &Call) -> Result<Caller, Failure> {
    let token = call.header("authorization").and_then(|text| text.strip_prefix("Bearer "));
    let token = token.ok_or(Slug::Unauthenticated)?;
    let sql = "SELECT id, role, partner, tenants FROM tokens JOIN clients ON clients.id = tokens.client \
               WHERE hash = ? AND expires_at > ?";
    let row: Option<(String, String, Option<String>, String)> =
        sqlx::query_as(sql).bind(hash(token)).bind(work.now.as_second()).fetch_optional(&mut *work.tx).await?;
    let (id, role, partner, tenants) = row.ok_or(Slug::Unauthenticated)?;
    work.trace.client = Some(id);
    let role = Role::parse(&role).ok_or(Slug::Unauthenticated)?;
    Ok(Caller { role, partner, tenants: serde_json::from_str(&tenants)? })
}

//! The OAuth clients; a test can add and change them.
use std::collections::BTreeSet;

use serde_json::json;

use crate::http::call::Call;
use crate::http::members::Members;
use crate::http::reply::Reply;
use crate::model::format::guid;
use crate::model::problem::{Code, Failure, Problem};
use crate::model::roles::Role;
use crate::model::store::Work;

/// A client as it is stored.
#[derive(Clone)]
struct Client {
    secret: String,
    role: Role,
    partner: Option<String>,
    tenants: BTreeSet<String>,
    token_lifetime: i64,
}

/// `PUT /sandbox/clients`: adds a client, or changes the given members of one.
pub(crate) async fn put(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["id", "secret", "role", "partnerId", "tenantIds", "tokenLifetimeSeconds"])?;
    let id = body.text("id")?;
    let client = match load(work, &id).await? {
        None => added(&body)?,
        Some(known) => {
            let client = changed(known.clone(), &body)?;
            if client.secret != known.secret {
                let sql = "DELETE FROM tokens WHERE client = ?";
                sqlx::query(sql).bind(&id).execute(&mut *work.tx).await?;
            }
            client
        }
    };
    save(work, &id, &client).await?;
    Ok(Reply::ok(json!({
        "id": id,
        "role": client.role,
        "partnerId": client.partner,
        "tenantIds": client.tenants,
        "tokenLifetimeSeconds": client.token_lifetime,
    })))
}

fn added(body: &Members) -> Result<Client, Failure> {
    let client = Client {
        secret: body.text("secret")?,
        role: body.role("role")?,
        partner: None,
        tenants: BTreeSet::new(),
        token_lifetime: 3600,
    };
    changed(client, body)
}

fn changed(mut client: Client, body: &Members) -> Result<Client, Failure> {
    if body.has("secret") {
        client.secret = body.text("secret")?;
    }
    if body.has("role") {
        client.role = body.role("role")?;
    }
    if body.has("partnerId") {
        client.partner = body.nullable_text("partnerId")?;
    }
    if body.has("tenantIds") {
        client.tenants = tenant_ids(body)?;
    }
    if let Some(seconds) = body.number("tokenLifetimeSeconds", 1, 86_400)? {
        client.token_lifetime = seconds;
    }
    Ok(client)
}

fn tenant_ids(body: &Members) -> Result<BTreeSet<String>, Failure> {
    let id = |text: String| guid(&text).ok_or(Problem::member("/tenantIds", Code::BadFormat).into());
    body.texts("tenantIds")?.into_iter().map(id).collect()
}

async fn load(work: &mut Work, id: &str) -> Result<Option<Client>, Failure> {
    let sql = "SELECT secret, role, partner, tenants, token_lifetime FROM clients WHERE id = ?";
    let row: Option<(String, String, Option<String>, String, i64)> =
        sqlx::query_as(sql).bind(id).fetch_optional(&mut *work.tx).await?;
    let Some((secret, role, partner, tenants, token_lifetime)) = row else {
        return Ok(None);
    };
    let role = Role::parse(&role).unwrap_or(Role::Tenant);
    let tenants = serde_json::from_str(&tenants)?;
    Ok(Some(Client { secret, role, partner, tenants, token_lifetime }))
}

async fn save(work: &mut Work, id: &str, client: &Client) -> Result<(), Failure> {
    let sql = "INSERT OR REPLACE INTO clients VALUES (?, ?, ?, ?, ?, ?)";
    let row = sqlx::query(sql).bind(id).bind(&client.secret).bind(client.role.name());
    let row = row.bind(&client.partner).bind(json!(client.tenants).to_string());
    row.bind(client.token_lifetime).execute(&mut *work.tx).await?;
    Ok(())
}

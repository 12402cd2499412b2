//! Entra's endpoints of a tenant: tokens for an app, and the OpenID document.
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answers::{EntraError, entra};
use super::apps::{EntraTenant, is_known};
use super::{assertion, hosts};
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::model::digest::hash;
use crate::model::format::guid;
use crate::model::problem::{Failure, MicrosoftError};
use crate::model::store::Work;

const LIFETIME: i64 = 3600;

/// Returns the tenant in the path.
pub(super) async fn tenant(work: &mut Work, call: &Call, error: &str) -> Result<EntraTenant, Failure> {
    let name = call.parameter("tenant");
    let tenant = EntraTenant::find(work, name).await?;
    let message = format!("Tenant '{name}' not found.");
    let tenant = tenant.ok_or_else(|| entra(work, call, &EntraError::new(400, error, 90002, &message)))?;
    work.trace.tenant = Some(tenant.id.clone());
    Ok(tenant)
}

/// `POST /login/{tenant}/oauth2/v2.0/token`: the client credentials grant, with a secret or an assertion.
pub(crate) async fn issue_token(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&call.body).into_owned().collect();
    let field = |name: &str| form.get(name).map_or("", String::as_str);
    let tenant = tenant(work, call, "invalid_request").await?;
    if field("grant_type") != "client_credentials" {
        let message = "The app requested an unsupported grant type.";
        return Err(entra(work, call, &EntraError::new(400, "unsupported_grant_type", 70003, message)).into());
    }
    let app = guid(field("client_id")).unwrap_or_default();
    work.trace.client = Some(app.clone());
    let sql = "SELECT secret, keys FROM ms_apps WHERE id = ?";
    let row: Option<(Option<String>, String)> = sqlx::query_as(sql).bind(&app).fetch_optional(&mut *work.tx).await?;
    let Some((secret, keys)) = row else {
        let message = format!("Application with identifier '{app}' was not found in the directory '{}'.", tenant.id);
        return Err(entra(work, call, &EntraError::new(400, "unauthorized_client", 700_016, &message)).into());
    };
    check_scope(work, call, field("scope"))?;
    let endpoint = format!("{}/{}/oauth2/v2.0/token", hosts::base(call, "/login"), call.parameter("tenant"));
    let shown = Credential { secret: form.get("client_secret"), assertion: form.get("client_assertion") };
    let good = match shown {
        Credential { secret: Some(shown), .. } => secret.as_ref() == Some(shown),
        Credential { assertion: Some(shown), .. } if field("client_assertion_type") == assertion::TYPE => {
            assertion::is_good(shown, &app, &endpoint, &serde_json::from_str::<Value>(&keys)?)
        }
        _ => false,
    };
    if !good {
        return Err(shown.refusal(work, call).into());
    }
    if !is_known(work, &tenant.id, &app).await? {
        let message = format!("The client application {app} is missing service principal in the tenant {}.", tenant.id);
        return Err(entra(work, call, &EntraError::new(401, "invalid_client", 7_000_229, &message)).into());
    }
    let token = issue(work, &app, &tenant.id).await?;
    let body = json!({
        "token_type": "Bearer", "expires_in": LIFETIME - 1, "ext_expires_in": LIFETIME - 1, "access_token": token,
    });
    Ok(Reply::ok(body).with("cache-control", "no-store, no-cache".to_owned()))
}

/// The credential that an app sends.
struct Credential<'a> {
    secret: Option<&'a String>,
    assertion: Option<&'a String>,
}

impl Credential<'_> {
    fn refusal(&self, work: &Work, call: &Call) -> MicrosoftError {
        let (number, message) = match (self.secret, self.assertion) {
            (Some(_), _) => (7_000_215, "Invalid client secret provided."),
            (None, Some(_)) => (700_027, "The certificate with which the client assertion is signed is not known."),
            (None, None) => (7_000_218, "The request body must contain 'client_assertion' or 'client_secret'."),
        };
        entra(work, call, &EntraError::new(401, "invalid_client", number, message))
    }
}

/// An app can only request all its permissions, not a part of them.
fn check_scope(work: &Work, call: &Call, scope: &str) -> Result<(), Failure> {
    let own = format!("{}/.default", hosts::base(call, "/graph"));
    if scope == "https://graph.microsoft.com/.default" || scope == own {
        return Ok(());
    }
    let message = format!("The provided value for the input parameter 'scope' is not valid: '{scope}'.");
    Err(entra(work, call, &EntraError::new(400, "invalid_scope", 1_002_012, &message)).into())
}

async fn issue(work: &mut Work, app: &str, tenant: &str) -> Result<String, Failure> {
    let token = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
    let now = work.now.as_second();
    sqlx::query("DELETE FROM ms_tokens WHERE expires_at <= ?").bind(now).execute(&mut *work.tx).await?;
    let sql = "INSERT INTO ms_tokens VALUES (?, ?, ?, ?)";
    let row = sqlx::query(sql).bind(hash(&token)).bind(app).bind(tenant).bind(now + LIFETIME);
    row.execute(&mut *work.tx).await?;
    Ok(token)
}

/// `GET /login/{tenant}/v2.0/.well-known/openid-configuration`: contains the tenant of a domain.
pub(crate) async fn openid_configuration(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let tenant = tenant(work, call, "invalid_tenant").await?;
    let (base, name) = (hosts::base(call, "/login"), call.parameter("tenant"));
    Ok(Reply::ok(json!({
        "token_endpoint": format!("{base}/{name}/oauth2/v2.0/token"),
        "authorization_endpoint": format!("{base}/{name}/oauth2/v2.0/authorize"),
        "jwks_uri": format!("{base}/{name}/discovery/v2.0/keys"),
        "issuer": format!("https://login.microsoftonline.com/{}/v2.0", tenant.id),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
        "msgraph_host": "graph.microsoft.com",
    })))
}

/// `GET /login/common/discovery/instance`: the host names of the cloud.
pub(crate) fn discover_instance() -> Reply {
    let host = "login.microsoftonline.com";
    Reply::ok(json!({
        "tenant_discovery_endpoint": format!("https://{host}/common/v2.0/.well-known/openid-configuration"),
        "api-version": "1.1",
        "metadata": [{"preferred_network": host, "preferred_cache": "login.windows.net", "aliases": [host]}],
    }))
}

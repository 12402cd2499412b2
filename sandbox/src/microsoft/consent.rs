//! The page on which an administrator grants an app its permissions in a tenant: Entra's admin consent endpoint.
//!
//! The page stands in for the administrator's log-in too: anyone on this machine may consent. The form is taken only from the page
//! itself, so that no other page in the same browser grants anything.
use super::answers::{EntraError, entra};
use super::apps::{display_name, grant_registered};
use super::login;
use super::permissions::registered;
use crate::http::call::Call;
use crate::http::host::is_loopback_host;
use crate::http::reply::Reply;
use crate::model::format::guid;
use crate::model::problem::{Failure, Slug};
use crate::model::store::Work;

/// An app that asks for the consent of a tenant.
struct Asked {
    tenant: String,
    app: String,
    name: String,
}

async fn asked(work: &mut Work, call: &Call) -> Result<Asked, Failure> {
    let tenant = login::tenant(work, call, "invalid_request").await?.id;
    let text = call.query.get("client_id").map_or("", String::as_str);
    let app = guid(text).unwrap_or_default();
    work.trace.client = Some(app.clone());
    match display_name(work, &app).await?.as_str().map(str::to_owned) {
        Some(name) => Ok(Asked { tenant, app, name }),
        None => {
            let message = format!("Application with identifier '{text}' was not found in the directory '{tenant}'.");
            Err(entra(work, call, &EntraError::new(400, "unauthorized_client", 700_016, &message)).into())
        }
    }
}

/// `GET /login/{tenant}/adminconsent` and `/v2.0/adminconsent`: shows what the app asks for.
pub(crate) async fn ask(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let asked = asked(work, call).await?;
    let form = "<form method=\"post\"><button>Accept</button></form>";
    Ok(page(&asked, "asks for these permissions of Microsoft Graph", form))
}

/// The same with POST: grants what the app is registered with.
pub(crate) async fn grant(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let host = call.header("host").unwrap_or_default();
    let is_own =
        |origin: &str| is_loopback_host(host) && origin.split_once("://").is_some_and(|(_, origin)| origin == host);
    if call.headers.contains_key("origin") && !call.header("origin").is_some_and(is_own) {
        return Err(Slug::NotPermitted.into());
    }
    let asked = asked(work, call).await?;
    grant_registered(work, &asked.tenant, &asked.app).await?;
    Ok(page(&asked, "has these permissions of Microsoft Graph now", ""))
}

fn page(asked: &Asked, verb: &str, form: &str) -> Reply {
    let Asked { tenant, app, name } = asked;
    let items: String = registered(app).iter().map(|name| format!("<li>{name}</li>")).collect();
    let name = escape(name);
    Reply::page(format!(
        "<!doctype html><html lang=\"en\"><title>{name}</title><h1>{name}</h1>\
         <p>{name} {verb} in the tenant {tenant}:</p><ul>{items}</ul>{form}</html>"
    ))
}

/// A name may be anything.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

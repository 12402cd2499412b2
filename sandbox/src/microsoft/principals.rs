//! Apps in a tenant, and their permissions there.
use serde_json::{Value, json};

use super::apps::{display_name, grants, is_known};
use super::graph::{Authorized, Cost, authorize, entity, not_found, object_id, page, select};
use super::permissions::GRAPH_APP;
use super::throttle::Throttle;
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::model::digest::derived_guid;
use crate::model::format::guid;
use crate::model::problem::Failure;
use crate::model::store::Work;

const KNOWN: [&str; 6] = ["id", "appId", "displayName", "appDisplayName", "servicePrincipalType", "accountEnabled"];
const READERS: &[&str] = &["Application.Read.All", "Directory.Read.All"];
const READ: Cost = Cost::identity(1, READERS);
const ASSIGNMENTS: Cost = Cost::identity(2, READERS);

/// Returns the id of an app in a tenant; it differs between tenants.
fn principal_id(tenant: &str, app: &str) -> String {
    derived_guid(&["service-principal", tenant, app])
}

async fn principal(work: &mut Work, tenant: &str, app: &str) -> Result<Value, Failure> {
    let name = display_name(work, app).await?;
    Ok(json!({
        "id": principal_id(tenant, app), "appId": app, "displayName": name, "appDisplayName": name,
        "servicePrincipalType": "Application", "accountEnabled": true,
    }))
}

async fn show(work: &mut Work, call: &Call, authorized: Authorized, app: &str) -> Result<Reply, Failure> {
    let principal = principal(work, &authorized.tenant.id, app).await?;
    let object = select(work, call, &principal, &KNOWN, &KNOWN)?;
    Ok(authorized.reply(entity(call, "servicePrincipals", object)))
}

/// `GET /graph/v1.0/servicePrincipals(appId='{appId}')`.
pub(crate) async fn of_app(work: &mut Work, call: &Call, throttle: &Throttle) -> Result<Reply, Failure> {
    let authorized = authorize(work, call, throttle, &READ).await?;
    let text = call.parameter("appId");
    let app = guid(text).unwrap_or_default();
    match is_known(work, &authorized.tenant.id, &app).await? {
        true => show(work, call, authorized, &app).await,
        false => Err(not_found(work, call, text)),
    }
}

/// Authorizes a call and returns the app whose principal is in its path.
async fn target(
    work: &mut Work,
    call: &Call,
    throttle: &Throttle,
    cost: &Cost,
) -> Result<(Authorized, String), Failure> {
    let authorized = authorize(work, call, throttle, cost).await?;
    let id = object_id(work, call, "principal")?;
    let sql = "SELECT app FROM ms_consents WHERE tenant = ?";
    let apps: Vec<String> = sqlx::query_scalar(sql).bind(&authorized.tenant.id).fetch_all(&mut *work.tx).await?;
    let mut apps = apps.into_iter().chain([GRAPH_APP.to_owned()]);
    match apps.find(|app| principal_id(&authorized.tenant.id, app) == id) {
        Some(app) => Ok((authorized, app)),
        None => Err(not_found(work, call, &id)),
    }
}

/// `GET /graph/v1.0/servicePrincipals/{principal}`.
pub(crate) async fn read(work: &mut Work, call: &Call, throttle: &Throttle) -> Result<Reply, Failure> {
    let (authorized, app) = target(work, call, throttle, &READ).await?;
    show(work, call, authorized, &app).await
}

/// `GET /graph/v1.0/servicePrincipals/{principal}/appRoleAssignments`: permissions that were granted and are replicated.
pub(crate) async fn assignments(work: &mut Work, call: &Call, throttle: &Throttle) -> Result<Reply, Failure> {
    let (authorized, app) = target(work, call, throttle, &ASSIGNMENTS).await?;
    let tenant = &authorized.tenant.id;
    let name = display_name(work, &app).await?;
    let mut items = Vec::new();
    for (resource, role) in grants(work, tenant, &app).await? {
        items.push(json!({
            "id": derived_guid(&["assignment", tenant, &app, &resource, &role]),
            "deletedDateTime": null,
            "appRoleId": role,
            "principalDisplayName": name,
            "principalId": principal_id(tenant, &app),
            "principalType": "ServicePrincipal",
            "resourceDisplayName": display_name(work, &resource).await?,
            "resourceId": principal_id(tenant, &resource),
        }));
    }
    let body = page(work, call, "appRoleAssignments", items)?;
    Ok(authorized.reply(body))
}

//! Services of a tenant. The rules for people who provision them are in `provisioning`.
use serde_json::{Value, json};

use super::script::save_and_run;
use super::target::tenant;
use crate::http::call::Call;
use crate::http::members::Members;
use crate::http::reply::Reply;
use crate::model::problem::{Code, Failure, Problem};
use crate::model::rows::DEFAULT_ORGANIZATION_UNIT;
use crate::model::runtime::SERVICE_LICENSES;
use crate::model::store::Work;
use crate::model::tenant::{Tenant, refuse_if_deleting};
use crate::model::units::Tree;

/// How users are assigned to a service; only the first kind follows a team in Microsoft Teams.
pub(crate) const ASSIGNMENTS: [&str; 3] = ["teams-based", "skill-based", "none"];

/// Returns what the script pushes of a service.
pub(crate) fn technical(body: &Members) -> Result<Value, Failure> {
    Ok(json!({
        "displayName": body.text("displayName")?,
        "upn": body.nullable_text("upn")?,
        "phone": body.nullable_text("phone")?,
    }))
}

/// Returns the license of a service; the first one is the default.
pub(crate) fn license(body: &Members) -> Result<String, Failure> {
    match body.has("license") {
        true => body.choice("license", &SERVICE_LICENSES),
        false => Ok(SERVICE_LICENSES[0].to_owned()),
    }
}

/// Returns the organization unit that a body names.
pub(crate) fn named_unit(body: &Members, tree: &Tree) -> Result<Option<String>, Failure> {
    match body.nullable_text("organizationUnitId")? {
        Some(unit) if !tree.has(&unit) => Err(Problem::member("/organizationUnitId", Code::UnknownReference).into()),
        unit => Ok(unit),
    }
}

/// The unit and the owner of a new service.
#[derive(Debug)]
pub(crate) struct Place {
    pub unit: String,
    pub assignment: String,
    pub owner: Option<String>,
    pub owner_role: Option<String>,
}

impl Place {
    /// Returns the place of a service that is created in the portal, without an owner.
    pub(crate) fn default_of(tenant: &Tenant) -> Self {
        Self {
            unit: tenant.text(DEFAULT_ORGANIZATION_UNIT).unwrap_or("root").to_owned(),
            assignment: ASSIGNMENTS[1].to_owned(),
            owner: None,
            owner_role: None,
        }
    }
}

/// A service to be stored.
pub(crate) struct NewService<'a> {
    pub id: &'a str,
    /// What the script pushes.
    pub technical: &'a Value,
    pub license: &'a str,
    pub place: &'a Place,
}

/// Stores a service unless it exists.
pub(crate) async fn insert(work: &mut Work, tenant: &Tenant, service: &NewService<'_>) -> Result<(), Failure> {
    let NewService { id, technical, license, place } = service;
    let sql = "INSERT OR IGNORE INTO services (tenant, id, license, features, technical, removed, organization_unit, \
               owner, owner_role, assignment, tab, members) VALUES (?, ?, ?, '[]', ?, 0, ?, ?, ?, ?, ?, ?)";
    let members: Vec<&String> = place.owner.iter().collect();
    let row = sqlx::query(sql).bind(&tenant.id).bind(id).bind(license).bind(technical.to_string());
    let row = row.bind(&place.unit).bind(&place.owner).bind(&place.owner_role).bind(&place.assignment);
    row.bind(place.owner_role.is_some()).bind(json!(members).to_string()).execute(&mut *work.tx).await?;
    Ok(())
}

/// `PUT /sandbox/tenants/{id}/services/{service}`: creates or changes a service.
pub(crate) async fn put_service(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body =
        call.members(&["displayName", "upn", "phone", "license", "features", "organizationUnitId", "members"])?;
    let (technical, license) = (technical(&body)?, license(&body)?);
    let features = json!(body.texts("features")?);
    let tenant = tenant(work, call).await?;
    refuse_if_deleting(&tenant)?;
    let tree = Tree::load(work, &tenant.id).await?;
    let unit = named_unit(&body, &tree)?;
    let members = if body.has("members") { Some(json!(body.texts("members")?).to_string()) } else { None };
    let id = call.parameter("service");
    let place = &Place::default_of(&tenant);
    insert(work, &tenant, &NewService { id, technical: &technical, license: &license, place }).await?;
    let sql = "UPDATE services SET license = ?3, features = ?4, technical = ?5, \
               organization_unit = COALESCE(?6, organization_unit), members = COALESCE(?7, members) \
               WHERE tenant = ?1 AND id = ?2";
    let row = sqlx::query(sql).bind(&tenant.id).bind(id).bind(license);
    row.bind(features.to_string()).bind(technical.to_string()).bind(unit).bind(members).execute(&mut *work.tx).await?;
    save_and_run(work, tenant).await
}

/// `PUT /sandbox/tenants/{id}/services/{service}/tab`: removes the tab in Microsoft Teams, or adds it again.
///
/// Everyone can do that in Microsoft Teams; the service does not change.
pub(crate) async fn set_tab(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let present = call.members(&["present"])?.flag("present")?;
    let tenant = tenant(work, call).await?;
    let sql = "UPDATE services SET tab = ? WHERE tenant = ? AND id = ?";
    let row = sqlx::query(sql).bind(present).bind(&tenant.id).bind(call.parameter("service"));
    row.execute(&mut *work.tx).await?;
    Ok(Reply::new(204, None))
}

type Row = (String, String, String, bool, String, Option<String>, Option<String>, String, bool, Option<String>);

/// `GET /sandbox/tenants/{id}/services`.
pub(crate) async fn list(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let tenant = tenant(work, call).await?;
    let sql = "SELECT id, license, technical, removed, organization_unit, owner, owner_role, assignment, tab, pushed \
               FROM services WHERE tenant = ? ORDER BY id";
    let rows: Vec<Row> = sqlx::query_as(sql).bind(&tenant.id).fetch_all(&mut *work.tx).await?;
    let mut items = Vec::new();
    for (id, license, technical, removed, unit, owner, owner_role, assignment, tab, pushed) in rows {
        let technical: Value = serde_json::from_str(&technical)?;
        items.push(json!({
            "id": id,
            "displayName": technical["displayName"],
            "license": license,
            "organizationUnitId": unit,
            "owner": owner,
            "ownerRole": owner_role,
            "assignment": assignment,
            "tab": tab,
            "state": match (removed, pushed) {
                (true, _) => "pending-deletion",
                (false, None) => "uncompleted",
                (false, Some(_)) => "enabled",
            },
        }));
    }
    Ok(Reply::ok(json!({"items": items})))
}

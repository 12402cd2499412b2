//! Services as people provision them: who may do it from Microsoft Teams, who owns them, and where they land.
use serde_json::{Value, json};

use super::organization::{Tree, teams_based};
use super::people::{saved, welcome};
use super::tenant::tenant;
use crate::api::tenants::alive;
use crate::http::call::{Call, Reply};
use crate::http::members::Members;
use crate::model::problem::{Code, Failure, Problem, Slug};
use crate::model::rows::{DEFAULT_ORGANIZATION_UNIT, DEFAULT_OWNER_ROLE, PROVISIONING_VIA_TEAMS};
use crate::model::runtime::SERVICE_LICENCES;
use crate::model::store::Work;
use crate::model::tenant::Tenant;

/// Who provisions, from the least role on.
pub(crate) const PEOPLE: [&str; 3] = ["user", "organization-unit-administrator", "tenant-administrator"];
pub(crate) const VIAS: [&str; 2] = ["teams", "portal"];
/// How users come into a service; only the first kind is in step with a team in Microsoft Teams.
pub(crate) const ASSIGNMENTS: [&str; 3] = ["teams-based", "skill-based", "none"];

/// Returns what the script pushes of a service.
pub(crate) fn technical(body: &Members) -> Result<Value, Failure> {
    Ok(json!({
        "displayName": body.text("displayName")?,
        "upn": body.nullable_text("upn")?,
        "phone": body.nullable_text("phone")?,
    }))
}

/// Returns the licence of a service; the first one is that of a new service.
pub(crate) fn licence(body: &Members) -> Result<String, Failure> {
    match body.has("licence") {
        true => body.choice("licence", &SERVICE_LICENCES),
        false => Ok(SERVICE_LICENCES[0].to_owned()),
    }
}

/// Returns the organization unit that a body names.
pub(crate) fn named_unit(body: &Members, tree: &Tree) -> Result<Option<String>, Failure> {
    match body.nullable_text("organizationUnitId")? {
        Some(unit) if !tree.has(&unit) => Err(Problem::member("/organizationUnitId", Code::UnknownReference).into()),
        unit => Ok(unit),
    }
}

/// Where a new service lands, and whose it is.
#[derive(Debug)]
pub(crate) struct Place {
    pub unit: String,
    pub assignment: String,
    pub owner: Option<String>,
    pub owner_role: Option<String>,
}

impl Place {
    /// A service that nobody in particular makes in the portal.
    pub(crate) fn default_of(tenant: &Tenant) -> Self {
        Self {
            unit: tenant.text(DEFAULT_ORGANIZATION_UNIT).unwrap_or("root").to_owned(),
            assignment: ASSIGNMENTS[1].to_owned(),
            owner: None,
            owner_role: None,
        }
    }
}

/// Stores a service unless there is one.
pub(crate) async fn insert(
    work: &mut Work,
    tenant: &Tenant,
    id: &str,
    technical: &Value,
    licence: &str,
    place: &Place,
) -> Result<(), Failure> {
    let sql = "INSERT OR IGNORE INTO services (tenant, id, licence, features, technical, removed, organization_unit, \
               owner, owner_role, assignment, tab, members) VALUES (?, ?, ?, '[]', ?, 0, ?, ?, ?, ?, ?, ?)";
    let members: Vec<&String> = place.owner.iter().collect();
    let row = sqlx::query(sql).bind(&tenant.id).bind(id).bind(licence).bind(technical.to_string());
    let row = row.bind(&place.unit).bind(&place.owner).bind(&place.owner_role).bind(&place.assignment);
    row.bind(place.owner_role.is_some()).bind(json!(members).to_string()).execute(&mut *work.tx).await?;
    Ok(())
}

/// True if a person with this role may provision from Microsoft Teams.
fn may_provision_from_teams(allowed: &str, role: &str) -> bool {
    match allowed {
        "Everyone" => true,
        "TenantAndOrganizationUnitAdministrators" => role != "user",
        "TenantAdministrators" => role == "tenant-administrator",
        _ => false,
    }
}

/// Refuses to let somebody remove a service who could not provision one.
pub(crate) fn may_remove(call: &Call, tenant: &Tenant) -> Result<(), Failure> {
    let Some(role) = call.query.get("as") else {
        return Ok(());
    };
    if !PEOPLE.contains(&role.as_str()) {
        return Err(Slug::MalformedRequest.into());
    }
    let allowed = tenant.text(PROVISIONING_VIA_TEAMS).unwrap_or("Everyone");
    match role != "user" || may_provision_from_teams(allowed, role) {
        true => Ok(()),
        false => Err(Slug::NotPermitted.into()),
    }
}

/// Why a service is not provisioned.
pub(crate) const REFUSALS: [&str; 4] = ["role", "needs-teams", "needs-portal", "not-below-default"];

fn refusal(tenant: &Tenant, via: &str, role: &str, assignment: &str) -> Option<&'static str> {
    let allowed = tenant.text(PROVISIONING_VIA_TEAMS).unwrap_or("Everyone");
    match (via, assignment) {
        ("teams", "teams-based") if may_provision_from_teams(allowed, role) => None,
        ("teams", "teams-based") => Some("role"),
        ("teams", _) => Some("needs-portal"),
        (_, "teams-based") => Some("needs-teams"),
        _ if role == "user" => Some("role"),
        _ => None,
    }
}

/// `POST /sandbox/tenants/{id}/services`: somebody provisions a service.
pub(crate) async fn provision(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&[
        "id",
        "displayName",
        "upn",
        "phone",
        "licence",
        "via",
        "as",
        "by",
        "assignment",
        "organizationUnitId",
    ])?;
    let (via, role, by) = (body.choice("via", &VIAS)?, body.choice("as", &PEOPLE)?, body.text("by")?);
    let assignment = match body.has("assignment") {
        true => body.choice("assignment", &ASSIGNMENTS)?,
        false if via == "teams" => ASSIGNMENTS[0].to_owned(),
        false => ASSIGNMENTS[1].to_owned(),
    };
    let (technical, licence) = (technical(&body)?, licence(&body)?);
    let id = body.nullable_text("id")?.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let tenant = tenant(work, call).await?;
    alive(&tenant)?;
    let tree = Tree::load(work, &tenant.id).await?;
    let chosen = named_unit(&body, &tree)?;
    let default = tenant.text(DEFAULT_ORGANIZATION_UNIT).unwrap_or("root").to_owned();
    let below_default = chosen.as_ref().is_none_or(|unit| tree.is_within(unit, &default));
    let reason = refusal(&tenant, &via, &role, &assignment).or((!below_default).then_some("not-below-default"));
    if let Some(reason) = reason {
        return Ok(Reply::ok(json!({
            "outcome": "refused", "reason": reason, "id": null, "organizationUnitId": null, "ownerRole": null,
        })));
    }
    let unit = land(work, &tenant, &tree, &by, chosen.unwrap_or(default)).await?;
    let owner_role = (via == "teams").then(|| tenant.text(DEFAULT_OWNER_ROLE).unwrap_or("TeamOwner").to_owned());
    let place = Place { unit, assignment, owner: Some(by), owner_role };
    insert(work, &tenant, &id, &technical, &licence, &place).await?;
    saved(work, tenant).await?;
    Ok(Reply::ok(json!({
        "outcome": "provisioned", "reason": null, "id": id, "organizationUnitId": place.unit,
        "ownerRole": place.owner_role,
    })))
}

/// Returns where a service lands that this user makes; one who is new, or who cannot use the unit, lands there too.
async fn land(work: &mut Work, tenant: &Tenant, tree: &Tree, user: &str, wanted: String) -> Result<String, Failure> {
    let fallback = teams_based(&tenant.id);
    if welcome(work, tenant, user, &fallback).await? {
        return Ok(fallback);
    }
    if tree.is_selectable(&wanted) {
        return Ok(wanted);
    }
    let sql = "UPDATE users SET organization_unit = ? WHERE tenant = ? AND id = ?";
    sqlx::query(sql).bind(&fallback).bind(&tenant.id).bind(user).execute(&mut *work.tx).await?;
    Ok(fallback)
}

/// `PUT /sandbox/tenants/{id}/services/{service}/tab`: the tab in Microsoft Teams is removed or added again.
///
/// Anybody can do that in Microsoft Teams, and nothing of the service changes.
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
    let sql = "SELECT id, licence, technical, removed, organization_unit, owner, owner_role, assignment, tab, pushed \
               FROM services WHERE tenant = ? ORDER BY id";
    let rows: Vec<Row> = sqlx::query_as(sql).bind(&tenant.id).fetch_all(&mut *work.tx).await?;
    let mut items = Vec::new();
    for (id, licence, technical, removed, unit, owner, owner_role, assignment, tab, pushed) in rows {
        let technical: Value = serde_json::from_str(&technical)?;
        items.push(json!({
            "id": id,
            "displayName": technical["displayName"],
            "licence": licence,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_role_decides_who_provisions_from_teams() {
        let rows = [
            ("Everyone", [true, true, true]),
            ("TenantAndOrganizationUnitAdministrators", [false, true, true]),
            ("TenantAdministrators", [false, false, true]),
            ("NoOne", [false, false, false]),
        ];
        for (allowed, expected) in rows {
            assert_eq!(expected, PEOPLE.map(|role| may_provision_from_teams(allowed, role)), "{allowed}");
        }
    }
}

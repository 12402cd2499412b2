//! Provisioning of services: who may do it from Microsoft Teams, the owner role, and the organization unit.
use serde_json::json;

use super::script::save_and_run;
use super::services::{ASSIGNMENTS, NewService, Place, insert, license, named_unit, technical};
use super::target::tenant;
use super::users::ensure_user;
use crate::http::call::Call;
use crate::http::members::Members;
use crate::http::reply::Reply;
use crate::model::problem::{Failure, Slug};
use crate::model::rows::{DEFAULT_ORGANIZATION_UNIT, DEFAULT_OWNER_ROLE, PROVISIONING_VIA_TEAMS};
use crate::model::store::Work;
use crate::model::tenant::{Tenant, refuse_if_deleting};
use crate::model::units::{Tree, teams_based};

/// Who provisions, lowest role first.
pub(crate) const PEOPLE: [&str; 3] = ["user", "organization-unit-administrator", "tenant-administrator"];
pub(crate) const VIAS: [&str; 2] = ["teams", "portal"];
/// True if a person with this role may provision from Microsoft Teams.
fn may_provision_from_teams(allowed: &str, role: &str) -> bool {
    match allowed {
        "Everyone" => true,
        "TenantAndOrganizationUnitAdministrators" => role != "user",
        "TenantAdministrators" => role == "tenant-administrator",
        _ => false,
    }
}

/// Refuses the removal of a service by a role that may not provision one.
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

/// `DELETE /sandbox/tenants/{id}/services/{service}`: takes a service out of service; the script removes it.
pub(crate) async fn remove_service(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let tenant = tenant(work, call).await?;
    may_remove(call, &tenant)?;
    let sql = "UPDATE services SET removed = 1 WHERE tenant = ? AND id = ?";
    sqlx::query(sql).bind(&tenant.id).bind(call.parameter("service")).execute(&mut *work.tx).await?;
    save_and_run(work, tenant).await
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

/// Returns how users are assigned; the default depends on where the service is provisioned.
fn assignment(body: &Members, via: &str) -> Result<String, Failure> {
    match body.has("assignment") {
        true => body.choice("assignment", &ASSIGNMENTS),
        false if via == "teams" => Ok(ASSIGNMENTS[0].to_owned()),
        false => Ok(ASSIGNMENTS[1].to_owned()),
    }
}

/// `POST /sandbox/tenants/{id}/services`: provisions a service.
pub(crate) async fn provision(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&[
        "id",
        "displayName",
        "upn",
        "phone",
        "license",
        "via",
        "as",
        "by",
        "assignment",
        "organizationUnitId",
    ])?;
    let (via, role, by) = (body.choice("via", &VIAS)?, body.choice("as", &PEOPLE)?, body.text("by")?);
    let assignment = assignment(&body, &via)?;
    let (technical, license) = (technical(&body)?, license(&body)?);
    let id = body.nullable_text("id")?.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    let tenant = tenant(work, call).await?;
    refuse_if_deleting(&tenant)?;
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
    let unit = unit_for(work, &tenant, &tree, &by, chosen.unwrap_or(default)).await?;
    let owner_role = (via == "teams").then(|| tenant.text(DEFAULT_OWNER_ROLE).unwrap_or("TeamOwner").to_owned());
    let place = Place { unit, assignment, owner: Some(by), owner_role };
    insert(work, &tenant, &NewService { id: &id, technical: &technical, license: &license, place: &place }).await?;
    save_and_run(work, tenant).await?;
    Ok(Reply::ok(json!({
        "outcome": "provisioned", "reason": null, "id": id, "organizationUnitId": place.unit,
        "ownerRole": place.owner_role,
    })))
}

/// Returns the unit for a service that this user provisions.
///
/// A new user, or one who cannot use the unit, is placed in the fallback unit, too.
async fn unit_for(
    work: &mut Work,
    tenant: &Tenant,
    tree: &Tree,
    user: &str,
    wanted: String,
) -> Result<String, Failure> {
    let fallback = teams_based(&tenant.id);
    if ensure_user(work, tenant, user, &fallback).await? {
        return Ok(fallback);
    }
    if tree.is_selectable(&wanted) {
        return Ok(wanted);
    }
    let sql = "UPDATE users SET organization_unit = ? WHERE tenant = ? AND id = ?";
    sqlx::query(sql).bind(&fallback).bind(&tenant.id).bind(user).execute(&mut *work.tx).await?;
    Ok(fallback)
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

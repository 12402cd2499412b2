//! The owner stamp of a tenant.
use super::auth::authenticate;
use super::target::{answer, existing};
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::model::problem::{Failure, Problem, Slug};
use crate::model::roles::Role;
use crate::model::store::Work;
use crate::model::tenant::{Tenant, refuse_if_deleting};

/// Refuses a write if the tenant has the stamp of another owner.
pub(crate) fn refuse_other_owner(call: &Call, tenant: &Tenant) -> Result<(), Failure> {
    let writer = call.owner()?;
    match &tenant.owner {
        Some(owner) if writer != Some(owner) => Err(Problem::owned_by(owner).into()),
        _ => Ok(()),
    }
}

/// Refuses a claim or a release that was decided on another stamp than the present one.
fn refuse_changed_owner(call: &Call, tenant: &Tenant) -> Result<(), Failure> {
    match call.expected_owner()? == tenant.owner.as_deref() {
        true => Ok(()),
        false => Err(Slug::OwnerChanged.into()),
    }
}

/// Refuses a write that was decided on other settings than the present ones, if it says on which.
pub(crate) fn refuse_changed_settings(call: &Call, tenant: &Tenant) -> Result<(), Failure> {
    match call.header("nimbus-settings-version") {
        Some(version) if version != tenant.settings_version() => Err(Slug::SettingsChanged.into()),
        Some(_) | None => Ok(()),
    }
}

/// `PUT /v1/tenants/{id}/owner`.
pub(crate) async fn claim(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let caller = authenticate(work, call).await?;
    let mut tenant = existing(work, call, &caller).await?;
    refuse_if_deleting(&tenant)?;
    let owner = call.owner()?.ok_or(Slug::MalformedRequest)?;
    refuse_changed_owner(call, &tenant)?;
    refuse_changed_settings(call, &tenant)?;
    match &tenant.owner {
        Some(present) if present == owner => return Ok(answer(200, &tenant, &caller)),
        Some(present) if caller.role != Role::System => {
            return Err(Problem::owned_by(present).into());
        }
        // A system client takes over the stamp that it named; `lastOwner` shows it.
        Some(present) => tenant.last_owner = Some(present.clone()),
        None => {}
    }
    tenant.owner = Some(owner.to_owned());
    tenant.save(work).await?;
    work.trace.effect = Some("owner-claimed");
    Ok(answer(200, &tenant, &caller))
}

/// `DELETE /v1/tenants/{id}/owner`.
pub(crate) async fn release(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let caller = authenticate(work, call).await?;
    let mut tenant = existing(work, call, &caller).await?;
    refuse_changed_owner(call, &tenant)?;
    refuse_other_owner(call, &tenant)?;
    if let Some(owner) = tenant.owner.take() {
        tenant.last_owner = Some(owner);
        tenant.save(work).await?;
        work.trace.effect = Some("owner-released");
    }
    Ok(answer(200, &tenant, &caller))
}

//! The tenant of a request, if the caller has access to it, and the answer that shows it.
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::model::problem::{Failure, Problem, Slug};
use crate::model::roles::{Caller, Subject};
use crate::model::store::Work;
use crate::model::tenant::Tenant;

/// What exists under an id.
pub(crate) enum Found {
    Tenant(Box<Tenant>),
    Tombstone { deletion_id: String },
    Absent,
}

/// Returns what exists under the id in the path, if the caller has access to it.
pub(crate) async fn find(work: &mut Work, call: &Call, caller: &Caller) -> Result<Found, Failure> {
    let id = call.tenant()?;
    work.trace.tenant = Some(id.clone());
    if let Some(tenant) = Tenant::load(work, &id).await? {
        return match caller.has_access(&id, Subject::Managed(tenant.partner())) {
            true => {
                work.trace.settings_version_before = Some(tenant.settings_version().to_owned());
                work.trace.settings_version_after = Some(tenant.settings_version().to_owned());
                Ok(Found::Tenant(Box::new(tenant)))
            }
            false => Err(Slug::NotPermitted.into()),
        };
    }
    let sql = "SELECT deletion_id, partner FROM tombstones WHERE tenant = ?";
    let row: Option<(String, Option<String>)> = sqlx::query_as(sql).bind(&id).fetch_optional(&mut *work.tx).await?;
    let subject = row.as_ref().map_or(Subject::Absent, |(_, partner)| Subject::Managed(partner.as_deref()));
    if !caller.has_access(&id, subject) {
        return Err(Slug::NotPermitted.into());
    }
    Ok(row.map_or(Found::Absent, |(deletion_id, _)| Found::Tombstone { deletion_id }))
}

/// Returns the tenant in the path, or an error if it does not exist.
pub(crate) async fn existing(work: &mut Work, call: &Call, caller: &Caller) -> Result<Tenant, Failure> {
    match find(work, call, caller).await? {
        Found::Tenant(tenant) => Ok(*tenant),
        Found::Tombstone { deletion_id } => Err(Problem::tombstone(&deletion_id, 404).into()),
        Found::Absent => Err(Slug::TenantNotFound.into()),
    }
}

/// Returns the answer with the document of a tenant.
pub(super) fn answer(status: u16, tenant: &Tenant, caller: &Caller) -> Reply {
    Reply::new(status, Some(tenant.document(caller))).with("etag", tenant.etag())
}

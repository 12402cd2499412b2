//! The tenant of a request under `/sandbox`.
use crate::http::call::Call;
use crate::model::problem::{Failure, Slug};
use crate::model::store::Work;
use crate::model::tenant::Tenant;

/// Returns the tenant in the path of a `/sandbox` route.
pub(crate) async fn tenant(work: &mut Work, call: &Call) -> Result<Tenant, Failure> {
    Ok(Tenant::load(work, &call.tenant()?).await?.ok_or(Slug::TenantNotFound)?)
}

//! Whether a tenant may be created without a look before. The platform creates one only where there is none, so nothing is created
//! twice; a look would only be a call more.
//!
//! Only where our finalizer is there already, as the optional policy adds it: a Tenant that turns out to have no right to its tenant
//! gets none, so that it can be deleted also where no operator runs.

use super::recreation;
use crate::resources::tenant::AdoptionPolicy;
use crate::resources::{FINALIZER, Tenant};

/// Whether nothing is known of a tenant, and nothing suggests that it is there. After one pass the status says something.
pub fn may_create_unseen(tenant: &Tenant) -> bool {
    let has_finalizer = tenant.metadata.finalizers.iter().flatten().any(|name| name == FINALIZER);
    let is_unknown = tenant.status.as_ref().is_none_or(|status| {
        status.applied.is_none() && status.platform_tenant.is_none() && status.conditions.is_empty()
    });
    let is_expected = tenant.spec.confirmations().adopt.is_some()
        || recreation::given(tenant).is_some()
        || tenant.spec.adoption_policy == Some(AdoptionPolicy::Always);
    has_finalizer && is_unknown && !is_expected && tenant.metadata.deletion_timestamp.is_none()
}

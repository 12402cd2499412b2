//! What stands for the versions of a tenant.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::admin_api::Versions;
use crate::settings::TenantId;

/// Stands for the versions of a tenant: none comes back, so another mark means another state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark(u64);

/// The tenants of a whole list that have a stamp of this cluster.
pub(super) type Listing = HashMap<TenantId, Mark>;

pub(super) fn mark(versions: &Versions) -> Mark {
    let mut hasher = DefaultHasher::new();
    versions.hash(&mut hasher);
    Mark(hasher.finish())
}

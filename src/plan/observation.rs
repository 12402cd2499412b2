//! What `observe` found on the platform.

use serde_json::Value;

use crate::admin_api::{ApiError, TenantDocument};

/// What the platform says about the tenant. Unknown never means absent.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// It was not asked, since the plan does not depend on it.
    NotAsked,
    /// There is a tenant.
    Exists {
        /// Everything about it.
        document: Box<TenantDocument>,
        /// Its settings in the canonical spelling.
        settings: Value,
        /// Whose it is.
        owner: Owner,
    },
    /// There is none.
    Absent {
        /// Pointers that our credentials may not write.
        restricted: Vec<String>,
    },
    /// There was one, and it was deleted.
    Tombstone {
        /// The id of that deletion.
        deletion_id: String,
        /// Pointers that our credentials may not write.
        restricted: Vec<String>,
    },
    /// It could not be found out.
    Unknown(ApiError),
}

/// Whose stamp a tenant has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Ours.
    Ours,
    /// Nobody's, but it was ours last: a re-created Tenant or a restored cluster must not lock itself out.
    OursLast,
    /// Nobody's, or that of a Tenant of this cluster that is gone.
    Free,
    /// Another's.
    Other(String),
}

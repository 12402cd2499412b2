//! Which tenant on the platform a plan is about.

use crate::resources::Stamp;
use crate::settings::TenantId;

/// A tenant on a platform, and the stamp by which it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The tenant.
    pub tenant: TenantId,
    /// Our stamp on it.
    pub stamp: Stamp,
    /// Name of the Platform.
    pub platform: String,
}

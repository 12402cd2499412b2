//! A look at a tenant that the observer of its platform knows of.

use std::time::Instant;

use crate::controller::versions::{Place, Saw};
use crate::settings::TenantId;

/// A look that has begun, or was not needed.
pub(crate) struct Begun {
    pub(super) place: Place,
    pub(super) tenant: TenantId,
    /// When it began.
    pub(super) at: Instant,
    /// What it came to so far.
    pub(super) saw: Saw,
}

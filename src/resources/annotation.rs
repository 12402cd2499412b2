//! Annotations of a Tenant: the way out that works also for an object that cannot be read, and requests. What a person confirms
//! stands in the spec, so that it moves the generation.

use super::{Tenant, bounds};
use crate::text::cut;

/// `<tenantId>`: release the Tenant without a call to the platform.
pub const ABANDON: &str = "nimbus.luware.com/abandon";
/// Any token: reconcile now; echoed in `status.lastHandledReconcileAt`.
pub const RECONCILE: &str = "nimbus.luware.com/reconcile-requested-at";
/// Any token: repeat all checks now; echoed in `status.lastHandledCheckAt` once they are done.
pub const CHECK: &str = "nimbus.luware.com/check-requested-at";

/// The value of an annotation.
pub fn get<'t>(tenant: &'t Tenant, name: &str) -> Option<&'t str> {
    tenant.metadata.annotations.as_ref()?.get(name).map(String::as_str)
}

/// The token of [`RECONCILE`], as a status records it: both must be cut to the same length, or a long one would never count as
/// handled.
pub fn reconcile_token(tenant: &Tenant) -> Option<String> {
    get(tenant, RECONCILE).map(|token| cut(token, bounds::RECONCILE_TOKEN))
}

/// The token of [`CHECK`], cut to the same length.
pub fn check_token(tenant: &Tenant) -> Option<String> {
    get(tenant, CHECK).map(|token| cut(token, bounds::RECONCILE_TOKEN))
}

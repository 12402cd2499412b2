//! Annotations of a Tenant. All but the last are bound to values, so that one left in git is not armed for the next time.

use super::{Tenant, bounds};
use crate::text::cut;

/// `<tenantId>`: the deletion of the tenant on the platform is confirmed.
pub const CONFIRM_DELETION: &str = "nimbus.luware.com/confirm-deletion";
/// `<tenantId>`: release the Tenant without a call to the platform.
pub const ABANDON: &str = "nimbus.luware.com/abandon";
/// `<deletionId>` or `lost-<settingsVersion>`: create a tenant again that is gone.
pub const RECREATE: &str = "nimbus.luware.com/recreate";
/// `<old>-><new>`, e.g. `24->12`: the retention time may become shorter.
pub const CONFIRM_RETENTION: &str = "nimbus.luware.com/confirm-retention";
/// Any token: reconcile now; echoed in `status.lastHandledReconcileAt`.
pub const RECONCILE: &str = "nimbus.luware.com/reconcile-requested-at";

/// The value of an annotation.
pub fn get<'t>(tenant: &'t Tenant, name: &str) -> Option<&'t str> {
    tenant.metadata.annotations.as_ref()?.get(name).map(String::as_str)
}

/// The token of [`RECONCILE`], as a status records it: both must be cut to the same length, or a long one would never count as
/// handled.
pub fn reconcile_token(tenant: &Tenant) -> Option<String> {
    get(tenant, RECONCILE).map(|token| cut(token, bounds::RECONCILE_TOKEN))
}

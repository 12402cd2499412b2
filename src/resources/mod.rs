//! The kinds: what people write and read in Kubernetes. `Tenant` is namespaced; `Platform` and `Partner` are cluster-scoped.
//!
//! This room is pure. It knows the settings and nothing of the platform's API or of the controller.

pub mod condition;
pub mod crd;
pub mod manifest;
pub mod partner;
pub mod platform;
pub mod policy;
pub mod reason;
pub mod reference;
pub mod runbook;
pub mod sample;
pub mod status;
pub mod tenant;

pub use partner::Partner;
pub use platform::Platform;
pub use status::TenantStatus;
pub use tenant::{Tenant, TenantSpec};

/// The API group of all kinds, and the domain of all annotations and finalizers.
pub const GROUP: &str = "nimbus.luware.com";

/// The finalizer that keeps a Tenant until its tenant is released or deleted on the platform.
pub const FINALIZER: &str = "nimbus.luware.com/tenant";

/// What the finalizers begin with that keep a Platform or a Partner while Tenants refer to it; the instance follows.
pub const IN_USE: &str = "nimbus.luware.com/in-use-";

/// Annotations of a Tenant. All but the last are bound to values, so that one left in git is not armed for the next time.
pub mod annotation {
    /// `<tenantId>`: the deletion of the tenant on the platform is confirmed.
    pub const CONFIRM_DELETION: &str = "nimbus.luware.com/confirm-deletion";
    /// `<tenantId>`: let the Tenant go without a call to the platform.
    pub const ABANDON: &str = "nimbus.luware.com/abandon";
    /// `<deletionId>` or `lost-<settingsVersion>`: create a tenant again that is gone.
    pub const RECREATE: &str = "nimbus.luware.com/recreate";
    /// `<old>-><new>`, e.g. `24->12`: the retention time may become shorter.
    pub const CONFIRM_RETENTION: &str = "nimbus.luware.com/confirm-retention";
    /// Any token: reconcile now; echoed in `status.lastHandledReconcileAt`.
    pub const RECONCILE: &str = "nimbus.luware.com/reconcile-requested-at";
}

#[cfg(test)]
mod crd_tests;

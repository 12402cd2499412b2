//! The kinds: what people write and read in Kubernetes. `Tenant` is namespaced; `Platform` and `Partner` are cluster-scoped.
//!
//! This room is pure. It knows the settings and nothing of the platform's API or of the controller.

pub mod advice;
pub mod annotation;
pub mod bounds;
pub mod cached_tenant;
pub mod check;
pub mod condition;
pub mod condition_type;
pub mod confirmations;
mod lenient;
pub mod partner;
pub mod platform;
pub mod reason;
mod secret_version;
mod spec_hash;
mod stamp;
pub mod status;
mod stored_tenant;
pub mod tenant;
mod totals;
mod unknown;

pub use cached_tenant::CachedTenant;
pub use check::{CheckName, CheckResult, TabState};
pub use condition_type::{ConditionStatus, ConditionType};
pub use confirmations::Confirmations;
pub use partner::Partner;
pub use platform::Platform;
pub use reason::Reason;
pub use secret_version::SecretVersion;
pub use spec_hash::SpecHash;
pub use stamp::Stamp;
pub use status::TenantStatus;
pub use tenant::{Tenant, TenantSpec};
pub use totals::TenantTotals;
pub use unknown::Unknown;

/// The API group of all kinds, and the domain of all annotations and finalizers.
pub const GROUP: &str = "nimbus.luware.com";

/// The finalizer that keeps a Tenant until its tenant is released or deleted on the platform.
pub const FINALIZER: &str = "nimbus.luware.com/tenant";

/// What the finalizers begin with that keep a Platform or a Partner while Tenants refer to it; the instance follows.
pub const IN_USE: &str = "nimbus.luware.com/in-use-";

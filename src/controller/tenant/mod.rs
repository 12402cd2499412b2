//! The pass over one Tenant.

mod execute;
mod observe;
mod publish;
mod reconcile;
mod resolve;
mod triggers;
mod undecodable;
mod widget_key;

use kube::core::DeserializeGuard;

use crate::resources::Tenant;
pub(super) use reconcile::{reconcile, retry};

/// One that cannot be decoded stops no other.
pub(super) type Guarded = DeserializeGuard<Tenant>;

//! The platform's admin API: a typed client. It knows settings and nothing of Kubernetes.
//!
//! The contract is the OpenAPI document in `docs/`. What this room guards: an answer counts only if it is the documented one,
//! so that an outage, a proxy's error page or a wrong route is never taken for "there is no such tenant".

pub mod client;
pub mod error;
mod gate;
mod token;
pub mod triggers;
pub mod types;

pub use client::{Client, Deletion, Endpoint, Write};
pub use error::{ApiError, FieldError, Problem};
pub use types::{Capabilities, Lookup, Runtime, TenantDocument};

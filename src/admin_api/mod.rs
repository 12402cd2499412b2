//! The platform's admin API: a typed client. It knows settings and nothing of Kubernetes.
//!
//! The contract is the OpenAPI document in `docs/`. What this room guards: an answer counts only if it is the documented one,
//! so that an outage, a proxy's error page or a wrong route is never taken for "there is no such tenant".

mod call;
mod client;
mod error;
mod gate;
mod lists;
mod login;
mod outcome;
mod problem;
#[cfg(test)]
pub(crate) mod samples;
mod server_clock;
mod triggers;
pub mod types;
mod write_log;
mod writes;

pub use client::{CaBundle, Client, ClientConfig, Untrusting};
pub use error::{
    ApiError, Defect, Endpoint, NoTrust, NotCalled, OtherPlatform, Rejected, Server, TransportFailure, Unauthenticated,
    UnexpectedResponse, Unreachable,
};
pub use outcome::{CallOutcome, Listener};
pub use problem::{FieldError, Problem, ProblemType};
pub use triggers::{Effect, Token, WidgetKey};
pub use types::{Capabilities, Changes, Invitation, Lookup, Runtime, TenantDocument, Versions};
pub use writes::{Creation, Deletion, TenantWrite, Write};

//! The checks of the *Tenant Administration* view that Microsoft answers: Graph for groups, permissions, presence and the
//! search filter, Azure Communication Services for connection strings. It knows neither settings (but how a connection string
//! is read) nor Kubernetes.
//!
//! What this room guards: "may not look" is never "is not there"; no credential leaves for another host than the one that it
//! is for; nothing that a check makes stays behind; and no text of an answer, no name and no address is kept. A check answers
//! with facts or a [`CallError`]; [`verdict`] turns either into what people read.

pub mod acs;
mod address;
mod check_reason;
mod client;
mod error;
pub mod filter;
pub mod graph;
pub mod group;
mod sign;
mod token;
mod trusted;
pub mod verdict;

#[cfg(test)]
mod vectors;

pub use acs::{Acs, AcsProblem};
pub use address::{GrantLink, Upn};
pub use client::{Graph, GraphConfig};
pub use error::{
    CallError, Defect, Endpoint, LoginProblem, NoTrust, Server, TransportFailure, UnexpectedResponse, Unreachable,
};
pub use filter::{Filter, combined};
pub use token::{App, Credential};
pub use trusted::TrustedLogins;
pub use verdict::{CheckReason, Judgment, Verdict};

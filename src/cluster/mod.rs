//! The edge to Kubernetes: every call of its API.
//!
//! A call has a deadline and is not repeated here; a write has the field manager and is made only by the replica that leads, and a change of an object that exists is a JSON
//! patch with guards. What the API server refuses is named by its class. This room knows no rule about Tenants.

mod access;
mod client;
mod consistent_list;
mod epoch;
mod events;
mod guarded;
mod lease;
mod meter;
mod objects;
mod patch;
mod refusal;
mod relisting;
mod store;
mod watch;
mod watch_expired;
mod watch_failure;
mod watch_metadata;

pub(crate) use access::Access;
pub use client::{Cluster, Deadlines};
pub(crate) use epoch::{Epoch, went_back};
pub(crate) use events::{Event, Scope};
pub(crate) use guarded::{Guarded, Tolerant};
pub(crate) use lease::LeaseObject;
pub(crate) use objects::Objects;
pub(crate) use patch::Patch;
pub(crate) use refusal::{Denier, NotWritten, Refusal};
pub(crate) use store::Store;
pub(crate) use watch::Watch;
pub(crate) use watch_metadata::Sight;

//! The pass over one Platform, and what it counts and looks for.

pub(super) mod deletion_rate;
mod orphans;
mod policies;
mod reconcile;
mod undecodable;

pub(super) use reconcile::{Guarded, NotWritten, reconcile, retry, write_status};

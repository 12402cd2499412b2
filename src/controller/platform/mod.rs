//! The pass over one Platform, and what it counts and looks for.

pub(super) mod deletion_rate;
pub(super) mod deletion_slots;
pub(super) mod notes;
mod orphans;
mod reconcile;
mod unconnected;
mod undecodable;

pub(super) use reconcile::reconcile;

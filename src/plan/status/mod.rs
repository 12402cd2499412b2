//! `conclude`: what the outcome of a pass means for the status, the events and the time of the next pass.

mod availability;
mod conclude;
mod deleting;
mod facts;
mod live;
mod platform_state;
pub mod references;
mod side_effects;
mod stopped;
mod tabs;
mod unchanged;

pub(crate) use availability::OURS;
pub use conclude::conclude;
pub use facts::{Conclusion, Facts};

//! `conclude`: what the outcome of a pass means for the status, the events and the time of the next pass.

mod availability;
mod conclude;
mod platform_state;
mod side_effects;
mod tabs;

pub use conclude::{Conclusion, Facts, conclude};

//! When an object is reconciled next, which one is next, and what is remembered of it until then.

mod lane;
mod lanes;
mod limit;
mod memory;
mod next;
mod share;
mod shared;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, reason = "a test says what went wrong by panicking")]
mod tests;

pub(super) use lane::Lane;
pub(super) use lanes::{Job, Wish};
pub(super) use memory::{Entry, Memory};
pub(super) use next::{Next, Pace, next, phase};
pub(super) use shared::{Key, Queue};

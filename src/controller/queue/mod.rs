//! When an object is reconciled next, and what is remembered of it until then.

mod backlog;
mod memory;
mod next;

pub(super) use backlog::Backlog;
pub(super) use memory::{Entry, Memory};
pub(super) use next::{Next, Pace, next, phase};

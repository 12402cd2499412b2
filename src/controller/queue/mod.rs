//! When an object is looked at next.

pub(super) mod memory;

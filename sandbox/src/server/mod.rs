//! From a request on HTTP to its operation, and back: faults, transaction, log.
mod carry_out;
mod dispatch;
mod faulted;
pub(crate) mod platform;
pub(crate) mod router;

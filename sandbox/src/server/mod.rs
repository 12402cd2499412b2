//! From a request on the wire to the operation that carries it out, and back.
mod carry_out;
mod dispatch;
mod faulted;
pub(crate) mod platform;
pub(crate) mod router;

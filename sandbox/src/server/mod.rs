//! From a request on the wire to the operation that carries it out, and back.
mod dispatch;
mod faulted;
pub(crate) mod serve;

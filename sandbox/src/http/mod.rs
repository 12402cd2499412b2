//! One request and its answer.
pub(crate) mod call;
pub(crate) mod connection;
pub(crate) mod faults;
pub(crate) mod log;
pub(crate) mod members;
pub(crate) mod wire;

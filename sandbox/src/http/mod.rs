//! One request and its answer, as the operations see them and on the wire.
pub(crate) mod call;
pub(crate) mod connection;
pub(crate) mod host;
pub(crate) mod log;
pub(crate) mod members;
pub(crate) mod paths;
pub(crate) mod reply;
pub(crate) mod tcp;
pub(crate) mod wire;

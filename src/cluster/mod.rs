//! The edge to Kubernetes: every call of its API. It knows no rule about Tenants.

mod watch;

pub(crate) use watch::watch;

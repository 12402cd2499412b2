//! The admin API.
pub(crate) mod auth;
pub(crate) mod lists;
pub(crate) mod owners;
pub(crate) mod target;
pub(crate) mod tenants;
pub(crate) mod triggers;

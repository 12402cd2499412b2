//! The admin API.
pub(crate) mod auth;
pub(crate) mod lists;
pub(crate) mod tenants;
pub(crate) mod triggers;

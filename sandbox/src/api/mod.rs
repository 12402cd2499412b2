//! The admin API: tokens, tenants, owner stamps, lists, triggers.
pub(crate) mod auth;
pub(crate) mod lists;
pub(crate) mod owners;
pub(crate) mod target;
pub(crate) mod tenants;
pub(crate) mod triggers;

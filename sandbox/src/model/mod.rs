//! The tenants: the table of settings, the rules of a write, what follows from both, and where they are stored.
//! Knows no HTTP.
pub(crate) mod format;
pub(crate) mod leaf;
pub(crate) mod merge;
pub(crate) mod problem;
pub(crate) mod roles;
pub(crate) mod rows;
pub(crate) mod runtime;
pub(crate) mod slugs;
pub(crate) mod store;
pub(crate) mod table;
pub(crate) mod tenant;

//! The tenants: the table of settings, the rules of a write, what follows from both, and where they are stored.
//! Knows no HTTP.
pub(crate) mod changes;
pub(crate) mod digest;
pub(crate) mod format;
pub(crate) mod leaf;
pub(crate) mod merge;
pub(crate) mod parts;
pub(crate) mod problem;
pub(crate) mod roles;
pub(crate) mod rows;
pub(crate) mod runtime;
mod save;
pub(crate) mod schema;
pub(crate) mod slugs;
pub(crate) mod store;
pub(crate) mod table;
pub(crate) mod tasks;
pub(crate) mod tenant;
pub(crate) mod trace;
pub(crate) mod units;

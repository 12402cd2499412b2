//! Microsoft's services: Entra's token endpoint, a part of Graph, and ACS Identity, with their wire formats and checks.
//!
//! They are served under `/login`, `/graph` and `/acs`; a request whose `Host` is one of Microsoft's is sent to the same
//! routes by `hosts`, so that Microsoft's own packages can use this platform. Their data is planted under `/sandbox/microsoft`.
//! The journal holds every call and no secret.
//!
//! Tokens and replication follow the virtual clock. What a client states about its own clock (the date of a signed
//! request, the times of an assertion) is checked on the real one, which is the only clock that a client can read.

pub(crate) mod acs;
pub(crate) mod acs_resources;
mod answers;
pub(crate) mod apps;
mod assertion;
pub(crate) mod consent;
pub(crate) mod directory;
pub(crate) mod filter;
mod graph;
pub(crate) mod groups;
pub(crate) mod hosts;
pub(crate) mod invitations;
pub(crate) mod journal;
pub(crate) mod login;
pub(crate) mod permissions;
pub(crate) mod principals;
pub(crate) mod schema;
mod signature;
pub(crate) mod throttle;
pub(crate) mod users;

pub(crate) use apps::{has_permission, script_grants};
pub(crate) use directory::{MEMBER_TYPES, has_domain, is_inside, users};
pub(crate) use permissions::{NIMBUS_APP, PERMISSIONS};

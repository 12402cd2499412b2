//! The pass over one Tenant.

mod apply;
mod begun;
mod connection;
mod contention;
mod delete;
mod execute;
mod finalizer;
mod look;
pub(super) mod notes;
mod observe;
mod pass;
mod publish;
mod reconcile;
mod resolve;
mod second_look;
mod stops;
mod triggers;
mod undecodable;
mod widget_key;
mod writer;

pub(super) use reconcile::reconcile;
pub(crate) use resolve::judge as secret_value;

//! The edge to Kubernetes: watches, the pass over one Tenant, and what is written back.
//!
//! `tenant::reconcile` is the table of contents: resolve → validate → observe → plan → execute → conclude → publish. Each step
//! that reads or writes is a file of `tenant`; the steps between are in `plan`, and pure.

mod checks;
mod context;
mod events;
mod in_use;
mod options;
mod partner;
mod platform;
mod platform_changes;
mod platforms;
mod queue;
mod run;
mod tenant;
mod undecodable;
mod watch_expired;

use kube::client::ClientBuilder;
use kube::{Client, Config};

pub use options::{CheckTiming, Observer, Options, Step, Timing};
pub use run::run;

/// The name under which everything is written.
pub const FIELD_MANAGER: &str = "nimbus-operator";
const USER_AGENT: &str = concat!("nimbus-operator/", env!("CARGO_PKG_VERSION"));

/// A client of the Kubernetes API as this operator needs it: it says who it is, and a failed request is the pass's affair,
/// not repeated behind its back for minutes. A watch that is refused as gone lists anew.
///
/// *Errors*: the configuration does not make a client, e.g. a CA that is not PEM.
pub fn client(mut config: Config) -> Result<Client, kube::Error> {
    config.default_retry = false;
    config.headers.push((http::header::USER_AGENT, http::HeaderValue::from_static(USER_AGENT)));
    Ok(ClientBuilder::try_from(config)?.with_layer(&watch_expired::Relists).build())
}

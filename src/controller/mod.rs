//! The loop: watches, the pass over one object, and what a pass writes back.
//!
//! `tenant::reconcile` is the table of contents: resolve → validate → observe → plan → execute → conclude → publish. Each step that
//! reads or writes is a file of `tenant`; the steps between are in `plan`, and pure. Only functions that reconcile take the
//! `Context`; what they call takes the `Cluster` and its durations.

mod arrivals;
mod attempt;
mod checks;
mod context;
mod credentials;
mod enforcement;
mod fleet;
mod fleet_metrics;
mod former_cluster;
mod in_use;
mod leader;
mod options;
mod partner;
mod partner_changes;
mod passed;
mod passes;
mod platform;
mod platform_changes;
mod platforms;
mod preflight;
mod queue;
mod queued;
mod readiness;
mod reconciled;
mod refusals;
mod run;
mod runner;
mod secret_changes;
mod secret_sights;
mod subscribers;
mod syncs;
mod tenant;
mod tolerant;
mod totals;
mod undecodable;
mod unwatched;
mod unwritten;
mod versions;
mod woken;

pub use options::{CheckTiming, LeaderElection, Observer, Options, Step, Timing, VersionTiming};
pub use preflight::check;
pub use run::run;
pub(crate) use tenant::secret_value;

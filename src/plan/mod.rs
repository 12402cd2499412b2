//! The decision: what a pass has to do, and what its outcome means for the status. Pure: no async, no clock, no I/O.
//!
//! `validate` judges the spec alone and says what it asks for. `apply::plan` and `deletion::plan` decide on what was observed, and
//! a plan carries all that its execution needs. `conclude` turns the outcome into a status. The same functions serve the
//! controller and, later, `kubectl-nimbus validate` and `plan`.

pub mod after_save;
pub mod apply;
pub mod checks;
pub mod claim;
pub mod confirmation;
pub mod deletion;
pub mod deletion_intent;
pub mod diff;
pub mod difference;
pub mod disposition;
pub mod environment;
pub mod events;
pub mod first_pass;
mod former_cluster;
pub mod last_look;
mod marks;
pub mod mismatch;
mod moved;
pub mod observation;
pub mod orphans;
pub mod outage;
pub mod outcome;
mod recreation;
pub mod resolved;
pub mod retention;
pub mod rewrites;
mod rules;
mod script;
pub mod secret_in_use;
pub mod seen;
pub mod status;
pub mod stop;
pub mod target;
pub mod totals;
pub mod triggers;
pub mod unchanged;
pub mod unconfirmed;
pub mod validate;
mod visibility;
pub mod widget_key;
pub mod widget_secret;
mod wording;

pub use apply::ApplyPlan;
pub use checks::{Check, CheckPlan, CheckReport, Query};
pub use deletion::DeletionPlan;
pub use difference::{Change, Difference};
pub use disposition::Delay;
pub use environment::Environment;
pub use events::EventRecord;
pub use former_cluster::FormerCluster;
pub use last_look::LastLook;
pub use mismatch::{Mismatch, NoPartner};
pub use observation::{Observation, Observed, Owner, Snapshot};
pub use outcome::{Done, Live, Outcome, SideEffects};
pub use resolved::{
    PlatformReference, Resolved, ResolvedPartner, ResolvedSecret, SecretProblem, SecretState, SecretValue,
};
pub use rewrites::Rewrites;
pub use seen::Seen;
pub use status::{Conclusion, Facts, conclude};
pub(crate) use stop::StopClass;
pub use stop::{Stop, Stopped};
pub use target::Target;
pub use validate::{Blocked, Desired, Intent, validate};

#[cfg(test)]
mod tests;

//! The decision: what a pass has to do, and what its outcome means for the status. Pure: no async, no clock, no I/O.
//!
//! `validate` judges the spec alone, `plan` decides on what was observed, `conclude` turns the outcome into a status. The
//! same functions serve the controller and, later, `kubectl-nimbus validate` and `plan`.

pub mod apply;
pub mod checks;
pub mod deletion;
pub mod diff;
pub mod difference;
pub mod disposition;
pub mod events;
mod moved;
pub mod observation;
pub mod orphans;
pub mod outcome;
pub mod resolved;
pub mod retention;
pub mod rewrites;
pub mod status;
pub mod stop;
pub mod triggers;
pub mod validate;
mod visibility;
pub mod widget_key;

use crate::resources::Tenant;
use crate::settings::Trigger;

pub use checks::{Check, CheckPlan, CheckReport, Query};
pub use difference::{Change, Difference};
pub use disposition::Delay;
pub use events::EventRecord;
pub use observation::{Observation, Owner};
pub use outcome::{Done, Outcome, SideEffects};
pub use resolved::{PlatformReference, Resolved, ResolvedPartner, ResolvedSecret, SecretProblem, SecretValue};
pub use rewrites::Rewrites;
pub use status::{Conclusion, Facts, conclude};
pub use stop::Stop;
pub use validate::{Desired, Intent, validate};

/// What to do.
#[derive(Clone, Debug)]
pub enum Plan {
    /// The platform is as wanted, or differs and is only reported.
    Nothing {
        /// What differs.
        difference: Difference,
    },
    /// Create the tenant.
    Create {
        /// The tombstone that it replaces.
        recreate: Option<String>,
        /// The rotation token that the tenant starts with.
        rotation: Option<String>,
        /// Everything that the spec sets.
        difference: Difference,
    },
    /// Take the tenant over, change settings, or both.
    Save {
        /// Whether our stamp has to be put on first.
        claim: bool,
        /// The tokens that are recorded without doing anything, before the stamp is put on.
        recorded: Vec<Trigger>,
        /// Whether the spec itself changed since it was last applied; else the platform did.
        edited: bool,
        /// What to change.
        difference: Difference,
    },
    /// Let the Tenant go.
    Delete(deletion::DeletionPlan),
}

/// Decides what to do about a Tenant. `rewrites` is what the platform did not keep so far.
///
/// *Errors*: why nothing may be done.
pub fn plan(
    tenant: &Tenant,
    intent: &Intent,
    resolved: &Resolved,
    observation: &Observation,
    rewrites: &Rewrites,
) -> Result<Plan, Stop> {
    match intent {
        Intent::Apply(desired) => Ok(match apply::plan(tenant, desired, resolved, observation)? {
            // What the platform does not keep is not written for ever.
            Plan::Save { claim: false, difference, .. } if rewrites.make_hopeless(tenant, &difference) => {
                Plan::Nothing { difference }
            }
            plan => plan,
        }),
        Intent::Delete(deletion_intent) => deletion::plan(deletion_intent, observation).map(Plan::Delete),
    }
}

#[cfg(test)]
mod tests;

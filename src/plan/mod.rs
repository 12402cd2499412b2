//! The decision: what a pass has to do, and what its outcome means for the status. Pure: no async, no clock, no I/O.
//!
//! `validate` judges the spec alone, `plan` decides on what was observed, `conclude` turns the outcome into a status. The
//! same functions serve the controller and, later, `kubectl-nimbus validate` and `plan`.

pub mod apply;
mod availability;
pub mod checks;
pub mod conclude;
pub mod deletion;
pub mod desired;
pub mod diff;
mod events;
mod moved;
pub mod orphans;
pub mod platform_state;
pub mod retention;
pub mod rewrites;
pub mod stop;
mod tabs;
pub mod triggers;
pub mod widget_key;

use secrecy::SecretString;
use serde_json::Value;

use crate::admin_api::{ApiError, TenantDocument};
use crate::resources::{Reason, SecretVersion, Tenant};
use crate::settings::{Leaf, Trigger};

pub use checks::{Check, CheckPlan, CheckReport, Query};
pub use conclude::{Conclusion, Facts, conclude};
pub use desired::{Desired, Intent, validate};
pub use diff::{Change, Difference};
pub use rewrites::Rewrites;
pub use stop::{Delay, Stop};
pub use triggers::SideEffects;

/// What the references of a Tenant turned out to be.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The Platform.
    pub platform: PlatformReference,
    /// The Partner that the spec names, if it names one.
    pub partner: Option<ResolvedPartner>,
    /// Each Secret that the spec names, unless the spec itself hides the section.
    pub secrets: Vec<ResolvedSecret>,
    /// Whether the namespace or the CRD is being deleted; `None` if that could not be read. Looked at only when the Tenant is
    /// being deleted.
    pub scope_terminating: Option<bool>,
}

/// What became of `spec.platformRef`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlatformReference {
    /// It is there and this namespace may use it.
    Found,
    /// There is none of that name.
    Missing,
    /// It does not allow this namespace.
    NotPermitted,
}

/// What became of `spec.partner.partnerRef`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedPartner {
    /// Name of the Partner.
    pub name: String,
    /// The platform's id of the partner as the Partner says it; `None` when there is no such Partner.
    pub id: Option<String>,
    /// The partner's own Entra tenant, where the Partner says it.
    pub entra_tenant: Option<String>,
}

/// What became of one Secret reference.
#[derive(Clone, Debug)]
pub struct ResolvedSecret {
    /// The leaf that names it.
    pub leaf: &'static Leaf,
    /// Name of the Secret.
    pub name: String,
    /// Key in it.
    pub key: String,
    /// What was found.
    pub found: SecretFound,
}

impl ResolvedSecret {
    /// What moves when another value is meant: the Secret, its version and the key. `None` while there is no value.
    pub fn version(&self) -> Option<String> {
        match &self.found {
            SecretFound::Value { version, value: _ } => Some(version.of_key(&self.key)),
            SecretFound::NoSecret | SecretFound::NoKey | SecretFound::Forbidden | SecretFound::Malformed(_) => None,
        }
    }
}

/// What was found behind a Secret reference.
#[derive(Clone, Debug)]
pub enum SecretFound {
    /// A value that may be sent.
    Value {
        /// Which state of the Secret it was read from.
        version: SecretVersion,
        /// The value.
        value: SecretString,
    },
    /// There is no such Secret.
    NoSecret,
    /// The Secret does not have the key.
    NoKey,
    /// The operator's account may not read it.
    Forbidden,
    /// The value cannot be right; says why without any part of it.
    Malformed(&'static str),
}

/// What the platform says about the tenant. Unknown never means absent.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// It was not asked, since the plan does not depend on it.
    NotAsked,
    /// There is a tenant.
    Exists {
        /// Everything about it.
        document: Box<TenantDocument>,
        /// Its settings in the canonical spelling.
        settings: Value,
        /// Whose it is.
        owner: Owner,
    },
    /// There is none.
    Absent {
        /// Pointers that our credentials may not write.
        restricted: Vec<String>,
    },
    /// There was one, and it was deleted.
    Tombstone {
        /// The id of that deletion.
        deletion_id: String,
        /// Pointers that our credentials may not write.
        restricted: Vec<String>,
    },
    /// It could not be found out.
    Unknown(ApiError),
}

/// Whose stamp a tenant has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Ours.
    Ours,
    /// Nobody's, but it was ours last: a re-created Tenant or a restored cluster must not lock itself out.
    OursLast,
    /// Nobody's, or that of a Tenant of this cluster that is gone.
    Free,
    /// Another's.
    Other(String),
}

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

/// What a pass achieved.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The tenant is on the platform and this is how it is now.
    Live {
        /// The platform's last answer.
        document: Box<TenantDocument>,
        /// What was done to get there.
        done: Done,
        /// What still differs.
        difference: Difference,
        /// What was done besides settings.
        side_effects: SideEffects,
    },
    /// The Tenant is being deleted and waits.
    Waiting {
        /// What the platform still has to do; `None` before it accepted the deletion.
        deletion: Option<crate::admin_api::types::PendingDeletion>,
        /// The reason of Ready.
        reason: Reason,
        /// For what it waits, for people.
        why: String,
        /// Whether this pass asked for the deletion.
        started: bool,
        /// What to wait before looking again; `None` for the usual time.
        error: Option<ApiError>,
    },
    /// The Tenant may go: the finalizer comes off.
    Left(deletion::ReleaseOutcome),
}

/// What a pass wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// Nothing.
    Nothing,
    /// Created the tenant.
    Created,
    /// Took the tenant over.
    Adopted,
    /// Applied an edit of the spec.
    Applied,
    /// Corrected drift.
    Corrected,
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

/// Whether a leaf is shown, so that it is compared and sent: every toggle above it is on in the spec or, where the spec is
/// silent, on the platform.
pub fn visible(leaf: &Leaf, desired: &Value, observed: &Value) -> bool {
    leaf.switches().all(|toggle| is_on(toggle, desired, observed))
}

/// The effective value of a toggle: the spec's over the platform's over its default.
fn is_on(toggle: &Leaf, desired: &Value, observed: &Value) -> bool {
    let said = toggle.find(desired).or_else(|| toggle.find(observed)).and_then(Value::as_bool);
    said.unwrap_or(toggle.default == Some("true"))
}

#[cfg(test)]
mod tests;

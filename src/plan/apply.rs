//! `plan` for a Tenant that stays: create, take over, save, or leave alone. The plan carries all that its execution needs.

use std::sync::Arc;

use jiff::civil::Date;
use serde_json::json;

use super::after_save::AfterSave;
use super::diff::{Constraints, diff};
use super::difference::Difference;
use super::observation::{Observation, Observed, Owner, Snapshot};
use super::outcome::Done;
use super::rewrites::Rewrites;
use super::rules::{Creating, judge};
use super::stop::{OwnerPlace, Stop, Stopped};
use super::target::Target;
use super::unconfirmed::OtherPartner;
use super::validate::{Blocked, Desired};
use super::{recreation, retention, triggers};
use crate::admin_api::TenantDocument;
use crate::resources::tenant::{AdoptionPolicy, DriftPolicy};
use crate::resources::{Stamp, Tenant};
use crate::settings::tabs::partner::PARTNER;
use crate::settings::{Class, Leaf, Trigger, Violation};

/// What to do about a Tenant that stays, in this order: take the tenant over, write, then what the answer makes due.
#[derive(Clone, Debug)]
pub struct ApplyPlan {
    /// The tenant.
    pub target: Target,
    /// How it is taken over, where it is not ours yet.
    pub claim: Option<Claim>,
    /// What to write.
    pub write: Write,
    /// What that comes to.
    pub done: Done,
    /// What is decided on the platform's answer.
    pub after: AfterSave,
    /// The day on which a confirmation counted that the plan depends on: it must still count when the plan is carried out.
    pub confirmed_on: Option<Date>,
}

/// Taking over a tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The tokens that are recorded without any action, before our stamp is put on.
    pub recorded: Vec<Trigger>,
    /// The stamp that was seen on the tenant, whose Tenant is gone. The claim holds only for as long as it is there.
    pub expected: Option<String>,
    /// The version of the settings that was seen: what was decided holds for no other one.
    pub settings_version: String,
}

/// What to write to the platform.
#[derive(Clone, Debug)]
pub enum Write {
    /// Nothing: it is as wanted, or differs and is only reported.
    Nothing {
        /// How it is.
        snapshot: Snapshot,
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
    /// Change settings.
    Patch {
        /// The version of the settings that the change was decided on.
        settings_version: String,
        /// What to change.
        difference: Difference,
    },
}

/// Decides on a valid spec. `rewrites` is what the platform did not keep so far.
///
/// *Errors*: why nothing may be done.
pub fn plan(
    tenant: &Tenant,
    desired: &Arc<Desired>,
    observed: Observed,
    rewrites: &Rewrites,
) -> Result<ApplyPlan, Stopped> {
    let decision = match observed.tenant {
        Observation::Unknown(error) => return Err(Stop::unavailable(error).into()),
        Observation::Absent { restricted } => create(tenant, desired, None, &restricted)?,
        Observation::Tombstone { deletion_id, restricted } => create(tenant, desired, Some(deletion_id), &restricted)?,
        Observation::Exists { snapshot, owner } => existing(tenant, desired, snapshot, &owner, rewrites)?,
    };
    let Decision { claim, write, done, is_confirmed } = decision;
    let recorded = claim.as_ref().map(|claim| claim.recorded.clone()).unwrap_or_default();
    let after = AfterSave::new(tenant, desired.clone(), recorded, observed.widget_secret);
    let confirmed_on = is_confirmed.then_some(desired.today);
    Ok(ApplyPlan { target: desired.target.clone(), claim, write, done, after, confirmed_on })
}

/// Adds what the platform's answer shows to be in the way of a spec that nothing may be written for. Settings that are invalid are
/// left out of what is compared, so that they are not missing, too.
pub fn blocked(tenant: &Tenant, blocked: &Blocked, observation: Observation, rewrites: &Rewrites) -> Stopped {
    let stopped = blocked.stopped.clone();
    if let Observation::Unknown(error) = &observation {
        return stopped.and(error.other_platform().cloned().map(Stop::PlatformChanged));
    }
    let Some(desired) = &blocked.to_observe else { return stopped };
    let observed = Observed { tenant: observation, widget_secret: None };
    let more = plan(tenant, desired, observed, rewrites).err();
    let reported: Vec<String> = stopped.all().flat_map(Stop::violations).map(|violation| violation.path).collect();
    let news = |stop: &Stop| {
        let violations = match stop {
            Stop::Invalid(violations) => violations,
            // The first stop says that nothing is known of the Partner.
            Stop::OtherPartner(OtherPartner { in_spec: Some((_, None)), .. }) => return None,
            stop => return Some(stop.clone()),
        };
        let is_news = |violation: &&Violation| !reported.contains(&violation.path);
        let violations: Vec<_> = violations.iter().filter(is_news).cloned().collect();
        (!violations.is_empty()).then_some(Stop::Invalid(violations))
    };
    let more: Vec<Stop> = more.iter().flat_map(Stopped::all).filter_map(news).collect();
    stopped.and(more)
}

struct Decision {
    claim: Option<Claim>,
    write: Write,
    done: Done,
    /// Whether it depends on a confirmation.
    is_confirmed: bool,
}

/// A tenant that we knew is never created again silently, nor one that was deleted.
fn create(
    tenant: &Tenant,
    desired: &Desired,
    tombstone: Option<String>,
    restricted: &[String],
) -> Result<Decision, Stopped> {
    let token = recreation::token(tenant, tombstone.as_deref());
    let was_there = token.is_some();
    let adopt = tombstone.as_ref().and_then(|_| desired.claim_right(tenant).recreates().err());
    let lost = token.filter(|token| recreation::given(tenant) != Some(token) || adopt.is_some());
    let lost = lost.map(|token| Stop::TenantLost { token, deleted: tombstone.is_some(), adopt });
    let nothing = json!({});
    let obstacles = lost.into_iter().chain(judge(desired, &nothing, Creating::Yes));
    if let Some(stopped) = Stopped::from_all(obstacles) {
        return Err(stopped);
    }
    // What was sent to a tenant that is gone says nothing about the new one, which has no data to lose either.
    let fresh = Desired { retention_applied: false, ..desired.clone() };
    let difference = diff(&fresh, &[], &nothing, Constraints { restricted, moved: &[] });
    let rotation = triggers::at_creation(desired);
    let write = Write::Create { recreate: tombstone, rotation, difference };
    Ok(Decision { claim: None, write, done: Done::Created, is_confirmed: was_there })
}

fn existing(
    tenant: &Tenant,
    desired: &Desired,
    snapshot: Snapshot,
    owner: &Owner,
    rewrites: &Rewrites,
) -> Result<Decision, Stopped> {
    let Snapshot { document, settings } = &snapshot;
    let right = desired.claim_right(tenant);
    let adopts = right.needs_confirmation(&snapshot, owner);
    // Whose it is comes first: of another's tenant nothing else may be judged, or said.
    let owner = &right.owner(&snapshot, owner, &desired.target.stamp)?;
    if document.runtime.deletion.is_some() {
        return Err(Stop::TenantDeleting.into());
    }
    let mut obstacles = judge(desired, settings, Creating::No);
    let known = tenant.status.as_ref().map_or(&[][..], |status| &status.sealed);
    let unrecorded = is_unrecorded(tenant, desired, document);
    // A retention time that we wrote is no drift, which would be left alone.
    let retention_applied = desired.retention_applied && !unrecorded;
    let desired = &Desired { retention_applied, ..desired.clone() };
    let difference = diff(desired, known, settings, document.as_ref().into());
    let claim = claim(tenant, desired, &snapshot, owner, &difference).unwrap_or_else(|stop| {
        obstacles.push(stop);
        None
    });
    let origin = if unrecorded { Origin::Edit } else { origin(tenant, desired) };
    let done = done(origin, claim.as_ref(), &difference);
    // An edit is always applied, and so is the spec of a tenant that is taken over; drift by the policy.
    let only_reported =
        matches!(done, Done::Corrected(_)) && tenant.spec.drift_policy.unwrap_or_default() == DriftPolicy::Report;
    let writes = done != Done::Nothing && !only_reported;
    obstacles.extend(retention::unconfirmed(tenant, &difference, desired.today).filter(|_| writes));
    if let Some(stopped) = Stopped::from_all(obstacles) {
        return Err(stopped);
    }
    let is_confirmed = adopts || difference.changes.iter().any(retention::shortens);
    // What the platform never keeps is not written again and again.
    if !writes || (claim.is_none() && rewrites.make_hopeless(tenant, &difference)) {
        let write = Write::Nothing { snapshot, difference };
        return Ok(Decision { claim, write, done: Done::Nothing, is_confirmed });
    }
    if difference.is_empty() {
        return Ok(Decision { claim, write: Write::Nothing { snapshot, difference }, done, is_confirmed });
    }
    let settings_version = document.settings_version.clone();
    Ok(Decision { claim, write: Write::Patch { settings_version, difference }, done, is_confirmed })
}

fn owned_by(stamp: &str, desired: &Desired) -> Stop {
    Stop::OwnedByOther { stamp: stamp.to_owned(), place: OwnerPlace::of(stamp, &desired.target.stamp) }
}

/// Where a difference comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// From an edit of the spec.
    Edit,
    /// From the platform.
    Drift,
}

fn origin(tenant: &Tenant, desired: &Desired) -> Origin {
    let applied = tenant.status.as_ref().and_then(|status| status.applied.as_ref());
    match applied {
        Some(applied) if applied.hash.has_same_settings(&desired.hash) => Origin::Drift,
        Some(_) | None => Origin::Edit,
    }
}

/// Whether the last write to the settings was ours and is not the one that was recorded, since its answer was lost. What differs
/// then is an edit of ours, not drift: the spec was changed back since.
fn is_unrecorded(tenant: &Tenant, desired: &Desired, document: &TenantDocument) -> bool {
    let applied = tenant.status.as_ref().and_then(|status| status.applied.as_ref());
    let ours = document.last_writer.as_deref().and_then(Stamp::parse).as_ref() == Some(&desired.target.stamp);
    ours && applied.is_some_and(|applied| applied.settings_version != document.settings_version)
}

/// What a write to a tenant that is there comes to.
fn done(origin: Origin, claim: Option<&Claim>, difference: &Difference) -> Done {
    match (claim, origin, difference.summary()) {
        (Some(_), _, _) => Done::Adopted,
        (None, _, None) => Done::Nothing,
        (None, Origin::Edit, Some(_)) => Done::Applied,
        (None, Origin::Drift, Some(differing)) => Done::Corrected(differing),
    }
}

/// How the tenant is taken over, if it is not ours. Whether a sealed leaf differs cannot be known before it is sent, so it does
/// not count.
fn claim(
    tenant: &Tenant,
    desired: &Desired,
    snapshot: &Snapshot,
    owner: &Owner,
    difference: &Difference,
) -> Result<Option<Claim>, Stop> {
    // That the partner may be another one was confirmed, or it is not.
    let counts = |leaf: &Leaf| leaf.class != Class::Sealed && leaf.pointer() != PARTNER.pointer();
    let plain = || difference.differing().into_iter().filter(|change| counts(change.leaf));
    match owner {
        Owner::Ours => return Ok(None),
        Owner::Other(stamp) => return Err(owned_by(stamp, desired)),
        Owner::OursLast => {}
        Owner::Free => match tenant.spec.adoption_policy.unwrap_or_default() {
            AdoptionPolicy::Always => {}
            AdoptionPolicy::IfMatches if plain().next().is_none() => {}
            policy @ (AdoptionPolicy::IfMatches | AdoptionPolicy::Never) => {
                let differing = plain().map(|change| change.leaf.to_string());
                return Err(Stop::NotAdopted {
                    stale: snapshot.document.owner.clone(),
                    never: policy == AdoptionPolicy::Never,
                    differing: differing.collect(),
                });
            }
        },
    }
    let recorded = triggers::at_take_over(desired, &snapshot.document.runtime);
    let TenantDocument { owner: expected, settings_version, .. } = snapshot.document.as_ref().clone();
    Ok(Some(Claim { recorded, expected, settings_version }))
}

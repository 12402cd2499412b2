//! `plan` for a Tenant that stays: create, take over, save, or leave alone.

use serde_json::{Value, json};

use super::diff::diff;
use super::difference::Difference;
use super::observation::{Observation, Owner};
use super::resolved::{Resolved, ResolvedSecret};
use super::stop::Stop;
use super::validate::Desired;
use super::visibility::visible;
use super::{Plan, moved, retention, triggers};
use crate::resources::tenant::{AdoptionPolicy, DriftPolicy};
use crate::resources::{Tenant, annotation};
use crate::settings::leaf::Required;
use crate::settings::{Class, Leaf, Trigger, Violation, leaves};

/// Decides on a valid spec.
///
/// *Errors*: why nothing may be done.
pub fn plan(tenant: &Tenant, desired: &Desired, resolved: &Resolved, observation: &Observation) -> Result<Plan, Stop> {
    match observation {
        Observation::Unknown(error) => Err(Stop::Unavailable(error.clone())),
        Observation::NotAsked => Err(Stop::Bug("a Tenant that stays was not observed")),
        Observation::Absent { restricted } => create(tenant, desired, resolved, None, restricted),
        Observation::Tombstone { deletion_id, restricted } => {
            create(tenant, desired, resolved, Some(deletion_id), restricted)
        }
        Observation::Exists { document, settings, owner } => {
            // Whose it is comes first: of another's tenant nothing else may be judged, or said.
            if let Owner::Other(stamp) = owner {
                return Err(Stop::OwnedByOther { stamp: stamp.clone() });
            }
            if document.runtime.deletion.is_some() {
                return Err(Stop::TenantDeleting);
            }
            judge(desired, resolved, settings, false)?;
            let known = known(tenant);
            let difference = diff(desired, &resolved.secrets, known, settings, &document.restricted_paths);
            let claim = claim(tenant, owner, &difference)?;
            moved::living(&difference, &document.runtime.moved_references)?;
            let recorded = if claim { triggers::at_take_over(desired, &document.runtime) } else { vec![] };
            let plan = save(tenant, desired, claim, recorded, difference);
            retention::confirmed(tenant, &plan)?;
            Ok(plan)
        }
    }
}

fn known(tenant: &Tenant) -> &[crate::resources::status::SealedStatus] {
    tenant.status.as_ref().map_or(&[], |status| &status.sealed)
}

/// A tenant that we knew is never created again silently, nor one that was deleted.
fn create(
    tenant: &Tenant,
    desired: &Desired,
    resolved: &Resolved,
    tombstone: Option<&String>,
    restricted: &[String],
) -> Result<Plan, Stop> {
    let applied = tenant.status.as_ref().and_then(|status| status.applied.as_ref());
    let token = match (tombstone, applied) {
        (Some(deletion_id), _) => Some(deletion_id.clone()),
        (None, Some(applied)) => Some(format!("lost-{}", applied.settings_version)),
        (None, None) => None,
    };
    let given = annotation::get(tenant, annotation::RECREATE);
    if let Some(token) = token.filter(|token| given != Some(token)) {
        return Err(Stop::TenantLost { token, deleted: tombstone.is_some() });
    }
    let nothing = json!({});
    judge(desired, resolved, &nothing, true)?;
    // What was sent to a tenant that is gone says nothing about the new one, which has no data to lose either.
    let desired = &Desired { retention_applied: false, ..desired.clone() };
    let difference = diff(desired, &resolved.secrets, &[], &nothing, restricted);
    let rotation = triggers::at_creation(desired);
    Ok(Plan::Create { recreate: tombstone.cloned(), rotation, difference })
}

/// Whether our stamp has to be put on. Whether a sealed leaf differs cannot be known before it is sent, so it does not count.
fn claim(tenant: &Tenant, owner: &Owner, difference: &Difference) -> Result<bool, Stop> {
    let plain = || difference.differing().into_iter().filter(|change| change.leaf.class != Class::Sealed);
    match owner {
        Owner::Ours => Ok(false),
        Owner::OursLast => Ok(true),
        Owner::Other(stamp) => Err(Stop::OwnedByOther { stamp: stamp.clone() }),
        Owner::Free => match tenant.spec.adoption_policy.unwrap_or_default() {
            AdoptionPolicy::Always => Ok(true),
            AdoptionPolicy::IfMatches if plain().next().is_none() => Ok(true),
            policy @ (AdoptionPolicy::IfMatches | AdoptionPolicy::Never) => {
                let differing = plain().map(|change| change.leaf.to_string());
                Err(Stop::NotAdopted { never: policy == AdoptionPolicy::Never, differing: differing.collect() })
            }
        },
    }
}

/// An edit is always applied; drift by the policy. A take-over applies what the spec says.
fn save(tenant: &Tenant, desired: &Desired, claim: bool, recorded: Vec<Trigger>, difference: Difference) -> Plan {
    let applied = tenant.status.as_ref().and_then(|status| status.applied.as_ref());
    let edited = claim || applied.is_none_or(|applied| !applied.hash.has_same_settings(&desired.hash));
    let report = tenant.spec.drift_policy.unwrap_or_default() == DriftPolicy::Report;
    if !claim && (difference.is_empty() || (report && !edited)) {
        return Plan::Nothing { difference };
    }
    Plan::Save { claim, recorded, edited, difference }
}

/// Rules over several leaves, judged on what would be effective: the spec over the platform.
fn judge(desired: &Desired, resolved: &Resolved, observed: &Value, creating: bool) -> Result<(), Stop> {
    let wrong = |leaf| missing(leaf, desired, observed, creating).or_else(|| equals_other(leaf, desired, observed));
    let violations: Vec<Violation> = leaves().filter_map(wrong).collect();
    if !violations.is_empty() {
        return Err(Stop::Invalid(violations));
    }
    let shown = resolved.secrets.iter().filter(|secret| visible(secret.leaf, &desired.settings, observed));
    match shown.filter_map(ResolvedSecret::unusable).next() {
        Some(unusable) => Err(Stop::Secret(unusable)),
        None => Ok(()),
    }
}

/// The value that a leaf would have after a save.
fn effective<'v>(leaf: &Leaf, desired: &'v Value, observed: &'v Value) -> Option<&'v Value> {
    // `null` in the spec clears, so the platform's value does not stand in for it.
    if leaf.lookup(desired).is_some() { leaf.find(desired) } else { leaf.find(observed) }
}

fn missing(leaf: &Leaf, desired: &Desired, observed: &Value, creating: bool) -> Option<Violation> {
    let given = match leaf.class {
        Class::Value | Class::Reference => effective(leaf, &desired.settings, observed).is_some(),
        Class::Sealed => {
            let set = leaf.find(observed).and_then(|state| state.get("set")).and_then(Value::as_bool);
            desired.sealed.iter().any(|sealed| sealed.leaf == leaf) || set == Some(true)
        }
        Class::Clears | Class::CheckInput | Class::Trigger | Class::Output => return None,
    };
    let problem = match (leaf.required, leaf.switch) {
        (Required::ToCreate, _) if creating && !given => "is not set, must be set to create the tenant".to_owned(),
        (Required::WhenOn, Some(switch)) if !given && visible(leaf, &desired.settings, observed) => {
            format!("is not set, must be set while {switch} is true")
        }
        (Required::No | Required::ToCreate | Required::WhenOn, _) => return None,
    };
    Some(Violation { path: leaf.path.to_owned(), problem })
}

/// A leaf that has the value of the one it must differ from.
fn equals_other(leaf: &Leaf, desired: &Desired, observed: &Value) -> Option<Violation> {
    let other = leaf.must_differ_from?;
    let value = |leaf| effective(leaf, &desired.settings, observed).and_then(Value::as_str);
    let same = value(leaf)?.eq_ignore_ascii_case(value(other)?);
    let problem = format!("is the value of {other}, must be another one");
    (same && visible(leaf, &desired.settings, observed)).then(|| Violation { path: leaf.path.to_owned(), problem })
}

//! What a pass saw of its tenant. It decides what a status says also where the pass stopped: tabs, drift, checks and the facts about
//! the tenant are those of the last answer, also where the spec is invalid.

use std::sync::Arc;

use super::deletion_intent::DeletionIntent;
use super::diff::diff;
use super::difference::Difference;
use super::observation::{Observation, Owner, Snapshot};
use super::outcome::Outcome;
use super::stop::Stopped;
use super::validate::{Desired, Intent};
use crate::admin_api::TenantDocument;
use crate::resources::Tenant;

/// What a pass saw of its tenant.
#[derive(Clone, Debug, Default)]
pub enum Seen {
    /// Nothing: the platform was not asked, or did not answer. What was known stays known.
    #[default]
    Nothing,
    /// No tenant of ours: there is none, or it is another's. Nothing is known of it, or may be said.
    NotOurs,
    /// A tenant without an owner. Its partner may see how it differs.
    Free(Comparison),
    /// Our tenant.
    Ours(Comparison),
    /// Our tenant, which is being deleted: nothing is compared any more.
    Leaving(Arc<TenantDocument>),
}

/// A tenant and how it differs from the spec.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The platform's answer.
    pub document: Arc<TenantDocument>,
    /// Where it differs.
    pub difference: Box<Difference>,
}

impl Seen {
    /// What a pass saw. One that is live has its own answer, so only what stopped or deletes is compared here.
    pub fn after(
        tenant: &Tenant,
        intent: &Intent,
        observation: Option<&Observation>,
        outcome: &Result<Outcome, Stopped>,
    ) -> Self {
        let Some(observation) = observation else { return Self::Nothing };
        match (intent, outcome) {
            (Intent::Delete(intent), _) => Self::leaving(intent, observation),
            (Intent::Apply(desired), Err(_)) => Self::of(tenant, desired, observation),
            (Intent::Blocked(blocked), Err(_)) => {
                blocked.to_observe.as_ref().map(|desired| Self::of(tenant, desired, observation)).unwrap_or_default()
            }
            (Intent::Apply(_) | Intent::Blocked(_), Ok(_)) => Self::Nothing,
        }
    }

    /// What an answer shows of a Tenant that stays.
    pub fn of(tenant: &Tenant, desired: &Desired, observation: &Observation) -> Self {
        let compare = |snapshot: &Snapshot| {
            let known = tenant.status.as_ref().map_or(&[][..], |status| &status.sealed);
            let Snapshot { document, settings } = snapshot;
            let difference = diff(desired, known, settings, document.as_ref().into());
            Comparison { document: document.clone(), difference: Box::new(difference) }
        };
        // Settings of another partner's tenant are not shown to the authors of this Tenant.
        let right = desired.claim_right(tenant);
        match observation {
            Observation::Unknown(_) => Self::Nothing,
            Observation::Exists { snapshot, owner: owner @ (Owner::Ours | Owner::OursLast) }
                if right.reaches(snapshot, owner) =>
            {
                Self::Ours(compare(snapshot))
            }
            Observation::Exists { snapshot, owner: Owner::Free } if right.has_same_partner(&snapshot.settings) => {
                Self::Free(compare(snapshot))
            }
            Observation::Exists { .. } | Observation::Absent { .. } | Observation::Tombstone { .. } => Self::NotOurs,
        }
    }

    /// What an answer shows of a Tenant that is being deleted.
    pub fn leaving(intent: &DeletionIntent, observation: &Observation) -> Self {
        match observation {
            Observation::Exists { snapshot, owner: owner @ (Owner::Ours | Owner::OursLast) }
                if intent.reaches(snapshot, owner) =>
            {
                Self::Leaving(snapshot.document.clone())
            }
            Observation::Exists { .. } | Observation::Absent { .. } | Observation::Tombstone { .. } => Self::NotOurs,
            Observation::Unknown(_) => Self::Nothing,
        }
    }

    /// Whether the platform answered.
    pub fn is_answer(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// The document of a tenant that is ours.
    pub fn ours(&self) -> Option<&TenantDocument> {
        match self {
            Self::Ours(Comparison { document, .. }) | Self::Leaving(document) => Some(document),
            Self::Nothing | Self::NotOurs | Self::Free(_) => None,
        }
    }

    /// How the tenant compares with the spec, where that may be said.
    pub fn comparison(&self) -> Option<&Comparison> {
        match self {
            Self::Ours(comparison) | Self::Free(comparison) => Some(comparison),
            Self::Nothing | Self::NotOurs | Self::Leaving(_) => None,
        }
    }
}

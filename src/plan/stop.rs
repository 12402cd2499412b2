//! Why a pass stopped, named by its consequence.

use jiff::civil::Date;

use super::confirmation::Flaw;
use super::former_cluster::FormerCluster;
use super::resolved::UnusableSecret;
use super::unconfirmed::{OtherPartner, Unconfirmed};
use crate::admin_api::{ApiError, OtherPlatform, Problem, ProblemType};
use crate::resources::{Stamp, Unknown};
use crate::settings::{Leaf, TenantId, Violation};

/// Why a pass stopped before the spec was live.
#[derive(Clone, Debug)]
pub enum Stop {
    /// The spec is invalid: every bad leaf.
    Invalid(Vec<Violation>),
    /// The platform refused the settings: every bad leaf.
    Rejected(Problem),
    /// What the spec wants destroys something, and it is not confirmed.
    Unconfirmed {
        /// The leaf.
        leaf: &'static Leaf,
        /// Old and new value, as the confirmation has to say them.
        token: String,
        /// What is wrong with the confirmation.
        flaw: Flaw,
        /// The day on which it was judged.
        today: Date,
    },
    /// A Secret that matters cannot be used.
    Secret(UnusableSecret),
    /// There is no such Platform.
    PlatformMissing {
        /// Its name.
        name: String,
    },
    /// The Platform is being deleted and takes no new Tenant.
    PlatformTerminating {
        /// Its name.
        name: String,
    },
    /// The Partner is being deleted and takes no new Tenant.
    PartnerTerminating {
        /// Its name.
        name: String,
    },
    /// There is no such Partner.
    PartnerMissing {
        /// Its name.
        name: String,
    },
    /// The Partner does not count on the Platform.
    PartnerNotPermitted {
        /// Its name.
        partner: String,
        /// The name of the Platform.
        platform: String,
    },
    /// The Partner says which tenants may be named with it, and this is none of them.
    TenantNotPermitted {
        /// Its name.
        partner: String,
        /// The tenant.
        tenant: TenantId,
    },
    /// The Platform does not allow the namespace.
    NamespaceNotPermitted {
        /// Its name.
        platform: String,
    },
    /// Nothing enforces who may change which field.
    PoliciesNotEnforced {
        /// What is wrong with the policies.
        lacking: String,
    },
    /// The platform could not be called, so nothing is known.
    Unavailable(ApiError),
    /// The endpoint of the Platform leads to another environment, of which nothing may be believed.
    PlatformChanged(OtherPlatform),
    /// The tenant exists and may not be taken over.
    NotAdopted {
        /// The stale stamp that it has, if it has one.
        stale: Option<String>,
        /// Whether the policy never allows it.
        never: bool,
        /// The settings that differ.
        differing: Vec<String>,
    },
    /// The tenant has another partner on the platform than the spec names.
    OtherPartner(OtherPartner),
    /// The tenant belongs to another cluster, and that it is taken over is not confirmed as it has to be.
    NotTakenOver {
        /// Its stamp.
        stamp: String,
        /// What has to be confirmed.
        unconfirmed: Unconfirmed,
    },
    /// The tenant belongs to another Tenant or cluster.
    OwnedByOther {
        /// Its stamp.
        stamp: String,
        /// Where that owner is.
        place: OwnerPlace,
    },
    /// The tenant was there and is gone.
    TenantLost {
        /// The confirmation that would create it again.
        token: String,
        /// Whether it was deleted, by its tombstone.
        deleted: bool,
        /// What has to be confirmed in addition, where it is not known whose it was.
        adopt: Option<Unconfirmed>,
    },
    /// The tenant waits for a deletion that we did not ask for.
    TenantDeleting,
    /// The spec says more than this version knows.
    OperatorTooOld(Unknown),
    /// The spec of the Partner does.
    PartnerTooNew {
        /// Its name.
        name: String,
        /// What of it.
        unknown: Unknown,
    },
    /// `spec.suspend` is true.
    Suspended,
    /// Another writer was faster, and this was answered; look again at once.
    Raced(String),
    /// The Kubernetes API did not answer as it should, so nothing is known and nothing is said.
    Kubernetes(&'static str),
    /// Kubernetes refuses what has to be read or written, and will refuse it again.
    RefusedByKubernetes {
        /// What.
        what: &'static str,
        /// Who refuses it.
        by: String,
    },
    /// The operator is wrong: a panic or a broken invariant.
    Bug(&'static str),
}

/// Where the owner of a tenant is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OwnerPlace {
    /// A Tenant of this cluster.
    ThisCluster,
    /// Another cluster, in the same namespace and under the same name.
    FormerCluster(FormerCluster),
    /// Another cluster, or what is no stamp.
    Elsewhere,
}

impl OwnerPlace {
    /// Where the Tenant of a stamp is, as seen by the Tenant of ours.
    pub fn of(text: &str, ours: &Stamp) -> Self {
        match Stamp::parse(text) {
            Some(stamp) if stamp.cluster == ours.cluster => Self::ThisCluster,
            Some(_) | None => FormerCluster::of(text, ours).map_or(Self::Elsewhere, Self::FormerCluster),
        }
    }
}

/// What a stop says about what was known before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopClass {
    /// Nothing: the next pass is about to tell, so the status is left as it is, unless that goes on.
    Transient,
    /// Nothing: the platform gave no answer about the tenant.
    Unreachable,
    /// Nothing: the operator is wrong, or may not do what it has to.
    Internal,
    /// The platform is not called on purpose.
    Suspended,
    /// The spec is not live: something speaks against it.
    Verdict,
}

impl StopClass {
    /// Whether what was known may still hold, since the pass had no answer about its Tenant.
    pub(crate) const fn knows_nothing(self) -> bool {
        match self {
            Self::Transient | Self::Unreachable | Self::Internal => true,
            Self::Suspended | Self::Verdict => false,
        }
    }
}

/// Everything that a pass found in its way.
#[derive(Clone, Debug)]
pub struct Stopped {
    /// What Ready says.
    pub stop: Stop,
    /// What else is in the way: each marks its tab.
    pub others: Vec<Stop>,
}

impl Stopped {
    /// All obstacles, the one that Ready names first; `None` where there is none.
    pub fn from_all(obstacles: impl IntoIterator<Item = Stop>) -> Option<Self> {
        let mut obstacles = obstacles.into_iter();
        obstacles.next().map(|stop| Self { stop, others: obstacles.collect() })
    }

    /// The same, and what was found after it.
    pub(super) fn and(mut self, more: impl IntoIterator<Item = Stop>) -> Self {
        self.others.extend(more);
        self
    }

    /// All obstacles, in order.
    pub fn all(&self) -> impl Iterator<Item = &Stop> {
        [&self.stop].into_iter().chain(&self.others)
    }
}

/// One obstacle and no other.
impl From<Stop> for Stopped {
    fn from(stop: Stop) -> Self {
        Self { stop, others: vec![] }
    }
}

impl Stop {
    /// The cluster that this one may have been, if the tenant belongs to the same Tenant of another one.
    pub fn former_cluster(&self) -> Option<&FormerCluster> {
        let Self::OwnedByOther { place: OwnerPlace::FormerCluster(cluster), .. } = self else { return None };
        Some(cluster)
    }

    /// What a call of the platform means that failed, or was not made.
    pub fn unavailable(error: ApiError) -> Self {
        match error.other_platform() {
            Some(other) => Self::PlatformChanged(other.clone()),
            None => Self::Unavailable(error),
        }
    }

    /// What a failed write to the platform means.
    pub fn of_write(error: ApiError) -> Self {
        let ApiError::Refused(problem) = error else { return Self::unavailable(error) };
        match &problem.problem_type {
            ProblemType::SettingsChanged
            | ProblemType::OwnerChanged
            | ProblemType::TenantExists
            | ProblemType::TenantDeleted
            | ProblemType::TenantNotFound => Self::Raced(format!("the platform answered {}", problem.problem_type)),
            ProblemType::OwnedByOther => Self::OwnedByOther {
                stamp: problem.owner.unwrap_or_else(|| "an unnamed owner".to_owned()),
                place: OwnerPlace::Elsewhere,
            },
            ProblemType::TenantDeleting => Self::TenantDeleting,
            ProblemType::MalformedRequest
            | ProblemType::Unauthenticated
            | ProblemType::NotPermitted
            | ProblemType::FieldNotPermitted
            | ProblemType::WidgetKeyNotSet
            | ProblemType::RouteNotFound
            | ProblemType::MethodNotAllowed
            | ProblemType::SectionOff
            | ProblemType::InvitationPending
            | ProblemType::CursorExpired
            | ProblemType::UnsupportedMediaType
            | ProblemType::InvalidSettings
            | ProblemType::InvalidRequest
            | ProblemType::ConfirmationRequired
            | ProblemType::SettingsVersionRequired
            | ProblemType::ExpectedOwnerRequired
            | ProblemType::TooManyRequests
            | ProblemType::Internal
            | ProblemType::Unavailable
            | ProblemType::Other(_) => Self::Rejected(problem),
        }
    }

    /// Whether the Partner does not stand for the tenant, so that nothing may be asked about it.
    pub(super) fn is_of_partner(&self) -> bool {
        matches!(self, Self::PartnerNotPermitted { .. } | Self::TenantNotPermitted { .. })
    }

    /// What the stop says about what was known before. No wildcard: a new stop has to be thought about here.
    pub(crate) fn class(&self) -> StopClass {
        match self {
            Self::Raced(_) | Self::Kubernetes(_) => StopClass::Transient,
            Self::Unavailable(_) => StopClass::Unreachable,
            Self::Bug(_) | Self::RefusedByKubernetes { .. } => StopClass::Internal,
            Self::Suspended => StopClass::Suspended,
            Self::Invalid(_)
            | Self::Rejected(_)
            | Self::Unconfirmed { .. }
            | Self::Secret(_)
            | Self::PlatformMissing { .. }
            | Self::PlatformTerminating { .. }
            | Self::PartnerMissing { .. }
            | Self::PartnerTerminating { .. }
            | Self::NamespaceNotPermitted { .. }
            | Self::PlatformChanged(_)
            | Self::PoliciesNotEnforced { .. }
            | Self::NotAdopted { .. }
            | Self::OtherPartner(_)
            | Self::NotTakenOver { .. }
            | Self::PartnerNotPermitted { .. }
            | Self::TenantNotPermitted { .. }
            | Self::OwnedByOther { .. }
            | Self::TenantLost { .. }
            | Self::OperatorTooOld(_)
            | Self::PartnerTooNew { .. }
            | Self::TenantDeleting => StopClass::Verdict,
        }
    }
}

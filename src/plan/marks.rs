//! What is wrong with single settings where a pass stopped: it marks their tabs, as the warning icons of the UI do.

use super::resolved::{SecretProblem, UnusableSecret};
use super::stop::Stop;
use crate::admin_api::Problem;
use crate::settings::tabs::partner::PARTNER;
use crate::settings::{Leaf, Violation, leaf_at};

impl Stop {
    /// What is wrong with single settings; nothing where the stop is about the tenant as a whole.
    pub fn violations(&self) -> Vec<Violation> {
        match self {
            Self::Invalid(violations) => violations.clone(),
            Self::Rejected(problem) => rejected(problem),
            Self::Unconfirmed { leaf, .. } => vec![marked(leaf, "needs a confirmation")],
            Self::Secret(secret) => vec![unusable(secret)],
            Self::PartnerMissing { name } => {
                vec![marked(PARTNER, &format!("names Partner {name}, which was not found"))]
            }
            Self::PartnerTooNew { name, .. } => {
                vec![marked(PARTNER, &format!("names Partner {name}, which this operator does not fully know"))]
            }
            Self::PartnerTerminating { name } => {
                vec![marked(PARTNER, &format!("names Partner {name}, which is being deleted"))]
            }
            Self::PartnerNotPermitted { partner, platform } => {
                vec![marked(PARTNER, &format!("names Partner {partner}, which does not count on Platform {platform}"))]
            }
            Self::TenantNotPermitted { partner, .. } => {
                vec![marked(PARTNER, &format!("names Partner {partner}, which does not permit this tenant"))]
            }
            Self::PlatformMissing { .. }
            | Self::OtherPartner(_)
            | Self::NotTakenOver { .. }
            | Self::OperatorTooOld(_)
            | Self::NamespaceNotPermitted { .. }
            | Self::PoliciesNotEnforced { .. }
            | Self::Unavailable(_)
            | Self::NotAdopted { .. }
            | Self::OwnedByOther { .. }
            | Self::TenantLost { .. }
            | Self::TenantDeleting
            | Self::Suspended
            | Self::Raced(_)
            | Self::Kubernetes(_)
            | Self::RefusedByKubernetes { .. }
            | Self::PlatformChanged(_)
            | Self::PlatformTerminating { .. }
            | Self::Bug(_) => vec![],
        }
    }
}

fn rejected(problem: &Problem) -> Vec<Violation> {
    let rejected = problem.errors.iter().filter_map(|error| leaf_at(&error.pointer));
    rejected.map(|leaf| marked(leaf, "was rejected")).collect()
}

fn unusable(secret: &UnusableSecret) -> Violation {
    let UnusableSecret { leaf, namespace: _, name, key, problem } = secret;
    let problem = match problem {
        SecretProblem::NoSecret => format!("names Secret {name}, which was not found"),
        SecretProblem::NoKey => format!("names Secret {name}, which has no key {key}"),
        SecretProblem::Forbidden => format!("names Secret {name}, which the operator may not get"),
        SecretProblem::Malformed(problem) => format!("names key {key} of Secret {name}, whose value {problem}"),
    };
    marked(leaf, &problem)
}

fn marked(leaf: &Leaf, problem: &str) -> Violation {
    Violation { path: leaf.path.to_owned(), problem: problem.to_owned() }
}

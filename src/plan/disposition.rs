//! What follows from a stop, and from the outcome of a pass: one exhaustive match says it.

use std::time::Duration;

use jiff::civil::Date;

use super::confirmation::{self, Flaw};
use super::environment;
use super::outage::{self, PlatformHealth};
use super::resolved::{SecretProblem, UnusableSecret};
use super::stop::{OwnerPlace, Stop};
use super::unconfirmed::{self, Unconfirmed};
use super::wording;
use crate::admin_api::{ApiError, Problem, ProblemType};
use crate::resources::confirmations::{ADOPT, RECREATE, RETENTION};
use crate::resources::reason::DELETED_ON_PLATFORM;
use crate::resources::{Reason, Unknown, bounds};
use crate::settings::tabs::provisioning::DEFAULT_ORGANIZATION_UNIT;
use crate::settings::{Leaf, TenantId, leaf_at};
use crate::text::{named, quoted};

/// What follows from a stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disposition {
    /// The reason of Ready.
    pub reason: Reason,
    /// What happened.
    pub message: String,
    /// Whether the advice of the reason follows the message.
    pub advised: bool,
    /// What the pass says of the spec and its references.
    pub accepted: Accepted,
    /// Whether Synced is known to be false; else it is Unknown.
    pub out_of_sync: bool,
    /// What the pass says of itself.
    pub mode: Mode,
    /// When to look again.
    pub delay: Delay,
    /// The platform's id of the request that it refused, to quote in a ticket. Every answer has another.
    pub request_id: Option<String>,
}

/// Whether the spec and its references are in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// They are.
    Yes,
    /// They are to blame for the stop.
    No,
    /// This pass did not judge them: Accepted stays as it was.
    NotJudged,
}

/// Who has to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The operator, by itself.
    Reconciling,
    /// A human.
    Stalled,
    /// No one: there is nothing to do.
    Settled,
}

/// When to look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// After the Tenant's sync interval.
    Sync,
    /// Soon, then more and more rarely.
    Backoff,
    /// Soon, and never later than the bound for missing references: what is waited for stands in Kubernetes.
    Reference,
    /// After the time that the platform named.
    RetryAfter(Duration),
    /// When services and script may have moved on.
    Deletion,
    /// After the time that the platform named, and never later than the bound for a deletion: its namespace may end meanwhile.
    DeletionRetry(Duration),
    /// When people may have done what is waited for: run the provisioning script, accepted an invitation. Never later than the
    /// sync interval.
    Script,
    /// At once.
    AtOnce,
    /// Never: the Tenant is gone.
    Never,
}

impl Delay {
    /// When to look again after a call of the platform failed.
    pub fn after(error: &ApiError) -> Self {
        match error {
            ApiError::Throttled { after } => Self::RetryAfter(*after),
            ApiError::Unreachable(_)
            | ApiError::Unauthenticated(_)
            | ApiError::Forbidden
            | ApiError::Refused(_)
            | ApiError::Unexpected(_)
            | ApiError::NotCalled(_) => Self::Backoff,
        }
    }
}

impl Delay {
    /// When to look again at a Tenant whose deletion waits. The end of its namespace or of the CRD must be noticed soon in
    /// every wait.
    pub fn of_deletion(error: Option<&ApiError>) -> Self {
        match error.map(Self::after) {
            Some(Self::RetryAfter(after)) => Self::DeletionRetry(after),
            Some(Self::Backoff) => Self::Reference,
            Some(
                Self::Sync
                | Self::Reference
                | Self::Deletion
                | Self::DeletionRetry(_)
                | Self::Script
                | Self::AtOnce
                | Self::Never,
            )
            | None => Self::Deletion,
        }
    }
}

impl Stop {
    /// What follows, in words that stay the same while nothing changes. No wildcard: a new stop has to be thought about here.
    pub fn disposition(&self, platform: PlatformHealth<'_>) -> Disposition {
        match self {
            Self::Invalid(violations) => {
                let message = join(violations.iter().map(ToString::to_string));
                invalid(Reason::InvalidSettings, message)
            }
            Self::Rejected(problem) => Disposition {
                request_id: problem.request_id.clone(),
                ..invalid(rejected_reason(problem), rejected(problem))
            },
            Self::Unconfirmed { leaf, token, flaw, today } => needs_confirmation(leaf, token, *flaw, *today),
            Self::Secret(secret) => secret_disposition(secret),
            Self::PlatformMissing { name } => platform_missing(name),
            Self::PlatformTerminating { name } => terminating(Reason::PlatformTerminating, "Platform", name),
            Self::PartnerTerminating { name } => terminating(Reason::PartnerTerminating, "Partner", name),
            Self::PartnerMissing { name } => partner_missing(name),
            Self::PartnerNotPermitted { partner, platform } => partner_not_permitted(partner, platform),
            Self::TenantNotPermitted { partner, tenant } => tenant_not_permitted(partner, *tenant),
            Self::NamespaceNotPermitted { platform } => namespace_not_permitted(platform),
            Self::PoliciesNotEnforced { lacking } => stalled_by_cluster(
                Reason::PoliciesNotEnforced,
                format!("The admission policies are not in force, so nothing is written: {lacking}"),
            ),
            Self::Unavailable(error) => waits_for_platform(platform, error),
            // The Platform may be corrected at any moment, and that wakes its Tenants.
            Self::PlatformChanged(other) => stalled_by_cluster(
                Reason::PlatformChanged,
                format!("The endpoint of Platform {} {}", platform.name, environment::describe(other)),
            ),
            Self::NotAdopted { stale, never, differing } => not_adopted(stale.as_deref(), *never, differing),
            Self::OtherPartner(other) => stalled(Reason::NotAdopted, other.message()),
            Self::NotTakenOver { stamp, unconfirmed } => not_taken_over(stamp, unconfirmed),
            Self::OwnedByOther { stamp, place } => owned_by_other(stamp, place),
            Self::TenantLost { token, deleted, adopt } => lost(token, *deleted, adopt.as_ref()),
            Self::TenantDeleting => stalled(
                Reason::TenantDeleting,
                "The platform is deleting the tenant, which this Tenant did not request".into(),
            ),
            Self::OperatorTooOld(unknown) => too_old(unknown),
            Self::PartnerTooNew { name, unknown } => partner_too_new(name, unknown),
            Self::Suspended => suspended(),
            Self::Raced(answer) => raced(answer),
            Self::Kubernetes(what) => unjudged(Reason::Progressing, format!("The Kubernetes API call failed: {what}")),
            Self::RefusedByKubernetes { what, by } => Disposition {
                mode: Mode::Stalled,
                delay: Delay::Reference,
                ..unjudged(Reason::KubernetesRefused, format!("Kubernetes refuses {what}: {by}"))
            },
            Self::Bug(what) => unjudged(Reason::InternalError, format!("Internal error: {what}")),
        }
    }
}

fn suspended() -> Disposition {
    stalled(Reason::ReconciliationSuspended, "spec.suspend is true; the platform is not called".into())
}

fn too_old(unknown: &Unknown) -> Disposition {
    Disposition { accepted: Accepted::No, ..stalled(Reason::OperatorTooOld, unknown.sentence("The Tenant")) }
}

fn partner_too_new(name: &str, unknown: &Unknown) -> Disposition {
    let message = unknown.sentence(&format!("Partner {name}"));
    Disposition { mode: Mode::Stalled, ..missing(Reason::OperatorTooOld, message) }
}

/// It may come again under the same name.
fn terminating(reason: Reason, kind: &str, name: &str) -> Disposition {
    missing(reason, format!("{kind} {name} is being deleted and takes no new Tenant; nothing was written"))
}

fn needs_confirmation(leaf: &Leaf, token: &str, flaw: Flaw, today: Date) -> Disposition {
    let advice = confirmation::advice(token, today);
    let message = format!(
        "{leaf}: the change can purge data permanently, so nothing was saved: spec.{RETENTION} {flaw}; to confirm the \
         change, set it to {advice}"
    );
    Disposition { accepted: Accepted::Yes, ..invalid(Reason::ConfirmationRequired, message) }
}

fn platform_missing(name: &str) -> Disposition {
    missing(Reason::PlatformNotFound, format!("spec.platformRef.name: Platform {name} not found"))
}

fn partner_missing(name: &str) -> Disposition {
    missing(Reason::PartnerNotFound, format!("spec.partner.partnerRef.name: Partner {name} not found"))
}

fn namespace_not_permitted(platform: &str) -> Disposition {
    let message = format!("Platform {platform} does not allow Tenants in this namespace");
    not_permitted(Reason::NamespaceNotPermitted, message)
}

fn partner_not_permitted(partner: &str, platform: &str) -> Disposition {
    let message = format!("spec.platforms of Partner {partner} does not name Platform {platform}; nothing was written");
    not_permitted(Reason::PartnerNotPermitted, message)
}

fn tenant_not_permitted(partner: &str, tenant: TenantId) -> Disposition {
    let message = format!("spec.tenantIds of Partner {partner} does not name tenant {tenant}; nothing was written");
    not_permitted(Reason::TenantNotPermitted, message)
}

fn not_permitted(reason: Reason, message: String) -> Disposition {
    Disposition { mode: Mode::Stalled, ..missing(reason, message) }
}

fn not_taken_over(stamp: &str, unconfirmed: &Unconfirmed) -> Disposition {
    stalled(Reason::OwnedByOther, unconfirmed::not_taken_over(stamp, unconfirmed))
}

/// Another Tenant of this cluster may be renamed, moved or deleted at any moment, and its stamp with it.
fn owned_by_other(stamp: &str, place: &OwnerPlace) -> Disposition {
    let stamp = named(stamp, bounds::STAMP);
    let message =
        format!("The tenant is owned by another Tenant, {stamp} (cluster/namespace/name); nothing was written");
    let stop = stalled(Reason::OwnedByOther, message);
    match place {
        OwnerPlace::ThisCluster => Disposition { delay: Delay::Reference, ..stop },
        OwnerPlace::Elsewhere => Disposition {
            message: format!("{}. If that cluster is gone, a system administrator sets spec.{ADOPT}", stop.message),
            ..stop
        },
        OwnerPlace::FormerCluster(cluster) => {
            Disposition { message: format!("{}. {cluster}", stop.message), advised: false, ..stop }
        }
    }
}

fn waits_for_platform(platform: PlatformHealth<'_>, error: &ApiError) -> Disposition {
    Disposition {
        delay: Delay::after(error),
        request_id: error.request_id().map(ToOwned::to_owned),
        ..working(Reason::PlatformUnavailable, outage::message(platform, error))
    }
}

fn raced(answer: &str) -> Disposition {
    let message = format!("Another writer was faster each time: {answer}; retrying");
    Disposition { delay: Delay::AtOnce, ..unjudged(Reason::Contended, message) }
}

/// The spec is accepted and a human has to act. No tab is invalid while the spec is accepted.
fn stalled(reason: Reason, message: String) -> Disposition {
    Disposition {
        reason,
        message,
        advised: true,
        accepted: Accepted::Yes,
        out_of_sync: false,
        mode: Mode::Stalled,
        delay: Delay::Sync,
        request_id: None,
    }
}

/// A human has to mend something in Kubernetes, which is looked at again soon.
fn stalled_by_cluster(reason: Reason, message: String) -> Disposition {
    Disposition { delay: Delay::Reference, ..stalled(reason, message) }
}

/// The spec is accepted and the operator goes on by itself.
fn working(reason: Reason, message: String) -> Disposition {
    Disposition { mode: Mode::Reconciling, delay: Delay::Backoff, ..stalled(reason, message) }
}

/// These settings are wrong, so nothing was saved.
fn invalid(reason: Reason, message: String) -> Disposition {
    Disposition { accepted: Accepted::No, out_of_sync: true, ..stalled(reason, message) }
}

/// A reference does not resolve, which heals by itself once it does.
fn missing(reason: Reason, message: String) -> Disposition {
    Disposition { accepted: Accepted::No, delay: Delay::Reference, ..working(reason, message) }
}

/// The spec was not judged.
fn unjudged(reason: Reason, message: String) -> Disposition {
    Disposition { accepted: Accepted::NotJudged, ..working(reason, message) }
}

fn secret_disposition(secret: &UnusableSecret) -> Disposition {
    let UnusableSecret { leaf, namespace, name, key, problem } = secret;
    let secret = format!("Secret {namespace}/{name}");
    let (reason, problem) = match problem {
        SecretProblem::NoSecret => (Reason::SecretNotFound, format!("{secret} not found")),
        SecretProblem::NoKey => (Reason::SecretKeyNotFound, format!("{secret} has no key {key}")),
        SecretProblem::Forbidden => (Reason::SecretForbidden, format!("the operator may not get {secret}")),
        SecretProblem::Malformed(problem) => {
            let message = format!("{leaf}: the value of key {key} of {secret} {problem}");
            return Disposition { mode: Mode::Stalled, ..missing(Reason::SecretInvalid, message) };
        }
    };
    missing(reason, format!("{leaf}: {problem}"))
}

/// A unit in good spelling that the platform refuses is one that is not there. Any other refusal goes first.
fn rejected_reason(problem: &Problem) -> Reason {
    let unit = |pointer: &str| DEFAULT_ORGANIZATION_UNIT.pointer() == pointer;
    let only = problem.problem_type == ProblemType::InvalidSettings
        && !problem.errors.is_empty()
        && problem.errors.iter().all(|error| unit(&error.pointer));
    if only { Reason::OrganizationUnitNotFound } else { Reason::InvalidSettings }
}

/// Our own words for what the platform refused. Without the id of the request: it changes with every pass.
fn rejected(problem: &Problem) -> String {
    let fields = problem.errors.iter().map(|error| {
        let path = leaf_at(&error.pointer).map_or_else(|| quoted(&error.pointer, bounds::NAME), ToString::to_string);
        let allowed = match (error.min, error.max) {
            (Some(min), Some(max)) => format!(" (allowed: {min} to {max})"),
            (Some(min), None) => format!(" (allowed: at least {min})"),
            (None, Some(max)) => format!(" (allowed: at most {max})"),
            (None, None) => String::new(),
        };
        format!("{path} was rejected by the platform: {}{allowed}", wording::refused(&error.code))
    });
    let fields = join(fields);
    if fields.is_empty() {
        format!("The platform rejected the settings and names none ({})", problem.problem_type)
    } else {
        fields
    }
}

fn not_adopted(stale: Option<&str>, never: bool, differing: &[String]) -> Disposition {
    let found = match stale {
        None => "A tenant with this ID exists without an owner".to_owned(),
        Some(stamp) => format!("A tenant with this ID has the stale owner stamp {}", named(stamp, bounds::STAMP)),
    };
    let message = if never {
        format!("{found}, and spec.adoptionPolicy is Never")
    } else {
        format!("{found}, spec.adoptionPolicy is IfMatches, and {}", wording::named(wording::differing, differing))
    };
    stalled(Reason::NotAdopted, message)
}

fn lost(token: &str, deleted: bool, adopt: Option<&Unconfirmed>) -> Disposition {
    let happened = if deleted { DELETED_ON_PLATFORM } else { "The tenant is missing on the platform" };
    let said = format!("{happened}; to create it again, set spec.{RECREATE}: {token}");
    let message = match adopt {
        None => said,
        Some(adopt) => format!("{said}. Whose tenant it was is not known: {}", adopt.advice("create it again")),
    };
    stalled(Reason::TenantLost, message)
}

/// The first few of a list, and how many more there are.
fn join(items: impl Iterator<Item = String>) -> String {
    const MOST: usize = 8;
    let items: Vec<String> = items.collect();
    let shown = items.iter().take(MOST).cloned().collect::<Vec<_>>().join("; ");
    if items.len() > MOST { format!("{shown}; and {} more", items.len() - MOST) } else { shown }
}

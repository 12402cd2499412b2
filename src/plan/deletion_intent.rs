//! What a Tenant that is being deleted, and its surroundings, say about how it leaves: the rows of `deletion` that do not depend on the
//! platform's answer.

use jiff::civil::Date;

use super::claim::{ClaimRight, Named};
use super::confirmation::{self, Flaw};
use super::mismatch::{Mismatch, NoPartner};
use super::observation::{Owner, Snapshot};
use super::resolved::{PlatformReference, Resolved};
use super::target::Target;
use crate::resources::tenant::{DELETION_POLICY, DeletionPolicy};
use crate::resources::{Tenant, Unknown, annotation};
use crate::settings::TenantId;
use crate::settings::value::Text;

/// What is known about a Tenant that is being deleted, before the platform is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletionIntent {
    /// The tenant: the one that was recorded, else the one of the spec. `None` where the platform cannot be asked about it, since
    /// the id or the Platform is missing.
    pub target: Option<Target>,
    /// Which row fits so far.
    pub mode: DeletionMode,
    /// Whether anything was ever recorded as applied. Without it, a crash may still have left a tenant behind.
    pub applied: bool,
    /// Whether the platform was recorded to have accepted the deletion.
    pub accepted: bool,
    /// The partner for which the tenant may be deleted; `None` where there is no tenant to delete.
    pub right: Option<ClaimRight>,
    /// What the spec says and this version does not know.
    pub unknown: Unknown,
}

/// The rows that do not depend on the platform's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeletionMode {
    /// The annotation says to let go without a call.
    Abandon,
    /// The platform goes on with a deletion that it accepted.
    GoesOn,
    /// Nothing may be called.
    SuspendedRetain(RetainReason),
    /// A confirmed deletion waits for the suspension to end.
    SuspendedDelete,
    /// Nothing may be written, since nothing enforces who may delete a Tenant.
    UnenforcedRetain(RetainReason),
    /// A confirmed deletion waits until the policies are in force.
    UnenforcedDelete(String),
    /// Release the tenant.
    Retain(RetainReason),
    /// Delete the tenant.
    Delete,
    /// The platform accepted the deletion, and edits change nothing any more. Where it took that back, this counts instead.
    Accepted(Box<Self>),
    /// Whether the namespace or CRD ends cannot be read: wait, do not delete.
    Unclear,
    /// The spec says something about the deletion that this version does not know: wait, do not delete.
    NotUnderstood,
}

/// Why a tenant is retained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetainReason {
    /// The policy says so.
    Policy,
    /// The policy is Delete, and the deletion is not confirmed.
    NotConfirmed(Flaw),
    /// The Tenant has an owner in Kubernetes: garbage collection deletes it for people without authority over it.
    HasOwner,
    /// The Platform does not allow the namespace any more.
    NotPermitted,
    /// The Partner for which the Tenant acts does not stand for the partner of the tenant.
    OtherPartner(Mismatch),
    /// The namespace or the CRD is being deleted: that does not ask to delete this tenant.
    ScopeTerminating,
}

impl DeletionIntent {
    /// Reads the rows that the Tenant and its surroundings decide, on this day.
    pub fn of(tenant: &Tenant, resolved: &Resolved, today: Date) -> Self {
        let status = tenant.status.as_ref();
        let recorded = status.and_then(|status| status.platform_tenant.as_ref()).map(|platform| platform.id.as_str());
        let id = TenantId::parse(recorded.unwrap_or(tenant.spec.settings.general.tenant_id.as_str()));
        let target = |tenant_id| Target {
            tenant: tenant_id,
            stamp: resolved.stamp.clone(),
            platform: tenant.spec.platform_ref.name.clone(),
        };
        Self {
            target: id.filter(|_| resolved.platform != PlatformReference::Missing).map(target),
            mode: mode(tenant, resolved, id, today),
            applied: status.is_some_and(|status| status.applied.is_some()),
            accepted: status.is_some_and(|status| status.deletion.is_some()),
            right: id.map(|id| ClaimRight::of(tenant, id, Named::of(tenant, resolved.partner.clone()), today)),
            unknown: tenant.spec.unknown.clone(),
        }
    }

    /// Whether the platform names the partner for which the Tenant acts, or a system administrator confirmed the exception.
    ///
    /// *Errors*: neither.
    pub(super) fn may_delete(&self, snapshot: &Snapshot) -> Result<(), Mismatch> {
        let right = self.right.as_ref().ok_or(Mismatch::Unresolved(NoPartner::Unread))?;
        right.permits(snapshot)
    }

    /// Whether what the platform answers may be shown: not that of a tenant of another partner.
    pub(super) fn reaches(&self, snapshot: &Snapshot, owner: &Owner) -> bool {
        self.right.as_ref().is_some_and(|right| right.reaches(snapshot, owner))
    }

    /// Whether the plan depends on the Partner: only a deletion of the tenant does, and nothing else may wait for it.
    pub fn depends_on_partner(&self) -> bool {
        self.mode.may_delete()
    }

    /// The platform's id of the partner for which the tenant is deleted; empty where there is none.
    pub fn partner_id(&self) -> &str {
        self.right.as_ref().map_or("", ClaimRight::partner_id)
    }

    /// Whether the platform may be called for it at all.
    pub fn calls_platform(&self) -> bool {
        self.mode.calls_platform() && self.target.is_some()
    }

    /// The tenant that the platform has to be asked about, since the plan depends on the answer.
    pub fn to_observe(&self) -> Option<&Target> {
        let is_known = self.applied && matches!(self.mode, DeletionMode::Retain(_));
        self.target.as_ref().filter(|_| self.mode.calls_platform() && !is_known)
    }
}

impl DeletionMode {
    /// Whether it may come to a request for the deletion.
    fn may_delete(&self) -> bool {
        match self {
            Self::Delete => true,
            Self::Accepted(afresh) => afresh.may_delete(),
            Self::Abandon
            | Self::GoesOn
            | Self::SuspendedRetain(_)
            | Self::SuspendedDelete
            | Self::UnenforcedRetain(_)
            | Self::UnenforcedDelete(_)
            | Self::Retain(_)
            | Self::Unclear
            | Self::NotUnderstood => false,
        }
    }

    /// No wildcard: a new mode has to be thought about here.
    const fn calls_platform(&self) -> bool {
        match self {
            Self::Abandon
            | Self::GoesOn
            | Self::SuspendedRetain(_)
            | Self::SuspendedDelete
            | Self::UnenforcedRetain(_)
            | Self::UnenforcedDelete(_)
            | Self::Unclear
            | Self::NotUnderstood => false,
            Self::Retain(_) | Self::Delete | Self::Accepted(_) => true,
        }
    }
}

fn mode(tenant: &Tenant, resolved: &Resolved, tenant_id: Option<TenantId>, today: Date) -> DeletionMode {
    let afresh = afresh(tenant, resolved, tenant_id, today);
    let accepted = tenant.status.as_ref().is_some_and(|status| status.deletion.is_some());
    match (afresh, resolved.scope_terminating) {
        (DeletionMode::Abandon, _) => DeletionMode::Abandon,
        (_, Some(true)) if accepted => DeletionMode::GoesOn,
        (_, None) if accepted => DeletionMode::Unclear,
        (afresh, Some(false)) if accepted => DeletionMode::Accepted(Box::new(afresh)),
        (afresh, _) => afresh,
    }
}

/// What counts for a deletion that the platform did not accept yet.
fn afresh(tenant: &Tenant, resolved: &Resolved, tenant_id: Option<TenantId>, today: Date) -> DeletionMode {
    let is_meant = |value: &str| tenant_id.is_some() && TenantId::parse(value) == tenant_id;
    let abandoned = annotation::get(tenant, annotation::ABANDON).is_some_and(|value| is_meant(value.trim()));
    let wanted = wanted(tenant, resolved, is_meant, today);
    let mode = match resolved.scope_terminating {
        _ if abandoned => DeletionMode::Abandon,
        Some(true) => DeletionMode::Retain(RetainReason::ScopeTerminating),
        _ if !is_understood(tenant, wanted) => DeletionMode::NotUnderstood,
        _ if tenant.spec.suspended() => {
            wanted.map_or_else(DeletionMode::SuspendedRetain, |()| DeletionMode::SuspendedDelete)
        }
        ends => match (wanted, ends) {
            (Err(because), _) => DeletionMode::Retain(because),
            (Ok(()), None) => DeletionMode::Unclear,
            (Ok(()), Some(_)) => DeletionMode::Delete,
        },
    };
    if resolved.policies_lacking.is_empty() { mode } else { unenforced(mode, &resolved.policies_lacking) }
}

/// Whether everything that decides about a deletion is known. A tenant that is retained loses nothing.
fn is_understood(tenant: &Tenant, wanted: Result<(), RetainReason>) -> bool {
    let unknown = &tenant.spec.unknown;
    !unknown.has_word_at(DELETION_POLICY) && (wanted.is_err() || !unknown.may_govern_deletion())
}

/// Whether the tenant is to be deleted, or why not.
fn wanted(
    tenant: &Tenant,
    resolved: &Resolved,
    is_meant: impl Fn(&str) -> bool,
    today: Date,
) -> Result<(), RetainReason> {
    let has_owner = tenant.metadata.owner_references.as_ref().is_some_and(|owners| !owners.is_empty());
    match tenant.spec.deletion_policy.unwrap_or_default() {
        DeletionPolicy::Retain => Err(RetainReason::Policy),
        DeletionPolicy::Delete if has_owner => Err(RetainReason::HasOwner),
        DeletionPolicy::Delete if resolved.platform == PlatformReference::NotPermitted => {
            Err(RetainReason::NotPermitted)
        }
        DeletionPolicy::Delete => {
            let given = tenant.spec.confirmations().deletion.as_ref().map(Text::as_str);
            confirmation::judge(given, today, is_meant).map_err(RetainReason::NotConfirmed)
        }
    }
}

/// What of a mode is left while nothing enforces who may delete a Tenant: neither a release nor a deletion is sent.
fn unenforced(mode: DeletionMode, lacking: &str) -> DeletionMode {
    match mode {
        DeletionMode::Retain(because) => DeletionMode::UnenforcedRetain(because),
        DeletionMode::Delete => DeletionMode::UnenforcedDelete(lacking.to_owned()),
        DeletionMode::Abandon
        | DeletionMode::GoesOn
        | DeletionMode::SuspendedRetain(_)
        | DeletionMode::SuspendedDelete
        | DeletionMode::UnenforcedRetain(_)
        | DeletionMode::UnenforcedDelete(_)
        | DeletionMode::Accepted(_)
        | DeletionMode::Unclear
        | DeletionMode::NotUnderstood => mode,
    }
}

//! A Tenant as the watch cache holds it: what finds, wakes and counts Tenants, and nothing else. A pass reads the whole Tenant when its
//! turn comes.

use std::borrow::Cow;

use jiff::Timestamp;
use kube::Resource;
use kube::core::ObjectMeta;

use super::check::{CheckName, CheckResult};
use super::condition_type::{ConditionStatus, ConditionType};
use super::reason::Reason;
use super::tenant::Tenant;
use crate::settings::TenantId;

/// A Tenant as the watch cache holds it.
#[derive(Clone, Debug)]
pub struct CachedTenant {
    /// What identifies it and what a pass depends on. Labels, owners and the annotations of others are left out, so no patch of them
    /// is made from it.
    pub(super) metadata: ObjectMeta,
    /// Name of its Platform.
    pub platform: Option<Box<str>>,
    /// Name of the Partner that it assigns.
    pub partner: Option<Box<str>>,
    /// The tenant that it declares.
    pub tenant_id: Option<TenantId>,
    /// `spec.suspend`.
    pub is_suspended: bool,
    /// `spec.syncIntervalSeconds`.
    pub sync_interval_seconds: Option<i64>,
    /// Generation that the status describes.
    pub observed_generation: Option<i64>,
    /// Whether its spec was ever applied to a tenant.
    pub is_applied: bool,
    /// `status.platformId`.
    pub platform_id: Option<Box<str>>,
    /// The conditions whose type and status this version knows.
    pub conditions: Box<[CachedCondition]>,
    /// The checks that this version knows.
    pub checks: Box<[(CheckName, CheckResult)]>,
    /// Licenses in use and purchased.
    pub licenses: Box<[CachedLicense]>,
    /// Whether changes wait for the provisioning script.
    pub is_script_pending: bool,
    /// Its tenant, as the platform last described it.
    pub platform_tenant: Option<CachedPlatformTenant>,
    /// The deletion on the platform that it waits for.
    pub deletion: Option<Box<CachedDeletion>>,
}

/// A condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CachedCondition {
    /// What it speaks of.
    pub condition_type: ConditionType,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Why, where this version knows the reason.
    pub reason: Option<Reason>,
    /// Since when.
    pub since: Timestamp,
}

/// Licenses of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedLicense {
    /// The kind.
    pub kind: Box<str>,
    /// Number of licenses in use.
    pub used: i64,
    /// Number of licenses purchased.
    pub contingent: Option<i64>,
}

/// A tenant as the platform described it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedPlatformTenant {
    /// Its id, where it can be read.
    pub id: Option<TenantId>,
    /// Its partner on the platform; empty where it has none.
    pub partner_id: Box<str>,
}

/// A deletion on the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedDeletion {
    /// When it was requested, as far as that was recorded.
    pub requested_at: Option<Timestamp>,
    /// The tenant that is deleted.
    pub tenant_id: TenantId,
    /// Its partner on the platform; empty where it has none.
    pub partner_id: Box<str>,
}

impl CachedTenant {
    /// A condition, if it was ever stated.
    pub fn condition(&self, condition_type: ConditionType) -> Option<&CachedCondition> {
        self.conditions.iter().find(|condition| condition.condition_type == condition_type)
    }

    /// Whether a condition has this status.
    pub fn says(&self, condition_type: ConditionType, status: ConditionStatus) -> bool {
        self.condition(condition_type).is_some_and(|condition| condition.status == status)
    }

    /// Whether the spec that its status describes is live on the platform.
    pub fn is_ready(&self) -> bool {
        self.says(ConditionType::Ready, ConditionStatus::True)
    }

    /// Whether its last pass could not decode it, as its status says.
    pub fn is_undecodable(&self) -> bool {
        self.condition(ConditionType::Ready).is_some_and(|ready| ready.reason == Some(Reason::Undecodable))
    }
}

impl Resource for CachedTenant {
    type DynamicType = ();
    type Scope = <Tenant as Resource>::Scope;

    fn kind(_: &()) -> Cow<'_, str> {
        Tenant::kind(&())
    }

    fn group(_: &()) -> Cow<'_, str> {
        Tenant::group(&())
    }

    fn version(_: &()) -> Cow<'_, str> {
        Tenant::version(&())
    }

    fn plural(_: &()) -> Cow<'_, str> {
        Tenant::plural(&())
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

//! Whether a Tenant needs no look at its tenant: it was in sync, and nothing that its status depends on has changed since.
//!
//! What the platform says has versions, which never come back; the spec and its Secrets have a hash; everything else is the context.
//! Whatever is not known to be the same means a look, and never that there is no tenant.

use std::fmt::Write;

use kube::core::ObjectMeta;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::checks::{self, CheckPlan};
use super::status::OURS;
use super::validate::Desired;
use crate::admin_api::{Capabilities, Versions};
use crate::resources::status::{Compared, TenantStatus};
use crate::resources::{CheckName, ConditionStatus, ConditionType, Platform, Tenant, annotation, condition};
use crate::settings::Leaf;
use crate::settings::tabs::instant_messaging::RESOURCE_ID;
use crate::settings::tabs::interact::WIDGET_SECRET;

/// What a status depends on, apart from the spec with its Secrets and the platform's document.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'s> {
    /// The program that concludes.
    pub operator: &'s str,
    /// The Platform.
    pub platform: &'s Platform,
    /// The Partner that the spec names.
    pub partner: Option<&'s ObjectMeta>,
    /// What our credentials may do, and where.
    pub capabilities: &'s Capabilities,
}

impl Surroundings<'_> {
    /// Hash of them, for this Tenant.
    pub fn hash(&self, desired: &Desired) -> String {
        let mut digest = Sha256::new();
        let of = |meta: &ObjectMeta| format!("{:?} {:?}", meta.uid, meta.generation);
        let parts = [
            self.operator.to_owned(),
            desired.target.stamp.to_string(),
            of(&self.platform.metadata),
            self.partner.map(of).unwrap_or_default(),
            format!("{:?}", self.capabilities),
        ];
        for part in parts {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        digest.finalize().iter().take(8).fold(String::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

/// The versions that a tenant must still have for nothing to be said or done; nothing where that is to be found out by a look.
/// `noted` is what the last pass compared with, where the status does not say it.
pub fn versions_to_keep(
    tenant: &Tenant,
    desired: &Desired,
    noted: Option<&Compared>,
    context: &str,
    chat_app: Option<&str>,
) -> Option<Versions> {
    let status = tenant.status.as_ref()?;
    let compared = noted.or(status.compared.as_ref()).filter(|compared| compared.context == context)?;
    let is_same = is_in_sync(tenant, status, desired) && has_checks_of_spec(tenant, status, desired, chat_app);
    Versions::parse(&compared.versions).filter(|_| is_same)
}

/// Whether the status says that this spec, with these Secrets, is live, and that everything that was asked for is done.
fn is_in_sync(tenant: &Tenant, status: &TenantStatus, desired: &Desired) -> bool {
    let holds = |condition_type| condition::status(&status.conditions, condition_type) == Some(ConditionStatus::True);
    let is_working = holds(ConditionType::Reconciling) || holds(ConditionType::Stalled);
    let asked = annotation::reconcile_token(tenant);
    tenant.metadata.deletion_timestamp.is_none()
        && Some(status.observed_generation) == tenant.metadata.generation
        && status.applied.as_ref().is_some_and(|applied| applied.hash == desired.hash)
        && [ConditionType::Ready, ConditionType::Accepted, ConditionType::Synced].into_iter().all(holds)
        && !is_working
        && status.drift.is_empty()
        && status.deletion.is_none()
        && (asked.is_none() || asked == status.last_handled_reconcile_at)
}

/// Whether the checks that the status lists follow from the spec alone. What the spec leaves to the platform may be switched on or off
/// there, which only a look shows.
fn has_checks_of_spec(tenant: &Tenant, status: &TenantStatus, desired: &Desired, chat_app: Option<&str>) -> bool {
    let CheckPlan { chat, checks, .. } = checks::of_spec(tenant, desired, chat_app);
    let mut planned: Vec<CheckName> = checks.iter().map(|check| check.name).collect();
    planned.sort_unstable();
    let listed = status.checks.iter().map(|check| check.name).filter(|name| !OURS.contains(name));
    let mut listed: Vec<CheckName> = listed.collect();
    listed.sort_unstable();
    let names_resource = RESOURCE_ID.lookup(&desired.settings).is_some();
    let is_known = names_resource || !planned.contains(&CheckName::InstantMessagingConnectionString);
    planned == listed && is_known && chat == status.instant_messaging.is_some()
}

/// The Secret of the widget key that has to be as the last pass left it, and how that was.
///
/// *Errors*: it was not published, although the spec asks for it.
pub fn published<'t>(tenant: &'t Tenant, desired: &Desired) -> Result<Option<(&'t str, &'t str)>, NotPublished> {
    let is_off = |toggle: &Leaf| toggle.find(&desired.settings).and_then(Value::as_bool) == Some(false);
    if desired.widget_secret.is_none() || WIDGET_SECRET.switches().any(is_off) {
        return Ok(None);
    }
    let key = tenant.status.as_ref().and_then(|status| status.widget_key.as_ref()).ok_or(NotPublished)?;
    let (name, version) = (key.secret_name.as_deref(), key.secret_version.as_deref());
    name.zip(version).filter(|(name, _)| Some(*name) == desired.widget_secret.as_deref()).ok_or(NotPublished).map(Some)
}

/// A key that the spec asks for is not in its Secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotPublished;

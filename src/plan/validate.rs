//! `validate`: from a spec to what is wanted, and to the list of what is wrong with it.

use std::fmt::Write;
use std::sync::Arc;

use jiff::civil::Date;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::claim::{ClaimRight, Named};
use super::deletion::DeletionIntent;
use super::resolved::{PlatformReference, Resolved, ResolvedPartner, ResolvedSecret};
use super::retention;
use super::stop::{Stop, Stopped};
use super::target::Target;
use crate::resources::{SpecHash, Tenant};
use crate::settings::tabs::general::TENANT_ID;
use crate::settings::{Mapped, SealedRef, TenantId, Trigger};

/// What a Tenant asks for.
#[derive(Clone, Debug)]
pub enum Intent {
    /// The tenant shall be on the platform with these settings.
    Apply(Arc<Desired>),
    /// The Tenant stays and nothing may be written for it.
    Blocked(Blocked),
    /// The Tenant is being deleted.
    Delete(DeletionIntent),
}

/// A Tenant that nothing may be written for.
#[derive(Clone, Debug)]
pub struct Blocked {
    /// Everything that is in the way, as far as the spec and its references say it.
    pub stopped: Stopped,
    /// What the valid part of the spec manages, to be compared with the platform; `None` where the platform must not be asked.
    pub to_observe: Option<Arc<Desired>>,
    /// The hash of the spec and its Secrets; `None` where the spec is invalid, or not known as a whole.
    pub hash: Option<SpecHash>,
}

/// The settings that a spec manages, without those that are invalid.
#[derive(Clone, Debug)]
pub struct Desired {
    /// The tenant.
    pub target: Target,
    /// The managed leaves in the platform's words; `null` clears.
    pub settings: Value,
    /// The managed sealed leaves.
    pub sealed: Vec<SealedRef>,
    /// What was found behind them, unless the spec itself hides the section.
    pub secrets: Vec<ResolvedSecret>,
    /// The partner that the spec names.
    pub named: Named,
    /// What is to be done once per token.
    pub triggers: Vec<Trigger>,
    /// The name of the Secret that the widget key is published to.
    pub widget_secret: Option<String>,
    /// Whether the retention time of the spec is the one that was applied, so that the platform is what changed.
    pub retention_applied: bool,
    /// The day on which confirmations are judged.
    pub today: Date,
    /// Distinguishes an edit of the spec from a change on the platform.
    pub hash: SpecHash,
}

impl Desired {
    /// The partner for which the Tenant acts.
    pub(super) fn claim_right(&self, tenant: &Tenant) -> ClaimRight {
        ClaimRight::of(tenant, self.target.tenant, self.named.clone(), self.today)
    }
}

impl Intent {
    /// Whether the platform is called for it.
    pub fn calls_platform(&self) -> bool {
        match self {
            Self::Apply(_) => true,
            Self::Blocked(blocked) => blocked.to_observe.is_some(),
            Self::Delete(intent) => intent.calls_platform(),
        }
    }

    /// The hash of the spec and its Secrets; a Tenant that is being deleted, or whose spec is invalid, has none.
    pub fn hash(&self) -> Option<&SpecHash> {
        match self {
            Self::Apply(desired) => Some(&desired.hash),
            Self::Blocked(blocked) => blocked.hash.as_ref(),
            Self::Delete(_) => None,
        }
    }
}

/// Judges the spec and its references alone, and says what they ask for. Everything that is wrong is found in one go. `today` is
/// the day on which confirmations are judged.
pub fn validate(tenant: &Tenant, resolved: Resolved, today: Date) -> Intent {
    if tenant.metadata.deletion_timestamp.is_some() {
        return Intent::Delete(DeletionIntent::of(tenant, &resolved, today));
    }
    let mut mapped = tenant.spec.settings.to_wire();
    if let Some(ResolvedPartner { id: Ok(id), .. }) = &resolved.partner {
        mapped.set_partner_id(id);
    }
    let obstacles = obstacles(tenant, &mapped, &resolved);
    let is_valid = mapped.violations.is_empty() && tenant.spec.unknown.is_empty();
    let hash = hash(&mapped, &resolved.secrets);
    let may_ask = !tenant.spec.suspended()
        && resolved.platform == PlatformReference::Found
        && !obstacles.iter().any(Stop::is_of_partner);
    let desired = desired(tenant, mapped, resolved, today, hash.clone());
    let bug = || Stop::Bug("a valid spec has no tenantId").into();
    match (Stopped::from_all(obstacles), desired) {
        (None, Some(desired)) => Intent::Apply(Arc::new(desired)),
        (stopped, desired) => Intent::Blocked(Blocked {
            stopped: stopped.unwrap_or_else(bug),
            to_observe: desired.filter(|_| may_ask).map(Arc::new),
            hash: is_valid.then_some(hash),
        }),
    }
}

/// What is in the way before the platform is asked. A suspension comes first: nothing else matters while it lasts.
fn obstacles(tenant: &Tenant, mapped: &Mapped, resolved: &Resolved) -> Vec<Stop> {
    let platform = &tenant.spec.platform_ref.name;
    let suspended = tenant.spec.suspended().then_some(Stop::Suspended);
    let lacking = &resolved.policies_lacking;
    let unenforced = (!lacking.is_empty()).then(|| Stop::PoliciesNotEnforced { lacking: lacking.clone() });
    let too_old = (!tenant.spec.unknown.is_empty()).then(|| Stop::OperatorTooOld(tenant.spec.unknown.clone()));
    let invalid = (!mapped.violations.is_empty()).then(|| Stop::Invalid(mapped.violations.clone()));
    let unusable = match resolved.platform {
        PlatformReference::Found => None,
        PlatformReference::Missing => Some(Stop::PlatformMissing { name: platform.clone() }),
        PlatformReference::Terminating => Some(Stop::PlatformTerminating { name: platform.clone() }),
        PlatformReference::NotPermitted => Some(Stop::NamespaceNotPermitted { platform: platform.clone() }),
    };
    let partner = resolved.partner.as_ref().and_then(|partner| unusable_partner(tenant, partner));
    [suspended, unenforced, too_old, invalid, unusable, partner].into_iter().flatten().collect()
}

fn unusable_partner(tenant: &Tenant, partner: &ResolvedPartner) -> Option<Stop> {
    let ResolvedPartner { name, id, is_terminating, unknown, .. } = partner;
    let named = TenantId::parse(tenant.spec.settings.general.tenant_id.as_str());
    if id.is_err() {
        return Some(Stop::PartnerMissing { name: name.clone() });
    }
    if *is_terminating {
        return Some(Stop::PartnerTerminating { name: name.clone() });
    }
    if !unknown.is_empty() {
        return Some(Stop::PartnerTooNew { name: name.clone(), unknown: unknown.clone() });
    }
    if !partner.counts {
        let platform = tenant.spec.platform_ref.name.clone();
        return Some(Stop::PartnerNotPermitted { partner: name.clone(), platform });
    }
    let tenant = named.filter(|tenant| !partner.permits(*tenant))?;
    Some(Stop::TenantNotPermitted { partner: name.clone(), tenant })
}

/// What the valid settings of a spec manage; `None` where it does not say which tenant it is about.
fn desired(tenant: &Tenant, mapped: Mapped, resolved: Resolved, today: Date, hash: SpecHash) -> Option<Desired> {
    let Mapped { settings, sealed, triggers, widget_secret, .. } = mapped;
    let id = TENANT_ID.find(&settings).and_then(Value::as_str).and_then(TenantId::parse)?;
    Some(Desired {
        target: Target { tenant: id, stamp: resolved.stamp, platform: tenant.spec.platform_ref.name.clone() },
        settings,
        sealed,
        secrets: resolved.secrets,
        named: Named::of(tenant, resolved.partner),
        triggers,
        widget_secret,
        retention_applied: retention::is_applied(tenant),
        today,
        hash,
    })
}

/// The hash depends on spec and Secrets alone, so it is known while the platform is not.
fn hash(mapped: &Mapped, secrets: &[ResolvedSecret]) -> SpecHash {
    let mut hasher = Sha256::new();
    // Members of a JSON object are sorted, so equal settings have one text.
    hasher.update(mapped.settings.to_string());
    for secret in secrets {
        let version = secret.version();
        hasher.update(format!("\n{}={}", secret.leaf.path, version.as_deref().unwrap_or("none")));
    }
    let mut side_effects = Sha256::new();
    for trigger in &mapped.triggers {
        side_effects.update(format!("{}={}\n", trigger.leaf().path, trigger.token()));
    }
    side_effects.update(mapped.widget_secret.as_deref().unwrap_or_default());
    let has_any = !mapped.triggers.is_empty() || mapped.widget_secret.is_some();
    SpecHash::new(hex(hasher, 16), has_any.then(|| hex(side_effects, 8)))
}

/// The first bytes of a hash.
pub(super) fn hex(hasher: Sha256, bytes: usize) -> String {
    hasher.finalize().iter().take(bytes).fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

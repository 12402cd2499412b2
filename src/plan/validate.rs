//! `validate`: from a spec to what is wanted, or to the list of what is wrong with it.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::deletion::DeletionIntent;
use super::resolved::{PlatformReference, Resolved, ResolvedPartner, ResolvedSecret};
use super::retention;
use super::stop::Stop;
use super::target::Target;
use crate::resources::{SpecHash, Tenant};
use crate::settings::tabs::general::TENANT_ID;
use crate::settings::{Mapped, SealedRef, TenantId, Trigger};

/// What a Tenant asks for.
#[derive(Clone, Debug)]
pub enum Intent {
    /// The tenant shall be on the platform with these settings.
    Apply(Arc<Desired>),
    /// The Tenant is being deleted.
    Delete(DeletionIntent),
}

/// The settings that a valid spec manages.
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
    /// The Partner that the spec names, if it names one.
    pub partner: Option<ResolvedPartner>,
    /// What is to be done once per token.
    pub triggers: Vec<Trigger>,
    /// The name of the Secret that the widget key is published to.
    pub widget_secret: Option<String>,
    /// Whether the retention time of the spec is the one that was applied, so that the platform is what changed.
    pub retention_applied: bool,
    /// Distinguishes an edit of the spec from a change on the platform.
    pub hash: SpecHash,
}

impl Intent {
    /// The hash of the spec and its Secrets; a Tenant that is being deleted has none.
    pub fn hash(&self) -> Option<&SpecHash> {
        match self {
            Self::Apply(desired) => Some(&desired.hash),
            Self::Delete(_) => None,
        }
    }
}

/// Judges the spec alone and says what it asks for.
///
/// *Errors*: the spec is invalid, suspended, or its Platform cannot be used.
pub fn validate(tenant: &Tenant, resolved: Resolved) -> Result<Intent, Stop> {
    if tenant.metadata.deletion_timestamp.is_some() {
        return Ok(Intent::Delete(DeletionIntent::of(tenant, &resolved)));
    }
    let mut mapped = tenant.spec.settings.to_wire();
    if let Some(ResolvedPartner { id: Some(id), .. }) = &resolved.partner {
        mapped.set_partner_id(id);
    }
    if !mapped.violations.is_empty() {
        return Err(Stop::Invalid(mapped.violations));
    }
    let hash = hash(&mapped, &resolved.secrets);
    if tenant.spec.suspended() {
        return Err(Stop::Suspended { hash });
    }
    let platform = tenant.spec.platform_ref.name.clone();
    match resolved.platform {
        PlatformReference::Found => {}
        PlatformReference::Missing => return Err(Stop::PlatformMissing { name: platform }),
        PlatformReference::NotPermitted => return Err(Stop::NamespaceNotPermitted { platform }),
    }
    if let Some(ResolvedPartner { name, id: None, .. }) = resolved.partner {
        return Err(Stop::PartnerMissing { name });
    }
    let Mapped { settings, sealed, triggers, widget_secret, .. } = mapped;
    let id = TENANT_ID.find(&settings).and_then(Value::as_str).and_then(TenantId::parse);
    let id = id.ok_or(Stop::Bug("a valid spec has no tenantId"))?;
    Ok(Intent::Apply(Arc::new(Desired {
        target: Target { tenant: id, stamp: resolved.stamp, platform },
        settings,
        sealed,
        secrets: resolved.secrets,
        partner: resolved.partner,
        triggers,
        widget_secret,
        retention_applied: retention::is_applied(tenant),
        hash,
    })))
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
fn hex(hasher: Sha256, bytes: usize) -> String {
    hasher.finalize().iter().take(bytes).fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

//! The Tenant of a pass, as its checks see it.

use kube::ResourceExt;
use kube::runtime::reflector::ObjectRef;

use crate::resources::status::CheckStatus;
use crate::resources::{CachedTenant, CheckName, Platform, SpecHash, Tenant, annotation};

/// The Tenant of a pass, as its checks see it.
pub(in crate::controller) struct Subject<'p> {
    pub(in crate::controller) tenant: &'p Tenant,
    /// Its Platform, if there is one.
    pub(in crate::controller) platform: Option<&'p Platform>,
    /// The hash of its spec and Secrets.
    pub(in crate::controller) hash: Option<&'p SpecHash>,
    /// From 0 to 255, always the same for a Tenant: keeps Tenants from being checked in step.
    pub(in crate::controller) phase: u8,
}

impl Subject<'_> {
    /// `namespace/name`.
    pub(super) fn key(&self) -> String {
        format!("{}/{}", self.tenant.namespace().unwrap_or_default(), self.tenant.name_any())
    }

    pub(super) fn uid(&self) -> &str {
        self.tenant.metadata.uid.as_deref().unwrap_or_default()
    }

    pub(super) fn reference(&self) -> ObjectRef<CachedTenant> {
        let namespace = self.tenant.namespace().unwrap_or_default();
        ObjectRef::new(&self.tenant.name_any()).within(&namespace)
    }

    /// From 0 to 1.
    pub(super) fn share(&self) -> f64 {
        f64::from(self.phase) / 255.0
    }

    /// The token of a request to repeat all checks that the status does not echo.
    pub(super) fn requested(&self) -> Option<String> {
        let handled = self.tenant.status.as_ref().and_then(|status| status.last_handled_check_at.as_ref());
        annotation::check_token(self.tenant).filter(|token| handled != Some(token))
    }

    /// What the status reports of a check, where the spec and the Secrets are those that it was reported for.
    pub(super) fn reported_before(&self, name: CheckName) -> Option<&CheckStatus> {
        let status = self.tenant.status.as_ref()?;
        let applied = status.applied.as_ref().map(|applied| &applied.hash);
        let same = Some(status.observed_generation) == self.tenant.metadata.generation && applied == self.hash;
        status.checks.iter().find(|check| check.name == name).filter(|_| same)
    }
}

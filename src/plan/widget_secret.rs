//! The Secret that the widget key is published to, as it was seen. The operator makes one for the Tenant, which owns it; a Secret
//! that is anything else is never changed.

use std::fmt;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use secrecy::{ExposeSecret, SecretString};

use super::disposition::Mode;
use crate::resources::{GROUP, Reason, SecretVersion, Tenant};
use crate::settings::tabs::interact::WIDGET_SECRET;

/// Where the key stands in the Secret.
pub const DATA_KEY: &str = "widget-key";

/// What is there under the name of the Secret.
#[derive(Clone, Debug)]
pub enum WidgetSecret {
    /// Nothing.
    Missing,
    /// The Secret that was made for this Tenant.
    Ours(OwnSecret),
    /// It cannot be used.
    Unusable(Obstacle),
}

/// The Secret that was made for a Tenant, as it was seen.
#[derive(Clone)]
pub struct OwnSecret(Arc<Secret>);

/// Why the key is not published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The Secret was not made for this Tenant.
    Foreign,
    /// The Secret belongs to a Tenant of this name that is gone; garbage collection removes it.
    Predecessor,
    /// The operator may not read, make or change it.
    Forbidden,
    /// The Secret is ours and immutable.
    Immutable,
    /// The platform did not give the key. What else was done in the pass is reported all the same.
    Unread,
}

impl WidgetSecret {
    /// Judges a Secret that is there under the name.
    pub fn judge(secret: Secret, tenant: &Tenant) -> Self {
        let owners = secret.metadata.owner_references.as_deref().unwrap_or_default();
        let is_ours = |owner: &&OwnerReference| tenant.metadata.uid.as_ref() == Some(&owner.uid);
        let controls = |owner: &OwnerReference| owner.controller == Some(true) && is_ours(&owner);
        if owners.iter().any(controls) && secret.type_.as_deref().is_none_or(|secret_type| secret_type == "Opaque") {
            return Self::Ours(OwnSecret(Arc::new(secret)));
        }
        let named_alike = |owner: &&OwnerReference| {
            owner.kind == "Tenant"
                && owner.api_version.starts_with(GROUP)
                && Some(&owner.name) == tenant.metadata.name.as_ref()
        };
        let replaced = owners.iter().filter(named_alike).any(|owner| !is_ours(&owner));
        Self::Unusable(if replaced { Obstacle::Predecessor } else { Obstacle::Foreign })
    }
}

impl OwnSecret {
    /// The Secret.
    pub fn secret(&self) -> &Secret {
        &self.0
    }

    /// Its state.
    pub fn version(&self) -> SecretVersion {
        SecretVersion::of(&self.0.metadata)
    }

    pub(super) fn holds(&self, key: &SecretString) -> bool {
        let data = self.0.data.as_ref().and_then(|data| data.get(DATA_KEY));
        data.is_some_and(|data| data.0 == key.expose_secret().as_bytes())
    }
}

/// Without its data.
impl fmt::Debug for OwnSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnSecret").field(&self.version()).finish()
    }
}

impl Obstacle {
    /// The reason of Ready, and who has to act.
    pub fn reason(self) -> (Reason, Mode) {
        match self {
            Self::Foreign | Self::Immutable => (Reason::SecretNotOwned, Mode::Stalled),
            Self::Predecessor => (Reason::SecretNotOwned, Mode::Reconciling),
            Self::Forbidden => (Reason::SecretForbidden, Mode::Reconciling),
            Self::Unread => (Reason::PlatformUnavailable, Mode::Reconciling),
        }
    }

    /// What Ready and the tab say.
    pub fn words(self, namespace: &str, secret: &str) -> String {
        let secret = format!("Secret {namespace}/{secret}");
        let why = match self {
            Self::Foreign => format!("{secret} was not created by the operator for this Tenant and is not changed"),
            Self::Predecessor => format!("{secret} belongs to a deleted Tenant; waiting for its garbage collection"),
            Self::Forbidden => format!("the operator may not get, create or patch {secret}"),
            Self::Immutable => format!("{secret} is immutable"),
            Self::Unread => format!("the platform did not return the widget key for {secret}"),
        };
        format!("{WIDGET_SECRET}: {why}; the widget key is not published")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn tenant() -> Tenant {
        serde_json::from_value(json!({
            "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Tenant",
            "metadata": { "name": "contoso", "namespace": "customers", "uid": "u-1" },
            "spec": { "platformRef": { "name": "p" }, "general": { "tenantId": "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c" } }
        }))
        .unwrap()
    }

    /// A Secret of this type with one owner.
    fn secret(kind: &str, owner: Value) -> Secret {
        serde_json::from_value(json!({ "metadata": { "ownerReferences": [owner] }, "type": kind })).unwrap()
    }

    fn obstacle(secret: Secret) -> Option<Obstacle> {
        match WidgetSecret::judge(secret, &tenant()) {
            WidgetSecret::Unusable(obstacle) => Some(obstacle),
            WidgetSecret::Missing | WidgetSecret::Ours(_) => None,
        }
    }

    #[test]
    fn only_a_secret_that_this_very_tenant_controls_is_ours() {
        let owner = |uid: &str, controller: bool| {
            json!({
                "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Tenant", "name": "contoso", "uid": uid,
                "controller": controller
            })
        };
        let other = |member: &str, value: &str| {
            let mut owner = owner("u-2", true);
            owner[member] = json!(value);
            owner
        };
        for (kind, owner, expected) in [
            ("Opaque", owner("u-1", true), None),
            ("Opaque", owner("u-1", false), Some(Obstacle::Foreign)),
            ("Opaque", owner("u-2", true), Some(Obstacle::Predecessor)),
            ("Opaque", other("name", "fabrikam"), Some(Obstacle::Foreign)),
            ("Opaque", other("kind", "Application"), Some(Obstacle::Foreign)),
            ("kubernetes.io/tls", owner("u-1", true), Some(Obstacle::Foreign)),
            ("helm.sh/release.v1", owner("u-1", true), Some(Obstacle::Foreign)),
        ] {
            assert_eq!(obstacle(secret(kind, owner.clone())), expected, "{kind} {owner}");
        }
        assert_eq!(obstacle(Secret::default()), Some(Obstacle::Foreign), "a Secret without an owner is not ours");
    }
}

//! The Secret that the widget key is published to, as it was seen. The operator makes one for the Tenant, which owns it; a Secret
//! that is anything else is never changed. After a restore from a backup it has lost its owner, and is known by the key in it.

use std::fmt;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use secrecy::{ExposeSecret, SecretString};

use super::disposition::Mode;
use crate::resources::{GROUP, Reason, SecretVersion, Tenant};
use crate::settings::tabs::interact::WIDGET_SECRET;

/// The label of the Secrets that the operator makes.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Its value.
pub const MANAGER: &str = "nimbus-operator";
/// Where the key stands in the Secret.
pub const DATA_KEY: &str = "widget-key";

/// What is there under the name of the Secret.
#[derive(Clone, Debug)]
pub enum WidgetSecret {
    /// Nothing.
    Missing,
    /// The Secret that was made for this Tenant.
    Ours(OwnSecret),
    /// A Secret that the operator made, and that has no owner who exists. It is ours if it holds the present key.
    Restored(OwnSecret),
    /// It cannot be used.
    Unusable(Obstacle),
}

/// The Secret that was made for a Tenant, as it was seen.
#[derive(Clone)]
pub struct OwnSecret {
    secret: Arc<Secret>,
    standing: Standing,
}

/// How a Secret is known to be the one that was made for the Tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Standing {
    /// By its owner.
    Owned,
    /// By the key that it held. It gets its owner with the next change.
    Recognized,
    /// Not yet. Unless it holds the present key, this is in the way.
    Restored(Obstacle),
}

/// Why the key is not published, or not rotated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The Secret was not made for this Tenant.
    Foreign,
    /// The Secret belongs to a Tenant of this name that is gone; garbage collection removes it.
    Predecessor,
    /// The operator may not read, make or change it.
    Forbidden,
    /// The Secret is ours and immutable.
    Immutable,
    /// A policy, a webhook or the API server refuses it.
    RefusedBy(String),
    /// The platform did not give the key. What else was done in the pass is reported all the same.
    Unread,
}

/// What is left undone because of an obstacle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undone {
    /// The key is not published.
    Published,
    /// The key is not rotated, so that the one in use keeps working.
    Rotated,
}

impl WidgetSecret {
    /// Judges a Secret that is there under the name.
    pub fn judge(secret: Secret, tenant: &Tenant) -> Self {
        let owners = secret.metadata.owner_references.as_deref().unwrap_or_default();
        let is_ours = |owner: &&OwnerReference| tenant.metadata.uid.as_ref() == Some(&owner.uid);
        let controls = |owner: &OwnerReference| owner.controller == Some(true) && is_ours(&owner);
        let is_opaque = secret.type_.as_deref().is_none_or(|secret_type| secret_type == "Opaque");
        if owners.iter().any(controls) && is_opaque {
            return Self::Ours(OwnSecret { secret: Arc::new(secret), standing: Standing::Owned });
        }
        let named_alike = |owner: &&OwnerReference| {
            owner.kind == "Tenant"
                && owner.api_version.starts_with(GROUP)
                && Some(&owner.name) == tenant.metadata.name.as_ref()
        };
        let is_predecessor = |owner: &OwnerReference| named_alike(&owner) && !is_ours(&owner);
        let replaced = owners.iter().any(is_predecessor);
        let otherwise = if replaced { Obstacle::Predecessor } else { Obstacle::Foreign };
        if is_opaque && is_made_by_us(&secret) && owners.iter().all(is_predecessor) {
            return Self::Restored(OwnSecret { secret: Arc::new(secret), standing: Standing::Restored(otherwise) });
        }
        Self::Unusable(otherwise)
    }
}

fn is_made_by_us(secret: &Secret) -> bool {
    secret.metadata.labels.as_ref().and_then(|labels| labels.get(MANAGED_BY)).is_some_and(|name| name == MANAGER)
}

impl OwnSecret {
    /// The Secret.
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Whether the Tenant owns it.
    pub fn is_owned(&self) -> bool {
        self.standing == Standing::Owned
    }

    /// Why it is not ours, if this is the present key.
    pub(super) fn obstacle(&self, present: Option<&SecretString>) -> Option<&Obstacle> {
        match &self.standing {
            Standing::Owned | Standing::Recognized => None,
            Standing::Restored(otherwise) => (!present.is_some_and(|key| self.holds(key))).then_some(otherwise),
        }
    }

    /// The same, known to be ours.
    pub(super) fn recognized(self) -> Self {
        let standing = if self.is_owned() { Standing::Owned } else { Standing::Recognized };
        Self { standing, ..self }
    }

    /// Whether no other key can get into it.
    pub(super) fn is_immutable(&self) -> bool {
        self.secret.immutable == Some(true)
    }

    /// Its state.
    pub fn version(&self) -> SecretVersion {
        SecretVersion::of(&self.secret.metadata)
    }

    pub(super) fn holds(&self, key: &SecretString) -> bool {
        let data = self.secret.data.as_ref().and_then(|data| data.get(DATA_KEY));
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
    pub fn reason(&self) -> (Reason, Mode) {
        match self {
            Self::Foreign | Self::Immutable => (Reason::SecretNotOwned, Mode::Stalled),
            Self::Predecessor => (Reason::SecretNotOwned, Mode::Reconciling),
            Self::Forbidden => (Reason::SecretForbidden, Mode::Reconciling),
            Self::RefusedBy(_) => (Reason::KubernetesRefused, Mode::Stalled),
            Self::Unread => (Reason::PlatformUnavailable, Mode::Reconciling),
        }
    }

    /// What Ready and the tab say.
    pub fn words(&self, namespace: &str, secret: &str, undone: Undone) -> String {
        let secret = format!("Secret {namespace}/{secret}");
        let why = match self {
            Self::Foreign => format!("{secret} was not created by the operator for this Tenant and is not changed"),
            Self::Predecessor => format!("{secret} belongs to a deleted Tenant; waiting for its garbage collection"),
            Self::Forbidden => format!("the operator may not get, create or patch {secret}"),
            Self::Immutable => format!("{secret} is immutable"),
            Self::RefusedBy(who) => format!("{who} refuses to write {secret}"),
            Self::Unread => format!("the platform did not return the widget key for {secret}"),
        };
        let undone = match undone {
            Undone::Published => "published",
            Undone::Rotated => "rotated",
        };
        format!("{WIDGET_SECRET}: {why}; the widget key is not {undone}")
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
            WidgetSecret::Missing | WidgetSecret::Ours(_) | WidgetSecret::Restored(_) => None,
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

    /// A Secret of the operator after a restore: with these owners, this label and this key.
    fn restored(owners: Value, label: &str, key: &str) -> Secret {
        let labels = json!({ MANAGED_BY: label });
        let data = json!({ DATA_KEY: k8s_openapi::ByteString(key.as_bytes().to_vec()) });
        let metadata = json!({ "labels": labels, "ownerReferences": owners });
        serde_json::from_value(json!({ "metadata": metadata, "type": "Opaque", "data": data })).unwrap()
    }

    #[test]
    fn a_restored_secret_is_ours_by_the_present_key_alone() {
        let owner = |kind: &str, uid: &str| json!({ "apiVersion": "nimbus.luware.com/v1alpha1", "kind": kind, "name": "contoso", "uid": uid, "controller": true });
        let predecessor = || json!([owner("Tenant", "u-0")]);
        let (present, none) = (SecretString::from("now"), None::<&SecretString>);
        for (secret, expected) in [
            (restored(json!([]), MANAGER, "now"), None),
            (restored(predecessor(), MANAGER, "now"), None),
            (restored(json!([]), MANAGER, "old"), Some(Obstacle::Foreign)),
            (restored(predecessor(), MANAGER, "old"), Some(Obstacle::Predecessor)),
        ] {
            let WidgetSecret::Restored(found) = WidgetSecret::judge(secret.clone(), &tenant()) else {
                panic!("not taken for restored: {secret:?}");
            };
            assert_eq!(expected.as_ref(), found.obstacle(Some(&present)));
            assert!(found.obstacle(none).is_some(), "without a key nothing proves it");
            assert!(!found.is_owned() && !found.clone().recognized().is_owned(), "it still has to get its owner");
            assert_eq!(None, found.recognized().obstacle(none));
        }
        let other = json!([owner("Tenant", "u-0"), owner("Application", "u-3")]);
        for (secret, expected) in [
            (restored(json!([]), "helm", "now"), Obstacle::Foreign),
            (restored(other, MANAGER, "now"), Obstacle::Predecessor),
            (restored(json!([owner("Application", "u-3")]), MANAGER, "now"), Obstacle::Foreign),
        ] {
            assert_eq!(Some(expected), obstacle(secret));
        }
    }
}

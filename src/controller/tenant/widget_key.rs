//! Publishes the widget key. The only place where the operator writes a Secret: it creates its own, changes only its own, and
//! writes nothing once the Tenant is being deleted.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::{Resource, ResourceExt};
use secrecy::{ExposeSecret, SecretString};
use tracing::info;

use super::finalizer::ensure_wanted;
use super::stops::{at_read, at_write};
use super::writer::{Saved, Writer};
use crate::cluster::{Cluster, FIELD_MANAGER, Objects, Patch, Refusal};
use crate::plan::Stop;
use crate::plan::widget_key::{self, DATA_KEY, Found, Obstacle, Publication, Step};
use crate::resources::{GROUP, SecretVersion, Tenant};

/// Publishes the key where the spec says, if it is not there as it should be.
///
/// *Errors*: the platform or Kubernetes did not answer, or the Tenant changed meanwhile.
pub(crate) async fn publish(
    cluster: &Cluster,
    tenant: &Tenant,
    writer: &Writer<'_>,
    saved: &Saved,
) -> Result<Publication, Stop> {
    let name = match widget_key::wanted(writer.desired, &saved.settings) {
        Ok(name) => name,
        Err(instead) => return Ok(instead),
    };
    let secrets = cluster.namespaced::<Secret>(&tenant.namespace().unwrap_or_default());
    let (found, secret) = read_secret(&secrets, tenant, name).await?;
    let record = tenant.status.as_ref().and_then(|status| status.widget_key.as_ref());
    // The document may be older than a rotation of this pass.
    let rotated = saved.side_effects.has_rotated();
    match widget_key::step(name, &found, record, &saved.document.runtime.widget_key, rotated) {
        Step::Done(publication) => return Ok(publication),
        Step::Write => {}
    }
    let key = match writer.client.widget_key(&writer.id).await.map_err(|error| writer.refused(error)) {
        Ok(Some(key)) => key,
        Ok(None) => return Ok(Publication::NoKey),
        Err(Stop::Unavailable(_)) => return Ok(refused(name, Obstacle::Unread)),
        Err(stop) => return Err(stop),
    };
    if let Some(secret) = secret.as_ref().filter(|secret| holds(secret, &key.key)) {
        return Ok(published(secret, key.version));
    }
    if secret.as_ref().is_some_and(|secret| secret.immutable == Some(true)) {
        return Ok(refused(name, Obstacle::Immutable));
    }
    ensure_wanted(cluster, tenant).await?;
    let written = match &secret {
        None => secrets.create(&new_secret(tenant, name, &key.key)).await,
        // Only the version that was seen. What else is in it stays.
        Some(secret) => {
            let patch = Patch::of_version(&secret.metadata).secret_key(secret, DATA_KEY, &bytes(&key.key));
            secrets.patch(patch).await
        }
    };
    match written {
        Ok(secret) => {
            info!(secret = name, version = key.version, "widget key published");
            Ok(published(&secret, key.version))
        }
        Err(Refusal::Forbidden) => Ok(refused(name, Obstacle::Forbidden)),
        Err(refusal) => Err(at_write(refusal)),
    }
}

fn published(secret: &Secret, version: i64) -> Publication {
    Publication::Published { secret: secret.name_any(), secret_version: SecretVersion::of(&secret.metadata), version }
}

fn refused(name: &str, obstacle: Obstacle) -> Publication {
    Publication::Refused { secret: name.to_owned(), obstacle }
}

fn holds(secret: &Secret, key: &SecretString) -> bool {
    let data = secret.data.as_ref().and_then(|data| data.get(DATA_KEY));
    data.is_some_and(|data| data.0 == key.expose_secret().as_bytes())
}

/// What is there under the name, and the Secret if it is ours.
async fn read_secret(secrets: &Objects<Secret>, tenant: &Tenant, name: &str) -> Result<(Found, Option<Secret>), Stop> {
    match secrets.get(name).await {
        Ok(secret) => Ok(match obstacle(&secret, tenant) {
            None => (Found::Ours { version: SecretVersion::of(&secret.metadata) }, Some(secret)),
            Some(obstacle) => (Found::Not(obstacle), None),
        }),
        Err(Refusal::NotFound) => Ok((Found::Nothing, None)),
        Err(Refusal::Forbidden) => Ok((Found::Not(Obstacle::Forbidden), None)),
        Err(refusal) => Err(at_read(refusal)),
    }
}

/// Why a Secret is not ours to write.
fn obstacle(secret: &Secret, tenant: &Tenant) -> Option<Obstacle> {
    let owners = secret.metadata.owner_references.as_deref().unwrap_or_default();
    let is_ours = |owner: &OwnerReference| owner.controller == Some(true) && tenant.uid().as_ref() == Some(&owner.uid);
    if owners.iter().any(is_ours) && secret.type_.as_deref().is_none_or(|kind| kind == "Opaque") {
        return None;
    }
    let was_ours = |owner: &OwnerReference| {
        owner.kind == "Tenant" && owner.api_version.starts_with(GROUP) && owner.name == tenant.name_any()
    };
    let replaced = owners.iter().any(|owner| was_ours(owner) && tenant.uid().as_ref() != Some(&owner.uid));
    Some(if replaced { Obstacle::Predecessor } else { Obstacle::Foreign })
}

fn new_secret(tenant: &Tenant, name: &str, key: &SecretString) -> Secret {
    // Not blocking the deletion of its owner, which some clusters would want a right of its own for.
    let owner = tenant.controller_owner_ref(&()).map(|owner| OwnerReference { block_owner_deletion: None, ..owner });
    Secret {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            labels: Some(BTreeMap::from([("app.kubernetes.io/managed-by".to_owned(), FIELD_MANAGER.to_owned())])),
            owner_references: Some(owner.into_iter().collect()),
            ..ObjectMeta::default()
        },
        type_: Some("Opaque".to_owned()),
        data: Some(BTreeMap::from([(DATA_KEY.to_owned(), bytes(key))])),
        ..Secret::default()
    }
}

fn bytes(key: &SecretString) -> ByteString {
    ByteString(key.expose_secret().as_bytes().to_vec())
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
            assert_eq!(obstacle(&secret(kind, owner.clone()), &tenant()), expected, "{kind} {owner}");
        }
        assert_eq!(
            obstacle(&Secret::default(), &tenant()),
            Some(Obstacle::Foreign),
            "a Secret without an owner is not ours"
        );
    }
}

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
use super::writer::Writer;
use crate::cluster::{Cluster, Denier, Objects, Patch, Refusal};
use crate::plan::widget_key::{KeyEdit, KeyTarget, Publication, Publish};
use crate::plan::widget_secret::{DATA_KEY, MANAGED_BY, MANAGER, Obstacle, OwnSecret, WidgetSecret};
use crate::plan::{SideEffects, Stop};
use crate::resources::{SecretVersion, Tenant};
use crate::settings::Version;

/// The form of a key.
const FORM: &str = "00000000-0000-0000-0000-000000000000";

/// Reads what is there under the name of the Secret.
///
/// *Errors*: Kubernetes does not answer. Forbidden is an answer.
pub(crate) async fn read_secret(cluster: &Cluster, tenant: &Tenant, name: &str) -> Result<WidgetSecret, Stop> {
    match secrets(cluster, tenant).get(name).await {
        Ok(secret) => Ok(WidgetSecret::judge(secret, tenant)),
        Err(Refusal::NotFound) => Ok(WidgetSecret::Missing),
        Err(Refusal::Forbidden(_)) => Ok(WidgetSecret::Unusable(Obstacle::Forbidden)),
        Err(refusal) => Err(at_read("reading the Secret of the widget key")(refusal)),
    }
}

/// Publishes the key as it was planned. `side_effects` are those so far: a rotation among them makes another key.
///
/// *Errors*: the platform or Kubernetes did not answer, or the Tenant changed meanwhile.
pub(crate) async fn publish(
    cluster: &Cluster,
    tenant: &Tenant,
    writer: &Writer<'_>,
    publish: Publish,
    side_effects: &SideEffects,
) -> Result<Publication, Stop> {
    let target = match publish {
        Publish::Settled(publication) => return Ok(publication),
        Publish::AfterRotation { otherwise, .. } if !side_effects.has_rotated() => return Ok(otherwise),
        Publish::AfterRotation { target, .. } | Publish::Write(target) => target,
    };
    let refused = |obstacle| Ok(Publication::Refused { secret: target.name.clone(), obstacle });
    let key = match writer.client.widget_key(writer.id).await.map_err(Stop::of_write) {
        Ok(Some(key)) => key,
        Ok(None) => return Ok(Publication::NoKey),
        Err(Stop::Unavailable(_)) => return refused(Obstacle::Unread),
        Err(stop) => return Err(stop),
    };
    let existing = match target.edit(&key.key) {
        KeyEdit::Keep(seen) => return Ok(published(seen.secret(), key.version.clone())),
        KeyEdit::Refuse(obstacle) => return refused(obstacle),
        KeyEdit::Create => None,
        KeyEdit::Change(seen) => Some(seen),
    };
    ensure_wanted(cluster, tenant).await?;
    let secrets = secrets(cluster, tenant);
    let written = match existing {
        None => secrets.create(&new_secret(tenant, &target.name, &key.key)).await,
        Some(seen) => secrets.patch(change(tenant, seen, &key.key)).await,
    };
    match written {
        Ok(secret) => {
            info!(secret = target.name, version = %key.version, "widget key published");
            Ok(published(&secret, key.version.clone()))
        }
        Err(refusal) => refused(obstacle(refusal)?),
    }
}

/// Proves that the key of a rotation could be published, by reading the present one and by a dry run of the write that would follow.
/// The value of a key that is not made yet is not known, so another one of its form stands for it.
///
/// *Errors*: the platform or Kubernetes did not answer, or the Secret changed meanwhile.
pub(crate) async fn prove(
    cluster: &Cluster,
    tenant: &Tenant,
    writer: &Writer<'_>,
    target: KeyTarget,
) -> Result<Result<KeyTarget, Obstacle>, Stop> {
    let present = match writer.client.widget_key(writer.id).await.map_err(Stop::of_write) {
        Ok(present) => present,
        Err(Stop::Unavailable(_)) => return Ok(Err(Obstacle::Unread)),
        Err(stop) => return Err(stop),
    };
    let target = match target.for_new_key(present.as_ref().map(|present| &present.key)) {
        Ok(target) => target,
        Err(obstacle) => return Ok(Err(obstacle)),
    };
    let (secrets, key) = (secrets(cluster, tenant), SecretString::from(FORM));
    let tried = match target.existing() {
        None => secrets.dry_run_create(&new_secret(tenant, &target.name, &key)).await,
        Some(seen) => secrets.dry_run_patch(change(tenant, seen, &key)).await,
    };
    match tried {
        Ok(()) => Ok(Ok(target)),
        Err(refusal) => Ok(Err(obstacle(refusal)?)),
    }
}

/// What a refusal to write the Secret comes to.
fn obstacle(refusal: Refusal) -> Result<Obstacle, Stop> {
    match refusal {
        Refusal::Forbidden(Denier::Permissions) => Ok(Obstacle::Forbidden),
        Refusal::Forbidden(denier) | Refusal::Invalid(denier) => Ok(Obstacle::RefusedBy(denier.to_string())),
        Refusal::NotFound | Refusal::Conflict | Refusal::Unanswered(_) | Refusal::NotLeader => {
            Err(at_write("publishing the widget key")(refusal))
        }
    }
}

fn secrets(cluster: &Cluster, tenant: &Tenant) -> Objects<Secret> {
    cluster.namespaced::<Secret>(&tenant.namespace().unwrap_or_default())
}

fn published(secret: &Secret, version: Version) -> Publication {
    Publication::Published { secret: secret.name_any(), secret_version: SecretVersion::of(&secret.metadata), version }
}

/// Only of the version that was seen. What else is in it stays.
fn change(tenant: &Tenant, seen: &OwnSecret, key: &SecretString) -> Patch {
    let secret = seen.secret();
    let patch = Patch::of_version(&secret.metadata).secret_key(secret, DATA_KEY, &bytes(key));
    match owner(tenant) {
        Some(owner) if !seen.is_owned() => patch.owned_by(&owner),
        Some(_) | None => patch,
    }
}

/// Not blocking the deletion of its owner, which some clusters would want a right of its own for.
fn owner(tenant: &Tenant) -> Option<OwnerReference> {
    tenant.controller_owner_ref(&()).map(|owner| OwnerReference { block_owner_deletion: None, ..owner })
}

fn new_secret(tenant: &Tenant, name: &str, key: &SecretString) -> Secret {
    Secret {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            labels: Some(BTreeMap::from([(MANAGED_BY.to_owned(), MANAGER.to_owned())])),
            owner_references: Some(owner(tenant).into_iter().collect()),
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

//! Publishing the widget key. The one place where the operator writes a Secret: it makes its own, changes only its own, and
//! nothing once the Tenant is being deleted.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Resource, ResourceExt};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tracing::info;

use super::execute::Writer;
use crate::admin_api::TenantDocument;
use crate::controller::FIELD_MANAGER;
use crate::controller::context::{Context, Refusal};
use crate::plan::Stop;
use crate::plan::widget_key::{self, DATA_KEY, Found, Obstacle, Publication, Step};
use crate::resources::{GROUP, SecretVersion, Tenant};

/// Publishes the key where the spec says, if it is not there as it should be. `rotated` says that the document is older than the
/// key.
///
/// *Errors*: the platform or Kubernetes did not answer, or the Tenant changed meanwhile.
pub(crate) async fn publish(
    context: &Context,
    tenant: &Tenant,
    writer: &Writer<'_>,
    document: &TenantDocument,
    settings: &Value,
    rotated: bool,
) -> Result<Publication, Stop> {
    let name = match widget_key::wanted(writer.desired, settings) {
        Ok(name) => name,
        Err(instead) => return Ok(instead),
    };
    let secrets = Api::<Secret>::namespaced(context.client.clone(), &tenant.namespace().unwrap_or_default());
    let (found, secret) = read_secret(context, &secrets, tenant, name).await?;
    let record = tenant.status.as_ref().and_then(|status| status.widget_key.as_ref());
    match widget_key::step(name, &found, record, &document.runtime.widget_key, rotated) {
        Step::Done(publication) => return Ok(publication),
        Step::Write => {}
    }
    let key = match writer.client.widget_key(&writer.id).await.map_err(|error| writer.refused(error)) {
        Ok(Some(key)) => key,
        Ok(None) => return Ok(Publication::NoKey),
        Err(Stop::Unavailable { .. }) => return Ok(refused(name, Obstacle::Unread)),
        Err(stop) => return Err(stop),
    };
    if let Some(secret) = secret.as_ref().filter(|secret| holds(secret, &key.key)) {
        return Ok(published(secret, key.version));
    }
    if secret.as_ref().is_some_and(|secret| secret.immutable == Some(true)) {
        return Ok(refused(name, Obstacle::Immutable));
    }
    ensure_wanted(context, tenant).await?;
    let written = match &secret {
        None => make(context, &secrets, tenant, name, &key.key).await,
        Some(secret) => change(context, &secrets, secret, &key.key).await?,
    };
    match written {
        Ok(secret) => {
            info!(secret = name, version = key.version, "widget key published");
            Ok(published(&secret, key.version))
        }
        Err(Refusal::Forbidden) => Ok(refused(name, Obstacle::Forbidden)),
        Err(refusal) => Err(refusal.into()),
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

/// What stands under the name, and the Secret if it is ours.
async fn read_secret(
    context: &Context,
    secrets: &Api<Secret>,
    tenant: &Tenant,
    name: &str,
) -> Result<(Found, Option<Secret>), Stop> {
    match context.kubernetes(secrets.get(name)).await {
        Ok(secret) => Ok(match obstacle(&secret, tenant) {
            None => (Found::Ours { version: SecretVersion::of(&secret.metadata) }, Some(secret)),
            Some(obstacle) => (Found::Not(obstacle), None),
        }),
        Err(Refusal::NotFound) => Ok((Found::Nothing, None)),
        Err(Refusal::Forbidden) => Ok((Found::Not(Obstacle::Forbidden), None)),
        Err(refusal) => Err(refusal.into()),
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

/// Nothing is published for a Tenant that is going, or on the word of an older spec.
async fn ensure_wanted(context: &Context, tenant: &Tenant) -> Result<(), Stop> {
    let api = Api::<Tenant>::namespaced(context.client.clone(), &tenant.namespace().unwrap_or_default());
    let now = context.kubernetes(api.get_metadata(&tenant.name_any())).await?.metadata;
    let same = now.uid == tenant.metadata.uid && now.generation == tenant.metadata.generation;
    if same && now.deletion_timestamp.is_none() { Ok(()) } else { Err(Stop::Raced) }
}

async fn make(
    context: &Context,
    secrets: &Api<Secret>,
    tenant: &Tenant,
    name: &str,
    key: &SecretString,
) -> Result<Secret, Refusal> {
    // Not blocking the deletion of its owner, which some clusters would want a right of its own for.
    let owner = tenant.controller_owner_ref(&()).map(|owner| OwnerReference { block_owner_deletion: None, ..owner });
    let secret = Secret {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            labels: Some(BTreeMap::from([("app.kubernetes.io/managed-by".to_owned(), FIELD_MANAGER.to_owned())])),
            owner_references: Some(owner.into_iter().collect()),
            ..ObjectMeta::default()
        },
        type_: Some("Opaque".to_owned()),
        data: Some(BTreeMap::from([(DATA_KEY.to_owned(), bytes(key))])),
        ..Secret::default()
    };
    let params = PostParams { field_manager: Some(FIELD_MANAGER.into()), ..PostParams::default() };
    context.kubernetes(secrets.create(&params, &secret)).await
}

/// Changes the key in the Secret that was looked at, and in no later version of it. What else is in it stays.
async fn change(
    context: &Context,
    secrets: &Api<Secret>,
    secret: &Secret,
    key: &SecretString,
) -> Result<Result<Secret, Refusal>, Stop> {
    let value = if secret.data.is_some() {
        json!({ "op": "add", "path": format!("/data/{DATA_KEY}"), "value": bytes(key) })
    } else {
        json!({ "op": "add", "path": "/data", "value": { DATA_KEY: bytes(key) } })
    };
    let steps = json!([
        { "op": "test", "path": "/metadata/uid", "value": secret.uid() },
        { "op": "test", "path": "/metadata/resourceVersion", "value": secret.resource_version() },
        value,
    ]);
    let patch: json_patch::Patch = serde_json::from_value(steps).map_err(|_| Stop::Bug("not a JSON patch"))?;
    let params = PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
    Ok(context.kubernetes(secrets.patch(&secret.name_any(), &params, &Patch::Json::<()>(patch))).await)
}

fn bytes(key: &SecretString) -> ByteString {
    ByteString(key.expose_secret().as_bytes().to_vec())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
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
        assert_eq!(obstacle(&Secret::default(), &tenant()), Some(Obstacle::Foreign), "nobody's is not ours");
    }
}

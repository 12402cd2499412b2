//! Server-side apply of manifests, as `kubectl apply -f` without the process.

use anyhow::{Context, Result};
use kube::api::{Api, DynamicObject, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::discovery::{Scope, pinned_kind};
use kube::{Client, ResourceExt};
use serde::Deserialize;

const FIELD_MANAGER: &str = "nimbus-harness";

/// Applies every document of a manifest, in its order.
pub async fn manifest(client: &Client, yaml: &str) -> Result<()> {
    for object in documents(yaml)? {
        apply(client, &object).await?;
    }
    Ok(())
}

/// Returns the documents of a manifest; empty ones are left out.
pub fn documents(yaml: &str) -> Result<Vec<DynamicObject>> {
    serde_yaml::Deserializer::from_str(yaml)
        .map(|document| {
            Option::<DynamicObject>::deserialize(document).context("reading a manifest")
        })
        .filter_map(Result::transpose)
        .collect()
}

/// Applies one object.
pub async fn apply(client: &Client, object: &DynamicObject) -> Result<()> {
    let types = object.types.as_ref().context("an object without a kind")?;
    let name = object.name_any();
    let what = || format!("applying {} {name}", types.kind);
    let kind = GroupVersionKind::try_from(types)?;
    let (resource, capabilities) = pinned_kind(client, &kind).await.with_context(what)?;
    let api: Api<DynamicObject> = match (capabilities.scope, object.namespace()) {
        (Scope::Cluster, _) => Api::all_with(client.clone(), &resource),
        (Scope::Namespaced, Some(namespace)) => {
            Api::namespaced_with(client.clone(), &namespace, &resource)
        }
        (Scope::Namespaced, None) => Api::default_namespaced_with(client.clone(), &resource),
    };
    let params = PatchParams::apply(FIELD_MANAGER).force();
    api.patch(&name, &params, &Patch::Apply(object))
        .await
        .with_context(what)?;
    Ok(())
}

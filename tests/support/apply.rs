//! Server-side apply of manifests, as `kubectl apply -f` without the process.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ApiResource, DynamicObject, ListParams, ObjectMeta, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::discovery::{Scope, pinned_kind};
use kube::{Client, ResourceExt};
use serde::Deserialize;

use super::wait;

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
        .map(|document| Option::<DynamicObject>::deserialize(document).context("reading a manifest"))
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
        (Scope::Namespaced, Some(namespace)) => Api::namespaced_with(client.clone(), &namespace, &resource),
        (Scope::Namespaced, None) => Api::default_namespaced_with(client.clone(), &resource),
    };
    let params = PatchParams::apply(FIELD_MANAGER).force();
    api.patch(&name, &params, &Patch::Apply(object)).await.with_context(what)?;
    Ok(())
}

/// Applies the CRDs in the YAML files of `folder` and waits until the API server serves them.
pub async fn crds(client: &Client, folder: &Path) -> Result<()> {
    let names = apply_folder(client, folder).await?;
    wait::try_until("the CRDs to be served", Duration::from_secs(30), || served(client, &names)).await
}

/// Applies every YAML file of `folder` and returns the names of what was in them.
async fn apply_folder(client: &Client, folder: &Path) -> Result<BTreeSet<String>> {
    let files = std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut names = BTreeSet::new();
    for file in files {
        let path = file?.path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let yaml = std::fs::read_to_string(&path)?;
        let objects = documents(&yaml).with_context(|| path.display().to_string())?;
        for object in objects.into_iter().filter(is_crd) {
            apply(client, &object).await?;
            names.insert(object.name_any());
        }
    }
    Ok(names)
}

fn is_crd(object: &DynamicObject) -> bool {
    object.types.as_ref().is_some_and(|types| types.kind == "CustomResourceDefinition")
}

/// Established is a promise: discovery and handlers follow it one after the other, and until then a request is answered with 404.
async fn served(client: &Client, names: &BTreeSet<String>) -> Result<()> {
    let crds: Api<CustomResourceDefinition> = Api::all(client.clone());
    for name in names {
        let CustomResourceDefinition { spec, status, .. } = crds.get(name).await?;
        let conditions = status.unwrap_or_default().conditions.unwrap_or_default();
        let established =
            conditions.iter().any(|condition| condition.type_ == "Established" && condition.status == "True");
        ensure!(established, "{name} is not established: {conditions:?}");
        for version in spec.versions.iter().filter(|version| version.served) {
            let kind = GroupVersionKind::gvk(&spec.group, &version.name, &spec.names.kind);
            let resource = ApiResource::from_gvk_with_plural(&kind, &spec.names.plural);
            let objects: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
            let first = ListParams::default().limit(1);
            objects.list_metadata(&first).await.with_context(|| format!("{name} is not served in {}", version.name))?;
            pinned_kind(client, &kind).await.with_context(|| format!("{name} is not discovered"))?;
        }
    }
    Ok(())
}

/// Creates a namespace.
pub async fn create_namespace(client: &Client, name: &str) -> Result<()> {
    let namespace = Namespace {
        metadata: ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() },
        ..Namespace::default()
    };
    let api: Api<Namespace> = Api::all(client.clone());
    api.create(&PostParams::default(), &namespace).await?;
    Ok(())
}

//! The objects of one kind: every call that reads or changes them.

use std::fmt::Debug;

use futures::stream::BoxStream;
use kube::api::{ApiResource, DynamicObject, GetParams, ListParams, PatchParams, PostParams};
use kube::core::{ClusterResourceScope, NamespaceResourceScope, ObjectMeta, PartialObjectMeta, Request};
use kube::{Api, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::client::{Cluster, FIELD_MANAGER};
use super::patch::{Guards, Patch};
use super::refusal::{NotWritten, Refusal};
use super::watch::{Watch, watch};
use super::watch_metadata::{Sight, watch_metadata};
use crate::telemetry::health::Need;

/// How many objects are listed in one request.
const PAGE: u32 = 500;
/// How many objects stand for all.
const SOME: u32 = 3;

/// The objects of one kind, in one namespace or in the whole cluster.
pub(crate) struct Objects<K> {
    cluster: Cluster,
    api: Api<K>,
}

impl Cluster {
    /// The objects of a cluster-scoped kind.
    pub(crate) fn cluster_scoped<K>(&self) -> Objects<K>
    where
        K: Resource<DynamicType = (), Scope = ClusterResourceScope>,
    {
        Objects::new(self, Api::all(self.client()))
    }

    /// The objects of a kind in one namespace.
    pub(crate) fn namespaced<K>(&self, namespace: &str) -> Objects<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Objects::new(self, Api::namespaced(self.client(), namespace))
    }

    /// The objects of a namespaced kind in every namespace.
    pub(crate) fn all_namespaces<K>(&self) -> Objects<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        Objects::new(self, Api::all(self.client()))
    }

    /// The objects of a kind as plain JSON, in one namespace or in all: one that fits no schema can be read, too.
    pub(crate) fn untyped<K: Resource<DynamicType = ()>>(&self, namespace: Option<&str>) -> Objects<DynamicObject> {
        let (client, resource) = (self.client(), ApiResource::erase::<K>(&()));
        let api = match namespace {
            Some(namespace) => Api::namespaced_with(client, namespace, &resource),
            None => Api::all_with(client, &resource),
        };
        Objects::new(self, api)
    }
}

impl<K> Objects<K> {
    fn new(cluster: &Cluster, api: Api<K>) -> Self {
        Self { cluster: cluster.clone(), api }
    }
}

impl<K> Objects<K>
where
    K: Resource + Clone + Debug + DeserializeOwned,
{
    pub(crate) async fn get(&self, name: &str) -> Result<K, Refusal> {
        self.cluster.call(self.api.get(name)).await
    }

    pub(crate) async fn metadata(&self, name: &str) -> Result<ObjectMeta, Refusal> {
        self.cluster.call(self.api.get_metadata(name)).await.map(|object| object.metadata)
    }

    /// Whether there is any object that a field selector selects.
    pub(crate) async fn has_any(&self, fields: &str) -> Result<bool, Refusal> {
        let params = ListParams::default().fields(fields).limit(1);
        self.cluster.call(self.api.list_metadata(&params)).await.map(|list| !list.items.is_empty())
    }

    /// Lists the objects, or those that a field selector selects, page by page.
    pub(crate) fn pages(&self, fields: Option<&str>) -> Pages<'_, K> {
        let params = ListParams { field_selector: fields.map(ToOwned::to_owned), ..ListParams::default().limit(PAGE) };
        Pages { objects: self, next: Some(params) }
    }

    /// The metadata of some of the objects.
    pub(crate) async fn some(&self) -> Result<Vec<ObjectMeta>, Refusal> {
        let list = self.cluster.call(self.api.list_metadata(&ListParams::default().limit(SOME))).await?;
        Ok(list.items.into_iter().map(|object| object.metadata).collect())
    }

    pub(crate) async fn create(&self, object: &K) -> Result<K, Refusal>
    where
        K: Serialize,
    {
        let params = PostParams { field_manager: Some(FIELD_MANAGER.into()), ..PostParams::default() };
        self.cluster.write(self.api.create(&params, object)).await
    }

    /// Whether an object could be created, by a dry run that creates none.
    pub(crate) async fn dry_run_create(&self, object: &K) -> Result<(), Refusal>
    where
        K: Serialize,
    {
        let params = PostParams { dry_run: true, field_manager: Some(FIELD_MANAGER.into()) };
        self.cluster.call(self.api.create(&params, object)).await.map(drop)
    }

    /// Changes an object.
    pub(crate) async fn patch(&self, patch: Patch) -> Result<K, Refusal> {
        self.send_patch(patch, &params()).await
    }

    /// Whether an object could be changed, by a dry run that changes nothing of it.
    pub(crate) async fn dry_run_patch(&self, patch: Patch) -> Result<(), Refusal> {
        self.send_patch(patch, &PatchParams { dry_run: true, ..params() }).await.map(drop)
    }

    async fn send_patch(&self, patch: Patch, params: &PatchParams) -> Result<K, Refusal> {
        let guards = patch.guards();
        let (name, patch) = patch.into_parts();
        let patched = self.send(params, self.api.patch(&name, params, &patch)).await;
        self.told_apart(&name, &guards, patched).await
    }

    /// Changes the metadata of an object, which may be one that cannot be decoded.
    pub(crate) async fn patch_metadata(&self, patch: Patch) -> Result<(), Refusal> {
        self.change_metadata(patch).await.map(drop)
    }

    /// The same. Returns its metadata as they are then.
    pub(crate) async fn change_metadata(&self, patch: Patch) -> Result<ObjectMeta, Refusal> {
        let guards = patch.guards();
        let (name, patch) = patch.into_parts();
        let patched = self.cluster.write(self.api.patch_metadata(&name, &params(), &patch)).await;
        self.told_apart(&name, &guards, patched.map(|object| object.metadata)).await
    }

    /// Changes the status of an object, which may be one that cannot be decoded.
    /// Returns its metadata as they are then.
    pub(crate) async fn patch_status(&self, patch: Patch) -> Result<ObjectMeta, Refusal> {
        self.send_status(patch, &params()).await
    }

    /// Whether the status of an object could be written, by a dry run that changes nothing of it.
    pub(crate) async fn dry_run_status(&self, seen: &ObjectMeta) -> Result<(), Refusal> {
        let params = PatchParams { dry_run: true, ..params() };
        match self.send_status(Patch::of(seen), &params).await {
            // Gone or replaced since it was seen: then it was not refused either.
            Ok(_) | Err(Refusal::NotFound | Refusal::Conflict) => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }

    async fn send_status(&self, patch: Patch, params: &PatchParams) -> Result<ObjectMeta, Refusal> {
        let guards = patch.guards();
        let (name, patch) = patch.into_parts();
        let request = Request::new(self.api.resource_url()).patch_subresource("status", &name, params, &patch);
        let mut request = request.map_err(|_| Refusal::Unanswered("not a request"))?;
        request.extensions_mut().insert("patch_status");
        let patched = self.send(params, self.cluster.client().request::<PartialObjectMeta>(request)).await;
        let patched = patched.map(|object| object.metadata);
        self.told_apart(&name, &guards, patched).await
    }

    /// Sends a change. A dry run is no write.
    async fn send<T>(&self, params: &PatchParams, change: impl Future<Output = kube::Result<T>>) -> Result<T, Refusal> {
        if params.dry_run { self.cluster.call(change).await } else { self.cluster.write(change).await }
    }

    /// A JSON patch whose test fails is refused with the same code as one that a policy or the schema refuses. The first is a race,
    /// the second is refused again and again: only the object itself tells them apart.
    async fn told_apart<T>(&self, name: &str, guards: &Guards, patched: Result<T, Refusal>) -> Result<T, Refusal> {
        let Err(Refusal::Invalid(denier)) = patched else { return patched };
        let request = Request::new(self.api.resource_url()).get(name, &GetParams::default());
        let mut request = request.map_err(|_| Refusal::Unanswered("not a request"))?;
        request.extensions_mut().insert("get");
        let now: Value = self.cluster.request(request).await?;
        Err(if guards.hold_for(&now) { Refusal::Invalid(denier) } else { Refusal::Conflict })
    }

    /// Writes the status of an object. Where the object is gone nothing is left to say. Returns its resource version after the
    /// write.
    pub(crate) async fn write_status(&self, patch: Patch) -> Result<Option<String>, NotWritten> {
        match self.patch_status(patch).await {
            Ok(meta) => Ok(meta.resource_version),
            Err(Refusal::NotFound) => Ok(None),
            Err(refusal) => Err(refusal.not_written()),
        }
    }

    /// Watches the objects.
    pub(crate) fn watch(self) -> Watch<K>
    where
        K: Resource<DynamicType = ()> + Send + Sync + 'static,
    {
        let pulse = self.cluster.follow(&K::kind(&()), self.api.resource_url(), Need::Required);
        watch(self.api, self.cluster.epoch(), pulse, self.cluster.watch_life())
    }
}

impl<K> Objects<PartialObjectMeta<K>>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    /// Watches the metadata of the objects.
    pub(crate) fn watch_metadata(self) -> BoxStream<'static, Sight> {
        let pulse = self.cluster.follow(&K::kind(&()), self.api.resource_url(), Need::Optional);
        watch_metadata(self.api, self.cluster.epoch(), pulse, self.cluster.watch_life())
    }
}

fn params() -> PatchParams {
    PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() }
}

/// A list that is read page by page.
pub(crate) struct Pages<'o, K> {
    objects: &'o Objects<K>,
    next: Option<ListParams>,
}

impl<K> Pages<'_, K>
where
    K: Clone + Debug + DeserializeOwned,
{
    /// The next page; `None` after the last one.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<K>>, Refusal> {
        let Some(params) = self.next.take() else { return Ok(None) };
        let list = self.objects.cluster.call(self.objects.api.list(&params)).await?;
        let token = list.metadata.continue_.filter(|token| !token.is_empty());
        self.next = token.map(|token| params.continue_token(&token));
        Ok(Some(list.items))
    }
}

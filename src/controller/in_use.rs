//! Platforms and Partners that Tenants refer to stay until the last of those is gone or refers elsewhere, by a finalizer per
//! operator instance: each lets go when its own Tenants do.

use std::fmt::Debug;

use kube::api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::{ClusterResourceScope, ObjectMeta};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::FIELD_MANAGER;
use super::context::{Context, Refusal};
use crate::resources::{IN_USE, Partner, Platform, Tenant};

/// How many Tenants are looked at in one request.
const PAGE: u32 = 500;

/// What Tenants refer to.
pub(super) trait Target:
    Resource<DynamicType = (), Scope = ClusterResourceScope> + Clone + Debug + DeserializeOwned
{
}

impl Target for Platform {}
impl Target for Partner {}

/// The finalizer by which this instance holds what its Tenants refer to.
fn finalizer(context: &Context) -> String {
    format!("{IN_USE}{}", context.options.instance)
}

/// Whether an object is on its way out and we do not hold it: it may be gone at any moment, and cannot be held any more.
pub(super) fn is_terminating(context: &Context, meta: &ObjectMeta) -> bool {
    meta.deletion_timestamp.is_some() && !names(meta).contains(&finalizer(context))
}

fn names(meta: &ObjectMeta) -> &[String] {
    meta.finalizers.as_deref().unwrap_or_default()
}

/// Holds an object before the first tenant that depends on it is written. What was seen of it may be old, so a refusal is
/// answered with one fresh read: another Tenant may have been first.
pub(super) async fn add_finalizer<K: Target>(context: &Context, meta: &ObjectMeta) -> Result<(), Refusal> {
    match try_add_finalizer::<K>(context, meta).await {
        Err(Refusal::Conflict) => {
            let api = Api::<K>::all(context.client.clone());
            let name = meta.name.as_deref().unwrap_or_default();
            let fresh = context.kubernetes(api.get_metadata(name)).await?;
            try_add_finalizer::<K>(context, &fresh.metadata).await
        }
        outcome => outcome,
    }
}

async fn try_add_finalizer<K: Target>(context: &Context, meta: &ObjectMeta) -> Result<(), Refusal> {
    let ours = finalizer(context);
    if names(meta).contains(&ours) {
        return Ok(());
    }
    let add = match names(meta) {
        [] => json!({ "op": "add", "path": "/metadata/finalizers", "value": [ours] }),
        _ => json!({ "op": "add", "path": "/metadata/finalizers/-", "value": ours }),
    };
    patch::<K>(context, meta, vec![add]).await
}

/// Lets a Platform go when no Tenant refers to it. True if Tenants still do.
pub(super) async fn release_platform(context: &Context, platform: &ObjectMeta) -> Result<bool, Refusal> {
    if !holds(context, platform) {
        return Ok(false);
    }
    let selector = format!("spec.platformRef.name={}", platform.name.as_deref().unwrap_or_default());
    let tenants = Api::<Tenant>::all(context.client.clone());
    let found = context.kubernetes(tenants.list_metadata(&ListParams::default().fields(&selector).limit(1))).await?;
    if !found.items.is_empty() {
        return Ok(true);
    }
    remove_finalizer_of::<Platform>(context, platform).await.map(|()| false)
}

/// Lets a Partner go when no Tenant of ours refers to it. True if such Tenants still do.
pub(super) async fn release_partner(context: &Context, partner: &Partner) -> Result<bool, Refusal> {
    if !holds(context, &partner.metadata) {
        return Ok(false);
    }
    if is_named(context, &partner.name_any()).await? {
        return Ok(true);
    }
    remove_finalizer_of::<Partner>(context, &partner.metadata).await.map(|()| false)
}

/// Whether this instance holds an object.
pub(super) fn holds(context: &Context, meta: &ObjectMeta) -> bool {
    names(meta).contains(&finalizer(context))
}

/// Whether a Tenant of ours names a Partner. A Partner has no instance, but the Platform of each Tenant has.
async fn is_named(context: &Context, partner: &str) -> Result<bool, Refusal> {
    let selector = format!("spec.partner.partnerRef.name={partner}");
    let mut page = ListParams::default().fields(&selector).limit(PAGE);
    // Untyped: a Tenant that fits no schema counts, too.
    let tenants = Api::<DynamicObject>::all_with(context.client.clone(), &ApiResource::erase::<Tenant>(&()));
    loop {
        let list = context.kubernetes(tenants.list(&page)).await?;
        for tenant in &list.items {
            let platform = tenant.data.pointer("/spec/platformRef/name").and_then(Value::as_str).unwrap_or_default();
            let platform = context.platforms.find(context, platform).await?;
            if platform.is_some_and(|platform| platform.spec.instance() == context.options.instance) {
                return Ok(true);
            }
        }
        match list.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page.continue_token = Some(token),
            None => return Ok(false),
        }
    }
}

async fn remove_finalizer_of<K: Target>(context: &Context, meta: &ObjectMeta) -> Result<(), Refusal> {
    let ours = finalizer(context);
    let Some(index) = names(meta).iter().position(|name| *name == ours) else { return Ok(()) };
    let path = format!("/metadata/finalizers/{index}");
    patch::<K>(context, meta, vec![json!({ "op": "remove", "path": path })]).await
}

/// Guarded by the version: a list that somebody else changed is looked at again, not written over.
async fn patch<K: Target>(context: &Context, meta: &ObjectMeta, steps: Vec<Value>) -> Result<(), Refusal> {
    let mut all = vec![
        json!({ "op": "test", "path": "/metadata/uid", "value": meta.uid }),
        json!({ "op": "test", "path": "/metadata/resourceVersion", "value": meta.resource_version }),
    ];
    all.extend(steps);
    let patch: json_patch::Patch =
        serde_json::from_value(Value::Array(all)).map_err(|_| Refusal::Unknown("no patch"))?;
    let api = Api::<K>::all(context.client.clone());
    let params = PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
    let name = meta.name.as_deref().unwrap_or_default();
    context.kubernetes(api.patch_metadata(name, &params, &Patch::Json::<()>(patch))).await.map(drop)
}

//! Platforms that Tenants refer to stay until the last of those is gone, by a finalizer per operator instance.

use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use super::FIELD_MANAGER;
use super::context::{Context, Refusal};
use crate::resources::{GROUP, Platform, Tenant};

/// The finalizer by which this instance holds a Platform.
fn finalizer(context: &Context) -> String {
    format!("{GROUP}/in-use-{}", context.options.instance)
}

/// Holds a Platform before the first tenant is written to it. What the watch has may be old, so a refusal is answered with
/// one fresh read: another Tenant may have been first.
pub(super) async fn hold(context: &Context, platform: &Platform) -> Result<(), Refusal> {
    match try_hold(context, platform).await {
        Err(Refusal::Conflict) => {
            let api = Api::<Platform>::all(context.client.clone());
            let fresh = context.kubernetes(api.get(&platform.name_any())).await?;
            try_hold(context, &fresh).await
        }
        outcome => outcome,
    }
}

async fn try_hold(context: &Context, platform: &Platform) -> Result<(), Refusal> {
    let ours = finalizer(context);
    if platform.finalizers().contains(&ours) {
        return Ok(());
    }
    let add = match platform.metadata.finalizers.as_deref() {
        None | Some([]) => json!({ "op": "add", "path": "/metadata/finalizers", "value": [ours] }),
        Some(_) => json!({ "op": "add", "path": "/metadata/finalizers/-", "value": ours }),
    };
    patch(context, platform, vec![add]).await
}

/// Lets a Platform go when no Tenant refers to it. True if Tenants still do.
pub(super) async fn let_go(context: &Context, platform: &Platform) -> Result<bool, Refusal> {
    let ours = finalizer(context);
    let Some(index) = platform.finalizers().iter().position(|name| *name == ours) else { return Ok(false) };
    let selector = format!("spec.platformRef.name={}", platform.name_any());
    let tenants = Api::<Tenant>::all(context.client.clone());
    let found = context.kubernetes(tenants.list_metadata(&ListParams::default().fields(&selector).limit(1))).await?;
    if !found.items.is_empty() {
        return Ok(true);
    }
    let path = format!("/metadata/finalizers/{index}");
    patch(context, platform, vec![json!({ "op": "remove", "path": path })]).await.map(|()| false)
}

/// Guarded by the version: a list that somebody else changed is looked at again, not written over.
async fn patch(context: &Context, platform: &Platform, steps: Vec<Value>) -> Result<(), Refusal> {
    let mut all = vec![
        json!({ "op": "test", "path": "/metadata/uid", "value": platform.uid() }),
        json!({ "op": "test", "path": "/metadata/resourceVersion", "value": platform.resource_version() }),
    ];
    all.extend(steps);
    let patch: json_patch::Patch =
        serde_json::from_value(Value::Array(all)).map_err(|_| Refusal::Unknown("no patch"))?;
    let api = Api::<Platform>::all(context.client.clone());
    let params = PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
    context.kubernetes(api.patch_metadata(&platform.name_any(), &params, &Patch::Json::<()>(patch))).await.map(drop)
}

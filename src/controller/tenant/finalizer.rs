//! The finalizers of a Tenant and of what it refers to, and what has to be as it was seen before something is written.

use std::sync::Arc;

use kube::core::ObjectMeta;
use kube::{Resource, ResourceExt};

use super::resolve::References;
use super::stops::{at_read, at_write};
use crate::cluster::{Cluster, Patch, Refusal};
use crate::controller::in_use::InUse;
use crate::plan::Stop;
use crate::resources::{FINALIZER, Partner, Platform, Tenant};

/// What is found where a Tenant is not as it was decided on.
pub(crate) const CHANGED: &str = "the Tenant changed during the pass";

/// Adds the finalizers to what the Tenant refers to, then to the Tenant. Nothing that a tenant depends on may go before it.
///
/// Returns the Tenant as it is then.
pub(crate) async fn ensure_finalizers(
    cluster: &Cluster,
    in_use: &InUse,
    references: &References,
    tenant: &Arc<Tenant>,
) -> Result<Arc<Tenant>, Stop> {
    if let Some(platform) = &references.platform {
        in_use
            .add::<Platform>(cluster, &platform.metadata)
            .await
            .map_err(at_write("adding the finalizer to the Platform"))?;
    }
    if let Some(partner) = &references.partner {
        in_use.add::<Partner>(cluster, partner).await.map_err(at_write("adding the finalizer to the Partner"))?;
    }
    ensure_finalizer(cluster, tenant).await
}

/// Adds our finalizer to a Tenant, if it is not there. Returns the Tenant with the metadata that it has then.
pub(crate) async fn ensure_finalizer(cluster: &Cluster, tenant: &Arc<Tenant>) -> Result<Arc<Tenant>, Stop> {
    if has_finalizer(tenant.meta()) {
        return Ok(tenant.clone());
    }
    let metadata = add_finalizer(cluster, tenant.meta()).await.map_err(at_write("adding the finalizer"))?;
    Ok(Arc::new(Tenant { metadata, ..tenant.as_ref().clone() }))
}

/// Adds our finalizer. It works on metadata alone, since the Tenant may be one that this version does not know as a whole.
pub(crate) async fn add_finalizer(cluster: &Cluster, seen: &ObjectMeta) -> Result<ObjectMeta, Refusal> {
    let tenants = cluster.namespaced::<Tenant>(seen.namespace.as_deref().unwrap_or_default());
    tenants.change_metadata(Patch::of(seen).add_finalizer(seen, FINALIZER)).await
}

/// Reads the Tenant again before something is published for it: nothing is for one that is being deleted, or for an older spec.
pub(crate) async fn ensure_wanted(cluster: &Cluster, tenant: &Tenant) -> Result<(), Stop> {
    let now = read(cluster, tenant).await?;
    let same = now.uid == tenant.metadata.uid && now.generation == tenant.metadata.generation;
    if same && now.deletion_timestamp.is_none() { Ok(()) } else { Err(Stop::Raced(CHANGED.to_owned())) }
}

async fn read(cluster: &Cluster, tenant: &Tenant) -> Result<ObjectMeta, Stop> {
    let tenants = cluster.namespaced::<Tenant>(&tenant.namespace().unwrap_or_default());
    tenants.metadata(&tenant.name_any()).await.map_err(at_read("reading the Tenant"))
}

/// Whether a Tenant has our finalizer.
pub(crate) fn has_finalizer(meta: &ObjectMeta) -> bool {
    meta.finalizers.iter().flatten().any(|name| name == FINALIZER)
}

/// Removes our finalizer. It works on metadata alone, since the Tenant may be one that cannot be decoded.
pub(crate) async fn remove_finalizer(cluster: &Cluster, seen: &ObjectMeta) -> Result<(), Refusal> {
    let Some(patch) = Patch::of(seen).remove_finalizer(seen, FINALIZER) else { return Ok(()) };
    cluster.namespaced::<Tenant>(seen.namespace.as_deref().unwrap_or_default()).patch_metadata(patch).await
}

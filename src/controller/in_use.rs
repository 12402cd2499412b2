//! Platforms and Partners that Tenants refer to stay until the last of those is gone or refers elsewhere, by a finalizer per
//! operator instance: each instance removes its own when its Tenants are gone.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::core::{ClusterResourceScope, ObjectMeta};
use kube::{Resource, ResourceExt};
use serde::de::DeserializeOwned;

use super::platforms::Platforms;
use crate::cluster::{Cluster, Patch, Refusal};
use crate::resources::{CachedTenant, FINALIZER, IN_USE, Partner, Platform, Tenant};

/// What Tenants refer to.
pub(super) trait Target:
    Resource<DynamicType = (), Scope = ClusterResourceScope> + Clone + Debug + DeserializeOwned
{
}

impl Target for Platform {}
impl Target for Partner {}

/// The finalizer by which one operator instance keeps what its Tenants refer to.
pub(super) struct InUse {
    instance: String,
    finalizer: String,
}

/// Which Tenants hold a Platform or a Partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// Those that refer to it: a pass that is under way may be about to write a tenant.
    Any,
    /// Those that are served: it takes no new ones, which would hold it and wait for it.
    Served,
}

impl Hold {
    /// Of an object, where no pass takes longer than this.
    pub(super) fn of(meta: &ObjectMeta, pass: Duration) -> Self {
        let ended =
            |at: &Time| Duration::try_from(Timestamp::now().duration_since(at.0)).is_ok_and(|since| since > pass);
        match meta.deletion_timestamp.as_ref().is_some_and(ended) {
            true => Self::Served,
            false => Self::Any,
        }
    }
}

/// Whether any of the Tenants has our finalizer, also of those that cannot be decoded.
async fn has_served(cluster: &Cluster, selector: &str) -> Result<bool, Refusal> {
    let tenants = cluster.all_namespaces::<CachedTenant>();
    let mut pages = tenants.pages(Some(selector));
    while let Some(page) = pages.next().await? {
        if page.iter().any(|tenant| tenant.finalizers().iter().any(|name| name == FINALIZER)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether Tenants refer to an object could not be read, and nothing was written.
fn unread(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Forbidden(_) | Refusal::Invalid(_) => Refusal::Unanswered("the references of Tenants may not be read"),
        Refusal::NotFound | Refusal::Conflict | Refusal::Unanswered(_) | Refusal::NotLeader => refusal,
    }
}

/// The same of a Tenant that may be one that cannot be decoded.
fn goes_on_with(tenant: &CachedTenant, partner: &Partner) -> bool {
    let with = tenant.platform_tenant.as_ref().map(|known| &*known.partner_id);
    is_served_with(tenant.meta(), with, partner)
}

/// Whether a Tenant that is served goes on with a Partner that is being deleted: it has it already, or its first pass may be under way.
/// `with` is the partner of its tenant on the platform, where that is known; empty if it has none.
pub(super) fn is_served_with(tenant: &ObjectMeta, with: Option<&str>, partner: &Partner) -> bool {
    let is_served = tenant.finalizers.iter().flatten().any(|name| name == FINALIZER);
    is_served && with.is_none_or(|with| with == partner.spec.platform_partner_id.as_str())
}

impl InUse {
    pub(super) fn of(instance: &str) -> Self {
        Self { instance: instance.to_owned(), finalizer: format!("{IN_USE}{instance}") }
    }

    /// Whether this instance keeps an object.
    pub(super) fn is_on(&self, meta: &ObjectMeta) -> bool {
        meta.finalizers.iter().flatten().any(|name| *name == self.finalizer)
    }

    /// Whether an object is being deleted and this instance does not keep it: it may be gone at any moment, and no finalizer can
    /// be added any more.
    pub(super) fn is_terminating(&self, meta: &ObjectMeta) -> bool {
        meta.deletion_timestamp.is_some() && !self.is_on(meta)
    }

    /// Adds the finalizer before the first tenant that depends on the object is written. What was seen of the object may be old,
    /// so a refusal is answered with one fresh read: the pass of another Tenant may have been first.
    pub(super) async fn add<K: Target>(&self, cluster: &Cluster, seen: &ObjectMeta) -> Result<(), Refusal> {
        match self.try_add::<K>(cluster, seen).await {
            Err(Refusal::Conflict) => {
                let name = seen.name.as_deref().unwrap_or_default();
                let fresh = cluster.cluster_scoped::<K>().metadata(name).await?;
                self.try_add::<K>(cluster, &fresh).await
            }
            outcome => outcome,
        }
    }

    /// Puts the finalizer back on what Tenants depend on: a write of the whole object takes it off. True if it was missing.
    pub(super) async fn keep<K: Target>(
        &self,
        cluster: &Cluster,
        seen: &ObjectMeta,
        tenants: Option<&[Arc<CachedTenant>]>,
    ) -> Result<bool, Refusal> {
        let depends = |tenant: &Arc<CachedTenant>| tenant.finalizers().iter().any(|name| name == FINALIZER);
        let is_needed = tenants.is_some_and(|tenants| tenants.iter().any(depends));
        if self.is_on(seen) || seen.deletion_timestamp.is_some() || !is_needed {
            return Ok(false);
        }
        self.add::<K>(cluster, seen).await.map(|()| true)
    }

    async fn try_add<K: Target>(&self, cluster: &Cluster, seen: &ObjectMeta) -> Result<(), Refusal> {
        if self.is_on(seen) {
            return Ok(());
        }
        let patch = Patch::of(seen).add_finalizer(seen, &self.finalizer);
        cluster.cluster_scoped::<K>().patch_metadata(patch).await
    }

    /// Removes the finalizer from a Platform that no Tenant refers to. True if Tenants still do.
    pub(super) async fn release_platform_if_unused(
        &self,
        cluster: &Cluster,
        seen: &ObjectMeta,
        hold: Hold,
    ) -> Result<bool, Refusal> {
        if !self.is_on(seen) {
            return Ok(false);
        }
        let selector = format!("spec.platformRef.name={}", seen.name.as_deref().unwrap_or_default());
        let held = match hold {
            Hold::Any => cluster.all_namespaces::<Tenant>().has_any(&selector).await,
            Hold::Served => has_served(cluster, &selector).await,
        };
        let held = held.map_err(unread)?;
        if held {
            return Ok(true);
        }
        self.remove::<Platform>(cluster, seen).await.map(|()| false)
    }

    /// Removes the finalizer from a Partner that no Tenant of this instance refers to. True if such Tenants still do.
    pub(super) async fn release_partner_if_unused(
        &self,
        cluster: &Cluster,
        platforms: &Platforms,
        partner: &Partner,
        hold: Hold,
    ) -> Result<bool, Refusal> {
        if !self.is_on(&partner.metadata) {
            return Ok(false);
        }
        if self.is_named(cluster, platforms, partner, hold).await.map_err(unread)? {
            return Ok(true);
        }
        self.remove::<Partner>(cluster, &partner.metadata).await.map(|()| false)
    }

    /// Whether a Tenant of this instance names a Partner. A Partner has no instance, but the Platform of each Tenant has.
    async fn is_named(
        &self,
        cluster: &Cluster,
        platforms: &Platforms,
        partner: &Partner,
        hold: Hold,
    ) -> Result<bool, Refusal> {
        let selector = format!("spec.partner.partnerRef.name={}", partner.name_any());
        // A Tenant that cannot be decoded counts, too.
        let tenants = cluster.all_namespaces::<CachedTenant>();
        let mut pages = tenants.pages(Some(&selector));
        while let Some(page) = pages.next().await? {
            let holds = |tenant: &CachedTenant| hold == Hold::Any || goes_on_with(tenant, partner);
            for tenant in page.into_iter().filter(holds) {
                // Whose it is cannot be read.
                let Some(name) = &tenant.platform else { return Ok(true) };
                let platform = platforms.find(name).await?;
                if platform.is_some_and(|platform| platform.spec.instance() == self.instance) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Only from the version that was seen: since then a Tenant may have come that relies on the finalizer.
    async fn remove<K: Target>(&self, cluster: &Cluster, seen: &ObjectMeta) -> Result<(), Refusal> {
        let Some(patch) = Patch::of_version(seen).remove_finalizer(seen, &self.finalizer) else { return Ok(()) };
        cluster.cluster_scoped::<K>().patch_metadata(patch).await
    }
}

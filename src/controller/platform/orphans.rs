//! Looks for orphans, slowly: the whole list of the platform, then all Tenants of the cluster, then each suspect. In this order
//! no tenant is suspected whose Tenant came or went meanwhile. What is unknown changes nothing, and nothing is ever written to
//! the platform.

use std::collections::{BTreeMap, BTreeSet};

use kube::ResourceExt;

use crate::admin_api::types::TenantItem;
use crate::admin_api::{ApiError, Client, Lookup};
use crate::cluster::Cluster;
use crate::plan::orphans::{Known, is_orphaned, message, suspects};
use crate::resources::platform::Orphan;
use crate::resources::{CachedTenant, Platform, bounds};
use crate::settings::TenantId;
use crate::text::shown;

/// Suspects that are looked at in one round.
const LOOKS: usize = 100;
/// Orphans that a status lists.
const LISTED: usize = 20;
/// Pages of the platform's list: at 500 tenants each more than it holds.
const PAGES: usize = 1000;

/// What a Platform says of orphans.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Report {
    pub(crate) orphans: Vec<Orphan>,
    /// How many there are, also where not all are listed.
    pub(crate) count: usize,
    pub(crate) message: Option<String>,
}

/// One round; nothing where it could not be made.
pub(crate) async fn find_orphans(
    cluster: &Cluster,
    cluster_id: &str,
    platform: &Platform,
    client: &Client,
) -> Option<Report> {
    let listed = listed(client).await?;
    let known = known(cluster).await?;
    let suspects = suspects(cluster_id, &listed, &known);
    let before = platform.status.as_ref().map(|status| status.orphans.as_slice()).unwrap_or_default();
    let mut found = BTreeMap::new();
    for id in suspects.iter().take(LOOKS) {
        match client.tenant(*id).await {
            Ok(Lookup::Found(document)) => {
                let stamp = document.owner.filter(|stamp| is_orphaned(cluster_id, stamp, &known));
                found.extend(stamp.map(|stamp| (id.to_string(), stamp)));
            }
            Ok(Lookup::Absent | Lookup::Tombstone { .. }) => {}
            // The others can still be asked for.
            Err(ApiError::Forbidden | ApiError::Refused(_) | ApiError::Unexpected(_)) => {
                let known = before.iter().find(|orphan| orphan.id == id.to_string());
                found.extend(known.map(|orphan| (orphan.id.clone(), orphan.stamp.clone())));
            }
            Err(_) => return None,
        }
    }
    let count = found.len();
    let message = message(count, LISTED, suspects.len() > LOOKS);
    let orphan = |(id, stamp): (String, String)| Orphan { id, stamp: shown(&stamp, bounds::STAMP) };
    let orphans = found.into_iter().take(LISTED).map(orphan).collect();
    Some(Report { orphans, count, message })
}

async fn listed(client: &Client) -> Option<Vec<TenantItem>> {
    let (mut all, mut cursor) = (vec![], None);
    for _ in 0..PAGES {
        let page = client.tenants(cursor.as_deref()).await.ok()?;
        all.extend(page.items);
        match page.next_cursor.filter(|cursor| !cursor.is_empty()) {
            None => return Some(all),
            next => cursor = next,
        }
    }
    None
}

/// All Tenants of the cluster, of every instance. One that cannot be decoded counts, too.
async fn known(cluster: &Cluster) -> Option<Known> {
    let tenants = cluster.all_namespaces::<CachedTenant>();
    let (mut known, mut pages) = (Known::default(), tenants.pages(None));
    while let Some(page) = pages.next().await.ok()? {
        for tenant in page {
            let on_platform = tenant.platform_tenant.as_ref().and_then(|known| known.id);
            let ids: BTreeSet<TenantId> = tenant.tenant_id.into_iter().chain(on_platform).collect();
            if ids.is_empty() {
                known.unreadable.insert((tenant.namespace().unwrap_or_default(), tenant.name_any()));
            }
            known.ids.extend(ids);
        }
    }
    Some(known)
}

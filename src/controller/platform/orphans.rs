//! Looks for orphans, slowly: the whole list of the platform, then all Tenants of the cluster, then each suspect. In this order
//! no tenant is suspected whose Tenant came or went meanwhile. What is unknown changes nothing, and nothing is ever written to
//! the platform.

use std::collections::{BTreeMap, BTreeSet};

use kube::Api;
use kube::api::{ApiResource, DynamicObject, ListParams};

use crate::admin_api::types::TenantItem;
use crate::admin_api::{ApiError, Client, Lookup};
use crate::controller::context::Context;
use crate::plan::orphans::{Known, is_orphaned, message, suspects};
use crate::resources::platform::Orphan;
use crate::resources::{Platform, Tenant, TenantId, bounds};
use crate::settings::text::cut_printable;

/// Suspects that are looked at in one round.
const LOOKS: usize = 100;
/// Orphans that a status lists.
const LISTED: usize = 20;
/// Pages of the platform's list and of the cluster's: at 500 each more than either holds.
const PAGES: usize = 1000;
const PAGE: u32 = 500;

/// What a Platform says of orphans.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Report {
    pub(crate) orphans: Vec<Orphan>,
    pub(crate) message: Option<String>,
}

/// One round; nothing where it could not be made.
pub(crate) async fn find_orphans(context: &Context, platform: &Platform, client: &Client) -> Option<Report> {
    tokio::time::timeout(context.options.timing.pass, round(context, platform, client)).await.ok().flatten()
}

async fn round(context: &Context, platform: &Platform, client: &Client) -> Option<Report> {
    let listed = listed(client).await?;
    let known = known(context).await?;
    let cluster = context.options.cluster_id.as_str();
    let suspects = suspects(cluster, &listed, &known);
    let before = platform.status.as_ref().map(|status| status.orphans.as_slice()).unwrap_or_default();
    let mut found = BTreeMap::new();
    for id in suspects.iter().take(LOOKS) {
        match client.tenant(&id.to_string()).await {
            Ok(Lookup::Found(document)) => {
                let stamp = document.owner.filter(|stamp| is_orphaned(cluster, stamp, &known));
                found.extend(stamp.map(|stamp| (id.to_string(), stamp)));
            }
            Ok(Lookup::Absent | Lookup::Tombstone { .. }) => {}
            // The others can still be asked for.
            Err(ApiError::Forbidden | ApiError::Refused(_) | ApiError::Unexpected { .. }) => {
                let known = before.iter().find(|orphan| orphan.id == id.to_string());
                found.extend(known.map(|orphan| (orphan.id.clone(), orphan.stamp.clone())));
            }
            Err(_) => return None,
        }
    }
    let message = message(found.len(), LISTED, suspects.len() > LOOKS);
    let orphan = |(id, stamp): (String, String)| Orphan { id, stamp: cut_printable(&stamp, bounds::STAMP) };
    let orphans = found.into_iter().take(LISTED).map(orphan).collect();
    Some(Report { orphans, message })
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

/// All Tenants of the cluster, whichever instance serves them. Read as plain JSON: one that fits no schema counts too.
async fn known(context: &Context) -> Option<Known> {
    let api: Api<DynamicObject> = Api::all_with(context.client.clone(), &ApiResource::erase::<Tenant>(&()));
    let (mut known, mut params) = (Known::default(), ListParams::default().limit(PAGE));
    for _ in 0..PAGES {
        let page = context.kubernetes(api.list(&params)).await.ok()?;
        for tenant in &page.items {
            let ids: BTreeSet<TenantId> = ["/spec/general/tenantId", "/status/platformTenant/id"]
                .iter()
                .filter_map(|pointer| TenantId::parse(tenant.data.pointer(pointer)?.as_str()?))
                .collect();
            if ids.is_empty() {
                let (namespace, name) = (tenant.metadata.namespace.clone(), tenant.metadata.name.clone());
                known.unreadable.insert((namespace.unwrap_or_default(), name.unwrap_or_default()));
            }
            known.ids.extend(ids);
        }
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            None => return Some(known),
            Some(token) => params = params.continue_token(&token),
        }
    }
    None
}

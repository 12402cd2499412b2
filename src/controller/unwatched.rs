//! Tenants that no operator reconciles, since they are in namespaces that this operator does not watch. They have no status that could
//! say so.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use kube::{Resource, ResourceExt};
use tokio::time::sleep;
use tracing::{debug, warn};

use super::context::Context;
use crate::cluster::{Event, Refusal, Scope};
use crate::resources::CachedTenant;

const REASON: &str = "NotWatched";
const MESSAGE: &str = "the operator that serves the Platform of this Tenant does not watch this namespace; add it to its --namespace, \
                       or move the Tenant";
/// How many namespaces a line of the log names.
const NAMED: usize = 10;

/// Looks again and again, where only some namespaces are watched.
pub(super) async fn watch_for_unwatched(context: &Arc<Context>) {
    if context.options.namespaces.is_empty() {
        return std::future::pending().await;
    }
    context.leadership.begun().await;
    let interval = context.options.timing.orphans;
    let mut told = HashSet::new();
    // The first look comes early, but not at once: another operator may be starting that watches the others.
    let mut wait = interval / 10;
    loop {
        sleep(wait).await;
        wait = interval;
        match unwatched(context).await {
            Ok(tenants) => tell(context, &tenants, &mut told).await,
            Err(refusal) => debug!(?refusal, "Tenants of other namespaces could not be listed"),
        }
    }
}

/// The Tenants of our Platforms in other namespaces that were never reconciled.
async fn unwatched(context: &Context) -> Result<Vec<CachedTenant>, Refusal> {
    let tenants = context.cluster.all_namespaces::<CachedTenant>();
    let (mut pages, mut found) = (tenants.pages(None), vec![]);
    while let Some(page) = pages.next().await? {
        for tenant in page {
            if is_unwatched(context, &tenant) && is_ours(context, &tenant).await? {
                found.push(tenant);
            }
        }
    }
    Ok(found)
}

fn is_unwatched(context: &Context, tenant: &CachedTenant) -> bool {
    let namespace = tenant.namespace().unwrap_or_default();
    let observed = tenant.observed_generation;
    !context.options.namespaces.contains(&namespace) && observed.is_none_or(|generation| generation < 0)
}

async fn is_ours(context: &Context, tenant: &CachedTenant) -> Result<bool, Refusal> {
    let Some(name) = &tenant.platform else { return Ok(false) };
    let platform = context.platforms.find(name).await?;
    Ok(platform.is_some_and(|platform| platform.spec.instance() == context.options.instance))
}

/// Warns of those that are new; of each there is one event.
async fn tell(context: &Context, tenants: &[CachedTenant], told: &mut HashSet<String>) {
    let new: Vec<_> = tenants.iter().filter(|tenant| told.insert(tenant.uid().unwrap_or_default())).collect();
    if new.is_empty() {
        return;
    }
    let mut namespaces: BTreeMap<String, usize> = BTreeMap::new();
    for tenant in tenants {
        *namespaces.entry(tenant.namespace().unwrap_or_default()).or_default() += 1;
    }
    let named: Vec<_> = namespaces.keys().take(NAMED).map(String::as_str).collect();
    let rest = namespaces.len() - named.len();
    warn!(
        count = tenants.len(),
        namespaces = named.join(", "),
        more_namespaces = rest,
        "Tenants are in namespaces that this operator does not watch"
    );
    for tenant in new {
        let (reason, message, instance) = (REASON, MESSAGE, context.options.instance.as_str());
        let event = Event { regarding: tenant.object_ref(&()), warning: true, reason, message, instance };
        context.cluster.record(event, Scope::Namespaced).await;
    }
}

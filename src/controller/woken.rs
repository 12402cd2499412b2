//! The Tenants that a change of another object wakes.

use std::sync::Arc;
use std::time::Instant;

use futures::{Stream, StreamExt, stream};
use kube::Resource;
use kube::runtime::reflector::ObjectRef;
use tokio::sync::mpsc::UnboundedReceiver;

use super::context::Context;
use crate::cluster::Store;
use crate::resources::CachedTenant;
use crate::settings::TenantId;

/// What arrives, as a stream.
pub(super) fn received<T: Send + 'static>(receiver: UnboundedReceiver<T>) -> impl Stream<Item = T> + Send + 'static {
    stream::unfold(receiver, |mut receiver| async { receiver.recv().await.map(|item| (item, receiver)) })
}

/// The Tenants that name a Partner which changed. A pass reads the Partner itself.
pub(super) fn of_changed_partners(
    context: &Arc<Context>,
    tenants: Store<CachedTenant>,
) -> impl Stream<Item = ObjectRef<CachedTenant>> + Send + 'static {
    let changes = received(context.partner_changes.subscribe());
    woken(context, changes, tenants, |tenant, partner: &String| tenant.partner.as_deref() == Some(partner))
}

/// The Tenants of a tenant that another Tenant let go.
pub(super) fn of_released_tenants(
    context: &Arc<Context>,
    tenants: Store<CachedTenant>,
) -> impl Stream<Item = ObjectRef<CachedTenant>> + Send + 'static {
    let releases = received(context.releases.subscribe());
    let is_of = |tenant: &CachedTenant, id: &TenantId| {
        tenant.meta().deletion_timestamp.is_none() && tenant.tenant_id.as_ref() == Some(id)
    };
    woken(context, releases, tenants, is_of)
}

/// The Tenants that what happens concerns; from here on they are due.
fn woken<T: Send + 'static>(
    context: &Arc<Context>,
    happens: impl Stream<Item = T> + Send + 'static,
    tenants: Store<CachedTenant>,
    concerns: impl Fn(&CachedTenant, &T) -> bool + Send + 'static,
) -> impl Stream<Item = ObjectRef<CachedTenant>> + Send + 'static {
    let context = context.clone();
    happens.flat_map(move |what| {
        let concerned = tenants.state_filter(|tenant| concerns(tenant, &what));
        stream::iter(concerned.into_iter().map(|tenant| wake(&context, &tenant)).collect::<Vec<_>>())
    })
}

/// Makes a Tenant due.
fn wake(context: &Context, tenant: &CachedTenant) -> ObjectRef<CachedTenant> {
    context.memory.mark_due(tenant.meta().uid.as_deref().unwrap_or_default(), Instant::now());
    ObjectRef::from_obj(tenant)
}

//! What makes objects due: changes that a watch announces, and what else they depend on.

use std::sync::Arc;
use std::time::Instant;

use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use kube::Resource;
use kube::runtime::reflector::ObjectRef;

use super::context::Context;
use super::reconciled::Reconciled;
use crate::cluster::Store;
use crate::resources::CachedTenant;

/// What makes an object due.
pub(super) enum Arrival<K: Reconciled> {
    /// It was created, changed or deleted.
    Changed(Arc<K>),
    /// Something that it depends on changed.
    Woken(ObjectRef<K>),
}

/// The changes of a kind, as arrivals.
pub(super) fn changed<K: Reconciled + Send + Sync + 'static>(
    changes: impl Stream<Item = Arc<K>> + Send + 'static,
) -> BoxStream<'static, Arrival<K>> {
    changes.map(Arrival::Changed).boxed()
}

/// What else makes objects due, as arrivals.
pub(super) fn woken<K: Reconciled + Send + Sync + 'static>(
    woken: impl Stream<Item = ObjectRef<K>> + Send + 'static,
) -> BoxStream<'static, Arrival<K>> {
    woken.map(Arrival::Woken).boxed()
}

/// Notes which generation of a Tenant was seen, and forgets one that is gone.
pub(super) fn sighted(context: &Context, store: &Store<CachedTenant>, tenant: &CachedTenant) {
    let meta = tenant.meta();
    if store.get(&ObjectRef::from_obj(tenant)).is_none() {
        context.syncs.forget(meta.uid.as_deref().unwrap_or_default());
    } else {
        let live = tenant.observed_generation.filter(|_| tenant.is_ready());
        context.syncs.saw(meta, live, Instant::now());
    }
}

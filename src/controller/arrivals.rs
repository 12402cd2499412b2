//! What goes into the queues of the controllers: changes that their watches announce, and objects that something else wakes.

use std::sync::Arc;
use std::time::Instant;

use futures::{Stream, StreamExt};
use kube::Resource;
use kube::runtime::reflector::{ObjectRef, Store};

use super::context::Context;
use super::reconciled::{Reconciled, key};
use crate::cluster::Guarded;
use crate::resources::{ConditionStatus, ConditionType, Tenant, condition};

/// Notes each object that changed.
pub(super) fn changed<K: Reconciled>(
    context: &Arc<Context>,
    changes: impl Stream<Item = Arc<K>> + Send + 'static,
) -> impl Stream<Item = Arc<K>> + Send + 'static {
    let context = context.clone();
    changes.inspect(move |object| context.backlog.due(K::CONTROLLER, key(&**object), Instant::now()))
}

/// Notes each Tenant that is woken.
pub(super) fn woken(
    context: &Arc<Context>,
    woken: impl Stream<Item = ObjectRef<Guarded<Tenant>>> + Send + 'static,
) -> impl Stream<Item = ObjectRef<Guarded<Tenant>>> + Send + 'static {
    let context = context.clone();
    woken.inspect(move |tenant| {
        let key = format!("{}/{}", tenant.namespace.as_deref().unwrap_or_default(), tenant.name);
        context.backlog.due(Guarded::<Tenant>::CONTROLLER, key, Instant::now());
    })
}

/// Notes which generation of a Tenant was seen, and forgets one that is gone.
pub(super) fn sighted(context: &Context, store: &Store<Guarded<Tenant>>, tenant: &Guarded<Tenant>) {
    let meta = tenant.meta();
    if store.get(&ObjectRef::from_obj(tenant)).is_none() {
        context.syncs.forget(meta.uid.as_deref().unwrap_or_default());
    } else if let Ok(tenant) = &tenant.0 {
        context.syncs.saw(meta, live(tenant), Instant::now());
    }
}

/// The generation that is live, as far as the status says it.
fn live(tenant: &Tenant) -> Option<i64> {
    let status = tenant.status.as_ref()?;
    let ready = condition::status(&status.conditions, ConditionType::Ready);
    (ready == Some(ConditionStatus::True)).then_some(status.observed_generation)
}

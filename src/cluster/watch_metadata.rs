//! A watch of metadata alone: it tells that an object changed, and nothing of what is in it. So it may watch Secrets.

use std::fmt::Debug;
use std::time::Duration;

use futures::stream::{BoxStream, StreamExt};
use kube::core::{ObjectMeta, PartialObjectMeta};
use kube::runtime::watcher::Event;
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use tracing::warn;

use super::epoch::Epoch;
use super::relisting::events;
use super::watch_failure::{cause, with_backoff};
use crate::telemetry::health::Pulse;

/// An object that a watch of metadata saw.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Sight {
    /// It is there, maybe as before: a watch begins with a list, and lists again after a gap.
    There(ObjectMeta),
    /// It was deleted.
    Gone(ObjectMeta),
}

/// Watches the metadata of a kind, with a back-off of its own.
pub(super) fn watch_metadata<K>(
    api: Api<PartialObjectMeta<K>>,
    epoch: &Epoch,
    pulse: Pulse,
    life: Duration,
) -> BoxStream<'static, Sight>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let events = with_backoff(events(api, epoch, life));
    let sights = events.filter_map(move |event| {
        // Also one that fails lives: it tries again.
        pulse.beat();
        let sight = match event {
            Ok(Event::Apply(object) | Event::InitApply(object)) => Some(Sight::There(object.metadata)),
            Ok(Event::Delete(object)) => Some(Sight::Gone(object.metadata)),
            Ok(Event::Init | Event::InitDone) => None,
            Err(error) => {
                warn!(kind = %K::kind(&()), cause = cause(&error), "a watch failed; it is tried again");
                None
            }
        };
        std::future::ready(sight)
    });
    sights.boxed()
}

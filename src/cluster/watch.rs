//! One watch of a kind: a store, and the changes of it.
//!
//! A reconciler that is woken for an object reads the store. A change that is announced before the store holds it is lost: the
//! reconciler decides on the old object, and nothing wakes it again. Two things announce too early: a second watch of the same
//! kind, which does not fill the store of the first, and kube's `applied_objects`, which announces the objects of a list while the
//! store still holds what was there before. Here every change is announced after the store holds it, and all that depend on a
//! kind share one watch.

use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{BoxStream, StreamExt, iter};
use kube::runtime::WatchStreamExt;
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::watcher::{self, Event};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use tracing::warn;

use super::epoch::{Epoch, went_back};
use super::relisting::events;
use super::watch_failure::{cause, with_backoff};
use crate::telemetry::health::Pulse;

/// One watch of a kind.
pub(crate) struct Watch<K>
where
    K: Resource + 'static,
    K::DynamicType: Eq + Hash,
{
    /// What is there, as far as the watch has seen it.
    pub(crate) store: Store<K>,
    /// Each object that is new or changed, once the store holds it, and each that is gone, once the store does not. The store is
    /// filled only while this is polled.
    pub(crate) changes: BoxStream<'static, Arc<K>>,
}

/// Watches a kind, with a back-off of its own.
pub(crate) fn watch<K>(api: Api<K>, epoch: &Epoch, pulse: Pulse, life: Duration) -> Watch<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + Sync + 'static,
{
    let (store, writer) = reflector::store();
    let mut history = History { epoch: epoch.clone(), store: store.clone(), went_back: false };
    // The store still holds what was there before a list until the list is complete.
    let events = with_backoff(events(api, epoch, life)).inspect(move |event| history.take_in(event)).reflect(writer);
    let events = events.inspect(move |event| note(event, &pulse));
    let mut announcer = Announcer { store: store.clone(), before: vec![] };
    let changes = events.flat_map(move |event| iter(announcer.announced(event))).boxed();
    Watch { store, changes }
}

/// Notes that a watch lives: also one that fails does, since it tries again.
fn note<K>(event: &watcher::Result<Event<K>>, pulse: &Pulse) {
    pulse.beat();
    if matches!(event, Ok(Event::InitDone)) {
        pulse.synced();
    }
}

/// Compares what is listed with what was there before.
struct History<K>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    epoch: Epoch,
    store: Store<K>,
    /// Whether the list that is read holds an older version of something.
    went_back: bool,
}

impl<K> History<K>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    fn take_in(&mut self, event: &watcher::Result<Event<K>>) {
        match event {
            Ok(Event::Init) => self.went_back = false,
            Ok(Event::InitApply(object)) => {
                let before = self.store.get(&ObjectRef::from_obj(object));
                self.went_back |= before.is_some_and(|before| went_back(before.meta(), object.meta()));
            }
            // Before what is listed is announced: each of it counts as new.
            Ok(Event::InitDone) if self.went_back => {
                warn!(kind = %K::kind(&()), "the API server went back to an older state; everything is looked at again");
                self.epoch.begin();
            }
            Ok(Event::InitDone | Event::Apply(_) | Event::Delete(_)) | Err(_) => {}
        }
    }
}

/// Says what an event changed in the store, which has taken it in.
struct Announcer<K>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    store: Store<K>,
    /// What was there before the list that is read.
    before: Vec<Arc<K>>,
}

impl<K> Announcer<K>
where
    K: Resource<DynamicType = ()> + Clone + 'static,
{
    fn announced(&mut self, event: watcher::Result<Event<K>>) -> Vec<Arc<K>> {
        match event {
            Ok(Event::Apply(object) | Event::Delete(object)) => vec![Arc::new(object)],
            Ok(Event::Init) => {
                self.before = self.store.state();
                vec![]
            }
            Ok(Event::InitApply(_)) => vec![],
            // The objects of a list replace the store at its end, all at once. What is not among them went while nothing was watched.
            Ok(Event::InitDone) => {
                let mut all = std::mem::take(&mut self.before);
                all.retain(|object| self.store.get(&ObjectRef::from_obj(&**object)).is_none());
                all.extend(self.store.state());
                all
            }
            Err(error) => {
                warn!(kind = %K::kind(&()), cause = cause(&error), "a watch failed; it is tried again");
                vec![]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;
    use kube::ResourceExt;

    use super::*;

    fn map(name: &str, version: &str) -> ConfigMap {
        let mut map = ConfigMap::default();
        map.metadata.name = Some(name.to_owned());
        map.metadata.resource_version = Some(version.to_owned());
        map
    }

    /// One that goes in a gap of the watch.
    const DROPPED: &str = "dropped";

    /// What is announced for each event, and the version that the store then holds of it.
    fn run(events: Vec<Event<ConfigMap>>) -> Vec<Vec<(String, Option<String>)>> {
        let (store, mut writer) = reflector::store();
        let mut announcer = Announcer { store: store.clone(), before: vec![] };
        let mut all = vec![];
        for event in events {
            writer.apply_watcher_event(&event);
            let is_removal = matches!(event, Event::Delete(_));
            let mut step: Vec<_> = announcer
                .announced(Ok(event))
                .iter()
                .map(|map| {
                    let held = store.get(&ObjectRef::from_obj(&**map));
                    let is_gone = is_removal || (all.len() > 5 && map.name_any() == DROPPED);
                    let expected = map.resource_version().filter(|_| !is_gone);
                    assert_eq!(expected, held.and_then(|held| held.resource_version()), "{}", map.name_any());
                    (map.name_any(), map.resource_version())
                })
                .collect();
            step.sort();
            all.push(step);
        }
        all
    }

    fn announced_as(name: &str, version: &str) -> (String, Option<String>) {
        (name.to_owned(), Some(version.to_owned()))
    }

    #[test]
    fn a_change_is_announced_once_the_store_holds_it() {
        let listed = vec![
            Event::Init,
            Event::InitApply(map("a", "1")),
            Event::InitApply(map("b", "1")),
            Event::InitApply(map(DROPPED, "1")),
            Event::InitDone,
            Event::Apply(map("a", "2")),
            // Listed again: the edit of b and the removal of another were in a gap of the watch.
            Event::Init,
            Event::InitApply(map("a", "2")),
            Event::InitApply(map("b", "3")),
            Event::InitDone,
            Event::Delete(map("a", "2")),
        ];
        let expected = vec![
            vec![],
            vec![],
            vec![],
            vec![],
            vec![announced_as("a", "1"), announced_as("b", "1"), announced_as(DROPPED, "1")],
            vec![announced_as("a", "2")],
            vec![],
            vec![],
            vec![],
            vec![announced_as("a", "2"), announced_as("b", "3"), announced_as(DROPPED, "1")],
            vec![announced_as("a", "2")],
        ];
        assert_eq!(expected, run(listed));
    }
}

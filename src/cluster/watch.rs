//! One watch of a kind: a store, and the changes of it.
//!
//! A reconciler that is woken for an object reads the store. A change that is announced before the store holds it is lost: the
//! reconciler decides on the old object, and nothing wakes it again. Two things announce too early: a second watch of the same
//! kind, which does not fill the store of the first, and kube's `applied_objects`, which announces the objects of a list while the
//! store still holds what was there before. Here every change is announced after the store holds it, and all that depend on a
//! kind share one watch.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{BoxStream, StreamExt, iter};
use kube::runtime::watcher::{self, Event};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use tracing::warn;

use super::epoch::{Epoch, went_back};
use super::relisting::events;
use super::store::Store;
use super::watch_failure::{cause, with_backoff};
use crate::telemetry::health::Pulse;

/// One watch of a kind.
pub(crate) struct Watch<K> {
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
    let store = Store::default();
    let mut keeper = Keeper { epoch: epoch.clone(), store: store.clone(), went_back: false };
    let events = with_backoff(events(api, epoch, life)).inspect(move |event| note(event, &pulse));
    let changes = events.flat_map(move |event| iter(keeper.take_in(event))).boxed();
    Watch { store, changes }
}

/// Notes that a watch lives: also one that fails does, since it tries again.
fn note<K>(event: &watcher::Result<Event<K>>, pulse: &Pulse) {
    pulse.beat();
    if matches!(event, Ok(Event::InitDone)) {
        pulse.synced();
    }
}

/// Fills a store, and says what changed in it.
struct Keeper<K> {
    epoch: Epoch,
    store: Store<K>,
    /// Whether something was listed in an older version than before, since the last list that was complete.
    went_back: bool,
}

impl<K: Resource<DynamicType = ()>> Keeper<K> {
    /// Takes an event in. Returns what is announced.
    fn take_in(&mut self, event: watcher::Result<Event<K>>) -> Vec<Arc<K>> {
        match event {
            Ok(Event::Apply(object)) => vec![self.store.put(object)],
            Ok(Event::Delete(object)) => {
                self.store.remove(object.meta());
                vec![Arc::new(object)]
            }
            Ok(Event::Init) => {
                self.store.begin_list();
                vec![]
            }
            Ok(Event::InitApply(object)) => {
                let before = self.store.same(object.meta());
                self.went_back |= before.is_some_and(|before| went_back(before.meta(), object.meta()));
                self.store.put(object);
                vec![]
            }
            Ok(Event::InitDone) => self.listed(),
            Err(error) => {
                warn!(kind = %K::kind(&()), cause = cause(&error), "a watch failed; it is tried again");
                vec![]
            }
        }
    }

    /// A list is complete: all of it is announced, and what went while nothing was watched.
    fn listed(&mut self) -> Vec<Arc<K>> {
        // Before what is listed is announced: each of it counts as new.
        if std::mem::take(&mut self.went_back) {
            warn!(kind = %K::kind(&()), "the API server went back to an older state; everything is looked at again");
            self.epoch.begin();
        }
        let mut all = self.store.end_list();
        all.extend(self.store.state());
        all
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;
    use kube::ResourceExt;
    use kube::runtime::reflector::ObjectRef;

    use super::*;

    fn map(name: &str, version: &str) -> ConfigMap {
        let mut map = ConfigMap::default();
        map.metadata.name = Some(name.to_owned());
        map.metadata.resource_version = Some(version.to_owned());
        map
    }

    fn keeper() -> Keeper<ConfigMap> {
        Keeper { epoch: Epoch::default(), store: Store::default(), went_back: false }
    }

    /// One that goes in a gap of the watch.
    const DROPPED: &str = "dropped";

    /// What is announced for each event, and the version that the store then holds of it.
    fn run(events: Vec<Event<ConfigMap>>) -> Vec<Vec<(String, Option<String>)>> {
        let mut keeper = keeper();
        let mut all = vec![];
        for event in events {
            let is_removal = matches!(event, Event::Delete(_));
            let mut step: Vec<_> = keeper
                .take_in(Ok(event))
                .iter()
                .map(|map| {
                    let held = keeper.store.get(&ObjectRef::from_obj(&**map));
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

    #[test]
    fn an_object_that_is_listed_again_is_held_once() {
        let mut keeper = keeper();
        let mut list = |names: &[(&str, &str)]| {
            keeper.take_in(Ok(Event::Init));
            for (name, version) in names {
                assert!(keeper.take_in(Ok(Event::InitApply(map(name, version)))).is_empty());
            }
            keeper.take_in(Ok(Event::InitDone))
        };
        let before = list(&[("a", "1"), ("b", "1")]);
        let after = list(&[("a", "1"), ("b", "2")]);
        let kept = |name: &str| {
            let named = |all: &[Arc<ConfigMap>]| all.iter().find(|map| map.name_any() == name).cloned();
            named(&before).zip(named(&after)).is_some_and(|(before, after)| Arc::ptr_eq(&before, &after))
        };
        assert_eq!((kept("a"), kept("b")), (true, false));
    }

    #[test]
    fn a_way_back_is_noticed_also_where_the_list_fails_at_first() {
        let mut keeper = keeper();
        for event in [
            Ok(Event::Init),
            Ok(Event::InitApply(map("a", "9"))),
            Ok(Event::InitDone),
            Ok(Event::Init),
            Ok(Event::InitApply(map("a", "3"))),
            Err(watcher::Error::NoResourceVersion),
            Ok(Event::Init),
            Ok(Event::InitApply(map("a", "3"))),
        ] {
            keeper.take_in(event);
            assert_eq!(keeper.epoch.number(), 0, "not before the list is complete");
        }
        keeper.take_in(Ok(Event::InitDone));
        assert_eq!(keeper.epoch.number(), 1);
        keeper.take_in(Ok(Event::Init));
        keeper.take_in(Ok(Event::InitDone));
        assert_eq!(keeper.epoch.number(), 1, "once");
    }

    #[test]
    fn a_store_is_listed_once_a_list_is_complete() {
        let mut keeper = keeper();
        keeper.take_in(Ok(Event::Init));
        keeper.take_in(Ok(Event::InitApply(map("a", "1"))));
        assert!(!keeper.store.is_listed());
        keeper.take_in(Ok(Event::InitDone));
        assert!(keeper.store.is_listed());
        assert_eq!(keeper.store.state().len(), 1);
        assert!(keeper.store.state_filter(|map| map.name_any() == "b").is_empty());
    }
}

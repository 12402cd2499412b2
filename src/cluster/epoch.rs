//! Whether the API server went back to an older state, as it does when its store is restored from a backup.
//!
//! A resource version only grows, and so does the generation of an object. After a restore both begin again at older numbers: a watch
//! that goes on from a later one sees nothing of what happens, and what was decided for a generation holds no more.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use kube::core::ObjectMeta;
use tokio::sync::watch;

/// Requests to list again within this time of one are part of it.
const PAUSE: Duration = Duration::from_secs(10);

/// Counts how often the API server went back, for all that rely on what they saw before.
#[derive(Clone, Debug, Default)]
pub(crate) struct Epoch(Arc<State>);

#[derive(Debug, Default)]
struct State {
    /// How often it was noticed.
    count: watch::Sender<u64>,
    /// Moves when all watches have to list again.
    lists: watch::Sender<u64>,
    requested: Mutex<Option<Instant>>,
}

impl Epoch {
    /// How often the API server went back. Another number means that nothing that was seen before counts.
    pub(crate) fn number(&self) -> u64 {
        *self.0.count.borrow()
    }

    /// A list holds an older version of what was there.
    pub(super) fn begin(&self) {
        self.0.count.send_modify(|count| *count += 1);
    }

    /// A read answered with an older version than a watch: all of them list again.
    pub(crate) fn relist(&self, now: Instant) {
        let mut requested = self.0.requested.lock().unwrap_or_else(PoisonError::into_inner);
        if requested.is_some_and(|at| now < at + PAUSE) {
            return;
        }
        *requested = Some(now);
        self.begin();
        self.0.lists.send_modify(|count| *count += 1);
    }

    /// Moves when all watches have to list again.
    pub(super) fn lists(&self) -> watch::Receiver<u64> {
        self.0.lists.subscribe()
    }
}

/// Whether an object was seen in a later version than it has now.
pub(crate) fn went_back(seen: &ObjectMeta, now: &ObjectMeta) -> bool {
    let number = |meta: &ObjectMeta| meta.resource_version.as_deref().and_then(|version| version.parse::<u64>().ok());
    // Resource versions of one kind are numbers that grow. Others cannot be compared.
    matches!((number(seen), number(now)), (Some(seen), Some(now)) if now < seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(version: &str) -> ObjectMeta {
        ObjectMeta { resource_version: Some(version.to_owned()), ..ObjectMeta::default() }
    }

    #[test]
    fn only_an_older_version_is_a_way_back() {
        let back = |seen, now| went_back(&meta(seen), &meta(now));
        assert!(back("103", "99"), "numbers are no texts");
        assert!(!back("103", "103") && !back("103", "104") && !back("b", "a"));
        assert!(!went_back(&ObjectMeta::default(), &meta("1")));
    }

    #[test]
    fn many_reads_of_one_restore_are_one_request() {
        let (epoch, now) = (Epoch::default(), Instant::now());
        let lists = epoch.lists();
        for at in [now, now, now + PAUSE / 2] {
            epoch.relist(at);
        }
        assert_eq!((1, 1), (epoch.number(), *lists.borrow()));
        epoch.relist(now + PAUSE);
        assert_eq!((2, 2), (epoch.number(), *lists.borrow()));
    }
}

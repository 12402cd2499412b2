//! The queue of a kind, shared by what fills it, the runner, and metrics.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::lane::Lane;
use super::lanes::{Depth, Job, Lanes, Wish};
use crate::admin_api::CallOutcome;

/// How the queue names an object: `namespace/name`.
pub(crate) type Key = Arc<str>;

/// The queue of a kind.
pub(crate) struct Queue {
    lanes: Mutex<Lanes<Key>>,
    /// Notified when more may begin, by what was learned of a platform.
    risen: Notify,
}

impl Queue {
    /// So many passes may run at the same time.
    pub(crate) fn new(most: usize) -> Self {
        Self { lanes: Mutex::new(Lanes::new(most)), risen: Notify::new() }
    }

    /// An object is due.
    pub(crate) fn enqueue(&self, key: Key, wish: Wish) {
        self.lanes().enqueue(key, wish);
    }

    /// The object whose pass begins now.
    pub(crate) fn next(&self, now: Instant) -> Option<Job<Key>> {
        self.lanes().next(now)
    }

    /// The pass over an object ended, and this is the next, unless what came meanwhile is sooner.
    pub(crate) fn done(&self, key: &str, next: Option<Wish>) {
        self.lanes().done(key, next);
    }

    /// What came while the pass over an object ran was only what the pass itself wrote.
    pub(crate) fn settle(&self, key: &str) {
        self.lanes().settle(key);
    }

    /// An object is gone.
    pub(crate) fn forget(&self, key: &str) {
        self.lanes().forget(key);
    }

    /// A call of a platform ended.
    pub(crate) fn learn(&self, platform: &str, outcome: CallOutcome, took: Duration, now: Instant) {
        if self.lanes().learn(platform, outcome, took, now) {
            self.risen.notify_one();
        }
    }

    /// Waits until more may begin, by what was learned of a platform.
    pub(crate) async fn risen(&self) {
        self.risen.notified().await;
    }

    /// When `next` has to be asked again, where nothing else happens.
    pub(crate) fn wakes(&self, now: Instant) -> Option<Instant> {
        self.lanes().wakes(now)
    }

    /// Nothing was due before `now`: until then another replica made the passes.
    pub(crate) fn begin(&self, now: Instant) {
        self.lanes().begin(now);
    }

    /// How many passes may run over the Tenants of a Platform.
    pub(crate) fn limit(&self, platform: &str) -> usize {
        self.lanes().limit(platform)
    }

    /// The length of a lane.
    pub(crate) fn depth(&self, lane: Lane, now: Instant) -> Depth {
        self.lanes().depth(lane, now)
    }

    /// The length of the whole.
    pub(crate) fn depth_of_all(&self, now: Instant) -> Depth {
        let lanes = Lane::ALL.map(|lane| self.depth(lane, now));
        lanes.into_iter().fold(Depth::default(), |all, lane| Depth {
            waiting: all.waiting + lane.waiting,
            oldest: all.oldest.max(lane.oldest),
        })
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes<Key>> {
        // Nothing that may panic runs while it is held.
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Which objects are due and wait for their pass. The queue itself is kube's, which does not say how long it is: so this notes what
//! goes in and what comes out. Nothing is decided by it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The objects that wait, by lane and `namespace/name`: since when they are due, or when they will be.
#[derive(Default)]
pub(crate) struct Backlog(Mutex<HashMap<&'static str, HashMap<String, Instant>>>);

/// The length of a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Depth {
    /// Objects that are due.
    pub(crate) waiting: usize,
    /// How long the one has been due that has waited longest.
    pub(crate) oldest: Duration,
}

impl Backlog {
    /// An object is due at this time, unless it is sooner.
    pub(crate) fn due(&self, lane: &'static str, key: String, at: Instant) {
        let mut lanes = self.lanes();
        let due = lanes.entry(lane).or_default().entry(key).or_insert(at);
        *due = at.min(*due);
    }

    /// Its pass begins. Returns how long it waited.
    pub(crate) fn begin(&self, lane: &'static str, key: &str, now: Instant) -> Option<Duration> {
        let due = self.lanes().get_mut(lane)?.remove(key)?;
        Some(now.saturating_duration_since(due))
    }

    /// Nothing was due before `now`: until then another replica made the passes.
    pub(crate) fn restart(&self, now: Instant) {
        self.lanes().values_mut().flat_map(HashMap::values_mut).for_each(|due| *due = now.max(*due));
    }

    /// It is gone.
    pub(crate) fn forget(&self, lane: &'static str, key: &str) {
        self.lanes().get_mut(lane).and_then(|lane| lane.remove(key));
    }

    /// The length of a queue.
    pub(crate) fn depth(&self, lane: &'static str, now: Instant) -> Depth {
        let lanes = self.lanes();
        let waits = lanes.get(lane).into_iter().flat_map(HashMap::values);
        waits
            .filter_map(|due| now.checked_duration_since(*due))
            .fold(Depth::default(), |depth, wait| Depth { waiting: depth.waiting + 1, oldest: depth.oldest.max(wait) })
    }

    fn lanes(&self) -> MutexGuard<'_, HashMap<&'static str, HashMap<String, Instant>>> {
        // What is in it is set in one step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANE: &str = "tenant";

    #[test]
    fn what_is_due_waits_until_its_pass_begins() {
        let (backlog, start) = (Backlog::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        let depth = |seconds| {
            let Depth { waiting, oldest } = backlog.depth(LANE, at(seconds));
            (waiting, oldest.as_secs())
        };
        assert_eq!((0, 0), depth(0));
        backlog.due(LANE, "a".to_owned(), at(0));
        backlog.due(LANE, "a".to_owned(), at(3));
        backlog.due(LANE, "b".to_owned(), at(2));
        backlog.due(LANE, "later".to_owned(), at(60));
        assert_eq!((2, 5), depth(5), "an object waits once, since the first time");
        assert_eq!(Some(Duration::from_secs(5)), backlog.begin(LANE, "a", at(5)));
        assert_eq!(None, backlog.begin(LANE, "a", at(5)));
        assert_eq!((1, 3), depth(5));
        // Changed during its pass, which also asks for a later one.
        backlog.due(LANE, "a".to_owned(), at(6));
        backlog.due(LANE, "a".to_owned(), at(100));
        assert_eq!((2, 5), depth(7));
        backlog.forget(LANE, "b");
        assert_eq!((2, 54), depth(60), "a timer that ran out");
        assert_eq!(Some(Duration::ZERO), backlog.begin(LANE, "later", at(50)), "woken before it was due");
        backlog.restart(at(70));
        assert_eq!((1, 30), depth(100), "this replica leads since then");
    }
}

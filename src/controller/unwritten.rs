//! Objects whose outcome could not be written to Kubernetes: how often, and how long to wait before the next attempt.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::options::Timing;

/// How many passes in a row could not be written, by the UID of the object.
#[derive(Default)]
pub(super) struct Unwritten(Mutex<HashMap<String, u32>>);

impl Unwritten {
    /// Counts a pass that could not be written.
    pub(super) fn count(&self, uid: &str) -> u32 {
        let mut counts = self.counts();
        let count = counts.entry(uid.to_owned()).or_default();
        *count = count.saturating_add(1);
        *count
    }

    /// How many passes in a row could not be written; none where the last one was.
    pub(super) fn attempts(&self, uid: &str) -> u32 {
        self.counts().get(uid).copied().unwrap_or_default()
    }

    /// Forgets an object that was written, or that is gone.
    pub(super) fn forget(&self, uid: &str) {
        self.counts().remove(uid);
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long to wait after so many attempts.
pub(super) fn wait(timing: &Timing, attempts: u32) -> Duration {
    timing.backoff_first.saturating_mul(1 << attempts.saturating_sub(1).min(16)).min(timing.backoff_most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_grow_up_to_a_bound_and_begin_again_once_written() {
        let (timing, unwritten) = (Timing::default(), Unwritten::default());
        let seconds = || wait(&timing, unwritten.count("u")).as_secs();
        assert_eq!([2, 4, 8, 16], [seconds(), seconds(), seconds(), seconds()]);
        assert!((0..100).all(|_| seconds() <= 300));
        assert_eq!(300, seconds());
        assert_eq!((105, 0), (unwritten.attempts("u"), unwritten.attempts("v")));
        unwritten.forget("u");
        assert_eq!((0, 1), (unwritten.attempts("u"), unwritten.count("u")));
    }
}

//! The clock of a platform, as its answers tell it.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

/// The clock of a platform.
#[derive(Debug, Default)]
pub(super) struct ServerClock(Mutex<Option<Reading>>);

#[derive(Clone, Copy, Debug)]
struct Reading {
    date: Timestamp,
    /// When the answer came.
    at: Instant,
}

impl ServerClock {
    /// Takes in the date of an answer. One without a date leaves what is known.
    pub(super) fn set(&self, date: Option<Timestamp>, at: Instant) {
        let Some(date) = date else { return };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Reading { date, at });
    }

    /// What it shows now; `None` where it was never told.
    pub(super) fn now(&self, now: Instant) -> Option<Timestamp> {
        let Reading { date, at } = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        let since = SignedDuration::try_from(now.saturating_duration_since(at)).ok()?;
        date.checked_add(since).ok()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_goes_on_from_the_last_answer_that_told_it() {
        let (clock, at) = (ServerClock::default(), Instant::now());
        assert_eq!(None, clock.now(at));
        let date = Timestamp::from_second(1_800_000_000).unwrap();
        clock.set(Some(date), at);
        let later = at + Duration::from_secs(5);
        clock.set(None, later);
        assert_eq!(Some(date + Duration::from_secs(5)), clock.now(later));
        clock.set(Some(Timestamp::MAX), at);
        assert_eq!(None, clock.now(later), "no time is after the last one");
    }
}

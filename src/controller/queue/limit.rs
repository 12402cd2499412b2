//! How many passes over the Tenants of one Platform run at the same time. It rises by one while all of them are answered well, and
//! falls by half when the platform asks for fewer requests or most of them fail (additive increase, multiplicative decrease). Pure: the
//! time is an argument.
//!
//! Whether the platform may be called at all is decided at the gate of its client; this only decides how many try.

use std::time::{Duration, Instant};

use crate::admin_api::CallOutcome;

/// What is left of a limit when the platform asks for fewer requests, or fails.
const FALL: f64 = 0.5;
/// What is left of a limit when the platform becomes slow.
const FALL_OF_SLOW: f64 = 0.75;
/// A failure counts when more than this share of the last calls failed: one tenant that the platform cannot serve says nothing about
/// the platform.
const FAILING: f64 = 0.3;
/// How much one call counts in the share of the calls that failed.
const WEIGHT_OF_FAILURE: f64 = 1.0 / 8.0;
/// An answer is slow when it takes so many times what is usual, and this much more.
const SLOW: f64 = 4.0;
const SLOW_BEYOND: Duration = Duration::from_millis(500);
/// How much one call counts in what is usual: a platform that stays slow is taken as it is after some hundred calls.
const WEIGHT_OF_USUAL: f64 = 1.0 / 128.0;

/// The limit of one Platform.
#[derive(Debug)]
pub(super) struct Limit {
    most: f64,
    now: f64,
    /// The share of the calls that failed, of late.
    failing: f64,
    /// What an answer usually takes, in seconds.
    usual: Option<f64>,
    /// When it last fell.
    fell: Option<Instant>,
}

impl Limit {
    /// It begins with the most that it may become.
    pub(super) fn up_to(most: usize) -> Self {
        let most = f64::from(u32::try_from(most).unwrap_or(u32::MAX)).max(1.0);
        Self { most, now: most, failing: 0.0, usual: None, fell: None }
    }

    /// How many passes may run; at least one.
    pub(super) fn passes(&self) -> usize {
        // A whole number from 1 to the concurrency.
        self.now.floor().max(1.0) as usize
    }

    /// Learns from a call that ended `at` this time. Returns whether more or fewer passes may run now. Calls that were sent before it
    /// fell say nothing about what is left of it.
    pub(super) fn learn(&mut self, outcome: CallOutcome, took: Duration, at: Instant) -> bool {
        let (before, sent) = (self.passes(), at.checked_sub(took).unwrap_or(at));
        if self.fell.is_some_and(|fell| sent <= fell) {
            return false;
        }
        let failed = f64::from(u8::from(matches!(outcome, CallOutcome::Failed)));
        self.failing += (failed - self.failing) * WEIGHT_OF_FAILURE;
        match outcome {
            CallOutcome::Answered if self.is_slow(took) => self.fall(FALL_OF_SLOW, at),
            CallOutcome::Answered => self.now = (self.now + 1.0 / self.now).min(self.most),
            CallOutcome::Throttled { .. } => self.fall(FALL, at),
            CallOutcome::Failed if self.failing > FAILING => self.fall(FALL, at),
            CallOutcome::Failed => {}
        }
        before != self.passes()
    }

    /// Whether an answer was slow. What is usual follows.
    fn is_slow(&mut self, took: Duration) -> bool {
        let seconds = took.as_secs_f64();
        let usual = self.usual.get_or_insert(seconds);
        let is_slow = seconds > *usual * SLOW + SLOW_BEYOND.as_secs_f64();
        *usual += (seconds - *usual) * WEIGHT_OF_USUAL;
        is_slow
    }

    fn fall(&mut self, left: f64, at: Instant) {
        self.fell = Some(at);
        self.now = (self.now * left).max(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUICK: Duration = Duration::from_millis(10);
    const THROTTLED: CallOutcome = CallOutcome::Throttled { after: Duration::from_secs(1) };

    /// A limit and the time of its calls.
    struct Trial {
        limit: Limit,
        now: Instant,
    }

    impl Trial {
        fn up_to(most: usize) -> Self {
            Self { limit: Limit::up_to(most), now: Instant::now() }
        }

        /// Calls one after the other that end in this way. Returns how many passes may run then.
        fn calls(&mut self, count: usize, outcome: CallOutcome, took: Duration) -> usize {
            for _ in 0..count {
                self.now += took;
                self.limit.learn(outcome, took, self.now);
                self.now += Duration::from_millis(1);
            }
            self.limit.passes()
        }
    }

    #[test]
    fn a_request_for_fewer_halves_it_and_good_answers_bring_it_back() {
        let mut trial = Trial::up_to(32);
        assert_eq!(32, trial.calls(10, CallOutcome::Answered, QUICK), "never more than at most");
        assert_eq!(16, trial.calls(1, THROTTLED, QUICK));
        assert_eq!(8, trial.calls(1, THROTTLED, QUICK));
        assert_eq!(9, trial.calls(9, CallOutcome::Answered, QUICK), "one more for as many answers as may be under way");
        assert_eq!(1, trial.calls(20, THROTTLED, QUICK), "never less than one");
        assert_eq!(2, trial.calls(1, CallOutcome::Answered, QUICK));
        assert_eq!(32, trial.calls(600, CallOutcome::Answered, QUICK));
    }

    #[test]
    fn calls_that_were_under_way_together_halve_it_once() {
        let (mut limit, now) = (Limit::up_to(32), Instant::now());
        let took = Duration::from_secs(1);
        for later in 0..20 {
            limit.learn(THROTTLED, took, now + Duration::from_millis(later));
        }
        assert_eq!(16, limit.passes());
        (0..100).for_each(|_| assert!(!limit.learn(CallOutcome::Answered, took, now)));
        assert!(limit.learn(THROTTLED, took, now + Duration::from_millis(1001)), "sent after it fell");
        assert_eq!(8, limit.passes());
    }

    #[test]
    fn it_falls_when_most_calls_fail_and_not_when_one_tenant_does() {
        let mut trial = Trial::up_to(32);
        for _ in 0..100 {
            trial.calls(1, CallOutcome::Failed, QUICK);
            assert_eq!(32, trial.calls(6, CallOutcome::Answered, QUICK));
        }
        assert!(4 >= trial.calls(5, CallOutcome::Failed, QUICK));
    }

    #[test]
    fn it_falls_when_answers_become_slow_and_takes_a_slow_platform_as_it_is() {
        let mut trial = Trial::up_to(32);
        trial.calls(10, CallOutcome::Answered, QUICK);
        assert_eq!(32, trial.calls(10, CallOutcome::Answered, QUICK * 50), "half a second is no sign");
        assert_eq!(24, trial.calls(1, CallOutcome::Answered, Duration::from_secs(3)));
        assert_eq!(32, trial.calls(2000, CallOutcome::Answered, Duration::from_secs(3)));
    }
}

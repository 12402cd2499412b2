//! When an object is reconciled next. Pure: the time is an argument.

use std::time::{Duration, Instant};

use kube::ResourceExt;

use crate::controller::options::Timing;
use crate::plan::Delay;
use crate::resources::Tenant;
use crate::resources::tenant::DEFAULT_SYNC_INTERVAL_SECONDS;

/// The first wait after a lost race.
const RACE: Duration = Duration::from_millis(50);
/// The shortest sync interval, also where an object was stored under a CRD that allowed less.
const SHORTEST_SYNC: Duration = Duration::from_secs(60);

/// The durations that a delay stands for, for one Tenant.
pub(crate) struct Pace<'t> {
    timing: &'t Timing,
    sync: Duration,
    phase: u8,
}

/// What follows from a pass for the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Next {
    pub(crate) due: Instant,
    /// Passes in a row that failed.
    pub(crate) attempts: u32,
}

impl<'t> Pace<'t> {
    pub(crate) fn of(tenant: &Tenant, timing: &'t Timing) -> Self {
        let seconds = tenant.spec.sync_interval_seconds.map(i64::from);
        Self::new(&tenant.uid().unwrap_or_default(), seconds, timing)
    }

    /// Of the Tenant with this UID and `spec.syncIntervalSeconds`.
    pub(crate) fn new(uid: &str, seconds: Option<i64>, timing: &'t Timing) -> Self {
        let phase = phase(uid);
        let seconds = seconds.unwrap_or(DEFAULT_SYNC_INTERVAL_SECONDS.into());
        let interval = Duration::from_secs(u64::try_from(seconds).unwrap_or_default()).max(SHORTEST_SYNC);
        Self { timing, sync: timing.sync.unwrap_or_else(|| spread(interval, phase)), phase }
    }
}

impl Pace<'_> {
    /// Between two passes over a Tenant that is as it should be.
    pub(crate) fn sync(&self) -> Duration {
        self.sync
    }
}

/// Decides when an object is due after a pass that ended `now` with this delay, after so many failed ones before it.
pub(crate) fn next(pace: &Pace<'_>, attempts: u32, delay: Delay, now: Instant) -> Next {
    let attempts = if is_attempt(delay) { attempts.saturating_add(1) } else { 0 };
    Next { due: now + wait(pace, attempts, delay), attempts }
}

/// Whether a delay grows with each pass that ends in it.
fn is_attempt(delay: Delay) -> bool {
    match delay {
        Delay::Backoff | Delay::Reference | Delay::AtOnce => true,
        Delay::Sync
        | Delay::Script
        | Delay::RetryAfter(_)
        | Delay::Deletion
        | Delay::DeletionRetry(_)
        | Delay::Never => false,
    }
}

fn wait(pace: &Pace<'_>, attempts: u32, delay: Delay) -> Duration {
    let Pace { timing, sync, phase } = *pace;
    let doubled = |first: Duration| first.saturating_mul(1 << attempts.saturating_sub(1).min(16));
    match delay {
        Delay::Sync => sync,
        Delay::Script => sync.min(timing.script_poll),
        Delay::Backoff => spread(doubled(timing.backoff_first).min(timing.backoff_most), phase),
        Delay::Reference => spread(doubled(timing.backoff_first).min(timing.reference_most), phase),
        Delay::RetryAfter(wait) => wait,
        Delay::Deletion => timing.deletion_poll,
        Delay::DeletionRetry(wait) => wait.min(timing.deletion_poll),
        // A race that is lost again and again is no race. It ends without a sign, so it is looked at as often as a missing reference.
        Delay::AtOnce => doubled(RACE).min(timing.reference_most),
        Delay::Never => timing.backoff_most,
    }
}

/// From 0 to 255, always the same for an object. It keeps objects from being reconciled in step.
pub(crate) fn phase(uid: &str) -> u8 {
    uid.bytes().fold(0, |sum: u8, byte| sum.wrapping_mul(31).wrapping_add(byte))
}

/// Between nine tenths of a duration and the whole.
fn spread(wait: Duration, phase: u8) -> Duration {
    wait.mul_f64(0.9 + 0.1 * f64::from(phase) / 255.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// A pace whose phase changes no duration.
    fn pace(timing: &Timing) -> Pace<'_> {
        Pace { timing, sync: SECOND * 3600, phase: 255 }
    }

    /// The waits of passes that end in the same delay, one after the other.
    fn waits(pace: &Pace<'_>, delay: Delay, passes: usize) -> Vec<Duration> {
        let now = Instant::now();
        let mut attempts = 0;
        (0..passes)
            .map(|_| {
                let next = next(pace, attempts, delay, now);
                attempts = next.attempts;
                next.due - now
            })
            .collect()
    }

    #[test]
    fn each_delay_has_its_wait() {
        let timing = Timing::default();
        let pace = pace(&timing);
        for (delay, expected) in [
            (Delay::Sync, [3600, 3600, 3600, 3600]),
            (Delay::Script, [300, 300, 300, 300]),
            (Delay::Backoff, [2, 4, 8, 16]),
            (Delay::Reference, [2, 4, 8, 16]),
            (Delay::RetryAfter(SECOND * 7), [7, 7, 7, 7]),
            (Delay::Deletion, [30, 30, 30, 30]),
            (Delay::Never, [300, 300, 300, 300]),
        ] {
            assert_eq!(expected.map(|seconds| SECOND * seconds).to_vec(), waits(&pace, delay, 4), "{delay:?}");
        }
        let races = [50, 100, 200, 400].map(Duration::from_millis);
        assert_eq!(races.to_vec(), waits(&pace, Delay::AtOnce, 4));
    }

    #[test]
    fn what_grows_has_a_bound() {
        let timing = Timing::default();
        let pace = pace(&timing);
        for (delay, most) in [(Delay::Backoff, 300), (Delay::Reference, 30), (Delay::AtOnce, 30)] {
            assert_eq!(Some(&(SECOND * most)), waits(&pace, delay, 100).last(), "{delay:?}");
        }
        let short = Pace { sync: SECOND * 60, ..pace };
        assert_eq!(vec![SECOND * 60], waits(&short, Delay::Script, 1), "never later than the sync interval");
    }

    #[test]
    fn a_pass_that_does_not_fail_ends_the_count() {
        let timing = Timing::default();
        let pace = pace(&timing);
        let now = Instant::now();
        assert_eq!(6, next(&pace, 5, Delay::Backoff, now).attempts);
        assert_eq!(0, next(&pace, 5, Delay::Sync, now).attempts);
        assert_eq!(u32::MAX, next(&pace, u32::MAX, Delay::AtOnce, now).attempts);
    }

    #[test]
    fn the_phase_shortens_by_a_tenth_at_most() {
        assert_eq!(SECOND * 90, spread(SECOND * 100, 0));
        assert_eq!(SECOND * 100, spread(SECOND * 100, 255));
        assert_eq!(phase("5b3c"), phase("5b3c"));
        assert_ne!(phase("5b3c"), phase("5b3d"));
    }
}

//! The clock by which a leadership ends.

use std::ops::{Add, AddAssign};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// `Instant` stands still while the machine is suspended, and other machines go on; this clock does not.
#[cfg(target_os = "linux")]
const CLOCK: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const CLOCK: ClockId = ClockId::Monotonic;

/// Timers stand still with the machine, so a wait looks at the clock this often.
const LOOK: Duration = Duration::from_secs(1);

/// A moment, by the time since this machine was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BootInstant(Duration);

impl BootInstant {
    pub(crate) fn now() -> Self {
        let now = clock_gettime(CLOCK);
        let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
        Self(Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or_default()))
    }

    /// The time since an earlier moment; nothing where that one is later.
    pub(crate) fn duration_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for BootInstant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0 + duration)
    }
}

impl AddAssign<Duration> for BootInstant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

/// Waits until a moment.
pub(crate) async fn sleep_until(at: BootInstant) {
    loop {
        let left = at.duration_since(BootInstant::now());
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(LOOK)).await;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use futures::FutureExt;

    use super::*;

    /// The kernel's own word for how long the machine has been up counts the time in which it was suspended. The two clocks differ
    /// only where that happened, or in a time namespace (`unshare -Ur --time --fork --boottime 100000`).
    #[cfg(target_os = "linux")]
    #[test]
    fn time_in_which_the_machine_is_suspended_counts() {
        let uptime = || {
            let text = std::fs::read_to_string("/proc/uptime").unwrap();
            Duration::from_secs_f64(text.split_whitespace().next().unwrap().parse().unwrap())
        };
        let (before, now, after) = (uptime(), BootInstant::now(), uptime());
        // It is written in hundredths of a second.
        let slack = Duration::from_millis(20);
        assert!(before <= now.0 + slack && now.0 <= after + slack, "{before:?} {now:?} {after:?}");
    }

    #[tokio::test]
    async fn a_wait_ends_when_its_moment_has_come() {
        let at = BootInstant::now() + Duration::from_millis(20);
        sleep_until(at).await;
        assert!(BootInstant::now() >= at);
        assert_eq!(Some(()), sleep_until(at).now_or_never());
    }
}

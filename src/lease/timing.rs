//! The durations of the election.

use std::time::Duration;

use thiserror::Error;

/// A candidate waits no longer than this for a Lease, also if it names a longer time.
pub(super) const LONGEST: Duration = Duration::from_secs(600);
/// A released Lease says this duration, as client-go writes it; a lease that is held is longer.
pub(super) const RELEASED: Duration = Duration::from_secs(1);
/// What is under way at the deadline has at least this long to arrive before another replica leads.
const LEAST_MARGIN: Duration = Duration::from_secs(1);
/// Attempts are never further apart than this times the retry period, as in client-go.
const JITTER: f64 = 1.2;

/// The durations of the election.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LeaseTiming {
    /// A candidate takes over when it has seen no renewal for this long.
    pub duration: Duration,
    /// The leader writes until this long after it sent its last renewal.
    pub renew_deadline: Duration,
    /// Between renewals of the leader, and between looks of a candidate.
    pub retry_period: Duration,
}

/// Why durations do not fit each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TimingError {
    /// A released lease could not be told from one that is held.
    #[error("--lease-duration must be from 2s to 10m")]
    Duration,
    /// What a leader sent last could arrive while another takes over.
    #[error("--lease-duration must be longer than --renew-deadline by --retry-period, and by 1s at least")]
    Deadline,
    /// One renewal that fails would end the leadership.
    #[error("--renew-deadline must be longer than 1.2 times --retry-period, and --retry-period longer than 0")]
    Retry,
}

impl Default for LeaseTiming {
    fn default() -> Self {
        let [duration, renew_deadline, retry_period] = [15, 10, 2].map(Duration::from_secs);
        Self { duration, renew_deadline, retry_period }
    }
}

impl LeaseTiming {
    /// Checks the durations against each other, as controller-runtime does.
    ///
    /// *Errors*: they do not fit.
    pub fn validate(&self) -> Result<(), TimingError> {
        let Self { duration, renew_deadline, retry_period } = *self;
        if !(RELEASED * 2..=LONGEST).contains(&duration) {
            return Err(TimingError::Duration);
        }
        if duration < renew_deadline.saturating_add(retry_period.max(LEAST_MARGIN)) {
            return Err(TimingError::Deadline);
        }
        if retry_period.is_zero() || renew_deadline.as_secs_f64() <= retry_period.as_secs_f64() * JITTER {
            return Err(TimingError::Retry);
        }
        Ok(())
    }

    /// How long one request may take: a renewal that gets no answer leaves time for another.
    pub(crate) fn attempt(&self) -> Duration {
        self.renew_deadline / 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(duration: u64, renew_deadline: u64, retry_period: u64) -> Result<(), TimingError> {
        let [duration, renew_deadline, retry_period] =
            [duration, renew_deadline, retry_period].map(Duration::from_millis);
        LeaseTiming { duration, renew_deadline, retry_period }.validate()
    }

    #[test]
    fn durations_that_do_not_fit_are_refused() {
        assert_eq!(Ok(()), LeaseTiming::default().validate());
        for (duration, renew_deadline, retry_period, expected) in [
            (3000, 2000, 400, Ok(())),
            (600_000, 327_000, 272_000, Ok(())),
            (2000, 1000, 800, Ok(())),
            (15_000, 13_000, 2000, Ok(())),
            (15_000, 13_001, 2000, Err(TimingError::Deadline)),
            (15_000, 14_001, 100, Err(TimingError::Deadline)),
            (600_000, 599_999, 499_000, Err(TimingError::Deadline)),
            (1999, 1000, 100, Err(TimingError::Duration)),
            (600_001, 10_000, 2000, Err(TimingError::Duration)),
            (10_000, 10_000, 2000, Err(TimingError::Deadline)),
            (10_000, 15_000, 2000, Err(TimingError::Deadline)),
            (15_000, 2400, 2000, Err(TimingError::Retry)),
            (15_000, 2000, 10_000, Err(TimingError::Retry)),
            (15_000, 2000, u64::MAX, Err(TimingError::Deadline)),
            (15_000, 10_000, 0, Err(TimingError::Retry)),
        ] {
            assert_eq!(
                expected,
                judged(duration, renew_deadline, retry_period),
                "{duration} {renew_deadline} {retry_period}"
            );
        }
    }
}

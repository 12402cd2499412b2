//! The gate before a platform. While a platform is known to be out of reach, Tenants do not call it: one probe, made for the
//! `Platform` itself, finds out when it is back. So an outage is one condition on one object, and no storm.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::error::ApiError;

/// After so many failures in a row that may each be a matter of one tenant, they are taken for a matter of the platform.
const FAILURES_TO_CLOSE: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct Gate(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    closed: Option<&'static str>,
    failures: u32,
    not_before: Option<Instant>,
}

impl Gate {
    /// Whether a call may be made now.
    pub(super) fn pass(&self, now: Instant) -> Result<(), ApiError> {
        let state = self.state();
        if let Some(wait) =
            state.not_before.and_then(|at| at.checked_duration_since(now)).filter(|wait| !wait.is_zero())
        {
            return Err(ApiError::Throttled { after: wait });
        }
        state.closed.map_or(Ok(()), |because| Err(ApiError::NotCalled { because }))
    }

    /// Learns from the outcome of a call. True when this outcome closed the gate.
    pub(super) fn learn<T>(&self, outcome: &Result<T, ApiError>, now: Instant) -> bool {
        let mut state = self.state();
        let because = match outcome {
            Ok(_) | Err(ApiError::Refused(_) | ApiError::Forbidden) => {
                *state = State { not_before: state.not_before, ..State::default() };
                return false;
            }
            Err(ApiError::Throttled { after }) => {
                state.not_before = Some(now + *after);
                return false;
            }
            Err(ApiError::NotCalled { .. }) => return false,
            Err(ApiError::Unauthenticated { what }) => what,
            Err(ApiError::Unreachable { what }) => what,
            Err(ApiError::Unexpected { what, .. }) => {
                state.failures += 1;
                if state.failures < FAILURES_TO_CLOSE {
                    return false;
                }
                what
            }
        };
        state.closed.replace(because).is_none()
    }

    /// How long the platform asked to be left alone.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        self.state().not_before.and_then(|at| at.checked_duration_since(now)).filter(|wait| !wait.is_zero())
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // A panic elsewhere leaves plain data behind, never a half-made state.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOWN: Result<(), ApiError> = Err(ApiError::Unreachable { what: "connection refused" });
    const PAGE: Result<(), ApiError> = Err(ApiError::Unexpected { status: 500, what: "not JSON" });

    #[test]
    fn an_outage_closes_it_and_a_probe_opens_it() {
        let (gate, now) = (Gate::default(), Instant::now());
        assert!(gate.learn(&DOWN, now), "the first failure closes it");
        assert!(!gate.learn(&DOWN, now), "and only the first says so");
        assert_eq!(gate.pass(now), Err(ApiError::NotCalled { because: "connection refused" }));
        gate.learn(&Ok(()), now);
        assert_eq!(gate.pass(now), Ok(()));
    }

    #[test]
    fn one_odd_answer_is_a_matter_of_one_tenant_three_are_not() {
        let (gate, now) = (Gate::default(), Instant::now());
        assert!(!gate.learn(&PAGE, now) && !gate.learn(&PAGE, now));
        assert_eq!(gate.pass(now), Ok(()));
        assert!(gate.learn(&PAGE, now));
        assert!(gate.pass(now).is_err());
    }

    #[test]
    fn a_throttled_platform_is_left_alone_for_the_time_it_named() {
        let (gate, now) = (Gate::default(), Instant::now());
        gate.learn::<()>(&Err(ApiError::Throttled { after: Duration::from_secs(30) }), now);
        assert_eq!(
            gate.pass(now + Duration::from_secs(10)),
            Err(ApiError::Throttled { after: Duration::from_secs(20) })
        );
        assert_eq!(gate.pass(now + Duration::from_secs(31)), Ok(()));
        assert_eq!(gate.wait(now + Duration::from_secs(31)), None);
    }
}

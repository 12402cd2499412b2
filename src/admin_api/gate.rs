//! The gate before a platform. While a platform is known to be out of reach, Tenants do not call it: one probe, made for the
//! `Platform` itself, finds out when it is back. So an outage is one condition on one object, and no storm.
//!
//! A call about one tenant proves nothing about the platform when it fails: it only asks for the probe, and the probe decides.
//! So a tenant that the platform cannot serve is nobody else's outage. A token that is refused is the one exception.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::error::ApiError;

#[derive(Debug, Default)]
pub(super) struct Gate(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    closed: Option<&'static str>,
    not_before: Option<Instant>,
}

impl Gate {
    /// Whether a call may be made now.
    pub(super) fn pass(&self, now: Instant) -> Result<(), ApiError> {
        if let Some(after) = self.wait(now) {
            return Err(ApiError::Throttled { after });
        }
        self.state().closed.map_or(Ok(()), |because| Err(ApiError::NotCalled { because }))
    }

    /// Learns from the outcome of a call about a tenant. True when the platform has to be probed.
    pub(super) fn learn<T>(&self, outcome: &Result<T, ApiError>, now: Instant) -> bool {
        let mut state = self.state();
        match outcome {
            Ok(_) | Err(ApiError::Refused(_)) => {
                state.closed = None;
                false
            }
            Err(ApiError::Throttled { after }) => {
                state.not_before = Some(now + *after);
                false
            }
            Err(ApiError::NotCalled { .. }) => false,
            Err(ApiError::Unauthenticated { what }) => state.closed.replace(what).is_none(),
            Err(ApiError::Forbidden | ApiError::Unreachable { .. } | ApiError::Unexpected { .. }) => {
                state.closed.is_none()
            }
        }
    }

    /// Opens or closes by the outcome of a probe.
    pub(super) fn decide<T>(&self, outcome: &Result<T, ApiError>, now: Instant) {
        let mut state = self.state();
        state.closed = match outcome {
            Ok(_) => None,
            Err(ApiError::Throttled { after }) => {
                state.not_before = Some(now + *after);
                state.closed
            }
            Err(ApiError::NotCalled { because }) => Some(because),
            Err(
                ApiError::Unauthenticated { what } | ApiError::Unreachable { what } | ApiError::Unexpected { what, .. },
            ) => Some(what),
            Err(ApiError::Refused(_) | ApiError::Forbidden) => Some("it refuses what every client may ask"),
        };
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
    const STRANGER: Result<(), ApiError> = Err(ApiError::Unauthenticated { what: "a bad token" });

    #[test]
    fn a_failed_call_asks_for_a_probe_and_the_probe_decides() {
        for failure in [DOWN, PAGE, Err(ApiError::Forbidden)] {
            let (gate, now) = (Gate::default(), Instant::now());
            assert!(gate.learn(&failure, now));
            assert_eq!(gate.pass(now), Ok(()), "one tenant's failure is nobody else's: {failure:?}");
            gate.decide(&failure, now);
            assert!(matches!(gate.pass(now), Err(ApiError::NotCalled { .. })), "{failure:?}");
            assert!(!gate.learn(&failure, now), "what comes late rings no more: {failure:?}");
            gate.decide(&Ok(()), now);
            assert_eq!(gate.pass(now), Ok(()));
        }
    }

    #[test]
    fn a_refused_token_closes_at_once_and_says_so_once() {
        let (gate, now) = (Gate::default(), Instant::now());
        assert!(gate.learn(&STRANGER, now));
        assert!(!gate.learn(&STRANGER, now));
        assert_eq!(gate.pass(now), Err(ApiError::NotCalled { because: "a bad token" }));
    }

    #[test]
    fn a_documented_answer_opens_it() {
        let (gate, now) = (Gate::default(), Instant::now());
        gate.decide(&DOWN, now);
        assert!(!gate.learn::<()>(&Err(ApiError::Refused(Default::default())), now));
        assert_eq!(gate.pass(now), Ok(()));
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

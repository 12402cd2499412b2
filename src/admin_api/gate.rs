//! The gate before a platform. While a platform is known to be out of reach, Tenants do not call it: one probe, made for the
//! `Platform` itself, finds out when it is back. So an outage is one condition on one object, and no storm.
//!
//! A call about one tenant proves nothing about the platform when it fails: it only asks for the probe, and the probe decides.
//! So a tenant that the platform cannot serve does not stop the others. A token that is refused is the one exception.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::error::{ApiError, NotCalled};

#[derive(Debug, Default)]
pub(super) struct Gate(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Why the platform is out of reach.
    closed: Option<ApiError>,
    not_before: Option<Instant>,
}

impl Gate {
    /// Whether a call may be made now.
    pub(super) fn pass(&self, now: Instant) -> Result<(), ApiError> {
        if let Some(after) = self.wait(now) {
            return Err(ApiError::Throttled { after });
        }
        match &self.state().closed {
            None => Ok(()),
            Some(cause) => Err(ApiError::NotCalled(NotCalled::Outage(Box::new(cause.clone())))),
        }
    }

    /// Learns from the result of a call about a tenant. True when the platform has to be probed.
    pub(super) fn learn<T>(&self, result: &Result<T, ApiError>, now: Instant) -> bool {
        let mut state = self.state();
        match result {
            Ok(_) | Err(ApiError::Refused(_)) => {
                state.closed = None;
                false
            }
            Err(ApiError::Throttled { after }) => {
                state.not_before = Some(now + *after);
                false
            }
            Err(ApiError::NotCalled(_)) => false,
            Err(error @ ApiError::Unauthenticated(_)) => state.closed.replace(error.clone()).is_none(),
            Err(ApiError::Forbidden | ApiError::Unreachable(_) | ApiError::Unexpected(_)) => state.closed.is_none(),
        }
    }

    /// Opens or closes by the result of a probe.
    pub(super) fn decide<T>(&self, result: &Result<T, ApiError>, now: Instant) {
        let mut state = self.state();
        match result {
            Ok(_) => state.closed = None,
            Err(ApiError::Throttled { after }) => state.not_before = Some(now + *after),
            Err(ApiError::NotCalled(_)) => {}
            Err(
                error @ (ApiError::Unauthenticated(_)
                | ApiError::Unreachable(_)
                | ApiError::Unexpected(_)
                // It refuses what every client may ask.
                | ApiError::Refused(_)
                | ApiError::Forbidden),
            ) => state.closed = Some(error.clone()),
        }
    }

    /// How long the platform asked to be left alone.
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        self.state().not_before.and_then(|at| at.checked_duration_since(now)).filter(|wait| !wait.is_zero())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves plain data behind, never a half-made state.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{unauthenticated, unexpected, unreachable};
    use super::*;

    fn not_called(cause: ApiError) -> Result<(), ApiError> {
        Err(ApiError::NotCalled(NotCalled::Outage(Box::new(cause))))
    }

    #[test]
    fn a_failed_call_asks_for_a_probe_and_the_probe_decides() {
        for failure in [unreachable(), unexpected(500), ApiError::Forbidden] {
            let (gate, now) = (Gate::default(), Instant::now());
            let failed = Err::<(), _>(failure.clone());
            assert!(gate.learn(&failed, now));
            assert_eq!(gate.pass(now), Ok(()), "one tenant's failure is not another's: {failure:?}");
            gate.decide(&failed, now);
            assert_eq!(gate.pass(now), not_called(failure.clone()));
            assert!(!gate.learn(&failed, now), "what comes late rings no more: {failure:?}");
            gate.decide(&Ok(()), now);
            assert_eq!(gate.pass(now), Ok(()));
        }
    }

    #[test]
    fn an_outage_has_one_text_whether_a_call_failed_or_was_not_made() {
        for failure in [unreachable(), unexpected(500), unauthenticated()] {
            let (gate, now) = (Gate::default(), Instant::now());
            gate.decide(&Err::<(), _>(failure.clone()), now);
            assert_eq!(gate.pass(now).unwrap_err().to_string(), failure.to_string());
        }
    }

    #[test]
    fn a_rejected_token_closes_at_once_and_says_so_once() {
        let (gate, now) = (Gate::default(), Instant::now());
        assert!(gate.learn(&Err::<(), _>(unauthenticated()), now));
        assert!(!gate.learn(&Err::<(), _>(unauthenticated()), now));
        assert_eq!(gate.pass(now), not_called(unauthenticated()));
    }

    #[test]
    fn a_documented_answer_opens_it() {
        let (gate, now) = (Gate::default(), Instant::now());
        gate.decide(&Err::<(), _>(unreachable()), now);
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

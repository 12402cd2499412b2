//! What a call came to, for what decides how many calls are made at the same time.

use std::time::Duration;

use super::error::ApiError;

/// What a call came to, as far as it says how the platform bears its load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// It was answered as documented, be it by a refusal.
    Answered,
    /// The platform asks for fewer requests.
    Throttled {
        /// How long it wants to be left alone.
        after: Duration,
    },
    /// No answer in time, or none that is documented.
    Failed,
}

impl CallOutcome {
    /// What the result of a call that was made says; `None` where it was not.
    pub(super) fn of<T>(result: &Result<T, ApiError>) -> Option<Self> {
        match result {
            Ok(_) | Err(ApiError::Refused(_) | ApiError::Unauthenticated(_) | ApiError::Forbidden) => {
                Some(Self::Answered)
            }
            Err(ApiError::Throttled { after }) => Some(Self::Throttled { after: *after }),
            Err(ApiError::Unreachable(_) | ApiError::Unexpected(_)) => Some(Self::Failed),
            Err(ApiError::NotCalled(_)) => None,
        }
    }
}

/// Told of each call about a tenant, with how long it took.
pub struct Listener(Box<dyn Fn(CallOutcome, Duration) + Send + Sync>);

impl Listener {
    /// Calls `listen`.
    pub fn new(listen: impl Fn(CallOutcome, Duration) + Send + Sync + 'static) -> Self {
        Self(Box::new(listen))
    }

    pub(super) fn tell(&self, outcome: CallOutcome, took: Duration) {
        (self.0)(outcome, took);
    }
}

impl Default for Listener {
    fn default() -> Self {
        Self::new(|_, _| {})
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{not_called, unauthenticated, unexpected, unreachable};
    use super::*;

    #[test]
    fn only_a_call_that_was_made_says_something() {
        let of = |error| CallOutcome::of(&Err::<(), _>(error));
        assert_eq!(Some(CallOutcome::Answered), CallOutcome::of(&Ok(())));
        for answered in [ApiError::Refused(Default::default()), unauthenticated(), ApiError::Forbidden] {
            assert_eq!(Some(CallOutcome::Answered), of(answered));
        }
        let after = Duration::from_secs(7);
        assert_eq!(Some(CallOutcome::Throttled { after }), of(ApiError::Throttled { after }));
        for failed in [unreachable(), unexpected(500)] {
            assert_eq!(Some(CallOutcome::Failed), of(failed));
        }
        assert_eq!(None, of(not_called()));
    }
}

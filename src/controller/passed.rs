//! What a pass came to, in words of a closed list, and when the next one comes.

use std::time::Duration;

use crate::plan::{Outcome, StopClass, Stopped};

/// What a pass came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Passed {
    pub(super) result: PassResult,
    /// Until the next pass; without it only a change brings one.
    pub(super) wait: Option<Duration>,
}

/// What a pass came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PassResult {
    /// The object is as it should be, on the platform too.
    Succeeded,
    /// A Tenant is being deleted and waits.
    Deleting,
    /// The object may go.
    Released,
    /// Something is in the way, and the status says what.
    Stopped,
    /// `spec.suspend`.
    Suspended,
    /// The platform gave no answer.
    Unavailable,
    /// Another writer was faster, or Kubernetes did not answer.
    Raced,
    /// The operator is wrong, or may not do what it has to.
    Failed,
    /// There was nothing to do: not due, or not ours.
    Skipped,
    /// The outcome could not be written to Kubernetes.
    Unwritten,
}

impl PassResult {
    /// The word of the metrics.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Deleting => "deleting",
            Self::Released => "released",
            Self::Stopped => "stopped",
            Self::Suspended => "suspended",
            Self::Unavailable => "unavailable",
            Self::Raced => "raced",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Unwritten => "unwritten",
        }
    }

    /// What a pass over a Tenant came to.
    pub(super) fn of(outcome: &Result<Outcome, Stopped>) -> Self {
        match outcome {
            Ok(Outcome::Live(_) | Outcome::Unchanged) => Self::Succeeded,
            Ok(Outcome::Deleting(_)) => Self::Deleting,
            Ok(Outcome::Released(_)) => Self::Released,
            Err(stopped) => match stopped.stop.class() {
                StopClass::Transient => Self::Raced,
                StopClass::Unreachable => Self::Unavailable,
                StopClass::Internal => Self::Failed,
                StopClass::Suspended => Self::Suspended,
                StopClass::Verdict => Self::Stopped,
            },
        }
    }
}

impl Passed {
    /// Another pass comes after a while.
    pub(super) const fn again(result: PassResult, wait: Duration) -> Self {
        Self { result, wait: Some(wait) }
    }

    /// Only a change brings another pass.
    pub(super) const fn done(result: PassResult) -> Self {
        Self { result, wait: None }
    }
}

//! What a refusal by Kubernetes means for the pass.

use crate::cluster::Refusal;
use crate::plan::Stop;

const NO_RIGHT: &str = "forbidden";

/// A read that was refused.
pub(crate) fn at_read(refusal: Refusal) -> Stop {
    match refusal {
        // It was there a moment ago.
        Refusal::NotFound => Stop::Raced,
        Refusal::Forbidden => Stop::Kubernetes(NO_RIGHT),
        // No answer to a read.
        Refusal::Conflict | Refusal::Invalid => Stop::Raced,
        Refusal::Unanswered(what) => Stop::Kubernetes(what),
    }
}

/// A write that was refused.
pub(crate) fn at_write(refusal: Refusal) -> Stop {
    match refusal {
        Refusal::NotFound | Refusal::Conflict => Stop::Raced,
        // Also how a JSON patch is refused whose test fails.
        Refusal::Invalid => Stop::Raced,
        Refusal::Forbidden => Stop::Kubernetes(NO_RIGHT),
        Refusal::Unanswered(what) => Stop::Kubernetes(what),
    }
}

//! What a refusal by Kubernetes means for the pass.

use crate::cluster::{Denier, Refusal};
use crate::plan::Stop;

/// A read that was refused; `what` says what was read.
pub(crate) fn at_read(what: &'static str) -> impl Fn(Refusal) -> Stop {
    move |refusal| match refusal {
        // It was there a moment ago. The other two are no answers to a read.
        Refusal::NotFound | Refusal::Conflict | Refusal::Invalid(_) => Stop::Raced,
        Refusal::Forbidden(denier) => refused(what, &denier),
        Refusal::Unanswered(what) => Stop::Kubernetes(what),
    }
}

/// A write that was refused; `what` says what was written.
pub(crate) fn at_write(what: &'static str) -> impl Fn(Refusal) -> Stop {
    move |refusal| match refusal {
        Refusal::NotFound | Refusal::Conflict => Stop::Raced,
        Refusal::Forbidden(denier) | Refusal::Invalid(denier) => refused(what, &denier),
        Refusal::Unanswered(what) => Stop::Kubernetes(what),
    }
}

/// It will be refused again, so people have to know.
pub(crate) fn refused(what: &'static str, denier: &Denier) -> Stop {
    Stop::RefusedByKubernetes { what, by: denier.to_string() }
}

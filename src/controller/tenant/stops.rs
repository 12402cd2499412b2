//! What a refusal by Kubernetes means for the pass.

use crate::cluster::{Denier, Refusal};
use crate::plan::Stop;

/// Said to no one: the pass of a replica that does not lead ends without a word.
const NOT_LEADER: &str = "this replica does not lead";

/// A read that was refused; `what` says what was read.
pub(crate) fn at_read(what: &'static str) -> impl Fn(Refusal) -> Stop {
    move |refusal| match refusal {
        // It was there a moment ago. The other two are no answers to a read.
        Refusal::NotFound => raced(what, "not found"),
        Refusal::Conflict | Refusal::Invalid(_) => raced(what, "a conflict"),
        Refusal::Forbidden(denier) => refused(what, &denier),
        Refusal::Unanswered(what) => Stop::Kubernetes(what),
        Refusal::NotLeader => Stop::Kubernetes(NOT_LEADER),
    }
}

/// A write that was refused; `what` says what was written.
pub(crate) fn at_write(what: &'static str) -> impl Fn(Refusal) -> Stop {
    move |refusal| match refusal {
        Refusal::NotFound => raced(what, "not found"),
        Refusal::Conflict => raced(what, "a conflict"),
        Refusal::Forbidden(denier) | Refusal::Invalid(denier) => refused(what, &denier),
        Refusal::Unanswered(what) => Stop::Kubernetes(what),
        Refusal::NotLeader => Stop::Kubernetes(NOT_LEADER),
    }
}

fn raced(what: &str, answer: &str) -> Stop {
    Stop::Raced(format!("Kubernetes answered {what} with {answer}"))
}

/// It will be refused again, so people have to know.
pub(crate) fn refused(what: &'static str, denier: &Denier) -> Stop {
    Stop::RefusedByKubernetes { what, by: denier.to_string() }
}

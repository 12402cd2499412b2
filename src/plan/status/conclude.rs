//! `conclude`: from the outcome of a pass to the status, the events and the time of the next pass. Always reached, also when
//! a pass fails, and a pure function of its arguments.

use super::deleting::{released, waiting};
use super::facts::{Conclusion, Facts};
use super::live::live;
use super::stopped::stopped;
use crate::plan::outcome::Outcome;
use crate::plan::stop::Stopped;

/// Computes what a pass comes to.
pub fn conclude(facts: Facts<'_>, outcome: Result<Outcome, Stopped>) -> Conclusion {
    let conclusion = match outcome {
        Ok(Outcome::Live(tenant)) => live(facts, &tenant),
        Ok(Outcome::Deleting(wait)) => waiting(facts, wait),
        Ok(Outcome::Released(release_outcome)) => released(release_outcome),
        Err(obstacles) => stopped(facts, &obstacles),
    };
    let unchanged = conclusion.status.is_some() && conclusion.status == facts.tenant.status;
    Conclusion { status: conclusion.status.filter(|_| !unchanged), ..conclusion }
}

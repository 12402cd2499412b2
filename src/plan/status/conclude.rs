//! `conclude`: from the outcome of a pass to the status, the events and the time of the next pass. Always reached, also when
//! a pass fails, and a pure function of its arguments.

use super::deleting::{released, waiting};
use super::facts::{Conclusion, Facts};
use super::live::{Live, live};
use super::stopped::stopped;
use crate::plan::events;
use crate::plan::outcome::Outcome;
use crate::plan::stop::Stop;
use crate::resources::ConditionType;
use crate::resources::condition::ConditionUpdate;

/// Computes what a pass comes to.
pub fn conclude(facts: Facts<'_>, outcome: Result<Outcome, Stop>) -> Conclusion {
    let conclusion = match outcome {
        Ok(Outcome::Live { document, done, difference, side_effects }) => {
            live(facts, &Live { document: &document, done, difference: &difference, side_effects: &side_effects })
        }
        Ok(Outcome::Waiting { deletion, reason, why, started, error }) => {
            let ready = ConditionUpdate::new(ConditionType::Ready, false, reason, why);
            let mut conclusion = waiting(facts, deletion, ready, error.as_ref());
            conclusion.events.extend(started.then(events::deletion_started));
            conclusion
        }
        Ok(Outcome::Left(release_outcome)) => released(release_outcome),
        Err(stop) => stopped(facts, &stop),
    };
    let unchanged = conclusion.status.is_some() && conclusion.status == facts.tenant.status;
    Conclusion { status: conclusion.status.filter(|_| !unchanged), ..conclusion }
}

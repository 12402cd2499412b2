//! `conclude`: from the outcome of a pass to the status, the events and the time of the next pass. Always reached, also when
//! a pass fails, and a pure function of its arguments.

use super::deleting::{released, waiting};
use super::facts::{Conclusion, Facts};
use super::live::live;
use super::stopped::stopped;
use super::unchanged::unchanged;
use crate::plan::outcome::Outcome;
use crate::plan::stop::Stopped;
use crate::resources::TenantStatus;

/// Computes what a pass comes to.
pub fn conclude(facts: Facts<'_>, outcome: Result<Outcome, Stopped>) -> Conclusion {
    let conclusion = match outcome {
        Ok(Outcome::Live(tenant)) => live(facts, &tenant),
        Ok(Outcome::Unchanged) => unchanged(facts),
        Ok(Outcome::Deleting(wait)) => waiting(facts, wait),
        Ok(Outcome::Released(release_outcome)) => released(release_outcome),
        Err(obstacles) => stopped(facts, &obstacles),
    };
    let before = facts.tenant.status.as_ref();
    let status = conclusion.status.and_then(|mut status| is_news(&mut status, before).then_some(status));
    Conclusion { status, ..conclusion }
}

/// Whether a status says something new. What it was compared with does not count: it is written with the next change.
fn is_news(status: &mut TenantStatus, before: Option<&TenantStatus>) -> bool {
    let Some(before) = before else { return true };
    let compared = std::mem::replace(&mut status.compared, before.compared.clone());
    let is_news = status != before;
    status.compared = compared;
    is_news
}

//! What a status keeps from the pass before, and what not.

use super::truth::{Answer, answered, stated};
use super::*;
use crate::resources::condition::{ConditionChange, ConditionUpdate, merge};
use crate::resources::{ConditionType, Reason};

/// That a person has to act stays in the status where the next write fails. Otherwise a program that waits for the Tenant never ends.
#[test]
fn a_stalled_tenant_stays_stalled_where_the_write_fails() {
    let mut given = tenant("contoso").settled();
    let ready = ConditionUpdate::new(ConditionType::Ready, false, Reason::FieldNotPermitted, "greyed");
    let stalled = ConditionUpdate::new(ConditionType::Stalled, true, Reason::FieldNotPermitted, "greyed");
    let status = given.status.as_mut().unwrap();
    let changes = [ready, stalled].map(ConditionChange::Set).into_iter();
    let kept = [ConditionType::Accepted, ConditionType::Synced].map(ConditionChange::Keep);
    status.conditions = merge(&status.conditions, changes.chain(kept).collect(), 1, at(1000), None);
    let failed = Err(Stopped::from(Stop::Unavailable(samples::unexpected(503))));
    let status = concluded_having_seen(&given, &given.seen(&answered(Answer::Ours)), failed).status.unwrap();
    let said = verdict(&status);
    for expected in ["Ready=False FieldNotPermitted", "Stalled=True FieldNotPermitted"] {
        assert!(said.contains(&expected.to_owned()), "{said:?}");
    }
}

#[test]
fn a_check_that_is_planned_no_more_is_no_failure() {
    let mut given = tenant("contoso").settled().edited("contact.phone", "044");
    let status = given.status.as_mut().unwrap();
    let failed = ConditionUpdate::new(ConditionType::ChecksPassed, false, Reason::CheckFailed, "1 check failed");
    let kept = ConditionType::ALL.into_iter().filter(|kept| *kept != ConditionType::ChecksPassed);
    let changes = kept.map(ConditionChange::Keep).chain([ConditionChange::Set(failed)]).collect();
    status.conditions = merge(&status.conditions, changes, 1, at(1000), None);
    let status = given.stopped(&answered(Answer::Ours)).status.unwrap();
    assert!(status.checks.is_empty() && stated(&status, ConditionType::ChecksPassed).is_none(), "{status:?}");
}

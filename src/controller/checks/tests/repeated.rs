//! A request of a person to repeat all checks, and what passes see before a Tenant is woken.

use super::*;
use crate::controller::checks::check_state::{not_contradicted, status};
use crate::microsoft::graph::{Grant, PresenceReading};
use crate::resources::CheckResult;

const MINUTE: Duration = Duration::from_secs(60);

fn both() -> Vec<Check> {
    vec![group(1), string("1")]
}

/// A Tenant whose two checks passed, and that was woken for it.
fn settled() -> Bench {
    let mut bench = Bench::new(TIMING);
    bench.follow("a", both());
    bench.answer_all(&[passed(), passed()]);
    assert_eq!(["a"], *bench.woken());
    bench
}

impl Bench {
    /// Begins and answers one query after the other.
    fn answer_all(&mut self, answers: &[Answer]) {
        for answer in answers {
            assert_eq!(1, self.begun().len());
            self.answer(answer.clone());
        }
    }
}

#[test]
fn a_request_repeats_all_and_is_done_with_one_wake() {
    let mut bench = settled();
    bench.wait(MINUTE);
    bench.repeat("a", both(), Some("now"));
    bench.answer_all(&[passed()]);
    let (begun, woken, _) = bench.work();
    assert_eq!((1, vec![], None), (begun.len(), woken, bench.repeated("a")), "one of two");
    bench.answer(passed());
    assert_eq!(["a"], *bench.woken(), "also where no result changed");
    assert_eq!(Some("now".to_owned()), bench.repeated("a"));
    bench.repeat("a", both(), Some("now"));
    assert_eq!((vec![], vec![]), (bench.begun(), bench.woken()), "once for each token");
    bench.repeat("a", both(), Some("later"));
    assert_eq!(["a/TenantAdministrationGroup"], *bench.begun());
}

#[test]
fn an_answer_to_what_was_asked_before_the_request_does_not_count() {
    let mut bench = Bench::new(TIMING);
    bench.follow("a", vec![group(1)]);
    bench.begun();
    let early = bench.asked[0].id;
    assert_eq!(Some(early), bench.repeat("a", vec![group(1)], Some("now")));
    assert_eq!(["a/TenantAdministrationGroup"], *bench.begun());
    bench.answer(absent());
    assert_eq!((Vec::<String>::new(), None), (bench.woken(), bench.repeated("a")));
    bench.answer(passed());
    assert_eq!(["a"], *bench.woken());
    assert_eq!(Some("now".to_owned()), bench.repeated("a"));
}

#[test]
fn a_request_is_not_done_while_microsoft_says_nothing() {
    let mut bench = settled();
    bench.repeat("a", both(), Some("now"));
    bench.answer_all(&[outage(), passed()]);
    assert_eq!((Vec::<String>::new(), None), (bench.woken(), bench.repeated("a")));
    bench.wait(TIMING.retry_first);
    bench.answer_all(&[passed()]);
    assert_eq!(["a"], *bench.woken());
    assert_eq!(Some("now".to_owned()), bench.repeated("a"));
}

#[test]
fn what_is_planned_while_a_request_is_open_belongs_to_it() {
    let mut bench = settled();
    bench.repeat("a", both(), Some("now"));
    bench.answer_all(&[passed()]);
    bench.repeat("a", vec![group(2), string("1")], Some("now"));
    bench.answer_all(&[passed()]);
    assert_eq!(None, bench.repeated("a"), "the other group was not looked up");
    bench.answer_all(&[absent()]);
    assert_eq!(["a"], *bench.woken());
    assert_eq!(Some("now".to_owned()), bench.repeated("a"));
}

#[test]
fn what_a_request_asks_for_may_be_planned_no_more() {
    let mut bench = settled();
    bench.repeat("a", both(), Some("now"));
    bench.answer_all(&[passed()]);
    bench.follow("a", vec![group(1)]);
    assert_eq!(["a"], *bench.woken());
    assert_eq!(Some("now".to_owned()), bench.repeated("a"));
}

#[test]
fn a_request_is_kept_across_a_restart() {
    let mut bench = Bench::new(TIMING);
    let checks = [group(1)];
    let before = status(CheckName::TenantAdministrationGroup, CheckResult::Passed, "SecurityGroup", "m");
    let begun = CheckState::new(checks[0].name, checks[0].input(), bench.now).restored(Some(&before), 0.5, &TIMING);
    let planned = vec![PlannedCheck { check: checks[0].clone(), begun }];
    let wanted = Wanted { planned, repeat: Some("now".to_owned()) };
    bench.checks.follow("a".to_owned(), wake("a"), wanted, bench.now);
    assert_eq!(["a/TenantAdministrationGroup"], *bench.begun(), "not only when its turn comes");
}

/// A pass may come for any reason while the checks are under way. It would write one answer of several, and the wake for all of
/// them would cost another write.
#[test]
fn a_pass_between_two_answers_reports_neither() {
    let mut bench = Bench::new(TIMING);
    bench.follow("a", both());
    bench.answer_all(&[passed()]);
    bench.follow("a", both());
    let pending = ["TenantAdministrationGroup Pending", "InteractConnectionString Pending"];
    assert_eq!(pending, *bench.reported("a"));
    bench.answer_all(&[passed()]);
    assert_eq!(pending, *bench.reported("a"), "until it is woken");
    assert_eq!(["a"], *bench.woken());
    assert_eq!(["TenantAdministrationGroup TokenIssued", "InteractConnectionString TokenIssued"], *bench.reported("a"));
}

fn read(reading: PresenceReading) -> Answer {
    Answer { verdict: verdict::presence(&Ok(reading)), retry_after: None }
}

fn granted() -> Answer {
    Answer { verdict: verdict::presence_grant(&Ok(Grant::Granted)), retry_after: None }
}

#[test]
fn a_refused_presence_asks_for_the_grant_again_once() {
    let mut bench = Bench::new(TIMING);
    bench.follow("a", vec![grant(1), presence(1)]);
    bench.answer_all(&[granted(), read(PresenceReading::Refused)]);
    assert_eq!(["a/PresenceGrant"], *bench.begun(), "it may have been taken back");
    bench.answer(granted());
    bench.wait(TIMING.retry_first);
    assert_eq!(["a/PresenceTest"], *bench.begun());
    bench.answer(read(PresenceReading::Refused));
    assert_eq!(Vec::<String>::new(), bench.begun(), "that it is refused is no news");
}

#[test]
fn a_grant_does_not_stay_passed_while_the_presence_is_refused() {
    let grant = |result| status(CheckName::PresenceGrant, result, "PresenceGranted", "m");
    let test = |reason| status(CheckName::PresenceTest, CheckResult::Unknown, reason, "m");
    for (reason, expected) in [("PresenceRefused", CheckResult::Unknown), ("PermissionMissing", CheckResult::Passed)] {
        let mut checks = [grant(CheckResult::Passed), test(reason)];
        not_contradicted(&mut checks);
        assert_eq!(expected, checks[0].result, "{reason}");
    }
    let mut checks = [grant(CheckResult::Failed), test("PresenceRefused")];
    not_contradicted(&mut checks);
    assert_eq!(CheckResult::Failed, checks[0].result, "what is worse stays");
}

/// In the Entra tenant of this number.
fn filter(entra_tenant: u128, filter: &str) -> Check {
    let query = Query::Filter { entra_tenant: Uuid::from_u128(entra_tenant), filter: filter.to_owned() };
    Check { name: CheckName::GlobalContactSearchFilter, query }
}

fn some() -> Answer {
    Answer { verdict: verdict::hits(&Ok(1)), retry_after: None }
}

/// Each answer tells something of the people of an Entra tenant: edits, requests and new Tenants get no more than one in ten minutes.
#[test]
fn a_filter_is_tried_once_in_ten_minutes_however_often_it_is_asked_for() {
    let mut bench = Bench::new(TIMING);
    bench.follow("a", vec![filter(1, "city eq 'Bern'"), group(1)]);
    assert_eq!(["a/GlobalContactSearchFilter"], *bench.begun());
    bench.answer(some());
    assert_eq!(["a/TenantAdministrationGroup"], *bench.begun());
    bench.answer(passed());
    // An edit, a request, another Tenant for the same Entra tenant, the same Tenant made again.
    bench.follow("a", vec![filter(1, "city eq 'Basel'"), group(1)]);
    assert_eq!(Vec::<String>::new(), bench.begun());
    bench.wait(MINUTE);
    bench.repeat("a", vec![filter(1, "city eq 'Basel'"), group(1)], Some("now"));
    assert_eq!(["a/TenantAdministrationGroup"], *bench.begun(), "the rest is repeated");
    bench.answer(passed());
    bench.follow("b", vec![filter(1, "city eq 'Thun'")]);
    bench.checks.cancel("a");
    bench.follow("a", vec![filter(1, "city eq 'Chur'")]);
    assert_eq!(Vec::<String>::new(), bench.begun());
    // Another Entra tenant has its own, and what is no filter is judged without a call.
    bench.follow("c", vec![filter(2, "city eq 'Bern'")]);
    assert_eq!(["c/GlobalContactSearchFilter"], *bench.begun());
    bench.answer(some());
    bench.follow("c", vec![filter(2, "city eq 'Bern")]);
    assert_eq!(["c/GlobalContactSearchFilter"], *bench.begun());
    bench.answer(some());
    bench.wait(8 * MINUTE);
    assert_eq!(Vec::<String>::new(), bench.begun());
    bench.wait(MINUTE);
    assert_eq!(1, bench.begun().len(), "one of the two");
}

#[test]
fn a_request_is_done_without_the_filter_that_was_just_tried() {
    let both = || vec![filter(1, "city eq 'Bern'"), group(1)];
    let mut bench = Bench::new(TIMING);
    bench.follow("a", both());
    bench.answer_all(&[some(), passed()]);
    bench.woken();
    bench.wait(MINUTE);
    bench.repeat("a", both(), Some("now"));
    bench.answer_all(&[passed()]);
    assert_eq!(["a"], *bench.woken());
    assert_eq!(Some("now".to_owned()), bench.repeated("a"));
    assert_eq!(
        ["GlobalContactSearchFilter FilterMatches", "TenantAdministrationGroup TokenIssued"],
        *bench.reported("a")
    );
}

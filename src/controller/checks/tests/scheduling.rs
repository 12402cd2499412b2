//! Whose turn it is, and when a Tenant is woken.

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_tenant_asks_one_at_a_time_and_a_platform_four() {
    let mut bench = Bench::new(TIMING);
    for tenant in ["a", "b", "c", "d", "e"] {
        bench.follow(tenant, vec![group(1), grant(1)]);
    }
    let first = ["a", "b", "c", "d"].map(|tenant| format!("{tenant}/TenantAdministrationGroup"));
    assert_eq!(first, *bench.begun());
    assert_eq!(Vec::<String>::new(), bench.begun(), "all slots are taken");
    bench.wait(Duration::from_secs(1));
    bench.answer(passed());
    assert_eq!(["e/TenantAdministrationGroup"], *bench.begun(), "who waits for longest comes before a second check");
    bench.answer(passed());
    assert_eq!(["a/PresenceGrant"], *bench.begun());
}

#[test]
fn a_tenant_whose_checks_hang_holds_a_slot_for_one_check_only() {
    let mut bench = Bench::new(TIMING);
    for tenant in ["a", "b", "c", "d"] {
        bench.follow(tenant, vec![group(1), grant(1)]);
    }
    assert_eq!(4, bench.begun().len());
    bench.wait(Duration::from_secs(1));
    bench.follow("e", vec![group(1)]);
    assert_eq!(Vec::<String>::new(), bench.begun());
    bench.wait(MINUTE);
    bench.answer(outage());
    assert_eq!(["e/TenantAdministrationGroup"], *bench.begun());
}

#[test]
fn queries_begin_no_faster_than_the_pace() {
    let pace = Duration::from_millis(100);
    let mut bench = Bench::new(CheckTiming { pace, ..TIMING });
    for tenant in ["a", "b", "c"] {
        bench.follow(tenant, vec![group(1)]);
    }
    assert_eq!((vec!["a/TenantAdministrationGroup".to_owned()], vec![], Some(pace)), bench.work());
    bench.wait(pace / 2);
    assert_eq!((vec![], vec![], Some(pace / 2)), bench.work());
    bench.wait(pace / 2);
    assert_eq!(["b/TenantAdministrationGroup"], *bench.begun());
    bench.wait(10 * pace);
    assert_eq!(["c/TenantAdministrationGroup"], *bench.begun(), "the pace is not caught up with");
}

#[test]
fn a_tenant_is_woken_once_all_that_is_due_is_answered() {
    let mut bench = Bench::new(TIMING);
    bench.follow("a", vec![group(1), grant(1)]);
    bench.begun();
    bench.answer(passed());
    assert_eq!(Vec::<String>::new(), bench.woken());
    bench.answer(passed());
    assert_eq!(["a"], *bench.woken());
    assert_eq!(Vec::<String>::new(), bench.woken(), "once");
}

#[test]
fn what_was_found_is_not_held_back_for_longer_than_it_is_gathered() {
    let mut bench = Bench::new(TIMING);
    bench.follow("a", vec![group(1), grant(1)]);
    bench.begun();
    bench.answer(passed());
    assert_eq!((vec!["a/PresenceGrant".to_owned()], vec![], Some(TIMING.gather)), bench.work());
    bench.wait(TIMING.gather);
    assert_eq!(["a"], *bench.woken());
    assert_eq!(["TenantAdministrationGroup TokenIssued", "PresenceGrant Pending"], *bench.reported("a"));
}

#[test]
fn nobody_is_woken_for_an_answer_that_changes_nothing() {
    let mut bench = Bench::new(TIMING);
    bench.follow("a", vec![group(1)]);
    bench.begun();
    bench.answer(passed());
    assert_eq!(["a"], *bench.woken());
    bench.wait(TIMING.every);
    assert_eq!(["a/TenantAdministrationGroup"], *bench.begun());
    bench.answer(outage());
    assert_eq!((vec![], vec![], Some(TIMING.retry_first)), bench.work());
}

#[test]
fn an_edit_asks_what_changed_and_keeps_the_rest() {
    let mut bench = Bench::new(TIMING);
    bench.follow("a", vec![group(1), string("1")]);
    bench.begun();
    bench.answer(passed());
    bench.begun();
    bench.answer(passed());
    assert_eq!(["a"], *bench.woken());
    assert_eq!(None, bench.follow("a", vec![group(2), string("1")]));
    assert_eq!(["TenantAdministrationGroup Pending", "InteractConnectionString TokenIssued"], *bench.reported("a"));
    assert_eq!(["a/TenantAdministrationGroup"], *bench.begun());
}

#[test]
fn an_edit_replaces_what_is_being_asked_and_its_late_answer_is_ignored() {
    let mut bench = Bench::new(TIMING);
    bench.follow("a", vec![group(1)]);
    bench.begun();
    let late = bench.asked[0].id;
    assert_eq!(Some(late), bench.follow("a", vec![group(2)]));
    assert_eq!(["a/TenantAdministrationGroup"], *bench.begun());
    bench.answer(passed());
    assert_eq!(["TenantAdministrationGroup Pending"], *bench.reported("a"), "of the first group");
    bench.answer(absent());
    assert_eq!(["a"], *bench.woken());
    assert_eq!(["TenantAdministrationGroup GroupNotFound"], *bench.reported("a"));
}

#[test]
fn the_same_plan_again_changes_nothing_also_for_what_is_being_asked() {
    let mut bench = Bench::new(TIMING);
    bench.follow("a", vec![group(1)]);
    bench.begun();
    assert_eq!(None, bench.follow("a", vec![group(1)]));
    assert_eq!(Vec::<String>::new(), bench.begun());
    bench.answer(passed());
    assert_eq!(["a"], *bench.woken());
    assert_eq!(["TenantAdministrationGroup TokenIssued"], *bench.reported("a"));
}

#[test]
fn a_cancelled_tenant_is_forgotten() {
    let mut bench = Bench::new(TIMING);
    bench.follow("a", vec![group(1)]);
    bench.begun();
    let asked = bench.asked[0].id;
    assert_eq!(Some(asked), bench.checks.cancel("a"));
    bench.answer(passed());
    assert_eq!((vec![], vec![], None), bench.work());
    assert!(bench.known.borrow().is_empty());
}

#[test]
fn another_tenant_of_the_same_name_inherits_nothing() {
    let mut bench = Bench::new(TIMING);
    bench.follow("a", vec![group(1)]);
    bench.begun();
    bench.answer(passed());
    let check = group(1);
    let begun = CheckState::new(check.name, check.input(), bench.now);
    let other = Wake { uid: "other".to_owned(), ..wake("a") };
    let wanted = Wanted { planned: vec![PlannedCheck { check, begun }], repeat: None };
    bench.checks.follow("a".to_owned(), other, wanted, bench.now);
    assert_eq!(["TenantAdministrationGroup Pending"], *bench.reported("a"));
    assert_eq!(["a/TenantAdministrationGroup"], *bench.begun());
}

#[test]
fn an_entra_tenant_that_asks_for_fewer_requests_gets_none_and_others_do() {
    let mut bench = Bench::new(TIMING);
    bench.follow("a", vec![group(1), grant(1), string("1")]);
    bench.begun();
    bench.answer(throttled(10 * MINUTE));
    assert_eq!(["a/InteractConnectionString"], *bench.begun(), "another budget");
    bench.answer(passed());
    assert_eq!(["a"], *bench.woken());
    assert_eq!(
        ["TenantAdministrationGroup Throttled", "PresenceGrant Throttled", "InteractConnectionString TokenIssued"],
        *bench.reported("a")
    );
    bench.follow("b", vec![group(1)]);
    bench.follow("c", vec![group(2)]);
    assert_eq!(["c/TenantAdministrationGroup"], *bench.begun());
    assert_eq!(["TenantAdministrationGroup Throttled"], *bench.reported("b"));
    bench.wait(10 * MINUTE);
    assert_eq!(["a/TenantAdministrationGroup", "b/TenantAdministrationGroup"], *bench.begun());
}

//! As which app is asked, and what another one changes.

use super::*;
use crate::controller::checks::credentials::AppReading;

fn missing() -> AppCredentials {
    AppCredentials::Missing(verdict::no_credentials("there is no Secret"))
}

#[test]
fn a_tenant_that_needs_the_app_waits_until_it_is_read_and_others_do_not() {
    let mut bench = Bench::unread(TIMING);
    bench.follow("a", vec![group(1), string("1")]);
    bench.follow("b", vec![string("1")]);
    assert_eq!((vec!["b/InteractConnectionString".to_owned()], vec![], None), bench.work());
    bench.checks.change_app(app("1"), bench.now);
    assert_eq!(["a/TenantAdministrationGroup"], *bench.begun());
}

#[test]
fn without_an_app_its_checks_are_answered_at_once_and_others_are_asked() {
    let mut bench = Bench::unread(TIMING);
    bench.checks.change_app(missing(), bench.now);
    bench.follow("a", vec![group(1), string("1")]);
    assert_eq!(["a/InteractConnectionString"], *bench.begun());
    bench.wait(TIMING.gather);
    assert_eq!(["a"], *bench.woken());
    assert_eq!(
        ["TenantAdministrationGroup CredentialsNotFound", "InteractConnectionString Pending"],
        *bench.reported("a")
    );
}

#[test]
fn another_app_counts_at_once_for_what_is_asked_as_one() {
    let mut bench = Bench::new(TIMING);
    bench.follow("a", vec![group(1), string("1")]);
    bench.begun();
    bench.answer(refused());
    bench.begun();
    bench.answer(passed());
    assert_eq!(Vec::<QueryId>::new(), bench.checks.change_app(app("1"), bench.now));
    assert_eq!(Vec::<String>::new(), bench.begun(), "it is the same one");
    bench.checks.change_app(app("2"), bench.now);
    assert_eq!(["a/TenantAdministrationGroup"], *bench.begun());
    bench.answer(passed());
    assert_eq!(Vec::<String>::new(), bench.begun(), "a connection string needs no app");
}

#[test]
fn a_query_that_hangs_as_the_app_before_is_asked_again_as_the_new_one() {
    let mut bench = Bench::new(TIMING);
    bench.follow("a", vec![group(1)]);
    bench.begun();
    let hangs = bench.asked[0].id;
    assert_eq!([hangs], *bench.checks.change_app(app("2"), bench.now));
    assert_eq!(["a/TenantAdministrationGroup"], *bench.begun());
}

#[test]
fn another_app_counts_after_a_query_that_hangs_without_one() {
    let mut bench = Bench::new(TIMING);
    bench.follow("a", vec![group(1)]);
    bench.begun();
    bench.answer(passed());
    bench.follow("a", vec![group(1), string("1")]);
    assert_eq!(["a/InteractConnectionString"], *bench.begun());
    assert_eq!(Vec::<QueryId>::new(), bench.checks.change_app(missing(), bench.now));
    bench.follow("a", vec![group(1)]);
    bench.begun();
    assert_eq!(["TenantAdministrationGroup CredentialsNotFound"], *bench.reported("a"));
}

#[test]
fn what_was_found_before_a_restart_is_not_asked_again_when_the_app_is_first_read() {
    let mut bench = Bench::unread(TIMING);
    let check = group(1);
    let mut begun = CheckState::new(check.name, check.input(), bench.now);
    begun.learn(passed(), bench.now, &TIMING);
    let wanted = Wanted { planned: vec![PlannedCheck { check, begun }], repeat: None };
    bench.checks.follow("a".to_owned(), wake("a"), wanted, bench.now);
    bench.checks.change_app(app("1"), bench.now);
    assert_eq!((vec![], vec![], Some(TIMING.every)), bench.work());
}

#[test]
fn credentials_stand_while_kubernetes_does_not_answer() {
    let unanswered = || AppReading::Unanswered(verdict::no_credentials("it could not be read"));
    let call = Duration::from_secs(1);
    assert!(app("1").after(unanswered(), call) == app("1"));
    assert!(AppCredentials::Unread.after(unanswered(), call) != AppCredentials::Unread);
    let gone = AppReading::Missing(verdict::no_credentials("there is no Secret"));
    assert!(app("1").after(gone, call) == missing());
}

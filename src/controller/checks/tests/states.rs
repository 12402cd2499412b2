//! What an answer changes about one check.

use super::*;
use crate::microsoft::graph::Grant;
use crate::resources::CheckResult;
use crate::resources::status::CheckStatus;

fn check() -> (CheckState, Instant) {
    let now = Instant::now();
    (CheckState::new(CheckName::TenantAdministrationGroup, "input".to_owned(), now), now)
}

fn seconds(state: &CheckState, now: Instant) -> u64 {
    state.due.duration_since(now).as_secs()
}

fn reason(state: &CheckState) -> &str {
    state.reported.reason.as_deref().unwrap_or_default()
}

#[test]
fn what_passed_is_checked_again_rarely_and_anything_else_less_and_less_often() {
    let (mut state, mut now) = check();
    assert_eq!(0, seconds(&state, now), "a new check is due at once");
    for expected in [30, 60, 120, 240, 480, 960, 1800, 1800] {
        state.learn(absent(), now, &TIMING);
        assert_eq!(expected, seconds(&state, now));
        now = state.due;
    }
    state.learn(passed(), now, &TIMING);
    assert_eq!(6 * 3600, seconds(&state, now));
    state.learn(absent(), now, &TIMING);
    assert_eq!(30, seconds(&state, now), "it begins from the first wait again");
}

/// The person who gave the grant looks at the status. Five minutes also bound the requests: three for each Tenant without a grant.
#[test]
fn a_missing_grant_is_looked_for_every_five_minutes() {
    let (mut state, mut now) = check();
    for expected in [30, 60, 120, 240, 300, 300] {
        state.learn(refused(), now, &TIMING);
        assert_eq!(expected, seconds(&state, now));
        now = state.due;
    }
    for missing in [verdict::presence_grant(&Ok(Grant::NotGranted)), verdict::chat_grant(&Ok(Grant::AppUnknown))] {
        state.learn(Answer { verdict: missing, retry_after: None }, now, &TIMING);
        assert_eq!(300, seconds(&state, now));
    }
}

#[test]
fn the_doubling_wait_never_overflows() {
    let (mut state, now) = check();
    for _ in 0..100 {
        state.learn(absent(), now, &TIMING);
    }
    assert_eq!(1800, seconds(&state, now));
}

#[test]
fn retry_after_is_never_cut_short_and_never_shortens_a_wait() {
    for (retry_after, expected) in [(5, 30), (120, 120), (7200, 7200)] {
        let (mut state, now) = check();
        state.learn(throttled(Duration::from_secs(retry_after)), now, &TIMING);
        assert_eq!(expected, seconds(&state, now), "{retry_after}");
    }
}

#[test]
fn not_there_is_unknown_until_the_lag_after_the_first_answer_is_over() {
    let (mut state, start) = check();
    let mut result = |after: u64| {
        state.learn(absent(), start + Duration::from_secs(after), &TIMING);
        state.reported.result
    };
    assert_eq!(CheckResult::Unknown, result(10));
    assert_eq!(CheckResult::Unknown, result(309));
    assert_eq!(CheckResult::Failed, result(310));
}

#[test]
fn an_outage_replaces_nothing_for_as_long_as_it_is_kept() {
    let (mut state, start) = check();
    assert!(state.learn(passed(), start, &TIMING));
    let day = Duration::from_secs(24 * 3600);
    assert!(!state.learn(outage(), start + day - Duration::from_secs(1), &TIMING));
    assert_eq!(CheckResult::Passed, state.reported.result);
    assert!(state.learn(outage(), start + day, &TIMING));
    assert_eq!("Unreachable", reason(&state));
}

#[test]
fn an_outage_is_reported_where_nothing_is_known() {
    let (mut state, now) = check();
    assert!(state.learn(outage(), now, &TIMING));
    assert_eq!("Unreachable", reason(&state));
    assert!(!state.learn(outage(), now, &TIMING), "the second time is no news");
}

#[test]
fn a_refusal_is_reported_at_once() {
    let (mut state, now) = check();
    state.learn(passed(), now, &TIMING);
    assert!(state.learn(refused(), now, &TIMING));
    assert_eq!("PermissionMissing", reason(&state));
}

#[test]
fn after_a_restart_what_was_found_stands_until_its_turn() {
    let before = |result: CheckResult, reason: &str| CheckStatus {
        name: CheckName::TenantAdministrationGroup,
        result,
        reason: Some(reason.to_owned()),
        message: None,
    };
    for (before, expected) in [
        (before(CheckResult::Passed, "SecurityGroup"), 3 * 3600),
        (before(CheckResult::Failed, "NotASecurityGroup"), 900),
        (before(CheckResult::Unknown, "PermissionMissing"), 150),
        (before(CheckResult::Unknown, "Pending"), 0),
        (before(CheckResult::Unknown, "NotConfigured"), 0),
    ] {
        let (state, now) = check();
        let mut state = state.restored(Some(&before), 0.5, &TIMING);
        assert_eq!(expected, seconds(&state, now), "{before:?}");
        assert_eq!(expected > 0, state.reported == before, "{before:?}");
        if expected > 0 {
            assert!(!state.learn(outage(), now, &TIMING), "it was answered: {before:?}");
            state.learn(absent(), now, &TIMING);
            assert_eq!(CheckResult::Failed, state.reported.result, "the lag was over before the restart: {before:?}");
        }
    }
    let (state, now) = check();
    assert_eq!(0, seconds(&state.restored(None, 0.5, &TIMING), now));
}

//! What an outage of the platform comes to.

use super::*;

fn outages() -> Vec<ApiError> {
    let problem =
        Problem { problem_type: ProblemType::Internal, request_id: Some("r-7f3a".into()), ..Problem::default() };
    vec![
        samples::unreachable(),
        samples::unauthenticated(),
        ApiError::Forbidden,
        ApiError::Throttled { after: Duration::from_secs(17) },
        ApiError::Refused(problem),
        samples::unexpected(502),
        samples::not_called(),
    ]
}

#[test]
fn an_outage_says_nothing_where_the_spec_is_live() {
    for error in outages() {
        let given = tenant("contoso").settled();
        let outcome = given.plan(&Observation::Unknown(error.clone()));
        let conclusion = concluded(&given, Err(outcome.unwrap_err()));
        assert_eq!(conclusion.status, None, "{error}");
        assert!(conclusion.events.is_empty() && conclusion.release_outcome.is_none());
        let expected = match error {
            ApiError::Throttled { after } => Delay::RetryAfter(after),
            _ => Delay::Backoff,
        };
        assert_eq!(conclusion.delay, expected, "never no retry at all");
    }
}

#[test]
fn an_outage_keeps_an_edit_waiting_and_says_so_once() {
    for error in outages() {
        let given = tenant("contoso").settled().edited("general.companyName", "Contoso SE");
        let stop = given.plan(&Observation::Unknown(error.clone())).unwrap_err();
        let status = written(&given, Err(stop));
        let stated = [
            "Ready=False PlatformUnavailable",
            "Accepted=True Accepted",
            "Synced=Unknown PlatformUnavailable",
            "Reconciling=True PlatformUnavailable",
        ];
        assert_eq!(verdict(&status), with_known(&stated), "{error}");
        assert!(!message(&status, ConditionType::Ready).contains("17 s"), "no number that moves with each answer");
        assert_eq!(status.applied, given.status.unwrap().applied, "an edit that waits must not look live");
    }
}

#[test]
fn an_outage_before_the_first_pass_states_what_always_stands() {
    let given = tenant("contoso");
    let stop = given.plan(&Observation::Unknown(ApiError::Forbidden)).unwrap_err();
    let expected = [
        "Ready=False PlatformUnavailable",
        "Accepted=True Accepted",
        "Synced=Unknown PlatformUnavailable",
        "Reconciling=True PlatformUnavailable",
    ];
    assert_eq!(verdict(&written(&given, Err(stop))), expected);
}

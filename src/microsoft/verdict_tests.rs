use std::time::Duration;

use uuid::uuid;

use super::super::error::{Defect, Endpoint, LoginProblem, TransportFailure, Unreachable};
use super::super::graph::Presence;
use super::Judgment::{Failed, Passed, Unknown};
use super::*;
use crate::http::Response;

const RESOURCE: Uuid = uuid!("2f6a1f0e-7c1b-4b0e-9a55-0d6c1a3b5e77");
const OTHER: Uuid = uuid!("6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c");

fn errors() -> [CallError; 8] {
    [
        CallError::Unreachable(Unreachable {
            endpoint: Endpoint::api("Microsoft Graph (graph.microsoft.com)"),
            failure: TransportFailure::Refused,
        }),
        CallError::Unauthenticated(LoginProblem::Credential),
        CallError::NotConsented,
        CallError::Forbidden,
        CallError::NotFound,
        CallError::Rejected,
        CallError::Throttled { after: Duration::from_secs(7) },
        Response::fake(502, "").unexpected(Defect::Undocumented).into(),
    ]
}

fn a_group(kind: GroupKind, members: Members) -> Verdict {
    group(&Ok(Group { kind, members }))
}

fn a_check(token: bool, resource: Option<Uuid>, left_behind: bool) -> Result<ConnectionStringCheck, AcsProblem> {
    Ok(ConnectionStringCheck { token, resource, left_behind })
}

fn seen(availability: &str) -> Verdict {
    presence(&Ok(PresenceReading::Read(Presence { availability: availability.into(), activity: "InACall".into() })))
}

fn table() -> Vec<(Verdict, Judgment, &'static str)> {
    let granted = |grant| presence_grant(&Ok(grant));
    let acs = |problem| connection_string(&Err(problem), None);
    vec![
        (a_group(GroupKind::Security, Members::Counted(4)), Passed, "SecurityGroup"),
        (a_group(GroupKind::Security, Members::NotCounted(CallError::Forbidden)), Passed, "SecurityGroup"),
        (a_group(GroupKind::MailEnabledSecurity, Members::Counted(4)), Passed, "MailEnabledSecurityGroup"),
        (a_group(GroupKind::Microsoft365, Members::NotAsked), Failed, "NotASecurityGroup"),
        (a_group(GroupKind::NotSecurity, Members::NotAsked), Failed, "NotASecurityGroup"),
        (group(&Err(CallError::NotFound)), Failed, "GroupNotFound"),
        (group(&Err(CallError::Forbidden)), Unknown, "PermissionMissing"),
        (granted(Grant::Granted), Passed, "PresenceGranted"),
        (granted(Grant::NotGranted), Failed, "PresenceNotGranted"),
        (granted(Grant::AppUnknown), Failed, "AppNotConsented"),
        (seen("Busy"), Passed, "PresenceRead"),
        (seen("SomethingNew"), Passed, "PresenceRead"),
        (seen("PresenceUnknown"), Passed, "PresenceUnknownToTeams"),
        (presence(&Err(CallError::NotFound)), Failed, "TestUserNotFound"),
        (presence(&Err(CallError::Forbidden)), Unknown, "PermissionMissing"),
        (presence(&Ok(PresenceReading::Refused)), Unknown, "PresenceRefused"),
        (presence_grant_contradicted(), Unknown, "PresenceRefused"),
        (chat_grant(&Ok(Grant::Granted)), Passed, "AppConsented"),
        (chat_grant(&Ok(Grant::AppUnknown)), Failed, "AppNotConsented"),
        (chat_grant(&Err(CallError::Forbidden)), Unknown, "PermissionMissing"),
        (not_a_upn("a user principal name"), Failed, "TestUpnInvalid"),
        (not_a_filter(FilterProblem::RequestUrl), Failed, "FilterInvalid"),
        (not_a_filter(FilterProblem::OpenQuote), Failed, "FilterInvalid"),
        (not_a_filter(FilterProblem::Parentheses), Failed, "FilterInvalid"),
        (hits(&Ok(0)), Failed, "FilterMatchesNobody"),
        (hits(&Ok(7)), Passed, "FilterMatches"),
        (hits(&Err(CallError::Rejected)), Failed, "FilterInvalid"),
        (hits(&Err(CallError::Forbidden)), Unknown, "PermissionMissing"),
        (connection_string(&a_check(true, Some(RESOURCE), false), Some(RESOURCE)), Passed, "TokenIssued"),
        (connection_string(&a_check(true, Some(RESOURCE), false), None), Passed, "TokenIssued"),
        (connection_string(&a_check(true, None, false), Some(RESOURCE)), Passed, "TokenIssued"),
        (connection_string(&a_check(true, Some(RESOURCE), true), None), Passed, "IdentityLeftBehind"),
        (connection_string(&a_check(true, Some(RESOURCE), false), Some(OTHER)), Failed, "ResourceIdMismatch"),
        (connection_string(&a_check(false, Some(RESOURCE), false), None), Failed, "InsufficientPermissions"),
        (acs(AcsProblem::Malformed("is empty")), Failed, "ConnectionStringInvalid"),
        (acs(AcsProblem::Refused), Failed, "InsufficientPermissions"),
        (acs(AcsProblem::ClockSkew), Unknown, "ClockSkew"),
        (acs(AcsProblem::Call(CallError::Forbidden)), Unknown, "PermissionMissing"),
    ]
}

#[test]
fn every_fact_has_its_outcome_and_reason() {
    for (verdict, judgment, reason) in table() {
        assert_eq!((verdict.reason.judgment(), verdict.reason.as_str()), (judgment, reason), "{}", verdict.message);
    }
}

#[test]
fn what_could_not_be_looked_at_is_unknown_in_every_check() {
    for error in errors() {
        let failed = |check: &str, verdict: Verdict, may_fail: bool| {
            let expected = if may_fail { Failed } else { Unknown };
            assert_eq!(verdict.reason.judgment(), expected, "{check}: {error:?}: {}", verdict.message);
        };
        failed("group", group(&Err(error.clone())), error == CallError::NotFound);
        failed("presence grant", presence_grant(&Err(error.clone())), false);
        failed("chat grant", chat_grant(&Err(error.clone())), false);
        failed("presence", presence(&Err(error.clone())), error == CallError::NotFound);
        failed("filter", hits(&Err(error.clone())), error == CallError::Rejected);
        failed("connection string", connection_string(&Err(AcsProblem::Call(error.clone())), None), false);
    }
}

#[test]
fn a_message_is_a_sentence_and_a_reason_is_one_word() {
    let unknown = errors().map(|error| (group(&Err(error.clone())), Unknown, ""));
    for (verdict, ..) in table().into_iter().chain(unknown) {
        let (reason, message) = (verdict.reason.as_str(), &verdict.message);
        assert!(
            reason.chars().all(|c| c.is_ascii_alphanumeric()) && reason.starts_with(char::is_uppercase),
            "{reason}"
        );
        assert!(message.ends_with('.') && message.starts_with(char::is_uppercase), "{message}");
        assert!(message.len() <= 768 && !message.contains("  "), "{message}");
    }
}

#[test]
fn a_message_does_not_change_while_nothing_changed() {
    let [early, late] = [3, 300].map(|after| group(&Err(CallError::Throttled { after: Duration::from_secs(after) })));
    assert_eq!(early, late);
    assert_eq!(hits(&Ok(7)), hits(&Ok(8)), "the number of users changes without an edit");
}

#[test]
fn a_missing_grant_says_what_routing_loses() {
    for verdict in [presence_grant(&Ok(Grant::NotGranted)), presence(&Ok(PresenceReading::Refused))] {
        for part in [
            "Presence.Read.All (Application)",
            "in a call",
            "Presence Privacy mode",
            "link NimbusApp in status.grantLinks",
            "provisioning script",
        ] {
            assert!(verdict.message.contains(part), "{part}: {}", verdict.message);
        }
    }
}

#[test]
fn the_words_of_the_seed_are_said() {
    let refused = connection_string(&Err(AcsProblem::Refused), None);
    assert!(refused.message.contains("most likely means insufficient permissions"), "{}", refused.message);
    for verdict in [hits(&Ok(0)), hits(&Err(CallError::Rejected)), hits(&Err(CallError::Forbidden))] {
        assert!(verdict.message.contains("search of the Attendant Console will be empty"), "{}", verdict.message);
    }
}

/// A permission that a message names has to be one that the documentation asks for, or a reader grants in vain.
#[test]
fn a_message_names_only_permissions_of_the_documentation() {
    let documented = include_str!("../../docs/checks.md");
    let errors = errors().into_iter().flat_map(|error| {
        let grant = Err(error.clone());
        let others = [group(&Err(error.clone())), presence(&Err(error.clone())), hits(&Err(error))];
        others.into_iter().chain([presence_grant(&grant), chat_grant(&grant)])
    });
    let mut named = 0;
    for verdict in table().into_iter().map(|(verdict, ..)| verdict).chain(errors) {
        for word in verdict.message.split_whitespace().filter(|word| word.contains(".All")) {
            let permission = word.trim_end_matches([',', ':', ';']);
            assert!(
                documented.contains(&format!("| {permission} (Application) |")),
                "{permission}: {}",
                verdict.message
            );
            named += 1;
        }
    }
    assert!(named > 10, "{named}");
}

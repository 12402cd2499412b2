//! Situations of single settings: invalid, refused, restricted, drifted, rewritten by the platform.

use super::*;
use crate::admin_api::FieldError;
use crate::resources::{ConditionType, Reason};

const HEALTHY: [&str; 3] = [
    "ScriptExecutionPending=False NothingPending",
    "LicenseOveruse=False WithinContingent",
    "TenantActive=True Active",
];

/// The state of every tab.
fn tabs(status: &TenantStatus) -> Vec<(&str, &str)> {
    status.tabs.iter().map(|tab| (tab.name.as_str(), tab.state.as_str())).collect()
}

fn states(status: &TenantStatus, stated: &[&str]) {
    let expected: Vec<&str> = stated.iter().chain(&HEALTHY).copied().collect();
    assert_eq!(verdict(status), expected);
}

const INVALID: [&str; 4] = [
    "Ready=False InvalidSettings",
    "Accepted=False InvalidSettings",
    "Synced=False InvalidSettings",
    "Stalled=True InvalidSettings",
];

#[test]
fn one_invalid_tab_blocks_all_and_every_bad_tab_is_marked() {
    let given = tenant("contoso").settled().edited("general.name", "").with("contact.phone", "044");
    let conclusion = concluded(&given, Err(given.blocked()));
    let status = conclusion.status.unwrap();
    states(&status, &INVALID);
    assert_eq!(conclusion.delay, Delay::Sync);
    assert_eq!(status.applied, given.status.unwrap().applied);
    let marked: Vec<_> = tabs(&status).into_iter().filter(|(_, state)| *state == "Invalid").collect();
    assert_eq!(marked, [("General", "Invalid"), ("Contact", "Invalid")]);
    let said = message(&status, ConditionType::Ready);
    assert!(said.contains("spec.general.name is ''") && said.contains("spec.contact.phone is '044'"), "{said}");
}

fn refusal() -> Problem {
    let error =
        |pointer: &str, code: &str, max| FieldError { pointer: pointer.into(), code: code.into(), min: None, max };
    let errors = vec![
        error("/modalities/email/maxConcurrentTasksPerService", "out-of-range", Some(100)),
        error("/general/companyName", "format", None),
    ];
    Problem {
        problem_type: ProblemType::InvalidSettings,
        request_id: Some("r-7f3a".into()),
        errors,
        ..Problem::default()
    }
}

#[test]
fn what_the_platform_refuses_blocks_all_and_every_bad_tab_is_marked() {
    let given = tenant("contoso").settled().edited("general.companyName", "Contoso SE");
    let status = written(&given, Err(Stop::Rejected(refusal())));
    states(&status, &INVALID);
    let marked: Vec<_> = tabs(&status).into_iter().filter(|(_, state)| *state == "Invalid").collect();
    assert_eq!(marked, [("General", "Invalid"), ("Modalities", "Invalid")]);
    let said = message(&status, ConditionType::Ready);
    assert!(
        said.contains("spec.modalities.email.maxConcurrentTasksPerService") && said.contains("at most 100"),
        "{said}"
    );
    assert!(said.ends_with("(request r-7f3a)"), "a ticket quotes the request: {said}");
}

#[test]
fn a_tab_is_marked_invalid_only_while_the_spec_is_refused() {
    let bad = tenant("contoso").settled().edited("contact.phone", "044");
    let marked = written(&bad, Err(bad.blocked()));
    let mended = Given { status: Some(marked), ..bad.edited("contact.phone", "+41445551234") };
    let stop = mended.plan(&Observation::Unknown(ApiError::Forbidden)).unwrap_err();
    let status = written(&mended, Err(stop));
    assert!(tabs(&status).iter().all(|(_, state)| *state != "Invalid"), "{:?}", status.tabs);
}

#[test]
fn a_restricted_leaf_is_left_out_and_the_rest_is_saved() {
    let mut held = held().restricting(&["/general/companyName"]);
    let given =
        tenant("contoso").settled().edited("general.companyName", "Contoso SE").with("general.name", "Contoso 2");
    let outcome = pass(&given, &mut held);
    let status = written(&given, outcome);
    let expected = [
        "Ready=False FieldNotPermitted",
        "Accepted=True Accepted",
        "Synced=False FieldNotPermitted",
        "Stalled=True FieldNotPermitted",
    ];
    states(&status, &expected);
    assert_eq!(
        (held.leaf("general.name"), held.leaf("general.companyName")),
        (json!("Contoso 2"), json!("Contoso AG"))
    );
    assert_eq!(tabs(&status)[0], ("General", "Restricted"));
    assert_eq!(status.drift.iter().map(|drift| drift.path.as_str()).collect::<Vec<_>>(), ["spec.general.companyName"]);
    let then = Given { status: Some(status), ..given };
    let again = pass(&then, &mut held);
    assert_eq!(concluded(&then, again).status, None);
    assert_eq!(held.writes, 1, "nothing is sent again and again");
}

#[test]
fn drift_is_corrected_without_a_status_write() {
    let mut held = held();
    let given = tenant("contoso").after(&mut held);
    held = held.with("general.companyName", "Fabrikam");
    let outcome = pass(&given, &mut held);
    let conclusion = concluded(&given, outcome);
    assert_eq!((held.leaf("general.companyName"), held.writes), (json!("Contoso AG"), 1));
    assert_eq!(conclusion.status, None, "it was Ready and Synced before and is so now");
    let event =
        |message: &str| EventRecord { warning: false, reason: Reason::DriftCorrected, message: message.to_owned() };
    assert_eq!(conclusion.events, [event("Corrected drift in spec.general.companyName")]);
    let path = "modalities.email.maxConcurrentTasksPerService";
    held = held.with("general.companyName", "Fabrikam").with("general.name", "Fabrikam").with(path, 3);
    let outcome = pass(&given, &mut held);
    let events = concluded(&given, outcome).events;
    assert_eq!(events, [event("Corrected drift in spec.general.name (+2 more)")], "the first of the UI's order");
}

#[test]
fn drift_is_reported_on_the_flip_and_only_then() {
    let mut held = held();
    let given = tenant("contoso").with("driftPolicy", "Report").after(&mut held);
    held = held.with("general.companyName", "Fabrikam");
    let outcome = pass(&given, &mut held);
    let status = written(&given, outcome);
    states(&status, &["Ready=True Succeeded", "Accepted=True Accepted", "Synced=False Drifted"]);
    assert_eq!(held.writes, 0);
    assert_eq!(tabs(&status)[0], ("General", "Drifted"));
    assert_eq!((status.drift[0].wanted.as_str(), status.drift[0].found.as_str()), ("'Contoso AG'", "'Fabrikam'"));
    let drifted = Given { status: Some(status), ..given };
    let again = pass(&drifted, &mut held);
    assert_eq!(concluded(&drifted, again).status, None);
    let mut healed = held.with("general.companyName", "Contoso AG");
    let outcome = pass(&drifted, &mut healed);
    let status = written(&drifted, outcome);
    states(&status, &["Ready=True Succeeded", "Accepted=True Accepted", "Synced=True InSync"]);
    assert!(status.drift.is_empty());
}

#[test]
fn drift_of_a_sealed_leaf_is_drift() {
    let mut held = Held::nothing();
    let report = tenant("contoso").with_interact("1").with("driftPolicy", "Report").after(&mut held);
    let path = "extensions.interact.acsConnectionString";
    held = held.with(path, json!({ "set": true, "version": "v9" }));
    let outcome = pass(&report, &mut held);
    let status = written(&report, outcome);
    states(&status, &["Ready=True Succeeded", "Accepted=True Accepted", "Synced=False Drifted"]);
    assert!(
        status.sealed.iter().all(|sealed| sealed.platform_version.as_str() != "v9"),
        "what was not sent is not recorded as sent"
    );
    assert_eq!((status.drift[0].wanted.as_str(), status.drift[0].found.as_str()), ("(secret)", "(secret)"));
    let correct = Given { status: Some(status), ..report.edited("driftPolicy", "Correct") };
    let outcome = pass(&correct, &mut held);
    states(&written(&correct, outcome), &["Ready=True Succeeded", "Accepted=True Accepted", "Synced=True InSync"]);
    assert_eq!(held.leaf(path), json!({ "set": true, "version": "v9'" }));
}

#[test]
fn report_applies_an_edit_as_always() {
    let mut held = held();
    let given = tenant("contoso").with("driftPolicy", "Report").after(&mut held);
    let given = given.edited("general.companyName", "Contoso SE");
    let outcome = pass(&given, &mut held);
    states(&written(&given, outcome), &["Ready=True Succeeded", "Accepted=True Accepted", "Synced=True InSync"]);
    assert_eq!(held.leaf("general.companyName"), json!("Contoso SE"));
}

#[test]
fn a_value_that_the_platform_does_not_keep_is_written_three_times() {
    let given = tenant("contoso").settled().edited("general.companyName", "Contoso SE");
    // The platform answers every write with its own value.
    let answered = |count: u32| {
        let Live { document, .. } = live_pass(&tenant("contoso"), &mut held()).unwrap();
        let difference =
            diff::diff(&given.desired(), &[], &canonical(&document.settings), diff::Constraints::default());
        let done = if count < rewrites::MOST { Done::Applied } else { Done::Nothing };
        let conclusion = concluded(&given.clone().rewritten(count, vec![]), Ok(live(document, done, difference)));
        (conclusion.status.unwrap(), conclusion.delay)
    };
    for count in 1..rewrites::MOST {
        let (status, delay) = answered(count);
        let trying = [
            "Ready=False Progressing",
            "Accepted=True Accepted",
            "Synced=False Progressing",
            "Reconciling=True Progressing",
        ];
        states(&status, &trying);
        assert_eq!(delay, Delay::Backoff);
        assert_ne!(status.applied.unwrap().hash, given.desired().hash, "it is not live");
    }
    let (status, delay) = answered(rewrites::MOST);
    let given_up = [
        "Ready=False PlatformRewritesValue",
        "Accepted=True Accepted",
        "Synced=False PlatformRewritesValue",
        "Stalled=True PlatformRewritesValue",
    ];
    states(&status, &given_up);
    assert_eq!(delay, Delay::Sync);
    assert!(message(&status, ConditionType::Ready).contains("spec.general.companyName"));
}

#[test]
fn a_drift_of_a_person_is_masked() {
    let mut held = held().with("contact.email", "grace@fabrikam.com");
    let given = tenant("contoso").settled().with("driftPolicy", "Report").with("contact.email", "ada@contoso.com");
    let difference =
        diff::diff(&given.desired(), &[], &canonical(&held.document().settings), diff::Constraints::default());
    let document = Arc::new(held.document().clone());
    let status = written(&given, Ok(live(document, Done::Nothing, difference)));
    assert_eq!((status.drift[0].wanted.as_str(), status.drift[0].found.as_str()), ("***", "***"));
    let text = serde_json::to_string(&status).unwrap();
    assert!(!text.contains("ada@") && !text.contains("grace@"));
}

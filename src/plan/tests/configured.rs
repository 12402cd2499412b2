//! What is configured and has no effect yet, and what the platform says that this version does not know.

use super::*;
use crate::admin_api::types::Cap;
use crate::resources::CheckName::{self, Available, Licensed, PresenceTest};
use crate::resources::CheckResult::{self, Failed, Passed, Unknown};
use crate::resources::ConditionType;
use crate::resources::status::CheckStatus;
use crate::settings::Tab;

fn interact() -> Given {
    tenant("contoso").with_interact("s-1").with("extensions.interact.sessionRecoveryTimeoutSeconds", 30)
}

/// What a pass says of the checks: ChecksPassed, and name and result of each.
fn judged(given: &Given, held: &mut Held) -> (Option<String>, Vec<(CheckName, CheckResult)>) {
    let status = written(given, pass(given, held));
    let checks_passed = ConditionType::ChecksPassed.as_str();
    let stated = verdict(&status).into_iter().find(|condition| condition.starts_with(checks_passed));
    (stated, status.checks.into_iter().map(|check| (check.name, check.result)).collect())
}

#[test]
fn what_the_platform_does_not_say_is_no_verdict() {
    let mut held = Held::nothing();
    let given = interact().after(&mut held);
    assert_eq!(given.status.as_ref().unwrap().checks, []);
    held.document().runtime.licensed = json!({ "users": { "interact": false } });
    let failed = Some("ChecksPassed=False NotLicensed".to_owned());
    assert_eq!(judged(&given, &mut held), (failed, vec![(Licensed, Failed)]));
    held.document().runtime.licensed = json!({ "users": { "interact": true }, "modalities": { "email": true } });
    held.document().runtime.available_modalities = Some(vec!["email".into()]);
    let passed = Some("ChecksPassed=True ChecksPassed".to_owned());
    assert_eq!(judged(&given, &mut held), (passed, vec![(Available, Passed), (Licensed, Passed)]));
}

/// Other checks stay as they are, and the worst of all counts.
#[test]
fn the_worst_of_all_checks_is_stated() {
    let mut held = Held::nothing();
    let mut given = interact().after(&mut held);
    for (theirs, licensed, expected) in [
        (Unknown, true, "ChecksPassed=Unknown CheckUnknown"),
        (Unknown, false, "ChecksPassed=False NotLicensed"),
        (Passed, true, "ChecksPassed=True ChecksPassed"),
        (Failed, true, "ChecksPassed=False CheckFailed"),
        (Failed, false, "ChecksPassed=False CheckFailed"),
    ] {
        let presence = CheckStatus { name: PresenceTest, result: theirs, reason: None, message: None };
        given.status.as_mut().unwrap().checks = vec![presence];
        held.document().runtime.licensed = json!({ "users": { "interact": licensed } });
        let ours = (Licensed, if licensed { Passed } else { Failed });
        let all = vec![ours, (PresenceTest, theirs)];
        assert_eq!(judged(&given, &mut held), (Some(expected.to_owned()), all), "{theirs:?} {licensed}");
    }
}

#[test]
fn a_cap_is_reported_only_where_the_spec_sets_more() {
    let mut held = Held::nothing();
    let given = tenant("contoso").after(&mut held);
    let cap = |pointer: &str, effective_max| Cap { pointer: pointer.into(), effective_max };
    let message = |held: &mut Held| {
        let status = pass(&given, held).map(|outcome| concluded(&given, Ok(outcome)).status).unwrap();
        let tabs = status.or_else(|| given.status.clone()).unwrap().tabs;
        tabs.into_iter().find(|tab| tab.name == Tab::Modalities).unwrap().message
    };
    // 120 is what the spec wants; external tasks are not managed.
    held.document().runtime.caps = vec![
        cap("/modalities/email/maxConcurrentTasksPerService", 120),
        cap("/modalities/externalTask/maxConcurrentTasksPerService", 1),
    ];
    assert_eq!(message(&mut held), None);
    held.document().runtime.caps[0].effective_max = 119;
    let expected = "spec.modalities.email.maxConcurrentTasksPerService is 120, but the vendor's limit is 119";
    assert_eq!(message(&mut held).as_deref(), Some(expected));
}

#[test]
fn a_state_that_this_version_does_not_know_is_no_verdict() {
    let mut held = Held::nothing();
    let given = tenant("contoso").after(&mut held);
    held = held.with("licenses.tenantState", "Hibernating");
    let status = written(&given, pass(&given, &mut held));
    assert!(verdict(&status).contains(&"TenantActive=Unknown UnknownState".to_owned()), "{:?}", verdict(&status));
    assert!(message(&status, ConditionType::TenantActive).contains("'Hibernating'"));
}

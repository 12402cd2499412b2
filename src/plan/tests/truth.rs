//! Status tells the truth also when something is wrong: every stop says what was seen in the same pass, after a pass that was live
//! and on a first one.

use super::*;
use crate::admin_api::types::{MovedReference, Pending};
use crate::plan::observation::Progress;
use crate::resources::status::{CheckStatus, TabStatus};
use crate::resources::{CheckName, CheckResult, ConditionType, TabState, annotation};
use crate::settings::Tab;
use crate::settings::tabs::assistant;

/// What the platform does in a situation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Ours,
    OursDeleting,
    Another,
    Nothing,
    Outage,
}

/// A situation: its name, what it makes of a Tenant, and what the platform says.
pub(super) type Situation = (&'static str, fn(Given) -> Given, Answer);

fn partner(mut given: Given, id: Option<&str>) -> Given {
    let id = id.map(Into::into).ok_or(NoPartner::Missing);
    let partner = ResolvedPartner { id, ..ResolvedPartner::unknown("northwind".into(), NoPartner::Missing) };
    given.resolved.partner = Some(partner);
    given.with("partner.partnerRef.name", "northwind")
}

const NO_PARTNER: &str = "no Partner";

pub(super) const SITUATIONS: [Situation; 13] = [
    ("one invalid setting", |given| given.with("contact.phone", "044"), Answer::Ours),
    ("invalid settings in an outage", |given| given.with("contact.phone", "044"), Answer::Outage),
    ("two invalid tabs", |given| given.with("contact.phone", "044").with("general.name", ""), Answer::Ours),
    ("no Secret", |given| given.with_interact("1").referring(Err(SecretProblem::NoSecret)), Answer::Ours),
    ("a bad Secret", |given| given.with_interact("1").referring(Err(SecretProblem::Malformed("is bad"))), Answer::Ours),
    (NO_PARTNER, |given| partner(given, None), Answer::Ours),
    ("no Platform", |given| given.on(PlatformReference::Missing), Answer::Outage),
    ("not permitted", |given| given.on(PlatformReference::NotPermitted), Answer::Outage),
    ("suspended", |given| given.with("suspend", true).with("general.companyName", "Contoso SE"), Answer::Outage),
    ("an outage", |given| given.with("general.companyName", "Contoso SE"), Answer::Outage),
    ("owned by another", |given| given, Answer::Another),
    ("lost", |given| given, Answer::Nothing),
    ("deleted by another", |given| given, Answer::OursDeleting),
];

/// A tenant of ours that is out of contract, with a change that waits for the script and a setting that was changed in the UI.
pub(super) fn troubled() -> Held {
    let mut held = held().with("licenses.tenantState", "Suspended").with("licenses.contingents.users.contactCenter", 2);
    let change = Pending { scope: "tenant".into(), id: ID.into(), change: "interact".into() };
    held.document().runtime.pending_changes = vec![change];
    held.with("modalities.email.maxConcurrentTasksPerService", 7)
}

pub(super) fn answered(answer: Answer) -> Observation {
    match answer {
        Answer::Ours => troubled().observed(),
        Answer::OursDeleting => troubled().pending_deletion(4).observed(),
        Answer::Another => troubled().owned(Owner::Other("prod/customers/fabrikam".into())).observed(),
        Answer::Nothing => Observation::Tombstone { deletion_id: "d-9".into(), restricted: vec![] },
        Answer::Outage => Observation::Unknown(ApiError::Forbidden),
    }
}

fn tab(status: &TenantStatus, tab: Tab) -> TabState {
    status.tabs.iter().find(|entry| entry.name == tab).unwrap().state
}

pub(super) fn stated(status: &TenantStatus, condition_type: ConditionType) -> Option<String> {
    condition::find(&status.conditions, condition_type).map(|said| format!("{} {}", said.status, said.reason))
}

/// What the platform said of the tenant, or what was known of it.
fn facts_are_those_of(name: &str, status: &TenantStatus, before: Option<&TenantStatus>, answer: Answer) {
    let types = [ConditionType::ScriptExecutionPending, ConditionType::LicenseOveruse, ConditionType::TenantActive];
    let said = types.map(|condition_type| stated(status, condition_type));
    let reason = stated(status, ConditionType::Ready).unwrap();
    let reason = reason.split_once(' ').unwrap().1;
    let pending = status.provisioning_script.as_ref().map(|script| script.pending);
    match (answer, before) {
        (Answer::Ours | Answer::OursDeleting, _) => {
            let expected = ["True ScriptPending", "True ContingentExceeded", "False Suspended"];
            assert_eq!(expected.map(|text| Some(text.to_owned())), said, "{name}");
            assert_eq!((Some(true), true), (pending, status.licenses.iter().any(|license| license.overused)), "{name}");
        }
        (Answer::Another | Answer::Nothing, Some(_)) => {
            let expected = format!("Unknown {reason}");
            assert_eq!([Some(expected.clone()), Some(expected.clone()), Some(expected)], said, "{name}");
            assert_eq!((None, true), (pending, status.licenses.is_empty()), "{name}");
        }
        (Answer::Outage, Some(before)) => {
            assert_eq!(types.map(|condition_type| stated(before, condition_type)), said, "{name}");
        }
        (Answer::Another | Answer::Nothing | Answer::Outage, None) => assert_eq!([None, None, None], said, "{name}"),
    }
}

/// Every tab of the spec is judged, or said to be unknown; drift is that of the present spec.
fn tabs_are_those_of(name: &str, given: &Given, status: &TenantStatus, stopped: &Stopped, compared: bool) {
    let bad: Vec<Tab> = stopped.all().flat_map(Stop::violations).filter_map(|bad| Tab::of(&bad.path)).collect();
    let spec = serde_json::to_value(&given.tenant().spec.settings).unwrap();
    for TabStatus { name: of, state, .. } in &status.tabs {
        let managed = leaves().any(|leaf| leaf.tab() == Some(*of) && leaf.given(&spec).is_some());
        let drifted = status.drift.iter().any(|drift| Tab::of(drift.path.trim_start_matches("spec.")) == Some(*of));
        let expected = match (bad.contains(of), managed, compared, drifted) {
            (true, ..) => TabState::Invalid,
            (false, false, ..) => TabState::NotManaged,
            (false, true, false, _) => TabState::Unknown,
            (false, true, true, true) => TabState::Drifted,
            (false, true, true, false) => TabState::InSync,
        };
        assert_eq!(expected, *state, "{name}: {}", of.as_str());
    }
    let email = "spec.modalities.email.maxConcurrentTasksPerService";
    assert_eq!(compared, status.drift.iter().any(|drift| drift.path == email), "{name}: {:?}", status.drift);
}

#[test]
fn every_stop_says_what_was_seen() {
    let mut seen = 0;
    for (name, change, answer) in SITUATIONS {
        for before in [tenant("contoso").settled().edited("syncIntervalSeconds", 120), tenant("contoso")] {
            let given = change(before);
            let is_first = given.status.is_none();
            if is_first && answer == Answer::Nothing {
                // A tombstone asks for `recreate` on a first pass, too; nothing was known before.
                assert!(given.plan(&answered(answer)).is_err());
            }
            let stopped = given.plan_or_obstacles(&answered(answer)).unwrap_err();
            let status = given.stopped(&answered(answer)).status.expect("a status is written");
            // A stamp alone proves nothing for a Partner that is not known.
            let shown = if is_first && name == NO_PARTNER { Answer::Another } else { answer };
            let compared = matches!(shown, Answer::Ours | Answer::OursDeleting);
            facts_are_those_of(name, &status, given.status.as_ref(), shown);
            tabs_are_those_of(name, &given, &status, &stopped, compared);
            let modes =
                [ConditionType::Reconciling, ConditionType::Stalled].map(|mode| stated(&status, mode).is_some());
            assert_eq!(1, modes.iter().filter(|stated| **stated).count(), "{name}: one of the two says who has to act");
            assert!(!verdict(&status).contains(&"Ready=True Succeeded".to_owned()), "{name}");
            seen += 1;
        }
    }
    assert_eq!(2 * SITUATIONS.len(), seen);
}

#[test]
fn a_check_of_another_spec_does_not_stay_passed_in_an_outage() {
    let mut given = tenant("contoso").settled();
    let passed = CheckStatus {
        name: CheckName::TenantAdministrationGroup,
        result: CheckResult::Passed,
        reason: None,
        message: None,
    };
    given.status.as_mut().unwrap().checks = vec![passed];
    let outage = Observation::Unknown(ApiError::Forbidden);
    assert_eq!(None, given.stopped(&outage).status, "of the applied spec it stays");
    let status = given.edited("general.companyName", "Contoso SE").stopped(&outage).status.unwrap();
    assert_eq!(CheckResult::Unknown, status.checks[0].result);
    assert_eq!(Some("Unknown CheckUnknown".to_owned()), stated(&status, ConditionType::ChecksPassed));
}

#[test]
fn a_tenant_that_is_gone_is_not_checked_any_more() {
    let mut given = tenant("contoso").settled();
    let (name, result) = (CheckName::Licensed, CheckResult::Passed);
    given.status.as_mut().unwrap().checks = vec![CheckStatus { name, result, reason: None, message: None }];
    for answer in [Answer::Nothing, Answer::Another] {
        let status = given.stopped(&answered(answer)).status.unwrap();
        assert_eq!(CheckResult::Unknown, status.checks[0].result, "{answer:?}");
    }
}

/// The platform answers reads and no writes: a correction of drift fails, and what was read is true.
#[test]
fn what_was_read_is_said_also_where_the_write_fails() {
    let given = tenant("contoso").settled().annotated(annotation::RECONCILE, "now");
    let seen = given.seen(&answered(Answer::Ours));
    let failed = || Err(Stopped::from(Stop::Unavailable(samples::unexpected(503))));
    let status = concluded_having_seen(&given, &seen, failed()).status.unwrap();
    let expected = ["Ready=True Succeeded", "Accepted=True Accepted", "Synced=False Drifted"];
    assert_eq!(expected, verdict(&status)[..3]);
    facts_are_those_of("a failed write", &status, given.status.as_ref(), Answer::Ours);
    tabs_are_those_of("a failed write", &given, &status, &Stop::Suspended.into(), true);
    assert_eq!(Some("now".to_owned()), status.last_handled_reconcile_at, "the platform answered");
    let same = Given { status: Some(status), ..given };
    assert_eq!(None, concluded_having_seen(&same, &seen, failed()).status, "one write");
}

#[test]
fn all_obstacles_are_named_at_once() {
    let given = tenant("contoso").with("contact.phone", "044").with("general.name", "");
    let given = partner(given.with_interact("1").referring(Err(SecretProblem::NoSecret)), None);
    let mut given = given.with(
        "extensions.assistant",
        json!({ "useOwnAcsInstance": true, "acsConnectionStringRef": { "name": "acs", "key": "k" } }),
    );
    let second = ResolvedSecret {
        leaf: assistant::CONNECTION_STRING,
        found: Err(SecretProblem::NoKey),
        ..given.resolved.secrets[0].clone()
    };
    given.resolved.secrets.push(second);
    given.status = tenant("contoso").settled().status;
    let status = given.stopped(&troubled().observed()).status.unwrap();
    let ready = message(&status, ConditionType::Ready);
    assert!(
        ready.contains("spec.general.name")
            && ready.contains("(and 3 more obstacles: PartnerNotFound, SecretNotFound, SecretKeyNotFound)"),
        "{ready}"
    );
    for bad in [Tab::General, Tab::Contact, Tab::Partner, Tab::Extensions] {
        assert_eq!(TabState::Invalid, tab(&status, bad), "{}", bad.as_str());
    }
    let said = status.tabs.iter().find(|entry| entry.name == Tab::Extensions).unwrap().message.clone().unwrap();
    assert!(said.contains("interact") && said.contains("assistant"), "both Secrets are named: {said}");
}

#[test]
fn a_setting_that_is_invalid_is_not_missing_too() {
    let given = tenant("contoso").with("general.name", "").with("general.o365Domain", "-");
    let stopped = given.plan_or_obstacles(&Held::nothing().observed()).unwrap_err();
    assert_eq!(1, stopped.all().count(), "{stopped:?}");
    let one = tenant("contoso").with("general.name", "").without("general.o365Domain");
    let stopped = one.plan_or_obstacles(&Held::nothing().observed()).unwrap_err();
    let mut paths: Vec<_> = stopped.all().flat_map(Stop::violations).map(|violation| violation.path).collect();
    paths.sort_unstable();
    assert_eq!(["general.name", "general.o365Domain"], *paths, "each is reported once");
}

#[test]
fn a_deletion_that_waits_for_the_script_says_so() {
    let mut held = held().pending_deletion(0);
    let change = Pending { scope: "tenant".into(), id: ID.into(), change: "tenant-deleted".into() };
    held.document().runtime.pending_changes = vec![change];
    let given = tenant("contoso").settled().with("deletionPolicy", "Delete").deleting();
    let given = given.confirming("deletion", ID);
    let Intent::Delete(intent) = given.validate() else { panic!("it is being deleted") };
    let DeletionPlan::Wait(wait) = deletion::plan(&intent, Some(&held.observed())) else { panic!("it waits") };
    let status = concluded(&given, Ok(Outcome::Deleting(wait))).status.unwrap();
    assert_eq!(Some("True ScriptPending".to_owned()), stated(&status, ConditionType::ScriptExecutionPending));
    let changes = &status.provisioning_script.as_ref().unwrap().pending_changes;
    assert_eq!("tenant-deleted", changes[0].change);
    let down = Given { status: Some(status), ..given };
    let wait = DeletionWait::not_requested(ApiError::Forbidden);
    let status = concluded(&down, Ok(Outcome::Deleting(wait))).status.unwrap();
    assert_eq!(
        Some("True ScriptPending".to_owned()),
        stated(&status, ConditionType::ScriptExecutionPending),
        "it stays known"
    );
}

#[test]
fn a_dead_unit_is_left_out_and_everything_else_goes_on() {
    const UNIT: &str = "44444444-0d3e-4f5a-8b7c-9d0e1f2a3b4c";
    let mut held = held().with("provisioning.defaultOrganizationUnitId", "root").with("contact.name", "Grace");
    let pointer = "/provisioning/defaultOrganizationUnitId".to_owned();
    held.document().runtime.moved_references = vec![MovedReference { pointer, from: UNIT.into(), to: "root".into() }];
    let given = tenant("contoso").settled().edited("provisioning.defaultOrganizationUnitId", UNIT);
    let given = given.with("contact.name", "Ada").with("general.companyName", "Contoso SE");
    let outcome = pass(&given, &mut held);
    assert_eq!(
        [json!("Ada"), json!("Contoso SE")],
        ["contact.name", "general.companyName"].map(|leaf| held.leaf(leaf))
    );
    assert_eq!((json!("root"), 1), (held.leaf("provisioning.defaultOrganizationUnitId"), held.writes));
    let status = written(&given, outcome);
    let expected = [
        "Ready=False OrganizationUnitNotFound",
        "Accepted=True Accepted",
        "Synced=False OrganizationUnitNotFound",
        "Stalled=True OrganizationUnitNotFound",
    ];
    assert_eq!(expected, verdict(&status)[..4]);
    assert_eq!((TabState::Invalid, TabState::InSync), (tab(&status, Tab::Provisioning), tab(&status, Tab::Contact)));
    assert_eq!(
        ["spec.provisioning.defaultOrganizationUnitId"],
        *status.drift.iter().map(|drift| drift.path.as_str()).collect::<Vec<_>>()
    );
    held = held.with("contact.name", "Grace");
    let then = Given { status: Some(status), ..given };
    let outcome = pass(&then, &mut held);
    assert_eq!((json!("Ada"), 2), (held.leaf("contact.name"), held.writes), "drift of other tabs is corrected");
    assert_eq!(None, concluded(&then, outcome).status, "and nothing is written again and again");
}

#[test]
fn a_tenant_that_is_not_adopted_shows_how_it_differs() {
    let mut held = held().with("general.companyName", "Fabrikam").with("contact.email", "grace@fabrikam.com");
    held.owner = Owner::Free;
    let given = tenant("contoso").with("contact.email", "ada@contoso.com");
    let status = given.stopped(&held.observed()).status.unwrap();
    let drift: Vec<_> = status.drift.iter().map(|drift| (drift.path.as_str(), drift.found.as_str())).collect();
    assert_eq!([("spec.general.companyName", "'Fabrikam'"), ("spec.contact.email", "***")], *drift);
    let tenant = status.platform_tenant.clone().unwrap();
    assert_eq!((ID, Some("Contoso")), (tenant.id.as_str(), tenant.display_name.as_deref()));
    assert_eq!((None, true), (status.provisioning_script.clone(), status.licenses.is_empty()), "that is the owner's");
    let elsewhere = held.with("partner.partnerId", "p-9");
    let status = given.stopped(&elsewhere.observed()).status.unwrap();
    assert_eq!(
        (true, None),
        (status.drift.is_empty(), status.platform_tenant),
        "another partner's tenant shows nothing"
    );
}

#[test]
fn a_request_for_a_pass_is_answered_by_an_answer_only() {
    let asked = |given: Given| given.annotated(annotation::RECONCILE, "now");
    let handled = |conclusion: Conclusion| conclusion.status.and_then(|status| status.last_handled_reconcile_at);
    let outage = Observation::Unknown(samples::unreachable());
    let now = Some("now".to_owned());
    assert_eq!(None, handled(asked(tenant("contoso").settled()).stopped(&outage)), "an outage answers nothing");
    let edited = tenant("contoso").settled().edited("general.companyName", "Contoso SE");
    assert_eq!(None, handled(asked(edited.clone()).stopped(&outage)));
    assert_eq!(now, handled(asked(edited.with("contact.phone", "044")).stopped(&outage)), "the spec is at fault");
    assert_eq!(now, handled(asked(tenant("contoso")).stopped(&answered(Answer::Another))), "the platform answered");
    let suspended = asked(tenant("contoso").with("suspend", true));
    assert_eq!(now, handled(suspended.stopped(&outage)));
}

#[test]
fn what_was_not_bought_and_is_in_use_is_overuse() {
    let mut held = held().with("licenses.contingents.services.features.analytics", 3);
    held.document().runtime.used =
        json!({ "users": { "contactCenter": 3 }, "services": { "features": { "forms": 1 } } });
    let given = tenant("contoso").settled();
    let outcome = pass(&given, &mut held);
    let status = written(&given, outcome);
    let kinds: Vec<_> = status
        .licenses
        .iter()
        .map(|license| (license.kind.as_str(), license.used, license.contingent, license.overused))
        .collect();
    let expected = [
        ("services.features.analytics", 0, Some(3), false),
        ("services.features.forms", 1, Some(0), true),
        ("users.contactCenter", 3, Some(10), false),
    ];
    assert_eq!(expected, *kinds);
    assert_eq!(Some("True ContingentExceeded".to_owned()), stated(&status, ConditionType::LicenseOveruse));
    assert!(message(&status, ConditionType::LicenseOveruse).ends_with("services.features.forms"));
}

/// The claim went through and the save did not: the tenant is ours, though the pass saw it without an owner.
#[test]
fn a_tenant_that_was_claimed_is_ours_also_where_the_save_fails() {
    let mut held = held().with("general.companyName", "Fabrikam");
    held.owner = Owner::Free;
    let given = tenant("contoso").with("adoptionPolicy", "Always");
    assert!(given.plan(&held.observed()).is_ok());
    let stopped = || Err(Stopped::from(Stop::Unavailable(samples::unreachable())));
    let seen = |progress| {
        let observation = Observation::after(Some(held.observed()), progress).unwrap();
        Seen::after(&given.tenant(), &given.validate(), Some(&observation), &stopped())
    };
    assert!(matches!(seen(Progress::Nothing), Seen::Free(_)));
    assert!(matches!(seen(Progress::Claimed), Seen::Ours(_)));
    let status = concluded_having_seen(&given, &seen(Progress::Claimed), stopped()).status.unwrap();
    assert_eq!(Some("True Active".to_owned()), stated(&status, ConditionType::TenantActive));
}

/// The tenant was created and the pass failed after that: it is not lost.
#[test]
fn a_tenant_that_was_created_is_ours_also_where_the_pass_fails_then() {
    let given = tenant("contoso");
    let Observation::Exists { snapshot, .. } = held().observed() else { panic!("it exists") };
    let observation = Observation::after(Some(Held::nothing().observed()), Progress::Saved(snapshot)).unwrap();
    let stopped = || Err(Stopped::from(Stop::Unavailable(samples::unreachable())));
    let seen = Seen::after(&given.tenant(), &given.validate(), Some(&observation), &stopped());
    let status = concluded_having_seen(&given, &seen, stopped()).status.unwrap();
    assert_eq!(Some("True Active".to_owned()), stated(&status, ConditionType::TenantActive));
    assert_eq!(TabState::InSync, tab(&status, Tab::General));
}

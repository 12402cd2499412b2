//! What each situation of a Tenant comes to: conditions, and whether a status is written at all.

mod outages;

use super::*;
use crate::resources::{ConditionType, Reason};

/// What a healthy platform says in addition to the three that are always present.
const HEALTHY: [&str; 3] = [
    "ScriptExecutionPending=False NothingPending",
    "LicenseOveruse=False WithinContingent",
    "TenantActive=True Active",
];

/// The conditions of a settled Tenant that met `stop`.
fn with_known(stated: &[&str]) -> Vec<String> {
    stated.iter().chain(&HEALTHY).map(|text| (*text).to_owned()).collect()
}

fn in_sync() -> Vec<String> {
    with_known(&["Ready=True Succeeded", "Accepted=True Accepted", "Synced=True InSync"])
}

#[test]
fn in_sync_is_written_once() {
    let (given, mut held) = (tenant("contoso"), Held::nothing());
    let created = pass(&given, &mut held);
    let status = written(&given, created);
    assert_eq!(verdict(&status), in_sync());
    let applied = status.applied.clone().unwrap();
    assert_eq!((applied.generation, applied.settings_version.as_str()), (1, "s1"));
    assert_eq!(applied.hash, given.desired().hash);
    let then = Given { status: Some(status), ..given };
    let again = pass(&then, &mut held);
    let conclusion = concluded(&then, again);
    assert_eq!((conclusion.status, conclusion.delay), (None, Delay::Sync));
    assert!(conclusion.events.is_empty());
}

#[test]
fn an_edit_of_the_head_of_the_spec_writes_only_generations() {
    let mut held = held();
    let given = tenant("contoso").after(&mut held).edited("syncIntervalSeconds", 120);
    let outcome = pass(&given, &mut held);
    let (status, before) = (written(&given, outcome), given.status.clone().unwrap());
    assert_eq!(held.writes, 0, "the platform is left alone");
    assert_eq!((status.observed_generation, status.applied.clone().unwrap().generation), (2, 2));
    let times = |status: &TenantStatus| {
        status.conditions.iter().map(|condition| condition.last_transition_time.clone()).collect::<Vec<_>>()
    };
    assert_eq!(times(&status), times(&before));
    assert_eq!(status.applied.unwrap().settings_version, before.applied.unwrap().settings_version);
}

/// A stop, and the three conditions and the mode that follow from it for a settled Tenant.
fn stops(given: &Given, stop: Stop, expected: &[&str], delay: Delay) -> TenantStatus {
    let conclusion = concluded(given, Err(stop));
    let status = conclusion.status.expect("a status is written");
    let expected =
        if given.status.is_some() { with_known(expected) } else { expected.iter().map(|e| (*e).into()).collect() };
    assert_eq!(verdict(&status), expected);
    assert_eq!((conclusion.delay, conclusion.release_outcome), (delay, None));
    let before = given.status.clone().unwrap_or_default();
    assert_eq!((status.applied.clone(), status.sealed.clone()), (before.applied, before.sealed), "nothing was applied");
    status
}

#[test]
fn a_missing_secret_heals_itself() {
    let rows = [
        (SecretProblem::NoSecret, "SecretNotFound", "Secret customers/acs not found"),
        (SecretProblem::NoKey, "SecretKeyNotFound", "Secret customers/acs has no key connection-string"),
        (SecretProblem::Forbidden, "SecretForbidden", "the operator may not get Secret customers/acs"),
    ];
    for (problem, reason, problem_text) in rows {
        let given = tenant("contoso").settled().with("extensions.interact.enabled", true).referring(Err(problem));
        let stop = given.plan(&held().observed()).unwrap_err();
        let [ready, accepted] = ["Ready", "Accepted"].map(|kind| format!("{kind}=False {reason}"));
        let [synced, mode] = [format!("Synced=Unknown {reason}"), format!("Reconciling=True {reason}")];
        let status = stops(&given, stop, &[&ready, &accepted, &synced, &mode], Delay::Reference);
        let expected = format!("spec.extensions.interact.acsConnectionStringRef: {problem_text}");
        assert_eq!(message(&status, ConditionType::Ready), expected);
    }
}

/// A program that waits for a Tenant whose reference never comes must be told. Five minutes are enough for the rest of a
/// commit.
#[test]
fn a_reference_that_stays_missing_needs_a_human() {
    let given = tenant("contoso").settled().on(PlatformReference::Missing);
    let first = written(&given, Err(given.blocked()));
    let given = Given { status: Some(first), ..given };
    let mode_at = |second: i64| {
        let intent = given.validate();
        let tenant = given.tenant();
        let facts = Facts { now: at(second), ..facts(&tenant, intent.hash(), &Seen::Nothing) };
        let Conclusion { status, delay, .. } = conclude(facts, Err(given.blocked().into()));
        let modes = status.map(|status| verdict(&status)).unwrap_or_default();
        (modes.into_iter().find(|mode| mode.starts_with("Stalled")), delay)
    };
    assert_eq!((None, Delay::Reference), mode_at(2299));
    assert_eq!(
        (Some("Stalled=True PlatformNotFound".to_owned()), Delay::Reference),
        mode_at(2300),
        "looked for all the same"
    );
}

/// The five minutes are those of this reason and this generation: what was wrong before does not count.
#[test]
fn a_reference_has_its_time_after_another_obstacle_and_after_an_edit() {
    let later = |given: &Given, second, stop: Stop| {
        let (intent, tenant) = (given.validate(), given.tenant());
        let facts = Facts { now: at(second), ..facts(&tenant, intent.hash(), &Seen::Nothing) };
        let status = conclude(facts, Err(stop.into())).status.or_else(|| given.status.clone());
        Given { status, ..given.clone() }
    };
    let mode = |given: &Given| {
        let stated = verdict(given.status.as_ref().unwrap());
        stated.into_iter().find(|said| said.starts_with("Stalled") || said.starts_with("Reconciling")).unwrap()
    };
    let missing = || Stop::PlatformMissing { name: "euwe-01".into() };
    let bad = tenant("contoso").settled().edited("contact.phone", "044");
    let bad = later(&bad, 2000, bad.blocked());
    let mended = bad.edited("contact.phone", "+41445551234").on(PlatformReference::Missing);
    let mut given = later(&mended, 5000, missing());
    for (second, expected) in [(5002, "Reconciling"), (5299, "Reconciling"), (5300, "Stalled"), (9000, "Stalled")] {
        given = later(&given, second, missing());
        assert_eq!(format!("{expected}=True PlatformNotFound"), mode(&given), "{second}");
    }
    given = later(&given.edited("contact.name", "Ada"), 9100, missing());
    assert_eq!("Reconciling=True PlatformNotFound", mode(&given), "another commit, another time");
    given = later(&given, 9102, missing());
    assert_eq!("Reconciling=True PlatformNotFound", mode(&given));
}

#[test]
fn a_missing_platform_heals_itself() {
    let given = tenant("contoso").settled().on(PlatformReference::Missing);
    let expected = [
        "Ready=False PlatformNotFound",
        "Accepted=False PlatformNotFound",
        "Synced=Unknown PlatformNotFound",
        "Reconciling=True PlatformNotFound",
    ];
    let status = stops(&given, given.blocked(), &expected, Delay::Reference);
    assert_eq!(message(&status, ConditionType::Ready), "spec.platformRef.name: Platform euwe-01 not found");
}

#[test]
fn a_malformed_secret_needs_a_human() {
    let given = tenant("contoso").settled().with("extensions.interact.enabled", true);
    let given = given.referring(Err(SecretProblem::Malformed("has no endpoint=")));
    let expected = [
        "Ready=False SecretInvalid",
        "Accepted=False SecretInvalid",
        "Synced=Unknown SecretInvalid",
        "Stalled=True SecretInvalid",
    ];
    let status = stops(&given, given.plan(&held().observed()).unwrap_err(), &expected, Delay::Reference);
    let expected = "spec.extensions.interact.acsConnectionStringRef: the value of key connection-string of Secret \
                    customers/acs has no endpoint=";
    assert_eq!(message(&status, ConditionType::Ready), expected);
}

#[test]
fn a_namespace_that_is_not_allowed_needs_a_human() {
    let given = tenant("contoso").settled().on(PlatformReference::NotPermitted);
    let expected = [
        "Ready=False NamespaceNotPermitted",
        "Accepted=False NamespaceNotPermitted",
        "Synced=Unknown NamespaceNotPermitted",
        "Stalled=True NamespaceNotPermitted",
    ];
    stops(&given, given.blocked(), &expected, Delay::Reference);
}

#[test]
fn a_tenant_that_may_not_be_adopted_is_left_alone() {
    let given = tenant("contoso");
    let held = held().owned(Owner::Free).with("general.companyName", "Fabrikam");
    let expected =
        ["Ready=False NotAdopted", "Accepted=True Accepted", "Synced=Unknown NotAdopted", "Stalled=True NotAdopted"];
    let status = stops(&given, given.plan(&held.observed()).unwrap_err(), &expected, Delay::Sync);
    assert!(message(&status, ConditionType::Ready).contains("spec.general.companyName"), "it names what differs");
    let never = given.with("adoptionPolicy", "Never");
    let status = stops(&never, never.plan(&held.observed()).unwrap_err(), &expected, Delay::Sync);
    assert!(message(&status, ConditionType::Ready).contains("Never"));
}

#[test]
fn a_tenant_of_another_owner_is_left_alone() {
    let given = tenant("contoso").settled();
    let expected = [
        "Ready=False OwnedByOther",
        "Accepted=True Accepted",
        "Synced=Unknown OwnedByOther",
        "Stalled=True OwnedByOther",
    ];
    // A Tenant of this cluster may be renamed or moved in the same commit; of another cluster nothing is known.
    for (stamp, delay) in [("prod/customers/fabrikam", Delay::Reference), ("dr/customers/fabrikam", Delay::Sync)] {
        let held = held().owned(Owner::Other(stamp.into()));
        let status = stops(&given, given.plan(&held.observed()).unwrap_err(), &expected, delay);
        assert!(message(&status, ConditionType::Ready).contains(stamp));
    }
}

#[test]
fn a_tenant_that_is_gone_needs_a_human() {
    let given = tenant("contoso").settled();
    let tombstone = Held { tombstone: Some("d-9".into()), ..Held::nothing() };
    for (held, token) in [(Held::nothing(), "lost-s1"), (tombstone, "d-9")] {
        let expected = [
            "Ready=False TenantLost",
            "Accepted=True Accepted",
            "Synced=Unknown TenantLost",
            "Stalled=True TenantLost",
        ];
        let status = stops(&given, given.plan(&held.observed()).unwrap_err(), &expected, Delay::Sync);
        let said = message(&status, ConditionType::Ready);
        assert!(said.ends_with(&format!("set spec.confirmations.recreate: {token}")), "{said}");
    }
}

#[test]
fn a_deletion_that_nobody_here_asked_for_needs_a_human() {
    let given = tenant("contoso").settled().edited("general.companyName", "Contoso SE");
    let expected = [
        "Ready=False TenantDeleting",
        "Accepted=True Accepted",
        "Synced=Unknown TenantDeleting",
        "Stalled=True TenantDeleting",
    ];
    stops(&given, given.plan(&held().pending_deletion(4).observed()).unwrap_err(), &expected, Delay::Sync);
}

#[test]
fn suspension_keeps_ready_where_the_spec_is_live() {
    let given = tenant("contoso").settled().edited("suspend", true);
    let expected = ["Ready=True Succeeded", "Accepted=True Accepted", "Synced=Unknown ReconciliationSuspended"];
    stops(&given, given.blocked(), &expected, Delay::Sync);
}

/// It does not become Ready by itself: a program that waits has to be told.
#[test]
fn a_suspended_edit_needs_a_human() {
    let expected = [
        "Ready=False ReconciliationSuspended",
        "Accepted=True Accepted",
        "Synced=Unknown ReconciliationSuspended",
        "Stalled=True ReconciliationSuspended",
    ];
    let live = tenant("contoso").settled().edited("suspend", true);
    let given = live.clone().with("general.companyName", "Contoso SE");
    let status = stops(&given, given.blocked(), &expected, Delay::Sync);
    let reverted = Given { status: Some(status), ..live };
    assert_eq!(None, concluded(&reverted, Err(reverted.blocked())).status, "without a call nothing more is known");
    let unseen = tenant("contoso").with("suspend", true);
    stops(&unseen, unseen.blocked(), &expected, Delay::Sync);
}

#[test]
fn a_mistake_of_the_operator_is_tried_again() {
    let given = tenant("contoso").settled();
    let expected = [
        "Ready=False InternalError",
        "Accepted=True Accepted",
        "Synced=Unknown InternalError",
        "Reconciling=True InternalError",
    ];
    stops(&given, Stop::Bug("a pass panicked"), &expected, Delay::Backoff);
}

#[test]
fn a_race_and_a_silent_kubernetes_say_nothing() {
    let given = tenant("contoso").settled().edited("general.companyName", "Contoso SE");
    for (stop, delay) in
        [(Stop::Raced("a conflict".into()), Delay::AtOnce), (Stop::Kubernetes("no answer"), Delay::Backoff)]
    {
        let conclusion = concluded(&given, Err(stop));
        assert_eq!((conclusion.status, conclusion.delay), (None, delay));
    }
}

#[test]
fn a_race_and_a_silent_kubernetes_that_go_on_are_said() {
    let given = tenant("contoso").settled().edited("general.companyName", "Contoso SE");
    let (tenant, intent) = (given.tenant(), given.validate());
    let answer = "the platform answered settings-changed";
    for (stop, reason, words) in [
        (Stop::Raced(answer.into()), "Contended", answer),
        (Stop::Kubernetes("no response"), "Progressing", "The Kubernetes API call failed: no response"),
    ] {
        let facts = Facts { contended: true, ..facts(&tenant, intent.hash(), &Seen::Nothing) };
        let status = conclude(facts, Err(stop.into())).status.unwrap();
        let expected = ["Ready=Unknown", "Accepted=True Accepted", "Synced=Unknown", "Reconciling=True"];
        let expected =
            expected.map(|state| if state.contains(' ') { state.to_owned() } else { format!("{state} {reason}") });
        assert_eq!(verdict(&status)[..4], expected);
        assert!(message(&status, ConditionType::Ready).contains(words));
        assert_eq!(status.applied, tenant.status.as_ref().unwrap().applied, "nothing was applied");
    }
}

#[test]
fn a_deletion_says_for_what_it_waits() {
    let given = tenant("contoso").settled().deleting();
    let waiting = |pending: Option<PendingDeletion>, started, error| {
        let message = "for the script".to_owned();
        let accepted = pending.map(|pending| {
            let mut document = held().document().clone();
            document.runtime.deletion = Some(pending);
            Arc::new(document)
        });
        Outcome::Deleting(DeletionWait { reason: Reason::Deleting, message, accepted, started, error })
    };
    let expected =
        ["Ready=False Deleting", "Accepted=True Accepted", "Synced=True InSync", "Reconciling=True Deleting"];
    let before = concluded(&given, Ok(waiting(None, false, Some(ApiError::Forbidden))));
    assert_eq!(verdict(before.status.as_ref().unwrap()), with_known(&expected));
    assert_eq!((before.status.unwrap().deletion, before.delay), (None, Delay::Reference));
    let pending = PendingDeletion { deletion_id: "d-1".into(), services_pending: 4, script_pending: true };
    let accepted = concluded(&given, Ok(waiting(Some(pending), true, None)));
    let status = accepted.status.unwrap();
    assert_eq!(verdict(&status), with_known(&expected));
    assert_eq!(message(&status, ConditionType::Ready), "for the script");
    assert_eq!(status.deletion.as_ref().map(|deletion| deletion.services_pending), Some(4));
    assert_eq!(accepted.events.iter().map(|note| note.reason).collect::<Vec<_>>(), [Reason::DeletionStarted]);
    assert_eq!((accepted.delay, accepted.release_outcome), (Delay::Deletion, None));
    let named = waiting(None, false, Some(ApiError::Throttled { after: Duration::from_secs(17) }));
    let down = Given { status: Some(status.clone()), ..given };
    let conclusion = concluded(&down, Ok(named));
    assert_eq!(conclusion.status, None, "what was accepted stays recorded");
    assert_eq!(conclusion.delay, Delay::DeletionRetry(Duration::from_secs(17)));
}

#[test]
fn what_the_platform_knows_of_the_tenant_never_touches_ready() {
    let mut held = held().with("licenses.tenantState", "Suspended").with("licenses.contingents.users.contactCenter", 2);
    held.document().runtime.pending_changes =
        vec![crate::admin_api::types::Pending { scope: "tenant".into(), id: ID.into(), change: "interact".into() }];
    let given = tenant("contoso").settled();
    let outcome = pass(&given, &mut held);
    let status = written(&given, outcome);
    let expected = [
        "Ready=True Succeeded",
        "Accepted=True Accepted",
        "Synced=True InSync",
        "ScriptExecutionPending=True ScriptPending",
        "LicenseOveruse=True ContingentExceeded",
        "TenantActive=False Suspended",
    ];
    assert_eq!(verdict(&status), expected);
    assert!(message(&status, ConditionType::ScriptExecutionPending).contains("interact"));
    assert!(
        message(&status, ConditionType::LicenseOveruse).ends_with("users.contactCenter"),
        "the kinds, never the numbers"
    );
    let then = Given { status: Some(status), ..given };
    let stop = then.plan(&Observation::Unknown(ApiError::Forbidden)).unwrap_err();
    assert_eq!(concluded(&then, Err(stop)).status, None, "it stays known while the platform is not");
}

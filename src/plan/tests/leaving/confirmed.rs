//! A deletion that is confirmed: until it is asked for, and until the tenant is gone.

use super::*;

#[test]
fn a_confirmed_deletion_asks_waits_and_ends() {
    let given = confirmed();
    assert!(asks(&given));
    assert_eq!(leave(&given, &ours()), asks_to_delete());
    let pending = pending(&leave(&given, &held().pending_deletion(4).observed())).unwrap();
    assert_eq!((pending.services_pending, pending.script_pending), (4, true));
    let tombstone = Observation::Tombstone { deletion_id: "d-1".into(), restricted: vec![] };
    assert_eq!(leave(&accepted(), &tombstone), DeletionPlan::Off(ReleaseOutcome::Deleted));
    assert_eq!(told(ReleaseOutcome::Deleted), [(false, Reason::Deleted)]);
}

#[test]
fn a_confirmed_deletion_that_ends_without_a_request_says_so() {
    let absent = Observation::Absent { restricted: vec![] };
    let tombstone = Observation::Tombstone { deletion_id: "d-1".into(), restricted: vec![] };
    let never_applied = tenant("contoso").deleting().with("deletionPolicy", "Delete").confirming("deletion", ID);
    assert_eq!(leave(&never_applied, &absent), ends_by_itself(NotRequested::NoTenant));
    for given in [&never_applied, &confirmed()] {
        assert_eq!(leave(given, &tombstone), ends_by_itself(NotRequested::DeletedBefore));
    }
    for because in [NotRequested::NoTenant, NotRequested::DeletedBefore, NotRequested::NotOurs] {
        assert_eq!(told(ReleaseOutcome::NotRequested(because)), [(true, Reason::DeletionNotRequested)]);
    }
}

/// The endpoint may lead elsewhere, or the platform may have been restored from an older backup.
#[test]
fn a_known_tenant_that_is_missing_was_not_deleted() {
    let absent = Observation::Absent { restricted: vec![] };
    for given in [confirmed(), accepted()] {
        let DeletionPlan::Wait(wait) = leave(&given, &absent) else { panic!("absence was taken for a deletion") };
        assert_eq!(wait.reason, Reason::TenantLost);
        let conclusion = concluded(&given, Ok(Outcome::Deleting(wait.clone())));
        let warned: Vec<_> = conclusion.events.iter().map(|event| (event.warning, event.reason)).collect();
        assert_eq!(warned, [(true, Reason::TenantLost)]);
        let status = conclusion.status.unwrap();
        assert_eq!(stated(&status), ["Ready=False TenantLost", "Stalled=True TenantLost"]);
        let then = Given { status: Some(status), ..given };
        let again = concluded(&then, Ok(Outcome::Deleting(wait)));
        assert_eq!((again.status, again.events.len(), again.delay), (None, 0, Delay::Deletion), "said once");
    }
}

/// Ready and who has to act.
fn stated(status: &TenantStatus) -> Vec<String> {
    let of_interest = |stated: &String| ["Ready", "Stalled", "Reconciling"].iter().any(|kind| stated.starts_with(kind));
    verdict(status).into_iter().filter(of_interest).collect()
}

/// In another environment every answer is about something else.
#[test]
fn in_another_environment_nothing_is_let_go_or_deleted() {
    let other = Observation::Unknown(samples::other_platform());
    let never_applied = tenant("contoso").deleting();
    for given in [going(), never_applied, confirmed(), accepted(), going().with("deletionPolicy", "Delete")] {
        let intent = deletion_intent(&given);
        let DeletionPlan::Wait(wait) = deletion::plan(&intent, Some(&other)) else { panic!("{intent:?}") };
        let conclusion = concluded(&given, Ok(Outcome::Deleting(wait)));
        assert_eq!(
            stated(&conclusion.status.unwrap()),
            ["Ready=False PlatformChanged", "Stalled=True PlatformChanged"]
        );
        assert_eq!(conclusion.events.len(), 1);
        assert_eq!(conclusion.delay, Delay::Reference, "the end of its namespace is noticed");
    }
    // A namespace can end, and people can let go.
    let ending = deletion_intent(&confirmed().amid(Some(true)));
    assert_eq!(
        deletion::plan(&ending, Some(&other)),
        DeletionPlan::Release(target(), RetainReason::ScopeTerminating),
        "without a client it is not released, and its stamp stays"
    );
    let abandoned = deletion_intent(&confirmed().annotated(annotation::ABANDON, ID));
    assert_eq!(deletion::plan(&abandoned, Some(&other)), DeletionPlan::Off(ReleaseOutcome::Abandoned));
    let suspended = deletion_intent(&going().with("suspend", true));
    assert!(!suspended.calls_platform() && !abandoned.calls_platform() && ending.calls_platform());
}

#[test]
fn a_confirmed_deletion_never_ends_on_what_is_unknown() {
    let errors = [
        samples::unreachable(),
        samples::unauthenticated(),
        ApiError::Forbidden,
        ApiError::Throttled { after: Duration::from_secs(17) },
        samples::unexpected(404),
        samples::not_called(),
    ];
    for error in errors {
        for given in [confirmed(), accepted()] {
            let DeletionPlan::Wait(wait) = leave(&given, &Observation::Unknown(error.clone())) else {
                panic!("{error} was taken for an answer")
            };
            assert_eq!(wait.error, Some(error.clone()));
        }
    }
    assert!(waits(&leave(&confirmed().on(PlatformReference::Missing), &unknown())));
}

#[test]
fn surroundings_that_cannot_be_read_never_delete() {
    for given in [confirmed(), accepted()] {
        let given = given.amid(None);
        assert!(waits(&leave(&given, &ours())) && !asks(&given));
    }
}

#[test]
fn after_the_answer_202_edits_change_nothing() {
    let going_on = held().pending_deletion(2).observed();
    let edits = [
        accepted().with("deletionPolicy", "Retain"),
        accepted().without("general.companyName").with("suspend", true),
        accepted().confirming("deletion", OTHER_ID),
    ];
    for given in edits {
        assert!(pending(&leave(&given, &going_on)).is_some());
        let tombstone = Observation::Tombstone { deletion_id: "d-1".into(), restricted: vec![] };
        assert_eq!(leave(&given, &tombstone), DeletionPlan::Off(ReleaseOutcome::Deleted));
    }
}

#[test]
fn foreground_deletion_is_no_special_case() {
    let mut given = confirmed();
    given.object["metadata"]["finalizers"] = json!(["foregroundDeletion", crate::resources::FINALIZER]);
    assert_eq!(leave(&given, &ours()), asks_to_delete());
}

/// Every combination: a tenant is asked to be deleted only where each single condition of it holds.
#[test]
fn a_deletion_is_asked_for_only_where_everything_allows_it() {
    let observations =
        [ours(), held().owned(Owner::Free).observed(), unknown(), Observation::Absent { restricted: vec![] }];
    let mut asked = 0;
    for bits in 0..64_u32 {
        let is = |bit: u32| bits & (1 << bit) != 0;
        let [abandoned, suspended, deletes, confirms, ends, unreadable] = [0, 1, 2, 3, 4, 5].map(is);
        let mut given = going().with("suspend", suspended).amid((!unreadable).then_some(ends));
        given = given.with("deletionPolicy", if deletes { "Delete" } else { "Retain" });
        given = given.confirming("deletion", if confirms { ID } else { OTHER_ID });
        given = if abandoned { given.annotated(annotation::ABANDON, ID) } else { given };
        let allowed = deletes && confirms && !abandoned && !suspended && !ends && !unreadable;
        for observation in &observations {
            let deletes = leave(&given, observation) == asks_to_delete();
            assert_eq!(deletes, allowed && observation == &observations[0], "{bits:06b} {observation:?}");
            asked += u32::from(deletes);
        }
    }
    assert_eq!(asked, 1);
}

/// The vendor may take the deletion back, or the platform comes from a backup: what the Tenant says by then counts.
#[test]
fn a_deletion_that_the_platform_took_back_is_decided_afresh() {
    assert_eq!(leave(&accepted(), &ours()), asks_to_delete());
    let without = accepted().without("confirmations.deletion");
    assert_eq!(leave(&without, &ours()), unconfirmed(Flaw::Missing));
    let mut unenforced = accepted();
    unenforced.resolved.policies_lacking = "binding nimbus-authority is missing".to_owned();
    let suspended = accepted().with("suspend", true);
    for (given, reason) in [(unenforced, Reason::PoliciesNotEnforced), (suspended, Reason::ReconciliationSuspended)] {
        let DeletionPlan::Wait(wait) = leave(&given, &ours()) else { panic!("{reason:?}") };
        assert_eq!((wait.reason, wait.accepted.is_some()), (reason, false));
        // What it goes on with, it goes on with all the same.
        assert!(pending(&leave(&given, &held().pending_deletion(4).observed())).is_some(), "{reason:?}");
        let seen = given.seen(&ours());
        let status = concluded_having_seen(&given, &seen, Ok(Outcome::Deleting(wait))).status.unwrap();
        assert_eq!(None, status.deletion, "no deletion goes on");
    }
}

/// Without an owner and with us as the last one: as for a tenant that is handed on.
#[test]
fn a_tenant_whose_stamp_was_taken_off_is_not_deleted() {
    let mut held = held();
    held.owner = Owner::OursLast;
    assert_eq!(leave(&confirmed(), &held.observed()), ends_by_itself(NotRequested::NotOurs));
    let mut going_on = super::held().pending_deletion(4);
    going_on.owner = Owner::OursLast;
    assert!(pending(&leave(&accepted(), &going_on.observed())).is_some());
}

#[test]
fn a_tenant_that_is_missing_has_no_state_while_its_deletion_waits() {
    let absent = Observation::Absent { restricted: vec![] };
    let DeletionPlan::Wait(wait) = leave(&confirmed(), &absent) else { panic!("it waits") };
    let given = confirmed().annotated(annotation::RECONCILE, "now");
    let seen = given.seen(&absent);
    assert!(matches!(seen, Seen::NotOurs));
    let status = concluded_having_seen(&given, &seen, Ok(Outcome::Deleting(wait))).status.unwrap();
    let active = stated(&status).into_iter().find(|said| said.starts_with("TenantActive"));
    assert_ne!(active, Some("TenantActive=True Active".to_owned()));
    assert_eq!(Some("now".to_owned()), status.last_handled_reconcile_at, "the platform answered");
}

//! The rows of deletion, first fit: what is planned for a Tenant that is being deleted.

mod confirmed;

use super::*;
use crate::plan::confirmation::Flaw;
use crate::plan::deletion::{DeletionIntent, DeletionPlan, NotRequested, ReleaseOutcome, RetainReason};
use crate::resources::status::DeletionStatus;
use crate::resources::{Reason, annotation};
use crate::settings::TenantId;

const OTHER_ID: &str = "aaaaaaaa-0d3e-4f5a-8b7c-9d0e1f2a3b4c";

fn target() -> Target {
    let tenant = TenantId::parse(ID).unwrap();
    Target { tenant, stamp: Stamp::new("prod", "customers", "contoso"), platform: "euwe-01".to_owned() }
}

fn deletion_intent(given: &Given) -> DeletionIntent {
    match given.validate() {
        Intent::Delete(intent) => intent,
        other => panic!("{other:?}"),
    }
}

/// Whether the platform is asked.
fn asks(given: &Given) -> bool {
    deletion_intent(given).to_observe().is_some()
}

/// What is planned, asking the platform only where the plan depends on it.
fn leave(given: &Given, observation: &Observation) -> DeletionPlan {
    let intent = deletion_intent(given);
    deletion::plan(&intent, intent.to_observe().map(|_| observation))
}

fn ours() -> Observation {
    held().observed()
}

fn unknown() -> Observation {
    Observation::Unknown(samples::unreachable())
}

/// A Tenant that was applied and is being deleted.
fn going() -> Given {
    tenant("contoso").settled().deleting()
}

/// The same with a deletion that is confirmed.
fn confirmed() -> Given {
    going().with("deletionPolicy", "Delete").confirming("deletion", ID)
}

/// The same after the platform accepted the deletion.
fn accepted() -> Given {
    let mut given = confirmed();
    given.status.as_mut().unwrap().deletion =
        Some(DeletionStatus { services_pending: 4, script_pending: true, requested_at: None });
    given
}

/// The tenant is retained since its deletion is not confirmed.
fn unconfirmed(flaw: Flaw) -> DeletionPlan {
    DeletionPlan::Release(target(), RetainReason::NotConfirmed(flaw))
}

/// The tenant is deleted, as it was seen.
fn asks_to_delete() -> DeletionPlan {
    DeletionPlan::Delete(target(), held().document().settings_version.clone())
}

fn ends_by_itself(because: NotRequested) -> DeletionPlan {
    DeletionPlan::Off(ReleaseOutcome::NotRequested(because))
}

fn waits(plan: &DeletionPlan) -> bool {
    matches!(plan, DeletionPlan::Wait(_)) && pending(plan).is_none()
}

/// What the platform still has to do, where the plan waits for that.
fn pending(plan: &DeletionPlan) -> Option<PendingDeletion> {
    match plan {
        DeletionPlan::Wait(wait) => wait.pending(),
        DeletionPlan::Off(_) | DeletionPlan::Release(..) | DeletionPlan::Delete(..) => None,
    }
}

/// The events of a farewell.
fn told(release_outcome: ReleaseOutcome) -> Vec<(bool, Reason)> {
    let conclusion = concluded(&going(), Ok(Outcome::Released(release_outcome)));
    assert_eq!((conclusion.status, conclusion.release_outcome), (None, Some(release_outcome)));
    conclusion.events.iter().map(|note| (note.warning, note.reason)).collect()
}

#[test]
fn abandon_comes_before_every_other_row() {
    for given in [going(), confirmed(), accepted(), going().with("suspend", true), confirmed().amid(None)] {
        for ends in [Some(true), Some(false), None] {
            let given = given.clone().annotated(annotation::ABANDON, ID).amid(ends);
            assert!(!asks(&given), "without a call");
            assert_eq!(leave(&given, &ours()), DeletionPlan::Off(ReleaseOutcome::Abandoned));
        }
    }
    assert_eq!(told(ReleaseOutcome::Abandoned), [(true, Reason::Abandoned)]);
    let foreign = going().annotated(annotation::ABANDON, OTHER_ID);
    assert_eq!(
        leave(&foreign, &ours()),
        DeletionPlan::Release(target(), RetainReason::Policy),
        "it is bound to the tenant's id"
    );
}

#[test]
fn what_is_not_ours_is_let_go_without_a_write() {
    let other = held().owned(Owner::Other("prod/customers/fabrikam".into())).observed();
    let free = held().owned(Owner::Free).observed();
    let never_applied = tenant("contoso").deleting();
    for given in [never_applied.clone(), never_applied.clone().with("deletionPolicy", "Delete")] {
        for observation in [&other, &free] {
            assert_eq!(leave(&given, observation), DeletionPlan::Off(ReleaseOutcome::NeverOurs), "{observation:?}");
        }
    }
    for observation in [&other, &free] {
        assert_eq!(leave(&confirmed(), observation), ends_by_itself(NotRequested::NotOurs), "{observation:?}");
    }
    let tombstone = Observation::Tombstone { deletion_id: "d-1".into(), restricted: vec![] };
    for observation in [Observation::Absent { restricted: vec![] }, tombstone] {
        assert_eq!(
            leave(&never_applied, &observation),
            DeletionPlan::Off(ReleaseOutcome::NeverOurs),
            "nothing was ever applied"
        );
    }
    let nowhere = never_applied.on(PlatformReference::Missing);
    assert!(!asks(&nowhere));
    assert_eq!(leave(&nowhere, &unknown()), DeletionPlan::Off(ReleaseOutcome::NeverOurs));
    assert_eq!(told(ReleaseOutcome::NeverOurs), []);
}

#[test]
fn a_spec_without_a_usable_id_has_nothing_to_let_go() {
    let given = tenant("contoso").with("general.tenantId", "contoso").deleting();
    assert!(!asks(&given), "there is no tenant to ask for");
    assert_eq!(leave(&given, &ours()), DeletionPlan::Off(ReleaseOutcome::NeverOurs));
}

#[test]
fn a_crash_between_creation_and_status_leaves_nothing_stamped() {
    let given = tenant("contoso").deleting();
    assert!(asks(&given));
    assert_eq!(leave(&given, &ours()), DeletionPlan::Release(target(), RetainReason::Policy));
    assert_eq!(
        leave(&given, &unknown()),
        DeletionPlan::Release(target(), RetainReason::Policy),
        "one attempt, platform up or down"
    );
}

#[test]
fn an_accepted_deletion_does_not_hold_up_its_namespace() {
    let given = accepted().amid(Some(true));
    assert!(!asks(&given));
    assert_eq!(leave(&given, &unknown()), DeletionPlan::Off(ReleaseOutcome::GoesOn));
    assert_eq!(told(ReleaseOutcome::GoesOn), []);
}

#[test]
fn an_ending_namespace_retains_whatever_the_policy_says() {
    for given in [going(), confirmed(), going().with("suspend", true), going().with("deletionPolicy", "Delete")] {
        let given = given.amid(Some(true));
        assert_eq!(leave(&given, &ours()), DeletionPlan::Release(target(), RetainReason::ScopeTerminating));
    }
    for release_outcome in [
        ReleaseOutcome::Released(RetainReason::ScopeTerminating),
        ReleaseOutcome::StaleStamp(RetainReason::ScopeTerminating),
    ] {
        assert!(told(release_outcome).iter().all(|(warning, _)| *warning) && !told(release_outcome).is_empty());
    }
}

#[test]
fn no_confirmation_counts_for_who_may_have_no_authority() {
    let mut owned = confirmed();
    owned.object["metadata"]["ownerReferences"] =
        json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": "1" }]);
    let mut expelled = confirmed();
    expelled.resolved.platform = PlatformReference::NotPermitted;
    for (given, because) in [(owned, RetainReason::HasOwner), (expelled, RetainReason::NotPermitted)] {
        assert_eq!(leave(&given, &ours()), DeletionPlan::Release(target(), because));
        assert_eq!(leave(&given, &unknown()), DeletionPlan::Release(target(), because));
        for release_outcome in [ReleaseOutcome::Released(because), ReleaseOutcome::StaleStamp(because)] {
            assert_eq!(told(release_outcome), [(true, Reason::DeletionNotConfirmed)]);
        }
        let DeletionPlan::Off(outcome) = leave(&given.with("suspend", true), &ours()) else { panic!("no call") };
        assert_eq!(outcome, ReleaseOutcome::StaleStamp(because));
    }
}

#[test]
fn what_the_platform_accepted_goes_on_although_the_namespace_is_not_permitted_any_more() {
    let mut given = accepted();
    given.resolved.platform = PlatformReference::NotPermitted;
    let mut held = held();
    held.document().runtime.deletion = Some(PendingDeletion::default());
    assert!(matches!(leave(&given, &held.observed()), DeletionPlan::Wait(_)));
}

#[test]
fn nothing_is_sent_while_the_policies_are_not_in_force() {
    let unenforced = |mut given: Given| {
        given.resolved.policies_lacking = "binding nimbus-authority is missing".to_owned();
        given
    };
    let retained = unenforced(going());
    assert!(!asks(&retained));
    assert_eq!(leave(&retained, &ours()), DeletionPlan::Off(ReleaseOutcome::StaleStamp(RetainReason::Policy)));
    let given = unenforced(confirmed());
    assert!(!asks(&given));
    let DeletionPlan::Wait(wait) = leave(&given, &ours()) else { panic!("a confirmed deletion waits") };
    assert_eq!(wait.reason, Reason::PoliciesNotEnforced);
    assert!(wait.message.contains("binding nimbus-authority is missing"), "{}", wait.message);
    let mut held = held();
    held.document().runtime.deletion = Some(PendingDeletion::default());
    assert!(matches!(leave(&unenforced(accepted()), &held.observed()), DeletionPlan::Wait(_)), "it goes on");
    let abandoned = unenforced(going().annotated(annotation::ABANDON, ID));
    assert_eq!(leave(&abandoned, &ours()), DeletionPlan::Off(ReleaseOutcome::Abandoned));
}

#[test]
fn suspension_calls_nobody() {
    let unconfirmed = going().with("deletionPolicy", "Delete");
    for (given, release_outcome) in [
        (going(), ReleaseOutcome::Suspended),
        (unconfirmed, ReleaseOutcome::StaleStamp(RetainReason::NotConfirmed(Flaw::Missing))),
    ] {
        let given = given.with("suspend", true);
        assert!(!asks(&given));
        assert_eq!(leave(&given, &ours()), DeletionPlan::Off(release_outcome));
    }
    let given = confirmed().with("suspend", true);
    assert!(!asks(&given));
    let DeletionPlan::Wait(wait) = leave(&given, &ours()) else { panic!("a confirmed deletion waits") };
    assert!(wait.message.contains("spec.suspend") && wait.error.is_none(), "{}", wait.message);
    assert_eq!(told(ReleaseOutcome::Suspended), [(false, Reason::Released)]);
}

#[test]
fn retain_releases_platform_up_or_down() {
    // The confirmation alone deletes nothing: the policy has to say so too.
    let confirmed = going().with("deletionPolicy", "Retain").confirming("deletion", ID);
    for given in [going(), confirmed] {
        assert!(!asks(&given), "the platform may be down");
        assert_eq!(leave(&given, &unknown()), DeletionPlan::Release(target(), RetainReason::Policy));
        assert_eq!(leave(&given.amid(None), &unknown()), DeletionPlan::Release(target(), RetainReason::Policy));
    }
    let nowhere = going().on(PlatformReference::Missing);
    assert_eq!(leave(&nowhere, &unknown()), DeletionPlan::Off(ReleaseOutcome::StaleStamp(RetainReason::Policy)));
    assert_eq!(told(ReleaseOutcome::Released(RetainReason::Policy)), [(false, Reason::Released)]);
    assert_eq!(told(ReleaseOutcome::StaleStamp(RetainReason::Policy)), [(true, Reason::ReleaseFailed)]);
}

#[test]
fn a_deletion_that_nobody_confirmed_retains_and_warns() {
    let given = going().with("deletionPolicy", "Delete");
    for observation in [ours(), unknown()] {
        assert_eq!(leave(&given, &observation), unconfirmed(Flaw::Missing));
    }
    for flaw in [Flaw::Missing, Flaw::Malformed, Flaw::OtherValue, Flaw::Expired, Flaw::TooFarAhead] {
        let because = RetainReason::NotConfirmed(flaw);
        for release_outcome in [ReleaseOutcome::Released(because), ReleaseOutcome::StaleStamp(because)] {
            assert_eq!(told(release_outcome), [(true, Reason::DeletionNotConfirmed)]);
            let said = &concluded(&going(), Ok(Outcome::Released(release_outcome))).events[0].message;
            assert!(said.contains(&format!("spec.confirmations.deletion {flaw}: the tenant stays")), "{said}");
        }
    }
}

#[test]
fn only_the_id_of_the_tenant_confirms() {
    let given = going().with("deletionPolicy", "Delete");
    for wrong in ["", "true", "yes", "YES", "contoso", OTHER_ID, &ID[..35], &format!("{ID}0"), &format!("{ID},{ID}")] {
        let given = given.clone().confirming("deletion", wrong);
        assert_eq!(leave(&given, &ours()), unconfirmed(Flaw::OtherValue), "{wrong}");
    }
    for wrong in ["", ID, &format!("{ID} until tomorrow")] {
        let given = given.clone().with("confirmations.deletion", wrong);
        assert_eq!(leave(&given, &ours()), unconfirmed(Flaw::Malformed), "{wrong}");
    }
    for right in [ID.to_owned(), ID.to_ascii_uppercase()] {
        let given = given.clone().confirming("deletion", &right);
        assert_eq!(leave(&given, &ours()), asks_to_delete(), "{right}");
        let loud = given.with("general.tenantId", ID.to_ascii_uppercase());
        assert_eq!(leave(&loud, &ours()), asks_to_delete(), "capitals of a GUID mean nothing");
        assert_eq!(deletion_intent(&loud).target, Some(target()));
    }
}

#[test]
fn a_confirmation_that_is_left_in_git_is_not_armed() {
    let given = going().with("deletionPolicy", "Delete");
    for (last_day, plan) in [
        ("2026-11-28", unconfirmed(Flaw::Expired)),
        ("2026-11-29", asks_to_delete()),
        ("2026-12-06", asks_to_delete()),
        ("2026-12-07", unconfirmed(Flaw::TooFarAhead)),
    ] {
        let given = given.clone().with("confirmations.deletion", format!("{ID} until {last_day}"));
        assert_eq!(leave(&given, &ours()), plan, "{last_day}");
    }
}

/// The day passes while the deletion waits: for the platform, or for the end of a suspension.
#[test]
fn a_deletion_that_waits_past_its_last_day_retains() {
    let tomorrow = Given { today: date(2026, 11, 30), ..confirmed() };
    assert_eq!(leave(&tomorrow, &ours()), unconfirmed(Flaw::Expired));
    assert_eq!(leave(&tomorrow, &unknown()), unconfirmed(Flaw::Expired));
    let suspended = tomorrow.with("suspend", true);
    let stale = ReleaseOutcome::StaleStamp(RetainReason::NotConfirmed(Flaw::Expired));
    assert_eq!(leave(&suspended, &ours()), DeletionPlan::Off(stale));
    // What the platform accepted goes on; if it takes it back, there is no new request.
    let accepted = Given { today: date(2026, 12, 24), ..accepted() };
    assert!(pending(&leave(&accepted, &held().pending_deletion(2).observed())).is_some());
    assert_eq!(leave(&accepted, &ours()), unconfirmed(Flaw::Expired));
    let retained = accepted.with("deletionPolicy", "Retain");
    assert_eq!(leave(&retained, &ours()), DeletionPlan::Release(target(), RetainReason::Policy));
}

#[test]
fn the_recorded_id_counts_and_not_the_one_of_the_spec() {
    let given = going().with("deletionPolicy", "Delete").with("general.tenantId", OTHER_ID);
    assert_eq!(deletion_intent(&given).target, Some(target()), "the tenant that was applied");
    let by_spec = given.clone().confirming("deletion", OTHER_ID);
    assert_eq!(leave(&by_spec, &ours()), unconfirmed(Flaw::OtherValue));
    let by_record = given.confirming("deletion", ID);
    assert_eq!(leave(&by_record, &ours()), asks_to_delete());
}

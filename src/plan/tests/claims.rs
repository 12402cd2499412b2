//! Who may take a tenant over or delete it: the partner that the platform names has to be that of the spec.

use super::*;
use crate::plan::apply::Write;
use crate::plan::confirmation::Flaw;
use crate::plan::deletion::{DeletionPlan, NotRequested, ReleaseOutcome, RetainReason};
use crate::plan::stop::OwnerPlace;
use crate::resources::status::DeletionStatus;
use crate::resources::{Reason, annotation};
use crate::settings::TenantId;

const FOREIGN: &str = "west/customers/contoso";

/// A Tenant that names Partner northwind, which is `p-1` on the platform.
fn of_northwind() -> Given {
    named(tenant("contoso"), "p-1")
}

fn named(mut given: Given, id: &str) -> Given {
    let name = "northwind".to_owned();
    given.resolved.partner =
        Some(ResolvedPartner { id: Ok(id.into()), ..ResolvedPartner::unknown(name, NoPartner::Missing) });
    given.with("partner.partnerRef.name", "northwind").with("adoptionPolicy", "Always")
}

/// The tenant of this partner, or of none.
fn held_by(partner: Option<&str>) -> Held {
    partner.map_or_else(held, |id| held().with("partner.partnerId", id))
}

fn refusal(plan: Result<ApplyPlan, Stop>) -> (Option<String>, Flaw) {
    match plan {
        Err(Stop::OtherPartner(other)) => (other.on_platform, other.unconfirmed.flaw),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_tenant_is_taken_over_only_for_its_partner() {
    for owner in [Owner::Free, Owner::OursLast, Owner::Ours] {
        for there in [Some("p-2"), None] {
            let observed = held_by(there).owned(owner.clone()).with("general.companyName", "Theirs").observed();
            let found = refusal(of_northwind().plan(&observed));
            assert_eq!((there.map(Into::into), Flaw::Missing), found, "{owner:?}");
            assert!(matches!(of_northwind().seen(&observed), Seen::NotOurs), "nothing of it is shown");
        }
        let ours = held_by(Some("p-1")).owned(owner.clone()).observed();
        assert!(of_northwind().plan(&ours).is_ok(), "{owner:?}");
    }
}

/// A Tenant without a partner is made by system administrators, and even they say so first.
#[test]
fn a_spec_without_a_partner_takes_over_only_a_tenant_without_one() {
    let given = tenant("contoso").with("adoptionPolicy", "Always");
    for owner in [Owner::Free, Owner::OursLast] {
        refusal(given.plan(&held_by(Some("p-2")).owned(owner.clone()).observed()));
        assert!(given.plan(&held_by(None).owned(owner).observed()).is_ok());
    }
    assert!(given.plan(&held_by(Some("p-2")).observed()).is_ok(), "what bears its stamp is its own");
}

/// The vendor gave it to another partner: that is no drift, also where other settings were edited.
#[test]
fn a_tenant_that_was_handed_on_is_not_taken_back() {
    for policy in ["Correct", "Report"] {
        let known = of_northwind().with("driftPolicy", policy).settled();
        assert!(known.plan(&held_by(Some("p-1")).observed()).is_ok());
        let edited = known.clone().edited("general.companyName", "Contoso SE");
        for given in [&known, &edited] {
            for there in [Some("p-2"), None] {
                let observed = held_by(there).with("general.companyName", "Theirs").observed();
                assert_eq!((there.map(Into::into), Flaw::Missing), refusal(given.plan(&observed)), "{policy}");
                assert!(matches!(given.seen(&observed), Seen::NotOurs), "nothing of it is shown");
            }
        }
        let adopted = edited.confirming("adopt", ID).plan(&held_by(Some("p-2")).observed());
        assert_eq!("p-1", body(adopted)["partner"]["partnerId"], "{policy}");
    }
    let unassigned = tenant("contoso").with("partner.unassigned", true).settled();
    refusal(unassigned.plan(&held_by(Some("p-2")).observed()));
}

fn body(plan: Result<ApplyPlan, Stop>) -> Value {
    match plan.unwrap().write {
        Write::Patch { difference, .. } => difference.to_body(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_edit_of_the_partner_is_written() {
    let known = of_northwind().settled();
    let edited = named(known.clone().edited("driftPolicy", "Report"), "p-3");
    assert_eq!("p-3", body(edited.plan(&held_by(Some("p-1")).observed()))["partner"]["partnerId"]);
    refusal(edited.plan(&held_by(Some("p-2")).observed()));
    let mut off = known.edited("partner", json!({ "unassigned": true }));
    off.resolved.partner = None;
    assert_eq!(Value::Null, body(off.plan(&held_by(Some("p-1")).observed()))["partner"]["partnerId"]);
    // A spec that leaves the partner as it is writes the rest: its author is a system administrator.
    let silent = tenant("contoso").settled().edited("general.companyName", "Contoso SE");
    assert_eq!(Value::Null, body(silent.plan(&held_by(Some("p-2")).observed()))["partner"]);
}

/// A Partner that is missing for one pass proves nothing, and the next pass must not take it for a proof.
#[test]
fn a_left_stamp_gives_no_right_while_the_partner_is_missing() {
    let mut missing = of_northwind();
    missing.resolved.partner = Some(ResolvedPartner::unknown("northwind".into(), NoPartner::Missing));
    for there in [Some("p-2"), Some("p-1"), None] {
        let theirs = held_by(there).observed();
        assert!(matches!(missing.seen(&theirs), Seen::NotOurs), "{there:?}");
        let status = missing.stopped(&theirs).status.unwrap();
        assert_eq!(None, status.applied, "{there:?}");
        let ready = condition::find(&status.conditions, ConditionType::Ready).unwrap();
        assert_eq!("spec.partner.partnerRef.name: Partner northwind not found", message(&status, ConditionType::Ready));
        assert_eq!("PartnerNotFound", ready.reason);
    }
    // It was recorded before the partner was: such a record is no proof for the partner of the spec.
    let mut held = of_northwind();
    held.status = tenant("contoso").settled().status;
    held.status.as_mut().unwrap().applied.as_mut().unwrap().partner_id = None;
    refusal(held.plan(&held_by(Some("p-2")).observed()));
    assert!(held.plan(&held_by(Some("p-1")).observed()).is_ok());
}

#[test]
fn a_confirmation_names_the_tenant_and_the_stamp() {
    let other = "aaaaaaaa-0d3e-4f5a-8b7c-9d0e1f2a3b4c";
    let observed = held_by(Some("p-2")).owned(Owner::Free).observed();
    for (adopt, flaw) in [
        (ID.to_owned(), None),
        (ID.to_uppercase(), None),
        (other.to_owned(), Some(Flaw::OtherValue)),
        (format!("{ID} from {FOREIGN}"), Some(Flaw::OtherValue)),
    ] {
        let plan = of_northwind().confirming("adopt", &adopt).plan(&observed);
        assert_eq!(flaw, plan.as_ref().err().map(|_| refusal(plan.clone()).1), "{adopt}");
    }
    let late = of_northwind().with("confirmations.adopt", format!("{ID} until 2026-11-28"));
    assert_eq!(Flaw::Expired, refusal(late.plan(&observed)).1);
    // What was confirmed is no setting that differs.
    let matches = of_northwind().with("adoptionPolicy", "IfMatches").confirming("adopt", ID);
    assert!(matches.plan(&observed).is_ok());
}

fn foreign(last: Option<&str>) -> Observation {
    let mut held = held().owned(Owner::Other(FOREIGN.into()));
    held.document().owner = Some(FOREIGN.into());
    held.document().last_owner = last.map(Into::into);
    held.observed()
}

#[test]
fn a_foreign_stamp_is_taken_over_only_by_its_name() {
    let given = tenant("contoso").with("adoptionPolicy", "Always");
    let owned = given.plan(&foreign(None)).err();
    assert!(matches!(owned, Some(Stop::OwnedByOther { place: OwnerPlace::FormerCluster(_), .. })), "{owned:?}");
    let last = Some("north/customers/contoso");
    for adopt in [ID.to_owned(), format!("{ID} from north/customers/contoso"), format!("{ID} from {FOREIGN}x")] {
        let plan = given.clone().confirming("adopt", &adopt).plan(&foreign(last));
        assert!(matches!(plan, Err(Stop::NotTakenOver { .. })), "{adopt}: {plan:?}");
    }
    let confirmed = given.confirming("adopt", &format!("{ID} from {FOREIGN}"));
    let claim = confirmed.plan(&foreign(last)).unwrap().claim.unwrap();
    assert_eq!(Some(FOREIGN), claim.expected.as_deref(), "the claim holds for the stamp that was confirmed");
    // A Tenant of this cluster lives: it is not overruled.
    let neighbour = held().owned(Owner::Other("prod/customers/fabrikam".into())).observed();
    let plan = confirmed.confirming("adopt", &format!("{ID} from prod/customers/fabrikam")).plan(&neighbour);
    assert!(matches!(plan, Err(Stop::OwnedByOther { place: OwnerPlace::ThisCluster, .. })), "{plan:?}");
}

fn leave(given: &Given, observation: &Observation) -> DeletionPlan {
    match given.validate() {
        Intent::Delete(intent) => deletion::plan(&intent, Some(observation)),
        other => panic!("{other:?}"),
    }
}

/// The tenant of this partner is deleted, as it was seen.
fn asks_to_delete(partner: Option<&str>) -> DeletionPlan {
    DeletionPlan::Delete(target(), held_by(partner).document().settings_version.clone())
}

#[test]
fn a_confirmed_deletion_needs_the_partner() {
    let going = |given: Given| given.deleting().with("deletionPolicy", "Delete").confirming("deletion", ID);
    let given = going(of_northwind().settled());
    let target = target();
    assert_eq!(asks_to_delete(Some("p-1")), leave(&given, &held_by(Some("p-1")).observed()));
    let mut silent = given.clone().without("partner");
    silent.resolved.partner = None;
    let mut elsewhere = given.clone();
    elsewhere.resolved.partner.as_mut().unwrap().counts = false;
    let mut others = given.clone();
    others.resolved.partner.as_mut().unwrap().tenants = Some(vec![]);
    for (given, there, mismatch) in [
        (&given, Some("p-2"), Mismatch::Other),
        (&given, None, Mismatch::Other),
        (&silent, Some("p-1"), Mismatch::NotNamed),
        (&elsewhere, Some("p-1"), Mismatch::NotCounted),
        (&others, Some("p-1"), Mismatch::NotListed),
    ] {
        let retained = DeletionPlan::Release(target.clone(), RetainReason::OtherPartner(mismatch));
        let observed = held_by(there).observed();
        assert_eq!(retained, leave(given, &observed));
        let outcome = Outcome::Released(ReleaseOutcome::Released(RetainReason::OtherPartner(mismatch)));
        let said = concluded(given, Ok(outcome)).events.remove(0).message;
        assert!(said.contains(mismatch.words()), "{said}");
    }
    let last = held_by(Some("p-2")).owned(Owner::OursLast);
    let handed_on = DeletionPlan::Off(ReleaseOutcome::NotRequested(NotRequested::NotOurs));
    assert_eq!(handed_on, leave(&given, &last.clone().observed()));
    assert_eq!(handed_on, leave(&given, &last.pending_deletion(1).observed()), "of another partner's deletion, too");
    let confirmed = given.confirming("adopt", ID);
    assert_eq!(asks_to_delete(Some("p-2")), leave(&confirmed, &held_by(Some("p-2")).observed()));
}

/// Unknown is not another: what was confirmed waits, and people can end the wait.
#[test]
fn a_confirmed_deletion_waits_while_nothing_is_known_of_the_partner() {
    let settled = of_northwind().settled();
    let given = settled.deleting().with("deletionPolicy", "Delete").confirming("deletion", ID);
    let unknown = |because| {
        let mut given = given.clone();
        given.resolved.partner = Some(ResolvedPartner::unknown("northwind".into(), because));
        given
    };
    let mut newer = given.clone();
    newer.resolved.partner.as_mut().unwrap().unknown = too_old::unknown(&json!({ "contact": { "pager": 1 } }));
    for (given, reason, says) in [
        (unknown(NoPartner::Missing), Reason::PartnerNotFound, "was not found"),
        (unknown(NoPartner::Undecodable), Reason::OperatorTooOld, "cannot decode"),
        (unknown(NoPartner::Unread), Reason::Deleting, "cannot be read"),
        (newer, Reason::OperatorTooOld, "does not know"),
    ] {
        for there in ["p-1", "p-2"] {
            let observed = held_by(Some(there)).with("general.name", "Fabrikam").observed();
            let DeletionPlan::Wait(wait) = leave(&given, &observed) else { panic!("{says} {there}") };
            assert_eq!(reason, wait.reason, "{says}");
            for way in [says, "spec.deletionPolicy to Retain", "nimbus.luware.com/abandon", "spec.confirmations.adopt"]
            {
                assert!(wait.message.contains(way), "{way}: {}", wait.message);
            }
            let seen = given.seen(&observed);
            let status = concluded_having_seen(&given, &seen, Ok(Outcome::Deleting(wait))).status.unwrap();
            let shown = status.platform_tenant.unwrap().display_name;
            assert_eq!((there == "p-1").then_some("Fabrikam"), shown.as_deref(), "{says} {there}");
            let handed_on = held_by(Some(there)).owned(Owner::OursLast).pending_deletion(1).observed();
            assert!(matches!(leave(&given, &handed_on), DeletionPlan::Wait(_)), "{says} {there}");
        }
        let observed = held_by(Some("p-1")).observed();
        let retained = |because| DeletionPlan::Release(target(), because);
        let stays = given.clone().with("deletionPolicy", "Retain");
        assert_eq!(retained(RetainReason::Policy), leave(&stays, &observed), "{says}");
        let ends = given.clone().amid(Some(true));
        assert_eq!(retained(RetainReason::ScopeTerminating), leave(&ends, &observed), "{says}");
        let abandoned = given.clone().annotated(annotation::ABANDON, ID);
        assert_eq!(DeletionPlan::Off(ReleaseOutcome::Abandoned), leave(&abandoned, &observed), "{says}");
        let misspelt = given.clone().annotated(annotation::ABANDON, "contoso");
        assert_eq!(leave(&given, &observed), leave(&misspelt, &observed), "{says}");
        assert!(matches!(leave(&given.confirming("adopt", ID), &observed), DeletionPlan::Delete(..)), "{says}");
    }
}

/// Only a deletion of the tenant waits for the Partner, so only that looks at it.
#[test]
fn nothing_but_a_deletion_depends_on_the_partner() {
    let depends = |given: &Given| match given.validate() {
        Intent::Delete(intent) => intent.depends_on_partner(),
        other => panic!("{other:?}"),
    };
    let deletes = of_northwind().settled().deleting().with("deletionPolicy", "Delete").confirming("deletion", ID);
    assert!(depends(&deletes));
    assert!(depends(&deletes.clone().annotated(annotation::ABANDON, "contoso")), "that does not fit");
    let mut accepted = deletes.clone();
    accepted.status.as_mut().unwrap().deletion = Some(DeletionStatus::default());
    assert!(depends(&accepted), "the platform may take it back");
    for (case, given) in [
        ("abandoned", deletes.clone().annotated(annotation::ABANDON, ID)),
        ("retained", deletes.clone().with("deletionPolicy", "Retain")),
        ("not confirmed", deletes.clone().without("confirmations.deletion")),
        ("suspended", deletes.clone().with("suspend", true)),
        ("an ending namespace", deletes.clone().amid(Some(true))),
        ("not permitted", deletes.clone().on(PlatformReference::NotPermitted)),
        ("accepted, retained since", accepted.with("deletionPolicy", "Retain")),
    ] {
        assert!(!depends(&given), "{case}");
    }
}

fn target() -> Target {
    Target { tenant: TenantId::parse(ID).unwrap(), stamp: stamp("contoso"), platform: "euwe-01".into() }
}

/// What `adopt` unlocks is looked at again before it is written, also where the claim went through in an earlier pass.
#[test]
fn all_that_a_confirmation_unlocks_is_looked_at_again() {
    let confirmed = of_northwind().confirming("adopt", ID);
    for owner in [Owner::Free, Owner::OursLast, Owner::Ours] {
        let plan = confirmed.plan(&held_by(Some("p-2")).owned(owner.clone()).observed()).unwrap();
        assert_eq!(Some(TODAY), plan.confirmed_on, "{owner:?}");
        let plan = confirmed.plan(&held_by(Some("p-1")).owned(owner.clone()).observed()).unwrap();
        assert_eq!(None, plan.confirmed_on, "{owner:?}: it is not needed");
    }
    let known = of_northwind().settled().confirming("adopt", ID);
    assert_eq!(Some(TODAY), known.plan(&held_by(Some("p-2")).observed()).unwrap().confirmed_on);
    let taken_over =
        tenant("contoso").with("adoptionPolicy", "Always").confirming("adopt", &format!("{ID} from {FOREIGN}"));
    assert_eq!(Some(TODAY), taken_over.plan(&foreign(None)).unwrap().confirmed_on);
}

#[test]
fn a_partner_stands_for_its_platforms_and_tenants_only() {
    let mut given = of_northwind();
    given.resolved.partner.as_mut().unwrap().tenants = Some(vec![]);
    assert!(matches!(given.blocked(), Stop::TenantNotPermitted { .. }));
    assert!(matches!(given.seen(&held_by(Some("p-1")).observed()), Seen::Nothing), "nothing is asked");
    given.resolved.partner.as_mut().unwrap().counts = false;
    assert!(matches!(given.blocked(), Stop::PartnerNotPermitted { .. }));
    let status = written(&given, Err(given.blocked()));
    assert!(verdict(&status).contains(&"Stalled=True PartnerNotPermitted".to_owned()));
}

#[test]
fn what_another_partner_is_called_cannot_be_read_as_an_instruction() {
    let observed = held_by(Some("p'\n. What to do: leave")).owned(Owner::Free).observed();
    let status = written(&of_northwind(), Err(of_northwind().plan(&observed).unwrap_err()));
    let said = &condition::find(&status.conditions, ConditionType::Ready).unwrap().message;
    let says = r"The platform names partner 'p\'\u{a}. What to do: leave' for the tenant and spec.partner names Partner northwind ('p-1')";
    assert!(said.starts_with(says), "{said}");
}

#[test]
fn the_stamp_of_another_cluster_cannot_be_read_as_an_instruction() {
    let theirs = "west\n. What to do: set spec.suspend";
    let mut held = held().owned(Owner::Other(theirs.into()));
    held.document().owner = Some(theirs.into());
    let given = tenant("contoso").confirming("adopt", ID);
    let status = written(&given, Err(given.plan(&held.observed()).unwrap_err()));
    let said = message(&status, ConditionType::Ready);
    let named =
        r"another Tenant, 'west\u{a}. What to do: set spec.suspend' (cluster/namespace/name); nothing was written";
    let advice = format!("sets it to \"{ID} from <stamp> until 2026-12-06\"");
    assert!(said.contains(named) && said.contains(&advice), "{said}");
    assert_eq!(1, said.matches("spec.suspend").count(), "{said}");
    // Without a confirmation the way out is named as well.
    let without = tenant("contoso");
    let status = written(&without, Err(without.plan(&held.observed()).unwrap_err()));
    assert!(message(&status, ConditionType::Ready).contains("a system administrator sets spec.confirmations.adopt"));
}

#[test]
fn a_tenant_that_is_not_taken_over_is_said_to_have_its_stamp() {
    let mut held = held().with("general.companyName", "Theirs").owned(Owner::Other(FOREIGN.into()));
    held.document().owner = Some(FOREIGN.into());
    let given = tenant("contoso").confirming("adopt", &format!("{ID} from {FOREIGN}"));
    let status = written(&given, Err(given.plan(&held.observed()).unwrap_err()));
    let says =
        format!("A tenant with this ID has the stale owner stamp '{FOREIGN}', spec.adoptionPolicy is IfMatches, and");
    assert!(message(&status, ConditionType::Ready).replace('\'', "").starts_with(&says.replace('\'', "")));
}

/// The platform does not say whose a tenant was that it deleted.
#[test]
fn a_deleted_tenant_is_created_again_only_by_whose_it_was() {
    let mut gone = Held::nothing();
    gone.tombstone = Some("d-9".into());
    let lost = |given: &Given| match given.plan(&gone.observed()) {
        Err(Stop::TenantLost { adopt, .. }) => Some(adopt.map(|adopt| adopt.flaw)),
        Ok(ApplyPlan { write: Write::Create { .. }, confirmed_on: Some(TODAY), .. }) => None,
        other => panic!("{other:?}"),
    };
    let recreates = |given: Given| given.recreating("d-9");
    for given in [of_northwind(), recreates(of_northwind())] {
        assert_eq!(Some(Some(Flaw::Missing)), lost(&given));
    }
    assert_eq!(None, lost(&recreates(of_northwind().confirming("adopt", ID))));
    let other = of_northwind().confirming("adopt", &format!("{ID} from {FOREIGN}"));
    assert_eq!(Some(Some(Flaw::OtherValue)), lost(&recreates(other)));
    let had = of_northwind().settled();
    assert_eq!((Some(None), None), (lost(&had), lost(&recreates(had.clone()))), "it had it for this partner");
    let had_for_another = named(had, "p-3");
    assert_eq!(Some(Some(Flaw::Missing)), lost(&recreates(had_for_another)));
    assert_eq!(None, lost(&recreates(tenant("contoso"))), "without a partner its author is a system administrator");
}

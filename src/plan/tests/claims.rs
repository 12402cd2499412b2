//! Who may take a tenant over or delete it: the partner that the platform names has to be that of the spec.

use super::*;
use crate::plan::confirmation::Flaw;
use crate::plan::deletion::{DeletionPlan, NotRequested, ReleaseOutcome, RetainReason};
use crate::plan::stop::OwnerPlace;
use crate::settings::TenantId;

const FOREIGN: &str = "west/customers/contoso";

/// A Tenant that names Partner northwind, which is `p-1` on the platform.
fn of_northwind() -> Given {
    named(tenant("contoso"), "p-1")
}

fn named(mut given: Given, id: &str) -> Given {
    let name = "northwind".to_owned();
    given.resolved.partner = Some(ResolvedPartner { id: Some(id.into()), ..ResolvedPartner::unknown(name) });
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

/// Another partner of a tenant that we hold is drift.
#[test]
fn a_partner_that_changes_on_a_tenant_that_is_held_is_drift() {
    let mut known = of_northwind();
    known.status = tenant("contoso").settled().status;
    assert!(known.plan(&held_by(Some("p-2")).observed()).is_ok());
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

#[test]
fn a_confirmed_deletion_needs_the_partner() {
    let going = |given: Given| given.deleting().with("deletionPolicy", "Delete").confirming("deletion", ID);
    let given = going(of_northwind().settled());
    let target = Target { tenant: TenantId::parse(ID).unwrap(), stamp: stamp("contoso"), platform: "euwe-01".into() };
    assert_eq!(DeletionPlan::Delete(target.clone()), leave(&given, &held_by(Some("p-1")).observed()));
    let retained = DeletionPlan::Release(target.clone(), RetainReason::OtherPartner);
    let unread = Given { resolved: Resolved { partner: None, ..given.resolved.clone() }, ..given.clone() };
    let mut missing = given.clone();
    missing.resolved.partner = Some(ResolvedPartner::unknown("northwind".into()));
    let mut elsewhere = given.clone();
    elsewhere.resolved.partner.as_mut().unwrap().counts = false;
    for (case, given, there) in [
        ("another", &given, Some("p-2")),
        ("none there", &given, None),
        ("none here", &unread, Some("p-1")),
        ("no such Partner", &missing, None),
        ("does not count here", &elsewhere, Some("p-1")),
    ] {
        assert_eq!(retained, leave(given, &held_by(there).observed()), "{case}");
    }
    let last = held_by(Some("p-2")).owned(Owner::OursLast);
    let handed_on = DeletionPlan::Off(ReleaseOutcome::NotRequested(NotRequested::NotOurs));
    assert_eq!(handed_on, leave(&given, &last.clone().observed()));
    assert_eq!(handed_on, leave(&given, &last.pending_deletion(1).observed()), "of another partner's deletion, too");
    let confirmed = given.confirming("adopt", ID);
    assert_eq!(DeletionPlan::Delete(target), leave(&confirmed, &held_by(Some("p-2")).observed()));
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

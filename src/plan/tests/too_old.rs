//! What the spec says and this version does not know: nothing is applied, the rest is compared, and a deletion is judged by what may
//! govern it.

use super::*;
use crate::plan::deletion::{DeletionIntent, DeletionMode, RetainReason};
use crate::resources::Unknown;

/// What stands in a spec of a newer CRD.
pub(super) fn unknown(spec: &Value) -> Unknown {
    let leaf = json!({});
    let known = json!({
        "contact": { "properties": { "email": leaf } }, "driftPolicy": { "enum": ["Correct"] },
        "deletionPolicy": { "enum": ["Retain", "Delete"] }
    });
    let schema = json!({ "properties": { "spec": { "properties": known } } });
    Unknown::take_from(&mut json!({ "spec": spec }), &schema)
}

fn newer(given: &Given, spec: &Value) -> Tenant {
    let mut tenant = given.tenant();
    tenant.spec.unknown = unknown(spec);
    tenant
}

pub(super) fn setting() -> Value {
    json!({ "contact": { "pager": "1" } })
}

#[test]
fn an_unknown_setting_is_a_verdict_and_the_rest_is_compared() {
    let given = tenant("contoso").settled();
    let tenant = newer(&given, &json!({ "contact": { "pager": "1" }, "other": 1 }));
    let Intent::Blocked(blocked) = validate(&tenant, given.resolved.clone(), TODAY) else { panic!("it is applied") };
    assert!(blocked.hash.is_none() && blocked.to_observe.is_some());
    let status = written(&given, Err(blocked.stopped.stop));
    let expected = [
        "Ready=False OperatorTooOld",
        "Accepted=False OperatorTooOld",
        "Synced=Unknown OperatorTooOld",
        "Stalled=True OperatorTooOld",
    ];
    assert_eq!(expected, verdict(&status)[..4]);
    let expected = "The Tenant has spec.contact.pager and 1 more, which this version of the operator does not know; nothing is applied";
    assert_eq!(expected, message(&status, ConditionType::Ready));
}

#[test]
fn an_unknown_setting_of_the_partner_stops_its_tenants() {
    let mut given = tenant("contoso").settled();
    let (name, id) = ("northwind".into(), Ok("p-1".into()));
    let unknown = unknown(&setting());
    given.resolved.partner =
        Some(ResolvedPartner { id, unknown, ..ResolvedPartner::unknown(name, NoPartner::Missing) });
    let stop = given.blocked();
    let status = written(&given, Err(stop));
    assert!(verdict(&status).contains(&"Stalled=True OperatorTooOld".to_owned()), "{:?}", verdict(&status));
    assert!(message(&status, ConditionType::Ready).starts_with("Partner northwind has spec.contact.pager, which"));
}

#[test]
fn a_deletion_is_asked_for_only_where_what_governs_it_is_known() {
    let retained = || tenant("contoso").settled().deleting();
    let confirmed = || retained().with("deletionPolicy", "Delete").confirming("deletion", ID);
    let mode = |given: &Given, spec: &Value| DeletionIntent::of(&newer(given, spec), &given.resolved, TODAY).mode;
    let section = json!({ "protection": { "until": "2030" } });
    let word = json!({ "deletionPolicy": "Archive" });
    let retain = DeletionMode::Retain(RetainReason::Policy);
    for spec in [setting(), section.clone()] {
        assert_eq!(retain, mode(&retained(), &spec), "{spec}");
    }
    assert_eq!(DeletionMode::NotUnderstood, mode(&retained(), &word), "what is wanted is not known");
    assert_eq!(DeletionMode::NotUnderstood, mode(&confirmed(), &section));
    assert_eq!(DeletionMode::NotUnderstood, mode(&confirmed(), &json!({ "driftPolicy": "Notify" })));
    assert_eq!(DeletionMode::Delete, mode(&confirmed(), &setting()));
    // What ends in any case ends here, too.
    let ends = DeletionMode::Retain(RetainReason::ScopeTerminating);
    assert_eq!(ends, mode(&confirmed().amid(Some(true)), &section));
    let abandoned = confirmed().annotated(crate::resources::annotation::ABANDON, ID);
    assert_eq!(DeletionMode::Abandon, mode(&abandoned, &section));
}

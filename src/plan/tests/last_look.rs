//! The last look before a deletion: what says something else than the decision did ends it.

use jiff::ToSpan;

use super::*;
use crate::resources::FINALIZER;

/// A Tenant whose deletion is confirmed and was decided on.
fn decided() -> Given {
    let mut given = tenant("contoso").settled().deleting().with("deletionPolicy", "Delete").confirming("deletion", ID);
    given.object["metadata"]["finalizers"] = json!([FINALIZER]);
    given
}

fn confirms(look: &Given) -> bool {
    let was = decided();
    let Intent::Delete(intent) = was.validate() else { panic!("it is being deleted") };
    let look = (look.tenant(), look.resolved.clone(), look.today);
    LastLook { tenant: &look.0, resolved: &look.1, today: look.2 }.confirms(&intent, &was.tenant())
}

fn metadata(name: &str, value: Value) -> Given {
    let mut given = decided();
    given.object["metadata"][name] = value;
    given
}

#[test]
fn what_says_the_same_is_deleted() {
    assert!(confirms(&decided()));
    assert!(
        confirms(&decided().edited("general.companyName", "Other")),
        "the settings of a tenant that goes do not matter"
    );
}

#[test]
fn what_says_something_else_is_not_deleted() {
    let later = |days: i64| Given { today: TODAY.saturating_add(days.days()), ..decided() };
    let mut unenforced = decided();
    unenforced.resolved.policies_lacking = "policy tenants is missing".to_owned();
    let owner = json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": "c", "uid": "c" }]);
    for (case, look) in [
        ("withdrawn", decided().without("confirmations.deletion")),
        ("of another tenant", decided().confirming("deletion", "aaaaaaaa-0d3e-4f5a-8b7c-9d0e1f2a3b4c")),
        ("its last day is over", later(1)),
        ("retained", decided().with("deletionPolicy", "Retain")),
        ("suspended", decided().with("suspend", true)),
        ("abandoned", decided().annotated("nimbus.luware.com/abandon", ID)),
        ("the policies are gone", unenforced),
        ("the namespace ends", decided().amid(Some(true))),
        ("whether the namespace ends cannot be read", decided().amid(None)),
        ("the Platform is gone", decided().on(PlatformReference::Missing)),
        ("the namespace is not permitted", decided().on(PlatformReference::NotPermitted)),
        ("on another Platform", decided().with("platformRef.name", "euwe-02")),
        ("owned", metadata("ownerReferences", owner)),
        ("another of the same name", metadata("uid", json!("u-2"))),
        ("not being deleted", metadata("deletionTimestamp", Value::Null)),
        ("released", metadata("finalizers", json!(["example.com/backup"]))),
    ] {
        assert!(!confirms(&look), "{case}");
    }
}

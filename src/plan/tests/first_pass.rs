//! When a tenant is created without a look before.

use super::*;
use crate::plan::first_pass::may_create_unseen;
use crate::resources::FINALIZER;

#[test]
fn only_an_unknown_tenant_of_a_held_tenant_is_created_unseen() {
    let held = |mut given: Given| {
        given.object["metadata"]["finalizers"] = json!([FINALIZER]);
        given
    };
    let new = tenant("contoso");
    assert!(may_create_unseen(&held(new.clone()).tenant()));
    assert!(may_create_unseen(&held(new.clone().with("adoptionPolicy", "Never")).tenant()));
    for (what, given) in [
        ("without our finalizer", new.clone()),
        ("it was applied", held(new.clone().settled())),
        ("a pass came to something", held(new.clone().with("general.name", "").after_stop())),
        ("it shall be adopted", held(new.clone().with("adoptionPolicy", "Always"))),
        ("an adoption is confirmed", held(new.clone().confirming("adopt", ID))),
        ("a recreation is confirmed", held(new.clone().recreating("d-1"))),
        ("it is being deleted", held(new.deleting())),
    ] {
        assert!(!may_create_unseen(&given.tenant()), "{what}");
    }
}

impl Given {
    /// After a first pass that was stopped by the spec.
    fn after_stop(mut self) -> Self {
        self.status = concluded(&self, Err(self.blocked())).status;
        self
    }
}

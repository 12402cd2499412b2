//! A Tenant whose Platform leads to another environment: nothing is done for it there, and its status says so.

use super::*;
use crate::resources::Reason;

#[test]
fn in_another_environment_a_tenant_is_stalled_and_nothing_is_planned() {
    let other = Observation::Unknown(samples::other_platform());
    for given in [tenant("contoso"), tenant("contoso").settled(), tenant("contoso").settled().edited("suspend", false)]
    {
        let conclusion = given.stopped(&other);
        let status = conclusion.status.clone().unwrap();
        let expected = ["Ready=False PlatformChanged", "Accepted=True Accepted", "Synced=Unknown PlatformChanged"];
        let stated = verdict(&status);
        assert_eq!(stated[..3], expected);
        assert!(stated.contains(&"Stalled=True PlatformChanged".to_owned()), "{stated:?}");
        assert_eq!(conclusion.delay, Delay::Reference);
        let happened = message(&status, ConditionType::Ready);
        let says =
            "The endpoint of Platform euwe-01 leads to another environment: its platformId is 'b' instead of 'a'";
        assert_eq!(happened, says);
    }
}

#[test]
fn what_blocks_a_spec_is_said_beside_it() {
    let other = Observation::Unknown(samples::other_platform());
    let status = tenant("contoso").settled().edited("general.name", "").stopped(&other).status.unwrap();
    assert!(message(&status, ConditionType::Ready).ends_with("(and 1 more obstacle: PlatformChanged)"));
}

/// Also where the Platform forgets, each Tenant knows where it is.
#[test]
fn a_tenant_remembers_the_environment_that_it_was_applied_to() {
    let given = tenant("contoso");
    let outcome = pass(&given, &mut Held::nothing()).unwrap();
    let (tenant, intent) = (given.tenant(), given.validate());
    let end = |tenant: &Tenant, environment| {
        let facts = Facts { environment, ..facts(tenant, intent.hash(), &Seen::Nothing) };
        conclude(facts, Ok(outcome.clone())).status
    };
    let status = end(&tenant, Some("a")).unwrap();
    assert_eq!(status.platform_id.as_deref(), Some("a"));
    let again = Tenant { status: Some(status), ..tenant };
    assert_eq!(end(&again, None), None, "it stays known where the platform does not name itself");
    assert_eq!(Reason::parse("PlatformChanged"), Some(Reason::PlatformChanged));
}

//! How often a status is written: a stop is written once, an outage of a live Tenant never, and the same again is no news.

use super::too_old::{setting, unknown};
use super::truth::troubled;
use super::*;
use crate::admin_api::FieldError;
use crate::plan::confirmation::Flaw;
use crate::plan::resolved::UnusableSecret;
use crate::plan::stop::OwnerPlace;
use crate::plan::unconfirmed::{OtherPartner, Unconfirmed};
use crate::settings::Violation;
use crate::settings::tabs::general::TENANT_GROUP;

/// How many status writes the first pass may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Most {
    /// Nothing is said: the next pass is about to tell.
    None,
    /// Nothing where the spec is live, and once where it is not.
    UnlessLive,
    /// Once.
    One,
}

/// No wildcard: a new stop has to be thought about here, and to be listed below.
fn most(stop: &Stop) -> Most {
    match stop {
        Stop::Raced(_) | Stop::Kubernetes(_) => Most::None,
        Stop::Unavailable(_) => Most::UnlessLive,
        Stop::Invalid(_)
        | Stop::Rejected(_)
        | Stop::Unconfirmed { .. }
        | Stop::Secret(_)
        | Stop::PlatformMissing { .. }
        | Stop::PlatformTerminating { .. }
        | Stop::PartnerMissing { .. }
        | Stop::PartnerTerminating { .. }
        | Stop::NamespaceNotPermitted { .. }
        | Stop::PlatformChanged(_)
        | Stop::PoliciesNotEnforced { .. }
        | Stop::NotAdopted { .. }
        | Stop::OtherPartner(_)
        | Stop::NotTakenOver { .. }
        | Stop::PartnerNotPermitted { .. }
        | Stop::TenantNotPermitted { .. }
        | Stop::OwnedByOther { .. }
        | Stop::TenantLost { .. }
        | Stop::TenantDeleting
        | Stop::OperatorTooOld(_)
        | Stop::PartnerTooNew { .. }
        | Stop::Suspended
        | Stop::RefusedByKubernetes { .. }
        | Stop::Bug(_) => Most::One,
    }
}

fn refused() -> Stop {
    let error = FieldError { pointer: "/general/companyName".into(), code: "format".into(), min: None, max: None };
    let problem = Problem { problem_type: ProblemType::InvalidSettings, errors: vec![error], ..Problem::default() };
    Stop::Rejected(Problem { request_id: Some("r-1".into()), ..problem })
}

fn secret(problem: SecretProblem) -> Stop {
    let (namespace, name, key) = ("customers".into(), "acs".into(), "connection-string".into());
    Stop::Secret(UnusableSecret { leaf: CONNECTION_STRING, namespace, name, key, problem })
}

fn unconfirmed() -> Unconfirmed {
    Unconfirmed { token: ID.to_owned(), flaw: Flaw::Missing, today: TODAY }
}

fn other_partner() -> Stop {
    let in_spec = Some(("northwind".to_owned(), Some("p-1".to_owned())));
    Stop::OtherPartner(OtherPartner { on_platform: None, in_spec, unconfirmed: unconfirmed() })
}

fn outages() -> [ApiError; 6] {
    [
        samples::unreachable(),
        samples::unauthenticated(),
        samples::unexpected(503),
        samples::not_called(),
        ApiError::Forbidden,
        ApiError::Throttled { after: Duration::from_secs(17) },
    ]
}

fn stops() -> Vec<Stop> {
    let name = || "euwe-01".to_owned();
    let problem = "must be a phone number".to_owned();
    let token = "24->12".to_owned();
    let owned = |place| Stop::OwnedByOther { stamp: "prod/customers/fabrikam".into(), place };
    let lost = |deleted| Stop::TenantLost { token: "d-9".into(), deleted, adopt: deleted.then(unconfirmed) };
    let not_adopted =
        |never| Stop::NotAdopted { stale: None, never, differing: vec!["spec.general.companyName".into()] };
    let mut stops: Vec<Stop> = outages().into_iter().map(Stop::Unavailable).collect();
    stops.extend([
        Stop::Raced("the platform answered settings-changed".into()),
        Stop::Kubernetes("no answer"),
        Stop::Invalid(vec![Violation { path: "contact.phone".into(), problem }]),
        refused(),
        Stop::Unconfirmed { leaf: TENANT_GROUP, token, flaw: Flaw::Expired, today: TODAY },
        secret(SecretProblem::NoSecret),
        secret(SecretProblem::NoKey),
        secret(SecretProblem::Forbidden),
        secret(SecretProblem::Malformed("has no endpoint=")),
        Stop::PlatformMissing { name: name() },
        Stop::PlatformTerminating { name: name() },
        Stop::PartnerMissing { name: name() },
        Stop::PartnerTerminating { name: name() },
        Stop::NamespaceNotPermitted { platform: name() },
        Stop::unavailable(samples::other_platform()),
        Stop::PoliciesNotEnforced { lacking: "binding nimbus-authority is missing".into() },
        other_partner(),
        Stop::NotTakenOver { stamp: "west/customers/contoso".into(), unconfirmed: unconfirmed() },
        Stop::PartnerNotPermitted { partner: name(), platform: name() },
        Stop::TenantNotPermitted { partner: name(), tenant: crate::settings::TenantId::parse(ID).unwrap() },
        not_adopted(true),
        not_adopted(false),
        owned(OwnerPlace::ThisCluster),
        owned(OwnerPlace::Elsewhere),
        owned(OwnerPlace::of("old/customers/contoso", &Stamp::new("new", "customers", "contoso"))),
        lost(true),
        lost(false),
        Stop::TenantDeleting,
        Stop::OperatorTooOld(unknown(&setting())),
        Stop::PartnerTooNew { name: name(), unknown: unknown(&setting()) },
        Stop::Suspended,
        Stop::RefusedByKubernetes { what: "adding the finalizer", by: "a policy".into() },
        Stop::Bug("reconciliation panicked"),
    ]);
    stops
}

/// The statuses that so many passes in a row write; each pass sees another answer that says the same.
fn written_by(given: &Given, seen: &Seen, stop: &Stop, passes: u8) -> Vec<TenantStatus> {
    let mut given = given.clone();
    let mut written = vec![];
    let mut outcome = Err(Stopped::from(stop.clone()));
    for pass in 0..passes {
        let (intent, tenant) = (given.validate(), given.tenant());
        let facts = Facts { now: at(2000 + i64::from(pass)), ..facts(&tenant, intent.hash(), seen) };
        outcome = another_pass(outcome);
        if let Some(status) = conclude(facts, outcome.clone()).status {
            given.status = Some(status.clone());
            written.push(status);
        }
    }
    written
}

#[test]
fn a_stop_is_written_once_and_an_outage_of_a_live_tenant_never() {
    let observed = troubled().observed();
    let live = tenant("contoso").settled();
    let befores = [
        ("live", live.clone()),
        ("edited", live.clone().edited("general.division", "Care")),
        ("suspended", live.clone().edited("suspend", true)),
        ("deleting", live.deleting()),
        ("new", tenant("contoso")),
    ];
    let mut looked_at = 0;
    for (before, given) in &befores {
        let answers =
            [Seen::Nothing, Seen::NotOurs, given.seen(&observed), Seen::Leaving(troubled().document().clone().into())];
        for (seen, stop) in answers.iter().flat_map(|seen| stops().into_iter().map(move |stop| (seen, stop))) {
            let written = written_by(given, seen, &stop, 3).len();
            let is_answer = seen.is_answer();
            let expected = match most(&stop) {
                Most::None => 0..=0,
                Most::UnlessLive if *before == "live" && !is_answer => 0..=0,
                Most::UnlessLive | Most::One => 0..=1,
            };
            assert!(expected.contains(&written), "{before}, {stop:?}, {seen:?}: {written} writes");
            let is_new = given.status.is_none();
            assert!(
                !is_new || most(&stop) == Most::None || written == 1,
                "{stop:?}: a new Tenant must not stay silent"
            );
            looked_at += 1;
        }
    }
    assert_eq!(5 * 4 * stops().len(), looked_at);
}

/// Back from an outage the status is as it was: nothing is written either.
#[test]
fn the_end_of_an_outage_writes_nothing() {
    let mut held = Held::nothing();
    let given = tenant("contoso").after(&mut held);
    for outage in stops().into_iter().filter(|stop| matches!(stop, Stop::Unavailable(_))) {
        assert_eq!(0, written_by(&given, &Seen::Nothing, &outage, 3).len(), "{outage:?}");
    }
    let outcome = pass(&given, &mut held);
    assert_eq!(None, concluded(&given, outcome).status);
}

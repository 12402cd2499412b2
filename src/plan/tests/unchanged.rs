//! A Tenant in sync that needs no look, and everything that makes it need one.

use kube::core::ObjectMeta;

use super::*;
use crate::admin_api::Capabilities;
use crate::plan::unchanged::{NotPublished, Surroundings, published, versions_to_keep};
use crate::resources::status::{CheckStatus, Compared, WidgetKeyStatus};
use crate::resources::{CheckName, CheckResult, Platform};

fn kept(given: &Given) -> Option<String> {
    kept_in(given, "c", None)
}

fn kept_in(given: &Given, context: &str, noted: Option<&Compared>) -> Option<String> {
    let versions = versions_to_keep(&given.tenant(), &given.desired(), noted, context, None);
    versions.map(|versions| versions.as_str().to_owned())
}

fn with_status(given: &Given, edit: impl FnOnce(&mut TenantStatus)) -> Given {
    let mut given = Given { status: given.status.clone(), ..given.clone() };
    edit(given.status.as_mut().unwrap());
    given
}

#[test]
fn a_tenant_in_sync_needs_no_look_while_the_versions_stay() {
    let mut held = Held::nothing();
    let given = tenant("contoso").after(&mut held);
    let versions = held.document().versions().unwrap().as_str().to_owned();
    assert_eq!(Some(versions.clone()), kept(&given));
    let noted = Compared { versions: "later.r1".into(), context: "c".into() };
    assert_eq!(Some("later.r1".to_owned()), kept_in(&given, "c", Some(&noted)), "what was noted since");
    assert_eq!(None, kept_in(&given, "d", None), "the Platform, its credentials or the operator are others");
    assert_eq!(None, kept(&tenant("contoso")), "it was never applied");
}

#[test]
fn whatever_may_be_news_needs_a_look() {
    let given = tenant("contoso").settled();
    assert!(kept(&given).is_some());
    let reconcile = crate::resources::annotation::RECONCILE;
    for (what, other) in [
        ("an edit", given.clone().edited("general.name", "Fabrikam")),
        ("a local edit", given.clone().edited("syncIntervalSeconds", 600)),
        ("a request", given.clone().annotated(reconcile, "now")),
        ("another hash", given.clone().with("general.division", "Elsewhere")),
        ("no record", with_status(&given, |status| status.applied = None)),
        ("not ready", with_status(&given, |status| status.conditions.retain(|known| known.type_ != "Ready"))),
        ("not synced", with_status(&given, |status| status.conditions.retain(|known| known.type_ != "Synced"))),
        ("not compared", with_status(&given, |status| status.compared = None)),
        ("a deletion", with_status(&given, |status| status.deletion = Some(Default::default()))),
        ("another generation", with_status(&given, |status| status.observed_generation = 7)),
    ] {
        assert_eq!(None, kept(&other), "{what}");
    }
}

#[test]
fn what_is_not_settled_is_not_recorded_as_compared() {
    let compared = |given: &Given, held: &mut Held| {
        let outcome = pass(given, held).map_err(Stopped::from);
        let (tenant, hash) = (given.tenant(), given.desired().hash.clone());
        conclude(facts(&tenant, Some(&hash), &Seen::Nothing), outcome).compared
    };
    let given = tenant("contoso");
    assert!(compared(&given, &mut Held::nothing()).is_some());
    // Drift that is only reported.
    let mut held = Held::nothing();
    let reporting = given.clone().with("driftPolicy", "Report").with("general.division", "Care").after(&mut held);
    assert_eq!(None, compared(&reporting, &mut held.with("general.division", "Sales")));
    // A platform that gives no version of what is beside the settings.
    let mut held = Held::nothing();
    let applied = given.clone().after(&mut held);
    held.document().runtime_version = None;
    assert_eq!(None, compared(&applied, &mut held));
}

/// Usage is taken over from time to time; until then a look is needed.
#[test]
fn numbers_that_are_not_taken_over_yet_are_not_compared() {
    let mut held = Held::nothing();
    let given = tenant("contoso").after(&mut held);
    held.document().runtime.used = json!({ "users": { "contactCenter": 4 } });
    let outcome = pass(&given, &mut held).unwrap();
    let (tenant, hash) = (given.tenant(), given.desired().hash.clone());
    let end = |refresh_licenses| {
        let facts = Facts { refresh_licenses, ..facts(&tenant, Some(&hash), &Seen::Nothing) };
        conclude(facts, Ok(outcome.clone()))
    };
    let (before, after) = (end(false), end(true));
    assert_eq!((None, None), (before.status, before.compared));
    assert!(after.status.is_some() && after.compared.is_some());
}

/// What the status was compared with is written with the next change, never alone.
#[test]
fn other_versions_alone_write_no_status() {
    let mut held = Held::nothing();
    let given = tenant("contoso").after(&mut held);
    held.document().runtime_version = Some("r9".to_owned());
    let outcome = pass(&given, &mut held).unwrap();
    let (tenant, hash) = (given.tenant(), given.desired().hash.clone());
    let conclusion = conclude(facts(&tenant, Some(&hash), &Seen::Nothing), Ok(outcome));
    assert_eq!(None, conclusion.status);
    assert!(conclusion.compared.unwrap().versions.ends_with(".r9"));
}

#[test]
fn a_pass_without_a_look_says_what_was_said_and_the_checks_of_now() {
    let given = tenant("contoso").with("general.tenantAdministrationGroupId", ID);
    let (before, hash) = (given.clone().settled(), given.desired().hash.clone());
    let passed = CheckStatus {
        name: CheckName::TenantAdministrationGroup,
        result: CheckResult::Passed,
        reason: Some("Group".into()),
        message: None,
    };
    let report = CheckReport { checks: vec![passed.clone()], ..CheckReport::default() };
    let tenant = before.tenant();
    let end =
        |checked| conclude(Facts { checked, ..facts(&tenant, Some(&hash), &Seen::Nothing) }, Ok(Outcome::Unchanged));
    assert_eq!(None, end(None).status, "nothing is news");
    let status = end(Some(&report)).status.unwrap();
    assert!(status.checks.contains(&passed));
    let truth = condition::status(&status.conditions, ConditionType::ChecksPassed);
    assert_eq!(Some(ConditionStatus::True), truth);
    let was = tenant.status.clone().unwrap();
    assert_eq!((was.applied, was.compared, was.tabs), (status.applied, status.compared, status.tabs));
    assert_eq!(Delay::Sync, end(None).delay);
    // A status that lists the check needs no look either; one without it was of another plan.
    let listing = with_status(&before, |status| status.checks.push(passed));
    assert!(kept(&listing).is_some());
    assert_eq!(None, kept(&before));
}

#[test]
fn the_key_has_to_be_where_it_was_published() {
    let given = tenant("contoso")
        .with_interact("u/1")
        .with("extensions.interact.widgetKey.secretRef", json!({ "name": "key" }));
    let is_at = |given: &Given| {
        let tenant = given.tenant();
        let found = published(&tenant, &given.desired());
        found.map(|at| at.map(|(name, version)| format!("{name} {version}")))
    };
    let given = given.settled();
    assert_eq!(Err(NotPublished), is_at(&given));
    let key = |name: &str| WidgetKeyStatus {
        secret_name: Some(name.into()),
        secret_version: Some("u/7".into()),
        ..WidgetKeyStatus::default()
    };
    assert_eq!(Ok(Some("key u/7".into())), is_at(&with_status(&given, |status| status.widget_key = Some(key("key")))));
    assert_eq!(Err(NotPublished), is_at(&with_status(&given, |status| status.widget_key = Some(key("other")))));
    assert_eq!(Ok(None), is_at(&tenant("contoso")));
}

#[test]
fn the_context_moves_with_all_that_a_status_depends_on() {
    let desired = tenant("contoso").desired();
    let platform = |generation: i64| -> Platform {
        let spec = json!({
            "endpoint": "https://nimbus",
            "authentication": {
                "tokenUrl": "https://login", "clientId": "operator", "credentialsSecretRef": { "name": "c" }
            }
        });
        let meta = json!({ "name": "euwe-01", "uid": "u", "generation": generation });
        let object =
            json!({ "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Platform", "metadata": meta, "spec": spec });
        serde_json::from_value(object).unwrap()
    };
    let partner = ObjectMeta { uid: Some("p".into()), generation: Some(1), ..ObjectMeta::default() };
    let (first, second) = (platform(1), platform(2));
    let system = Capabilities { role: "system".into(), ..Capabilities::default() };
    let restricted = Capabilities { restricted_paths: vec!["/general/crmId".into()], ..system.clone() };
    let elsewhere = Capabilities { platform_id: Some("b".into()), ..system.clone() };
    let plain = Surroundings { operator: "1", platform: &first, partner: None, capabilities: &system };
    let hashes: std::collections::BTreeSet<String> = [
        plain,
        Surroundings { operator: "2", ..plain },
        Surroundings { platform: &second, ..plain },
        Surroundings { partner: Some(&partner), ..plain },
        Surroundings { capabilities: &restricted, ..plain },
        Surroundings { capabilities: &elsewhere, ..plain },
    ]
    .iter()
    .map(|surroundings| surroundings.hash(&desired))
    .collect();
    assert_eq!(6, hashes.len(), "{hashes:?}");
    assert_eq!(plain.hash(&desired), plain.hash(&desired));
}

//! A Tenant that stays: create, take over, save, report, or leave alone.

use super::*;
use crate::plan::apply::Write;

/// Whether a plan would put our stamp on, whether it applies an edit, and the body that it would send.
pub(super) fn saved(plan: Result<ApplyPlan, Stop>) -> (bool, bool, Value) {
    let plan = plan.unwrap();
    let (claims, edited) = (plan.claim.is_some(), matches!(plan.done, Done::Adopted | Done::Applied));
    match plan.write {
        Write::Patch { difference, .. } => (claims, edited, difference.to_body()),
        Write::Nothing { .. } if claims => (claims, edited, json!({})),
        other => panic!("{other:?}"),
    }
}

fn created(plan: Result<ApplyPlan, Stop>) -> (Option<String>, Value) {
    match plan.map(|plan| plan.write) {
        Ok(Write::Create { recreate, difference, .. }) => (recreate, difference.to_creation()),
        other => panic!("{other:?}"),
    }
}

pub(super) fn left_alone(plan: Result<ApplyPlan, Stop>) -> Difference {
    match plan {
        Ok(ApplyPlan { claim: None, write: Write::Nothing { difference, .. }, done: Done::Nothing, .. }) => difference,
        other => panic!("{other:?}"),
    }
}

fn invalid(plan: Result<ApplyPlan, Stop>) -> Vec<String> {
    match plan {
        Err(Stop::Invalid(violations)) => violations.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_absent_tenant_is_created_with_what_the_spec_sets() {
    let given = tenant("contoso").with("general.division", "");
    let expected = json!({
        "general": {
            "name": "Contoso", "o365Domain": "contoso.onmicrosoft.com", "tenantId": ID, "companyName": "Contoso AG"
        },
        "modalities": { "email": { "maxConcurrentTasksPerService": 120 } }
    });
    assert_eq!(created(given.plan(&Held::nothing().observed())), (None, expected), "a creation has nothing to clear");
}

#[test]
fn what_is_unknown_is_never_created() {
    for status in [401, 403, 404, 500, 502] {
        let error = samples::unexpected(status);
        let plan = tenant("contoso").plan(&Observation::Unknown(error));
        assert!(matches!(plan, Err(Stop::Unavailable(_))), "{plan:?}");
    }
    assert!(matches!(tenant("contoso").plan(&Observation::Unknown(ApiError::Forbidden)), Err(Stop::Unavailable(_))));
}

#[test]
fn name_and_domain_are_required_to_create_and_only_then() {
    let given = tenant("contoso").without("general.name").without("general.o365Domain");
    let problems = invalid(given.plan(&Held::nothing().observed()));
    assert_eq!(problems.len(), 2);
    assert!(
        problems[0].starts_with("spec.general.name must be set") && problems[1].contains("spec.general.o365Domain")
    );
    left_alone(given.plan(&held().observed()));
}

#[test]
fn a_free_tenant_that_matches_is_taken_over() {
    let (claim, edited, body) = saved(tenant("contoso").plan(&held().owned(Owner::Free).observed()));
    assert_eq!((claim, edited, body), (true, true, json!({})));
}

#[test]
fn a_free_tenant_that_differs_is_not_taken_over() {
    let free = held().owned(Owner::Free).with("general.companyName", "Fabrikam");
    match tenant("contoso").plan(&free.observed()) {
        Err(Stop::NotAdopted { never: false, differing, .. }) => assert_eq!(differing, ["spec.general.companyName"]),
        other => panic!("{other:?}"),
    }
    let greyed = free.restricting(&["/general"]);
    assert!(
        matches!(tenant("contoso").plan(&greyed.observed()), Err(Stop::NotAdopted { .. })),
        "a greyed field differs too"
    );
}

#[test]
fn sealed_leaves_do_not_count_as_a_difference() {
    let free = held().owned(Owner::Free).with("extensions.interact.enabled", true);
    let free = free.with("extensions.interact.acsConnectionString", json!({ "set": true, "version": "v7" }));
    let (claim, _, body) = saved(tenant("contoso").with_interact("1").plan(&free.observed()));
    assert!(claim);
    assert_eq!(body, json!({ "extensions": { "interact": { "acsConnectionString": { "value": SECRET } } } }));
    let greyed = free.restricting(&["/extensions/interact/acsConnectionString"]);
    let (claim, _, body) = saved(tenant("contoso").with_interact("1").plan(&greyed.observed()));
    assert_eq!((claim, body), (true, json!({})));
}

#[test]
fn never_takes_over_not_even_what_matches() {
    let given = tenant("contoso").with("adoptionPolicy", "Never");
    for free in [held(), held().with("general.companyName", "Fabrikam")] {
        let plan = given.plan(&free.owned(Owner::Free).observed());
        assert!(matches!(plan, Err(Stop::NotAdopted { never: true, .. })), "{plan:?}");
    }
}

#[test]
fn always_takes_over_whatever_differs() {
    let given = tenant("contoso").with("adoptionPolicy", "Always");
    let free = held().owned(Owner::Free).with("general.companyName", "Fabrikam");
    let (claim, edited, body) = saved(given.plan(&free.observed()));
    assert_eq!((claim, edited, body), (true, true, json!({ "general": { "companyName": "Contoso AG" } })));
}

#[test]
fn what_was_ours_last_is_taken_back_whatever_the_policy() {
    for policy in ["Never", "IfMatches", "Always"] {
        let given = tenant("contoso").with("adoptionPolicy", policy).with("driftPolicy", "Report");
        let last = held().owned(Owner::OursLast).with("general.companyName", "Fabrikam");
        let (claim, edited, body) = saved(given.plan(&last.observed()));
        assert_eq!(
            (claim, edited, body),
            (true, true, json!({ "general": { "companyName": "Contoso AG" } })),
            "{policy}"
        );
    }
}

#[test]
fn another_owner_stops_everything() {
    for policy in ["Never", "IfMatches", "Always"] {
        let given = tenant("contoso").with("adoptionPolicy", policy);
        for other in [held(), held().pending_deletion(1)] {
            match given.plan(&other.owned(Owner::Other("prod/a/b".into())).observed()) {
                Err(Stop::OwnedByOther { stamp, .. }) => assert_eq!(stamp, "prod/a/b"),
                plan => panic!("{policy}: {plan:?}"),
            }
        }
    }
}

#[test]
fn a_tenant_that_waits_for_its_deletion_is_not_written() {
    for owner in [Owner::Ours, Owner::OursLast, Owner::Free] {
        let plan = tenant("contoso")
            .with("general.companyName", "New")
            .plan(&held().owned(owner).pending_deletion(1).observed());
        assert!(matches!(plan, Err(Stop::TenantDeleting)), "{plan:?}");
    }
}

#[test]
fn a_tenant_that_is_gone_is_created_again_only_with_its_token() {
    let known = tenant("contoso").settled();
    let tombstone = Held { tombstone: Some("d-9".into()), ..Held::nothing() };
    for (given, held, token, deleted) in [
        (&known, Held::nothing(), "lost-s1", false),
        (&known, tombstone.clone(), "d-9", true),
        (&tenant("contoso"), tombstone, "d-9", true),
    ] {
        for wrong in [None, Some(""), Some("true"), Some("d-8"), Some("lost-s0"), Some("lost-s1 ")] {
            let given = wrong.map_or(given.clone(), |wrong| given.clone().recreating(wrong));
            match given.plan(&held.observed()) {
                Err(Stop::TenantLost { token: expected, deleted: by_tombstone, .. }) => {
                    assert_eq!((expected.as_str(), by_tombstone), (token, deleted));
                }
                plan => panic!("{wrong:?}: {plan:?}"),
            }
        }
        let (recreate, body) = created(given.clone().recreating(token).plan(&held.observed()));
        assert_eq!(recreate, held.tombstone);
        assert_eq!(body["general"]["tenantId"], json!(ID));
    }
}

#[test]
fn a_token_of_recreation_works_once() {
    let mut held = Held::nothing();
    let given = tenant("contoso").settled().recreating("lost-s1");
    let mut live = live_pass(&given, &mut held).unwrap();
    Arc::make_mut(&mut live.document).settings_version = "s7".into();
    let then = Given { status: Some(written(&given, Ok(Outcome::Live(live)))), ..given };
    match then.plan(&Held::nothing().observed()) {
        Err(Stop::TenantLost { token, .. }) => {
            assert_eq!(token, "lost-s7", "the confirmation left in git is not armed")
        }
        plan => panic!("{plan:?}"),
    }
}

#[test]
fn a_new_tenant_gets_every_secret_again() {
    let given = tenant("contoso").with_interact("1").settled().recreating("lost-s1");
    let (_, body) = created(given.plan(&Held::nothing().observed()));
    assert_eq!(body["extensions"]["interact"]["acsConnectionString"], json!({ "value": SECRET }));
}

#[test]
fn drift_is_corrected_or_reported_by_the_policy() {
    let drifted = held().with("general.companyName", "Fabrikam").observed();
    let (claim, edited, body) = saved(tenant("contoso").settled().plan(&drifted));
    assert_eq!((claim, edited, body), (false, false, json!({ "general": { "companyName": "Contoso AG" } })));
    let report = tenant("contoso").with("driftPolicy", "Report").settled();
    assert_eq!(left_alone(report.plan(&drifted)).changes.len(), 1);
    let headed = report.clone().edited("syncIntervalSeconds", 120);
    left_alone(headed.plan(&drifted));
    let (_, edited, body) = saved(report.edited("general.division", "Care").plan(&drifted));
    let expected = json!({ "general": { "companyName": "Contoso AG", "division": "Care" } });
    assert_eq!((edited, body), (true, expected), "an edit is applied as always, with everything that differs");
}

#[test]
fn a_changed_secret_is_an_edit() {
    let mut held = Held::nothing();
    let given = tenant("contoso").with_interact("1").with("driftPolicy", "Report").after(&mut held);
    left_alone(given.plan(&held.observed()));
    let sealed = json!({ "extensions": { "interact": { "acsConnectionString": { "value": SECRET } } } });
    let rotated = given.clone().referring(found("2"));
    assert_eq!(saved(rotated.plan(&held.observed())), (false, true, sealed.clone()));
    let mut other_key = given.with(REFERENCE, json!({ "name": "acs", "key": "second" }));
    other_key.resolved.secrets[0].key = "second".into();
    assert_eq!(saved(other_key.plan(&held.observed())), (false, true, sealed), "another key of the same Secret");
}

fn interact(value: Value) -> Value {
    json!({ "extensions": { "interact": value } })
}

#[test]
fn hidden_leaves_are_neither_compared_nor_sent_nor_nulled() {
    let hidden = |given: &Given, held: &Held| {
        let difference = left_alone(given.plan(&held.observed()));
        assert_eq!(difference.to_body(), json!({}));
        difference.hidden.iter().map(|leaf| leaf.path).collect::<Vec<_>>()
    };
    let path = "extensions.interact.sessionRecoveryTimeoutSeconds";
    let off_in_spec = tenant("contoso").with("extensions.interact.enabled", false).with(path, 30);
    let off_in_spec = off_in_spec.with("extensions.interact.o365UserId", "");
    let held = held().with("extensions.interact.enabled", false).with(path, 20);
    let held = held.with("extensions.interact.o365UserId", ID);
    assert_eq!(hidden(&off_in_spec, &held), ["extensions.interact.o365UserId", path]);
    assert_eq!(hidden(&tenant("contoso").with(path, 30), &held), [path], "off on the platform, the spec silent");
    let on = held.clone().with("extensions.interact.enabled", true);
    let on = on.with("extensions.interact.acsConnectionString", json!({ "set": true, "version": "v1" }));
    let (_, _, body) = saved(off_in_spec.plan(&on.observed()));
    assert_eq!(body, interact(json!({ "enabled": false })), "switching off sends the switch alone");
    let (_, _, body) = saved(tenant("contoso").with(path, 30).plan(&on.observed()));
    assert_eq!(body, interact(json!({ "sessionRecoveryTimeoutSeconds": 30 })), "on at the platform, the spec silent");
}

#[test]
fn the_write_that_switches_on_sends_what_was_hidden() {
    let given = tenant("contoso").with_interact("1").with("extensions.interact.authorization", "VerifyToken");
    let (_, _, body) = saved(given.plan(&held().with("extensions.interact.enabled", false).observed()));
    let expected =
        json!({ "enabled": true, "authorization": "VerifyToken", "acsConnectionString": { "value": SECRET } });
    assert_eq!(body, interact(expected));
}

#[test]
fn a_secret_of_a_hidden_section_does_not_matter() {
    for problem in
        [SecretProblem::NoSecret, SecretProblem::NoKey, SecretProblem::Forbidden, SecretProblem::Malformed("is empty")]
    {
        let silent = tenant("contoso").referring(Err(problem));
        assert_eq!(left_alone(silent.plan(&held().observed())).hidden.len(), 1, "off by the platform's default");
        let off = silent.clone().with("extensions.interact.enabled", false);
        left_alone(off.plan(&held().with("extensions.interact.enabled", false).observed()));
        let on = held().with("extensions.interact.enabled", true).observed();
        assert!(matches!(silent.plan(&on), Err(Stop::Secret(_))), "on at the platform");
        assert!(
            created(off.plan(&Held::nothing().observed()))
                .1
                .pointer("/extensions/interact/acsConnectionString")
                .is_none()
        );
    }
}

#[test]
fn what_a_section_needs_is_judged_on_the_effective_value() {
    let on = tenant("contoso").with("extensions.interact.enabled", true);
    let off_at_the_platform = held().with("extensions.interact.enabled", false);
    let problems = invalid(on.plan(&off_at_the_platform.observed()));
    let expected =
        "spec.extensions.interact.acsConnectionStringRef must be set while spec.extensions.interact.enabled is true";
    assert_eq!(problems, [expected]);
    assert_eq!(invalid(on.plan(&Held::nothing().observed())), [expected]);
    let state = |set| json!({ "set": set, "version": "v3" });
    let with = |set| off_at_the_platform.clone().with("extensions.interact.acsConnectionString", state(set));
    let (_, _, body) = saved(on.plan(&with(true).observed()));
    assert_eq!(body, interact(json!({ "enabled": true })), "the platform holds the string already");
    assert_eq!(invalid(on.plan(&with(false).observed())).len(), 1);
    let silent = tenant("contoso");
    let broken = held().with("extensions.interact.enabled", true);
    assert_eq!(invalid(silent.plan(&broken.observed())).len(), 1, "also where the spec is silent");
}

#[test]
fn restricted_leaves_are_left_out_of_every_write() {
    let given = tenant("contoso").with_interact("1").with("general.billingAddress", json!({ "city": "Bern" }));
    for (pointer, gone) in [
        ("/general/companyName", vec!["/general/companyName"]),
        ("/general/billingAddress", vec!["/general/billingAddress"]),
        ("/extensions/interact/acsConnectionString", vec!["/extensions/interact/acsConnectionString"]),
        ("/general", vec!["/general"]),
        ("/general/company", vec![]),
        ("/extensions", vec!["/extensions"]),
    ] {
        let held = Held::nothing().restricting(&[pointer]);
        let Ok(Write::Create { difference, .. }) = given.plan(&held.observed()).map(|plan| plan.write) else {
            panic!("{pointer}")
        };
        let body = difference.to_creation();
        assert_eq!(difference.restricted.is_empty(), gone.is_empty(), "{pointer}");
        for gone in gone {
            assert_eq!(body.pointer(gone), None, "{pointer}");
        }
        assert!(body.pointer("/modalities/email").is_some(), "the rest is sent");
    }
}

#[test]
fn a_value_that_is_never_kept_is_not_written_for_ever() {
    let drifted = held().with("general.companyName", "Fabrikam");
    let left = to_write(tenant("contoso").settled().plan(&drifted.observed())).open();
    for count in 0..rewrites::MOST {
        saved(tenant("contoso").settled().rewritten(count, left.clone()).plan(&drifted.observed()));
    }
    let tired = || tenant("contoso").settled().rewritten(rewrites::MOST, left.clone());
    assert_eq!(left_alone(tired().plan(&drifted.observed())).changes.len(), 1);
    // It is tried again where it may be kept now: the platform changed, a pass is requested, or it is long ago.
    saved(tired().plan(&held().with("general.companyName", "Northwind").observed()));
    let elsewhere = drifted.clone().with("modalities.email.maxConcurrentTasksPerService", 7);
    assert_eq!(to_write(tired().plan(&elsewhere.observed())).changes.len(), 2, "other drift is corrected, too");
    saved(tired().annotated("nimbus.luware.com/reconcile-requested-at", "now").plan(&drifted.observed()));
    saved(tenant("contoso").settled().rewritten(rewrites::MOST, vec![]).plan(&drifted.observed()));
}

#[test]
fn what_the_platform_does_not_keep_is_counted_until_it_keeps_it() {
    let difference = |found: &str| {
        let drifted = held().with("general.companyName", found);
        to_write(tenant("contoso").settled().plan(&drifted.observed()))
    };
    let left = |found: &str| Some(rewrites::fingerprint(&difference(found).open()));
    let once = Rewrites::default().after(Done::Applied, &difference("Fabrikam"));
    assert_eq!(once, Rewrites { count: 1, left: left("Fabrikam") });
    assert_eq!(once.after(Done::Nothing, &difference("Northwind")), once, "only a write is an attempt");
    let twice = once.after(Done::Corrected(difference("Northwind").summary().unwrap()), &difference("Northwind"));
    assert_eq!(twice, Rewrites { count: 2, left: left("Northwind") });
    assert_eq!(twice.after(Done::Nothing, &Difference::default()), Rewrites::default());
}

/// What a plan writes.
fn to_write(plan: Result<ApplyPlan, Stop>) -> Difference {
    match plan.map(|plan| plan.write) {
        Ok(Write::Patch { difference, .. }) => difference,
        other => panic!("{other:?}"),
    }
}

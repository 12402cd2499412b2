//! Which checks a Tenant wants, and what their results come to.

use uuid::Uuid;

use super::*;
use crate::plan::checks::{Check, CheckPlan, Query, check_plan};
use crate::plan::seen::Comparison;
use crate::resources::{CheckName, Reason};
use crate::settings::tabs::{assistant, instant_messaging};

const TENANT_GROUP: &str = "22222222-0d3e-4f5a-8b7c-9d0e1f2a3b4c";
const PARTNER_GROUP: &str = "11111111-0d3e-4f5a-8b7c-9d0e1f2a3b4c";
const PARTNER_TENANT: &str = "7a2c3d4e-1111-4222-8333-abcdef012345";
const CHAT_APP: &str = "33333333-0d3e-4f5a-8b7c-9d0e1f2a3b4c";
const RESOURCE: &str = "55555555-0d3e-4f5a-8b7c-9d0e1f2a3b4c";

/// What a Tenant wants whose tenant is on the platform with these settings.
fn wanted(given: &Given, observed: &Value) -> Vec<Check> {
    asked(given, observed).map_or_else(Vec::new, |check_plan| check_plan.checks)
}

fn asked(given: &Given, observed: &Value) -> Option<CheckPlan> {
    let mut settings = observed.clone();
    if let Some(id) = given.resolved.partner.as_ref().and_then(|partner| partner.id.as_ref().ok()) {
        settings["partner"]["partnerId"] = json!(id);
    }
    asked_of(given, settings)
}

fn asked_of(given: &Given, settings: Value) -> Option<CheckPlan> {
    let document = TenantDocument { settings, ..TenantDocument::default() };
    let outcome = Ok(live(Arc::new(document), Done::Nothing, Difference::default()));
    check_plan(&given.tenant(), &given.validate(), &outcome, &Seen::Nothing, Some(CHAT_APP))
}

fn names(given: &Given, observed: &Value) -> Vec<CheckName> {
    wanted(given, observed).iter().map(|wanted| wanted.name).collect()
}

/// A Tenant that has everything checked that can be.
fn everything() -> Given {
    let mut given = tenant("contoso")
        .with_interact("1")
        .with("general.tenantAdministrationGroupId", TENANT_GROUP)
        .with("general.partnerAdministrationGroupId", PARTNER_GROUP)
        .with("partner.partnerRef", json!({ "name": "northwind" }))
        .with("extensions.assistant", json!({ "useOwnAcsInstance": true, "acsConnectionStringRef": reference() }))
        .with("extensions.attendantConsole.globalContactSearchFilter", "city eq 'Bern'")
        .with("extensions.presenceTracking.testUpn", "ada@contoso.com")
        .with(
            "modalities.instantMessaging",
            json!({
                "enabled": true, "primaryAccount": "im@luware.com", "useOwnAcsInstance": true,
                "acsConnectionStringRef": reference(), "acsResourceId": RESOURCE
            }),
        );
    let entra_tenant = Some(PARTNER_TENANT.to_owned());
    let (name, id) = ("northwind".into(), Ok("p-1".into()));
    given.resolved.partner =
        Some(ResolvedPartner { id, entra_tenant, ..ResolvedPartner::unknown(name, NoPartner::Missing) });
    for leaf in [assistant::CONNECTION_STRING, instant_messaging::CONNECTION_STRING] {
        let secret = ResolvedSecret { leaf, ..given.resolved.secrets[0].clone() };
        given.resolved.secrets.push(secret);
    }
    given
}

fn reference() -> Value {
    json!({ "name": "acs", "key": "connection-string" })
}

fn groups(wanted: &[Check]) -> Vec<(CheckName, Uuid, Uuid)> {
    let of = |wanted: &Check| match wanted.query {
        Query::Group { entra_tenant, id } => Some((wanted.name, entra_tenant, id)),
        _ => None,
    };
    wanted.iter().filter_map(of).collect()
}

#[test]
fn every_value_that_microsoft_can_judge_has_its_check() {
    let all = [
        CheckName::PartnerAdministrationGroup,
        CheckName::TenantAdministrationGroup,
        CheckName::InteractConnectionString,
        CheckName::AssistantConnectionString,
        CheckName::GlobalContactSearchFilter,
        CheckName::PresenceGrant,
        CheckName::PresenceTest,
        CheckName::InstantMessagingGrant,
        CheckName::InstantMessagingConnectionString,
    ];
    assert_eq!(all, *names(&everything(), &json!({})));
}

/// The grant of the chat app matters while chats are handled, and only to a spec that manages them.
#[test]
fn the_grant_of_the_chat_app_is_checked_while_chats_are_handled() {
    let on = json!({ "modalities": { "instantMessaging": { "enabled": true } } });
    let managed = tenant("contoso").with("modalities.instantMessaging.maxConcurrentTasksPerService", 7);
    let grant = [CheckName::InstantMessagingGrant];
    assert_eq!(grant, *names(&managed, &on));
    let off = json!({ "modalities": { "instantMessaging": { "enabled": false } } });
    for (given, observed) in [(&managed, &off), (&tenant("contoso"), &on)] {
        assert_eq!(Vec::<CheckName>::new(), names(given, observed));
    }
    let app = |query: &Query| match query {
        Query::ChatGrant { app, .. } => Some(app.to_string()),
        _ => None,
    };
    assert_eq!(Some(CHAT_APP.to_owned()), app(&wanted(&managed, &on)[0].query));
    let document = TenantDocument { settings: on, ..TenantDocument::default() };
    let outcome = Ok(live(Arc::new(document), Done::Nothing, Difference::default()));
    let nameless = check_plan(&managed.tenant(), &managed.validate(), &outcome, &Seen::Nothing, None).unwrap();
    let Query::Unanswerable { reason, message } = &nameless.checks[0].query else { panic!("it asks") };
    assert_eq!(Reason::NotConfigured, *reason);
    assert!(message.contains("spec.microsoft.chatAppClientId"), "{message}");
}

#[test]
fn a_group_is_looked_up_in_the_entra_tenant_that_it_lives_in() {
    let id = |text: &str| text.parse::<Uuid>().unwrap();
    let expected = [
        (CheckName::PartnerAdministrationGroup, id(PARTNER_TENANT), id(PARTNER_GROUP)),
        (CheckName::TenantAdministrationGroup, id(ID), id(TENANT_GROUP)),
    ];
    assert_eq!(expected, *groups(&wanted(&everything(), &json!({}))));
}

#[test]
fn a_partners_group_without_the_partners_entra_tenant_is_not_looked_up_anywhere() {
    let mut nameless = everything();
    nameless.resolved.partner.as_mut().unwrap().entra_tenant = None;
    let mut unassigned = everything().without("partner");
    unassigned.resolved.partner = None;
    for (given, word) in [(nameless, "entraTenantId"), (unassigned, "spec.partner")] {
        let all = wanted(&given, &json!({}));
        assert_eq!(1, groups(&all).len(), "that of the tenant");
        let Query::Unanswerable { reason, message } = &all[0].query else { panic!("{word}") };
        assert_eq!(Reason::PartnerTenantUnknown, *reason);
        assert!(message.contains(word), "{message}");
    }
}

#[test]
fn what_the_spec_does_not_manage_or_clears_is_not_checked() {
    let on_the_platform = json!({
        "general": { "tenantAdministrationGroupId": TENANT_GROUP },
        "extensions": {
            "interact": { "enabled": true, "acsConnectionString": { "set": true, "version": "v1" } },
            "attendantConsole": { "globalContactSearchFilter": "city eq 'Bern'" }
        }
    });
    assert_eq!(Vec::<CheckName>::new(), names(&tenant("contoso"), &on_the_platform));
    let cleared = tenant("contoso")
        .with("general.tenantAdministrationGroupId", "")
        .with("extensions.attendantConsole.globalContactSearchFilter", "");
    assert_eq!(Vec::<CheckName>::new(), names(&cleared, &on_the_platform));
}

#[test]
fn hidden_sections_are_not_checked() {
    let (im, own) = ("modalities.instantMessaging.enabled", "modalities.instantMessaging.useOwnAcsInstance");
    for (switch, hides) in [
        ("extensions.interact.enabled", CheckName::InteractConnectionString),
        ("extensions.assistant.useOwnAcsInstance", CheckName::AssistantConnectionString),
        (im, CheckName::InstantMessagingConnectionString),
        (own, CheckName::InstantMessagingConnectionString),
    ] {
        let off = everything().with(switch, false);
        assert!(!names(&off, &json!({})).contains(&hides), "{switch}");
        // Where the spec is silent, the platform says whether it is on.
        let mut wire = json!({});
        put(&mut wire, switch, json!(true));
        let silent = everything().without(switch);
        assert!(!names(&silent, &json!({})).contains(&hides), "{switch} is off by default");
        assert!(names(&silent, &wire).contains(&hides), "{switch} is on there");
    }
    let chat = |given: &Given| asked(given, &json!({})).unwrap().chat;
    assert!(chat(&everything()) && !chat(&everything().with(im, false)));
}

#[test]
fn the_resource_of_a_connection_string_is_the_effective_one_of_instant_messaging_alone() {
    let resources = |given: &Given, observed: &Value| -> Vec<Option<Uuid>> {
        let of = |wanted: &Check| match &wanted.query {
            Query::ConnectionString { resource, .. } => Some(*resource),
            _ => None,
        };
        wanted(given, observed).iter().filter_map(of).collect()
    };
    let resource = Some(RESOURCE.parse().unwrap());
    assert_eq!([None, None, resource], *resources(&everything(), &json!({})));
    let silent = everything().without("modalities.instantMessaging.acsResourceId");
    let observed = json!({ "modalities": { "instantMessaging": { "acsResourceId": RESOURCE } } });
    assert_eq!([None, None, None], *resources(&silent, &json!({})));
    assert_eq!([None, None, resource], *resources(&silent, &observed));
}

#[test]
fn presence_is_asked_about_while_its_section_is_given() {
    let given = tenant("contoso").with("extensions.presenceTracking", json!({}));
    assert_eq!([CheckName::PresenceGrant], *names(&given, &json!({})));
}

#[test]
fn the_input_of_a_check_moves_with_its_question_and_with_nothing_else() {
    let inputs = |given: &Given| -> Vec<String> { wanted(given, &json!({})).iter().map(Check::input).collect() };
    let before = inputs(&everything());
    assert_eq!(before, inputs(&everything().edited("general.companyName", "Contoso Group").annotated("x", "y")));
    let distinct: std::collections::BTreeSet<&String> = before.iter().collect();
    assert_eq!(before.len() - 1, distinct.len(), "only Interact and Assistant ask the same");

    let moved = |given: Given| -> Vec<usize> {
        let after = inputs(&given);
        (0..before.len()).filter(|place| after[*place] != before[*place]).collect()
    };
    assert_eq!([1], *moved(everything().with("general.tenantAdministrationGroupId", PARTNER_GROUP)));
    assert_eq!(
        [4],
        *moved(everything().with("extensions.attendantConsole.globalContactSearchFilter", "city eq 'Zug'"))
    );
    assert_eq!([6], *moved(everything().with("extensions.presenceTracking.testUpn", "grace@contoso.com")));
    assert_eq!([8], *moved(everything().with("modalities.instantMessaging.acsResourceId", TENANT_GROUP)));
    let mut renewed = everything();
    renewed.resolved.secrets[0].found = found("2");
    assert_eq!([2], *moved(renewed));
    let mut elsewhere = everything();
    elsewhere.resolved.partner.as_mut().unwrap().entra_tenant = Some(ID.to_owned());
    assert_eq!([0], *moved(elsewhere));
}

/// A check that passed with another Secret must not stay Passed while this one cannot be read.
#[test]
fn a_secret_that_cannot_be_read_is_an_unknown_check() {
    let rows = [
        (SecretProblem::NoSecret, Reason::SecretNotFound),
        (SecretProblem::NoKey, Reason::SecretKeyNotFound),
        (SecretProblem::Forbidden, Reason::SecretForbidden),
        (SecretProblem::Malformed("has no endpoint="), Reason::SecretInvalid),
    ];
    for (problem, expected) in rows {
        let given = tenant("contoso").with("extensions.interact.enabled", true).referring(Err(problem));
        let checks = wanted(&given, &json!({}));
        let Query::Unanswerable { reason, .. } = &checks[0].query else { panic!("{problem:?} is asked") };
        assert_eq!((CheckName::InteractConnectionString, expected), (checks[0].name, *reason));
    }
}

#[test]
fn only_a_tenant_of_ours_is_checked() {
    let document = || Arc::new(TenantDocument { settings: json!({}), ..TenantDocument::default() });
    let plan = |given: &Given, outcome: Result<Outcome, Stopped>, seen: Seen| {
        check_plan(&given.tenant(), &given.validate(), &outcome, &seen, None).is_some()
    };
    let given = everything();
    let live = live(document(), Done::Nothing, Difference::default());
    let waiting = Outcome::Deleting(DeletionWait::not_requested(ApiError::Forbidden));
    assert!(plan(&given, Ok(live.clone()), Seen::Nothing));
    assert!(!plan(&given.clone().deleting(), Ok(live), Seen::Leaving(document())), "one that is being deleted");
    assert!(!plan(&given, Ok(waiting), Seen::Leaving(document())));
    let comparison = Comparison { document: document(), difference: Box::default() };
    let stopped = || Err(Stop::TenantDeleting.into());
    assert!(plan(&given, stopped(), Seen::Ours(comparison.clone())), "also where the spec is not live");
    for seen in [Seen::Free(comparison), Seen::NotOurs, Seen::Nothing] {
        assert!(!plan(&given, stopped(), seen), "nothing is asked about another's tenant");
    }
}

/// What Microsoft answers about a tenant of another partner would tell of its people.
#[test]
fn nothing_is_asked_about_the_tenant_of_another_partner() {
    for settings in [json!({ "partner": { "partnerId": "p-2" } }), json!({ "partner": { "partnerId": null } })] {
        let plan = asked_of(&everything(), settings.clone()).unwrap();
        assert!(!plan.checks.is_empty());
        for check in plan.checks {
            let unasked = matches!(check.query, Query::Unanswerable { reason: Reason::OtherPartner, .. });
            assert!(unasked, "{} of {settings}", check.name.as_str());
        }
    }
    let without = tenant("contoso").with("general.tenantAdministrationGroupId", TENANT_GROUP);
    let is_asked = |given: &Given| {
        let plan = asked_of(given, json!({ "partner": { "partnerId": "p-2" } })).unwrap();
        assert!(!plan.checks.is_empty());
        plan.checks.iter().all(|check| !matches!(check.query, Query::Unanswerable { .. }))
    };
    assert!(!is_asked(&without), "no partner is none");
    assert!(is_asked(&without.settled()), "a tenant that it has keeps its partner where the spec does not manage it");
}

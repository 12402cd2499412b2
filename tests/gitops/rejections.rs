//! Bad values, generated from the installed schema: each is rejected at admission, with the path of the field and the
//! allowed values, and the good value next to it is accepted. All requests are dry runs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::kind::Kind;
use super::samples::{self, CLEARS};
use super::schema::{Node, PLURALS, good, walk};
use crate::support::fixture::Fixture;
use crate::support::rights::allow_creating_secrets;
use crate::support::users::ADMIN;

/// A value that a path must not have.
pub struct BadValue {
    pub what: &'static str,
    pub value: Value,
    /// What the error contains in addition to the path.
    says: Vec<String>,
}

fn bad(what: &'static str, value: Value, says: &[&str]) -> BadValue {
    BadValue { what, value, says: says.iter().map(|word| (*word).to_owned()).collect() }
}

/// The bad values for the type of a setting. They do not depend on the schema, so that a setting without a bound or a rule
/// is found.
fn due(node: &Node<'_>) -> Vec<&'static str> {
    let clears = node.rules().any(|(_, message)| message.ends_with(CLEARS));
    match node.kind() {
        "boolean" => vec!["wrong type"],
        "integer" => vec!["wrong type", "too small", "too big"],
        "string" if node.has("enum") => vec!["wrong type", "unknown enum", "wrong case", "empty"],
        "string" if clears => vec!["wrong type", "too long", "wrong format"],
        // Free text that is never sent may be empty.
        "string" if node.rules().next().is_none() => vec!["wrong type", "too long"],
        "string" => vec!["wrong type", "too long", "wrong format", "empty"],
        "array" => vec!["wrong type", "too many"],
        "object" if node.has("additionalProperties") => vec!["wrong type", "too many", "wrong format"],
        _ => vec![],
    }
}

/// All bad values that can be derived from a schema.
pub fn bad_values(node: &Node<'_>) -> Vec<BadValue> {
    let mut all = vec![];
    let wrong = match node.kind() {
        "string" => vec![json!(7), json!(true), json!(["x"])],
        "integer" => vec![json!("7"), json!(7.5), json!(false)],
        "boolean" => vec![json!("true"), json!(1)],
        "array" => vec![json!("seven")],
        _ => vec![json!(true)],
    };
    // A boolean in place of a number is reported as not an int32.
    let kind = if node.kind() == "integer" { "int" } else { node.kind() };
    all.extend(wrong.into_iter().map(|wrong| bad("wrong type", wrong, &["must be of type", kind])));
    if let Some(values) = node.schema["enum"].as_array() {
        let allowed: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
        let says = [&["Unsupported value", "supported values"], &*allowed].concat();
        all.push(bad("unknown enum", json!("Sometimes"), &says));
        all.push(bad("empty", json!(""), &says));
        all.extend(allowed.iter().map(|value| bad("wrong case", json!(value.to_lowercase()), &says)));
    }
    all.extend(out_of_bounds(node));
    for (rule, message) in node.rules().filter(|(rule, _)| !rule.contains("oldSelf")) {
        let sample = samples::of(message).unwrap_or_else(|| panic!("no sample for '{message}', which says {rule}"));
        let clears = message.ends_with(CLEARS);
        let refused = sample.refused.iter().filter(|value| !clears || **value != json!(""));
        all.extend(refused.map(|value| bad(how(value, &sample.accepted), value.clone(), &[message])));
        if node.kind() == "string" && !clears && !sample.refused.contains(&json!("")) {
            all.push(bad("empty", json!(""), &[message]));
        }
    }
    all
}

/// The bad values that the bounds of a schema reject.
fn out_of_bounds(node: &Node<'_>) -> Vec<BadValue> {
    let mut all = vec![];
    if let Some(most) = node.schema["maxLength"].as_u64() {
        let says = format!("may not be more than {most}");
        all.push(bad("too long", json!("a".repeat(most as usize + 1)), &["Too long", &says]));
    }
    if let Some(least) = node.schema["minLength"].as_u64() {
        let says = format!("at least {least} chars");
        let what = if least == 1 { "empty" } else { "too short" };
        all.push(bad(what, json!("a".repeat(least as usize - 1)), &[&says]));
    }
    if let Some(least) = node.schema["minimum"].as_f64() {
        let says = format!("greater than or equal to {least}");
        all.push(bad("too small", json!(least as i64 - 1), &[&says]));
    }
    if let Some(most) = node.schema["maximum"].as_f64() {
        let says = format!("less than or equal to {most}");
        all.push(bad("too big", json!(most as i64 + 1), &[&says]));
    }
    if let Some(most) = node.schema["maxItems"].as_u64() {
        let items: Vec<String> = (0..=most).map(|number| format!("n{number}")).collect();
        let says = format!("must have at most {most} items");
        all.push(bad("too many", json!(items), &["Too many", &says]));
    }
    if let Some(most) = node.schema["maxProperties"].as_u64() {
        let items: Map<String, Value> = (0..=most).map(|number| (format!("n{number}"), json!(1))).collect();
        let says = format!("must have at most {most} items");
        all.push(bad("too many", Value::Object(items), &["Too many", &says]));
    }
    if node.schema["x-kubernetes-list-type"] == "set" {
        all.push(bad("twice", json!(["a", "a"]), &["Duplicate value"]));
    }
    all
}

/// How a value violates a rule.
fn how(value: &Value, accepted: &[Value]) -> &'static str {
    let same =
        |good: &Value| good.as_str().zip(value.as_str()).is_some_and(|(good, bad)| good.eq_ignore_ascii_case(bad));
    match value {
        Value::String(text) if text.is_empty() => "empty",
        Value::String(_) if accepted.iter().any(same) => "wrong case",
        Value::String(_) => "wrong format",
        Value::Object(members) if members.values().all(Value::is_number) && !members.is_empty() => "wrong format",
        _ => "union",
    }
}

pub fn good_values(node: &Node<'_>) -> Vec<Value> {
    let rules = node.rules().filter(|(rule, _)| !rule.contains("oldSelf"));
    let mut all: Vec<Value> = rules
        .filter_map(|(_, message)| {
            let mut accepted = samples::of(message)?.accepted;
            accepted.extend(message.ends_with(CLEARS).then(|| json!("")));
            Some(accepted)
        })
        .flatten()
        .collect();
    all.extend(node.schema["enum"].as_array().into_iter().flatten().cloned());
    for bound in ["minimum", "maximum"] {
        all.extend(node.schema[bound].as_f64().map(|bound| json!(bound as i64)));
    }
    if node.kind() == "boolean" {
        // If only one of the two is allowed, a rule of the parent says so.
        all.push(json!(true));
    }
    if all.is_empty() {
        all.push(good(node.schema));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_values_are_rejected_with_path_and_reason() {
    let fixture = Fixture::new("refusals").await;
    // The one reference whose author must be allowed to create its target.
    allow_creating_secrets(&fixture.client(ADMIN), &fixture.env.namespace, &["acs", "a.b-c", "0"]).await.unwrap();
    let (mut refused, mut accepted, mut problems) = (BTreeMap::<&str, usize>::new(), 0, vec![]);
    let mut judged = 0;
    for plural in PLURALS {
        let kind = Kind::new(&fixture.env, plural).await;
        for node in walk(kind.schema(), "spec") {
            let ways: BTreeSet<&str> = bad_values(&node).iter().map(|bad| bad.what).collect();
            let missing: Vec<&str> = due(&node).into_iter().filter(|way| !ways.contains(way)).collect();
            assert!(missing.is_empty(), "{plural} {}: nothing tries {missing:?}", node.name());
            judged += usize::from(!due(&node).is_empty());
            for BadValue { what, value, says } in bad_values(&node) {
                let answer = kind.create(&kind.with(&node.path, value.clone())).await;
                let missing =
                    [&[node.name()], &*says].concat().into_iter().find(|word| !answer.message().contains(word));
                match (answer.code, missing) {
                    (422, None) => *refused.entry(what).or_default() += 1,
                    (code, missing) => problems.push(format!(
                        "{what} {value} at {plural} {}: {code}, '{missing:?}' is not in: {}",
                        node.name(),
                        answer.message()
                    )),
                }
            }
            for value in good_values(&node) {
                let answer = kind.create(&kind.with(&node.path, value.clone())).await;
                match answer.code {
                    201 => accepted += 1,
                    code => problems.push(format!("{value} at {plural} {}: {code} {}", node.name(), answer.message())),
                }
            }
        }
    }
    let values: usize = refused.values().sum();
    println!("{judged} leaves refused {values} bad values {refused:?} and accepted {accepted} good ones");
    assert_eq!(Vec::<String>::new(), problems);
    let ways = [
        "empty",
        "too big",
        "too long",
        "too many",
        "too small",
        "twice",
        "union",
        "unknown enum",
        "wrong case",
        "wrong format",
        "wrong type",
    ];
    assert!(ways.iter().all(|way| refused.contains_key(way)), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_fields_are_rejected_with_their_path() {
    let fixture = Fixture::new("unknown-fields").await;
    let mut refused = 0;
    for plural in PLURALS {
        let kind = Kind::new(&fixture.env, plural).await;
        // A map accepts any name: it has no unknown fields.
        let objects = walk(kind.schema(), "spec").into_iter().filter(|node| node.kind() == "object");
        for node in objects.filter(|node| node.schema.get("additionalProperties").is_none()) {
            let mut value = good(node.schema);
            value["unknwon"] = json!("x");
            let answer = kind.create(&kind.with(&node.path, value)).await;
            let says = format!("unknown field \"{}.unknwon\"", node.name());
            assert_eq!(400, answer.code, "{}", answer.message());
            assert!(answer.message().contains(&says), "'{says}' is not in {}", answer.message());
            refused += 1;
        }
    }
    println!("refused {refused} unknown fields");
    assert!(refused >= 10, "{refused}");
}

/// `null` has no meaning: server-side apply rejects it, and a create treats it as absent.
#[tokio::test(flavor = "multi_thread")]
async fn nulls_are_rejected_by_apply_dropped_by_create() {
    let fixture = Fixture::new("nulls").await;
    let (mut refused, mut dropped, mut problems) = (0, 0, vec![]);
    for plural in PLURALS {
        let kind = Kind::new(&fixture.env, plural).await;
        for node in walk(kind.schema(), "spec").into_iter().filter(|node| node.path.last().unwrap() != "[]") {
            let object = kind.with(&node.path, Value::Null);
            let answer = kind.apply(&object).await;
            if answer.code < 400 || !answer.message().contains(&node.name()) {
                problems.push(format!("{plural} {}: {} {}", node.name(), answer.code, answer.message()));
            } else {
                refused += 1;
            }
            let answer = kind.create(&object).await;
            let pointer = format!("/{}", node.path.join("/"));
            match (node.required, answer.code) {
                (true, 422) if answer.message().contains(&node.name()) => {}
                (false, 201) if answer.body.pointer(&pointer).is_none() => dropped += 1,
                // Without this member its parent is empty, which a rule of the parent rejects.
                (false, 422) if answer.message().contains("must have exactly one of") => {}
                (_, code) => problems.push(format!("create {plural} {}: {code} {}", node.name(), answer.message())),
            }
        }
    }
    println!("refused {refused} nulls, dropped {dropped}");
    assert_eq!(Vec::<String>::new(), problems);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_and_samples_match() {
    let fixture = Fixture::new("samples").await;
    let mut found = BTreeSet::new();
    for plural in PLURALS {
        let kind = Kind::new(&fixture.env, plural).await;
        for node in walk(kind.schema(), "spec") {
            found.extend(node.rules().map(|(_, message)| message.strip_suffix(CLEARS).unwrap_or(message).to_owned()));
        }
    }
    let values = samples::samples().into_iter().map(|sample| sample.message.to_owned());
    let expected: BTreeSet<String> =
        values.chain(samples::transitions().into_iter().map(|sample| sample.message.to_owned())).collect();
    println!("{} rules", found.len());
    assert_eq!(expected, found);
}

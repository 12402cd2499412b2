//! Bad values, generated from the installed schema: each is refused at admission, with the path of the field and what is
//! allowed there, and the good value beside it is accepted. Nothing here is written: all are dry runs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::samples::{self, CLEARS};
use super::schema::{Node, PLURALS, good, installed, put, root, walk};
use crate::support::stage::Stage;
use crate::support::users::PLATFORM_ADMIN;

/// One kind and how to ask the API server about objects of it.
struct Kind<'s> {
    stage: &'s Stage,
    plural: &'static str,
    kind: String,
    crd: Value,
}

/// What the API server answers.
#[derive(Debug)]
struct Answer {
    code: u16,
    body: Value,
}

impl Answer {
    fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

impl<'s> Kind<'s> {
    async fn new(stage: &'s Stage, plural: &'static str) -> Self {
        let crd = installed(&stage.env, plural).await;
        Self { stage, plural, kind: crd["spec"]["names"]["kind"].as_str().unwrap().to_owned(), crd }
    }

    fn schema(&self) -> &Value {
        root(&self.crd)
    }

    /// A good object with one value at a path.
    fn with(&self, path: &[String], value: Value) -> Value {
        let mut object = json!({
            "apiVersion": "nimbus.luware.com/v1alpha1", "kind": self.kind, "metadata": { "name": "refusals" },
            "spec": good(&self.schema()["properties"]["spec"])
        });
        put(&mut object, self.schema(), path, value);
        object
    }

    fn url(&self) -> String {
        let place = match self.crd["spec"]["scope"] == "Namespaced" {
            true => format!("namespaces/{}/", self.stage.env.namespace),
            false => String::new(),
        };
        format!("/apis/nimbus.luware.com/v1alpha1/{place}{}", self.plural)
    }

    /// What a create answers that kubectl would send.
    async fn create(&self, object: &Value) -> Answer {
        let url = format!("{}?dryRun=All&fieldManager=test&fieldValidation=Strict", self.url());
        self.ask(http::Request::post(url).header("content-type", "application/json"), object).await
    }

    /// What a server-side apply answers.
    async fn apply(&self, object: &Value) -> Answer {
        let query = "dryRun=All&fieldManager=test&fieldValidation=Strict&force=true";
        let url = format!("{}/refusals?{query}", self.url());
        self.ask(http::Request::patch(url).header("content-type", "application/apply-patch+yaml"), object).await
    }

    async fn ask(&self, request: http::request::Builder, object: &Value) -> Answer {
        let request = request.body(object.to_string().into_bytes()).unwrap();
        match self.stage.client(PLATFORM_ADMIN).request::<Value>(request).await {
            Ok(body) => Answer { code: 201, body },
            Err(kube::Error::Api(status)) => {
                Answer { code: status.code, body: json!({ "message": status.message, "details": status.details }) }
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// Something that a place must not hold.
struct Bad {
    what: &'static str,
    value: Value,
    /// What the refusal says besides the path.
    says: Vec<String>,
}

fn bad(what: &'static str, value: Value, says: &[&str]) -> Bad {
    Bad { what, value, says: says.iter().map(|word| (*word).to_owned()).collect() }
}

/// Everything bad that a schema lets one think of.
fn bad_values(node: &Node<'_>) -> Vec<Bad> {
    let mut all = vec![];
    let wrong = match node.kind() {
        "string" => json!(7),
        "integer" | "boolean" | "array" => json!("seven"),
        _ => json!(true),
    };
    all.push(bad("wrong type", wrong, &["must be of type", node.kind()]));
    if let Some(values) = node.schema["enum"].as_array() {
        let allowed: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
        all.push(bad(
            "unknown enum",
            json!("Sometimes"),
            &[&["Unsupported value", "supported values"], &*allowed].concat(),
        ));
    }
    if let Some(most) = node.schema["maxLength"].as_u64() {
        let says = format!("may not be more than {most}");
        all.push(bad("too long", json!("a".repeat(most as usize + 1)), &["Too long", &says]));
    }
    if let Some(least) = node.schema["minLength"].as_u64() {
        let says = format!("at least {least} chars");
        all.push(bad("too short", json!("a".repeat(least as usize - 1)), &[&says]));
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
    if node.schema["x-kubernetes-list-type"] == "set" {
        all.push(bad("twice", json!(["a", "a"]), &["Duplicate value"]));
    }
    for (rule, message) in node.rules().filter(|(rule, _)| !rule.contains("oldSelf")) {
        let sample = samples::of(message).unwrap_or_else(|| panic!("no sample for '{message}', which says {rule}"));
        all.extend(
            sample
                .refused
                .into_iter()
                .filter(|value| !message.ends_with(CLEARS) || *value != json!(""))
                .map(|value| Bad { what: "CEL rule", value, says: vec![message.to_owned()] }),
        );
    }
    all
}

fn good_values(node: &Node<'_>) -> Vec<Value> {
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
        // Where only one of the two means something, a rule of the parent says so.
        all.push(json!(true));
    }
    if all.is_empty() {
        all.push(good(node.schema));
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_value_is_refused_with_its_path_and_what_is_allowed_and_every_good_one_applies() {
    let stage = Stage::new("refusals").await;
    let (mut refused, mut accepted, mut problems) = (BTreeMap::<&str, usize>::new(), 0, vec![]);
    for plural in PLURALS {
        let kind = Kind::new(&stage, plural).await;
        for node in walk(kind.schema(), "spec") {
            for Bad { what, value, says } in bad_values(&node) {
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
    println!("refused {refused:?}, {} in all; accepted {accepted}", refused.values().sum::<usize>());
    assert_eq!(Vec::<String>::new(), problems);
    let kinds = ["CEL rule", "too big", "too long", "too many", "too short", "too small", "twice", "unknown enum"];
    assert_eq!([&kinds[..], &["wrong type"]].concat(), refused.keys().copied().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_unknown_field_is_refused_with_its_path() {
    let stage = Stage::new("unknown-fields").await;
    let mut refused = 0;
    for plural in PLURALS {
        let kind = Kind::new(&stage, plural).await;
        // A map takes any name: it has no unknown fields.
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

/// `null` means nothing: server-side apply refuses it, and a create takes it for absence.
#[tokio::test(flavor = "multi_thread")]
async fn every_null_is_refused_with_its_path_by_server_side_apply_and_dropped_by_create() {
    let stage = Stage::new("nulls").await;
    let (mut refused, mut dropped, mut problems) = (0, 0, vec![]);
    for plural in PLURALS {
        let kind = Kind::new(&stage, plural).await;
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
                // Without this member its parent is empty, which a rule of the parent refuses.
                (false, 422) if answer.message().contains("must have exactly one of") => {}
                (_, code) => problems.push(format!("create {plural} {}: {code} {}", node.name(), answer.message())),
            }
        }
    }
    println!("refused {refused} nulls, dropped {dropped}");
    assert_eq!(Vec::<String>::new(), problems);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rule_has_a_sample_and_every_sample_a_rule() {
    let stage = Stage::new("samples").await;
    let mut found = BTreeSet::new();
    for plural in PLURALS {
        let kind = Kind::new(&stage, plural).await;
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

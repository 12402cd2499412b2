//! The schema of an installed CRD, walked.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use serde_json::{Map, Value, json};

use super::samples;
use crate::support::env::TestEnv;
use crate::support::users;

pub const PLURALS: [&str; 3] = ["tenants", "platforms", "partners"];

/// A CRD as the API server has it.
pub async fn installed(env: &TestEnv<'_>, plural: &str) -> Value {
    let api: Api<CustomResourceDefinition> = Api::all(env.client(users::ADMIN));
    let crd = api.get(&format!("{plural}.nimbus.luware.com")).await.unwrap();
    serde_json::to_value(crd).unwrap()
}

/// The root schema of the one version.
pub fn root(crd: &Value) -> &Value {
    let versions = crd["spec"]["versions"].as_array().unwrap();
    assert_eq!(1, versions.len(), "one version");
    &versions[0]["schema"]["openAPIV3Schema"]
}

/// A key of a map, which accepts any.
const ANY_NAME: &str = "interact";

/// One path in a schema. `[]` in a path is an item of a list.
pub struct Node<'s> {
    pub path: Vec<String>,
    pub schema: &'s Value,
    pub required: bool,
}

impl Node<'_> {
    /// The path as the API server writes it; the item of a list is its first.
    pub fn name(&self) -> String {
        self.path.join(".").replace(".[]", "[0]")
    }

    pub fn kind(&self) -> &str {
        self.schema["type"].as_str().unwrap_or("any")
    }

    pub fn has(&self, keyword: &str) -> bool {
        self.schema.get(keyword).is_some()
    }

    /// The longest text: what a rule states, or else what the schema allows.
    pub fn longest(&self) -> Option<u64> {
        let stated = self.rules().filter_map(|(rule, _)| {
            let (_, size) = rule.split_once("self.size() <= ")?;
            size.split(' ').next()?.parse().ok()
        });
        stated.chain(self.schema["maxLength"].as_u64()).min()
    }

    /// Rules and messages of CEL.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &str)> {
        let rules = self.schema["x-kubernetes-validations"].as_array().into_iter().flatten();
        rules.map(|rule| (rule["rule"].as_str().unwrap(), rule["message"].as_str().expect("every rule has a message")))
    }
}

/// Every path below a member of the root, the member itself first.
pub fn walk<'s>(root: &'s Value, member: &str) -> Vec<Node<'s>> {
    let mut nodes = vec![];
    let mut rest = vec![Node { path: vec![member.to_owned()], schema: &root["properties"][member], required: true }];
    while let Some(node) = rest.pop() {
        let below = |name: &str, schema: &'s Value, required| {
            let path = [node.path.clone(), vec![name.to_owned()]].concat();
            Node { path, schema, required }
        };
        let required: Vec<&Value> = node.schema["required"].as_array().into_iter().flatten().collect();
        for (name, schema) in node.schema["properties"].as_object().into_iter().flatten() {
            rest.push(below(name, schema, required.iter().any(|required| *required == name)));
        }
        for (keyword, name) in [("items", "[]"), ("additionalProperties", ANY_NAME)] {
            rest.extend(node.schema.get(keyword).map(|schema| below(name, schema, false)));
        }
        nodes.push(node);
    }
    nodes
}

/// Values that the rule of this message accepts.
pub fn accepted(message: &str) -> Option<Vec<Value>> {
    samples::of(message).map(|sample| sample.accepted)
}

/// A value that a schema accepts.
pub fn good(schema: &Value) -> Value {
    let node = Node { path: vec![], schema, required: true };
    if let Some(sample) = node.rules().find_map(|(_, message)| samples::accepted(message)) {
        return sample;
    }
    if let Some(values) = schema["enum"].as_array() {
        return values[0].clone();
    }
    match node.kind() {
        "object" => {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            required.map(|name| (name.to_owned(), good(&schema["properties"][name]))).collect::<Map<_, _>>().into()
        }
        "array" => json!([good(&schema["items"])]),
        "integer" => json!(schema["minimum"].as_f64().map_or(1, |least| least as i64)),
        "boolean" => json!(true),
        "string" => json!("x"),
        other => panic!("no good value for {other}"),
    }
}

/// A value that a schema accepts and that has this member, if its rules allow a choice.
fn good_with(schema: &Value, member: Option<&String>) -> Value {
    let node = Node { path: vec![], schema, required: true };
    let samples = node.rules().filter_map(|(_, message)| samples::of(message)).flat_map(|sample| sample.accepted);
    let mut fitting = samples.filter(|sample| member.is_some_and(|member| sample.get(member).is_some()));
    fitting.next().unwrap_or_else(|| good(schema))
}

/// Sets a value at a path of an object that matches a schema, with good values for required siblings.
pub fn put(object: &mut Value, root: &Value, path: &[String], value: Value) {
    let (mut at, mut schema) = (object, root);
    for (place, name) in path.iter().enumerate() {
        let next = path.get(place + 1);
        if name == "[]" {
            schema = &schema["items"];
            if at.get(0).is_none() {
                *at = json!([good_with(schema, next)]);
            }
            at = &mut at[0];
        } else {
            schema = schema["properties"].get(name).unwrap_or(&schema["additionalProperties"]);
            if at.get(name).is_none() {
                at[name] = good_with(schema, next);
            }
            at = &mut at[name];
        }
    }
    *at = value;
}

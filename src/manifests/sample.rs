//! A Tenant in examples: specs made of the example of each setting, for manuals, example files and tests.

use serde_json::{Map, Value, json};

use super::crd;
use crate::settings::{Class, Leaf, leaves};

/// The spec that sets these leaves to their examples. A field that clears a value excludes the field that sets it, so it is left out.
pub fn spec(wanted: impl Fn(&Leaf) -> bool) -> Value {
    let mut spec = json!({});
    let schema = crd::tenant_spec();
    for leaf in leaves().filter(|leaf| leaf.class != Class::Clears && wanted(leaf)) {
        put(&mut spec, leaf.path, example(leaf, crd::member(&schema, leaf.path)));
    }
    spec
}

/// The example of a leaf: what its row says, else what its class or type suggests.
pub(super) fn example(leaf: &Leaf, schema: Option<&Value>) -> Value {
    if let Some(text) = leaf.example {
        return scalar(text);
    }
    match leaf.class {
        Class::Sealed => return json!({ "name": "acs", "key": "connection-string" }),
        Class::Output => return json!({ "name": "contoso-widget-key" }),
        _ => {}
    }
    let schema = schema.unwrap_or(&Value::Null);
    let default = leaf.default.map(scalar);
    let choice = || schema["enum"].as_array().and_then(|values| values.last()).cloned();
    match schema["type"].as_str() {
        Some("boolean") => json!(true),
        _ => default.or_else(choice).unwrap_or_else(|| json!("Example")),
    }
}

/// One line of YAML that JSON can say too; anything else is text.
fn scalar(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| json!(text))
}

fn put(at: &mut Value, path: &str, value: Value) {
    let Value::Object(members) = at else { return };
    match path.split_once('.') {
        None => drop(members.insert(path.to_owned(), value)),
        Some((name, rest)) => {
            put(members.entry(name).or_insert_with(|| Value::Object(Map::new())), rest, value);
        }
    }
}

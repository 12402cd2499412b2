//! What every CRD keeps to: walks over the schemas as they are installed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what went wrong by panicking")]

use serde_json::{Value, json};

use super::crd;
use crate::resources::{GROUP, Reason};

/// Every schema node below the CRDs' schemas, with its path.
fn schemas() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (name, document) in crd::all() {
        for version in document["spec"]["versions"].as_array().unwrap() {
            let root = &version["schema"]["openAPIV3Schema"];
            for part in ["spec", "status"] {
                walk(&root["properties"][part], &format!("{name} {part}"), &mut found);
            }
        }
    }
    assert!(found.len() > 100, "the walk reaches the schemas");
    found
}

fn walk(schema: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    found.push((path.to_owned(), schema.clone()));
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        walk(member, &format!("{path}.{name}"), found);
    }
    for inner in ["items", "additionalProperties"] {
        if schema[inner].is_object() {
            walk(&schema[inner], &format!("{path}[]"), found);
        }
    }
}

fn offenders(offends: impl Fn(&str, &Value) -> bool) -> Vec<String> {
    schemas().into_iter().filter(|(path, schema)| offends(path, schema)).map(|(path, _)| path).collect()
}

const NONE: Vec<String> = Vec::new();

fn has(schema: &Value, name: &str) -> bool {
    schema.get(name).is_some()
}

#[test]
fn nothing_is_nullable_unsigned_or_unknown() {
    let text = serde_json::to_string(&crd::all()).unwrap();
    for word in ["\"nullable\"", "\"uint", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"] {
        assert!(!text.contains(word), "{word}");
    }
    assert_eq!(offenders(|_, schema| !has(schema, "type")), NONE, "every node has one type");
    assert_eq!(offenders(|_, schema| has(schema, "oneOf") || has(schema, "anyOf") || has(schema, "$ref")), NONE);
}

#[test]
fn every_string_list_and_map_is_bounded() {
    let unbounded = |schema: &Value| match schema["type"].as_str() {
        Some("string") => !has(schema, "maxLength") && !has(schema, "enum") && schema["format"] != "date-time",
        Some("array") => !has(schema, "maxItems") || !has(schema, "x-kubernetes-list-type"),
        Some("object") => has(schema, "additionalProperties") && !has(schema, "maxProperties"),
        _ => false,
    };
    assert_eq!(offenders(|_, schema| unbounded(schema)), NONE);
}

#[test]
fn named_lists_are_keyed_by_a_required_member() {
    for (path, schema) in schemas().into_iter().filter(|(_, schema)| schema["x-kubernetes-list-type"] == "map") {
        let keys = schema["x-kubernetes-list-map-keys"].as_array().unwrap();
        let required = schema["items"]["required"].as_array().unwrap();
        assert!(!keys.is_empty() && keys.iter().all(|key| required.contains(key)), "{path}");
    }
}

#[test]
fn nothing_below_spec_has_a_default() {
    assert_eq!(offenders(|path, schema| path.contains(" spec") && has(schema, "default")), NONE);
}

#[test]
fn every_field_is_described() {
    let described = |schema: &Value| schema["description"].as_str().is_some_and(|text| !text.trim().is_empty());
    assert_eq!(offenders(|path, schema| !path.ends_with("[]") && !described(schema)), NONE);
}

#[test]
fn nothing_looks_like_a_template() {
    let text = serde_json::to_string(&crd::all()).unwrap();
    assert!(!text.contains("${") && !text.contains("{{"), "Flux and Helm would substitute it");
}

#[test]
fn a_status_that_nobody_wrote_says_so() {
    for (name, document) in crd::all() {
        for version in document["spec"]["versions"].as_array().unwrap() {
            let status = &version["schema"]["openAPIV3Schema"]["properties"]["status"];
            assert_eq!(status["default"], json!({ "observedGeneration": -1 }), "{name}");
            assert_eq!(version["subresources"], json!({ "status": {} }), "{name}");
            let conditions = &status["properties"]["conditions"];
            assert_eq!(conditions["x-kubernetes-list-map-keys"], json!(["type"]), "{name}");
        }
    }
}

#[test]
fn the_word_immutable_is_nowhere() {
    let text = serde_json::to_string(&crd::all()).unwrap().to_lowercase();
    assert!(!text.contains("immutable"), "Flux takes it for a reason to delete and create again");
    for reason in Reason::REASONS {
        assert!(!reason.hint().to_lowercase().contains("immutable"), "{}", reason.as_str());
    }
}

#[test]
fn every_rule_has_a_message_that_is_no_regex() {
    for (path, schema) in schemas() {
        for rule in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
            let message = rule["message"].as_str().unwrap_or_default();
            assert!(!message.is_empty() && !message.contains("matches("), "{path}: {message}");
        }
        let bare = path.contains(" spec") && has(&schema, "pattern");
        assert!(!bare, "{path}: a bare pattern shows only the regex");
    }
}

#[test]
fn a_crd_stays_small() {
    for (name, document) in crd::all() {
        let size = serde_json::to_string(&document).unwrap().len();
        assert!(size < 150 * 1024, "{name}: {size} bytes");
    }
}

/// Name and priority of every column.
fn columns(document: &Value) -> Vec<(&str, i64)> {
    let columns = document["spec"]["versions"][0]["additionalPrinterColumns"].as_array().unwrap();
    let priority = |column: &Value| column.get("priority").and_then(Value::as_i64).unwrap_or_default();
    columns.iter().map(|column| (column["name"].as_str().unwrap(), priority(column))).collect()
}

#[test]
fn the_columns_of_a_tenant_answer_the_first_questions() {
    let [(_, tenants), ..] = crd::all();
    let columns = columns(&tenants);
    let of = |wanted: i64| {
        let names = columns.iter().filter(|(_, priority)| *priority == wanted).map(|(name, _)| name.to_uppercase());
        names.collect::<Vec<_>>()
    };
    assert_eq!(of(0), ["PLATFORM", "STATE", "READY", "REASON", "AGE"]);
    assert_eq!(of(1), ["DISPLAY NAME", "PARTNER", "SYNCED", "SUSPENDED", "SCRIPT", "OVERUSE", "MESSAGE"]);
}

#[test]
fn every_column_shows_a_field_that_is_there() {
    for (name, document) in crd::all() {
        let version = &document["spec"]["versions"][0];
        for column in version["additionalPrinterColumns"].as_array().unwrap() {
            let path = column["jsonPath"].as_str().unwrap();
            let plain = path.split("[?").next().unwrap();
            let found = plain
                .split('.')
                .filter(|member| !member.is_empty())
                .try_fold(&version["schema"]["openAPIV3Schema"], |schema, member| schema["properties"].get(member));
            assert!(found.is_some() || plain == ".metadata.creationTimestamp", "{name}: {path}");
        }
    }
}

/// Kubernetes takes at most eight, each a plain value of the schema.
#[test]
fn every_selectable_field_is_a_plain_value_that_is_there() {
    for (name, document) in crd::all() {
        let version = &document["spec"]["versions"][0];
        let fields = version["selectableFields"].as_array().map(Vec::as_slice).unwrap_or_default();
        assert!(fields.len() <= 8, "{name}");
        for field in fields {
            let path = field["jsonPath"].as_str().unwrap();
            let members = path.split('.').filter(|member| !member.is_empty());
            let found = members
                .fold(&version["schema"]["openAPIV3Schema"], |schema, member| &schema["properties"][member])["type"]
                .as_str();
            assert!(["string", "boolean", "integer"].map(Some).contains(&found), "{name}: {path} is {found:?}");
        }
    }
}

#[test]
fn the_names_of_the_kinds_are_as_published() {
    let names = crd::all().map(|(_, document)| {
        let names = &document["spec"]["names"];
        let text = |member: &Value| member.as_str().unwrap().to_owned();
        (text(&names["kind"]), text(&names["shortNames"][0]), text(&document["spec"]["scope"]))
    });
    let expected =
        [("Tenant", "nten", "Namespaced"), ("Platform", "nplat", "Cluster"), ("Partner", "npart", "Cluster")];
    let published = expected.map(|(kind, short, scope)| (kind.to_owned(), short.to_owned(), scope.to_owned()));
    assert_eq!(names, published);
    for (_, document) in crd::all() {
        assert_eq!(document["spec"]["names"]["categories"], json!(["nimbus"]));
        assert_eq!(document["spec"]["group"], json!(GROUP));
        assert_eq!(document["spec"]["versions"][0]["name"], json!("v1alpha1"));
    }
}

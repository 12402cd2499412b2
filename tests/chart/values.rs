//! Each value is described, and the schema knows each value and nothing else.

use std::collections::BTreeSet;

use serde_json::Value;

use super::readme::described;
use crate::support::helm::chart;

const CHARTS: [&str; 2] = ["nimbus-operator", "nimbus-sandbox"];

fn read(name: &str, file: &str) -> String {
    std::fs::read_to_string(chart(name).join(file)).unwrap()
}

fn values(name: &str) -> Value {
    serde_yaml::from_str(&read(name, "values.yaml")).unwrap()
}

/// The paths of all values that are no maps, and of empty maps.
fn leaves(prefix: &str, value: &Value, all: &mut Vec<String>) {
    match value.as_object().filter(|members| !members.is_empty()) {
        Some(members) => members.iter().for_each(|(key, value)| leaves(&format!("{prefix}{key}."), value, all)),
        None => all.push(prefix.trim_end_matches('.').to_owned()),
    }
}

#[test]
fn every_value_is_described() {
    for name in CHARTS {
        let described = described(&read(name, "values.yaml"));
        let mut all = vec![];
        leaves("", &values(name), &mut all);
        for leaf in all {
            let known =
                described.iter().any(|value| leaf == value.path || leaf.starts_with(&format!("{}.", value.path)));
            assert!(known, "{name}: {leaf} is not described");
        }
        for value in described {
            assert!(!value.section.is_empty() && value.text.ends_with('.'), "{name}: {}: {}", value.path, value.text);
        }
    }
}

/// Compares the closed maps of a schema with a value; an open map ends the comparison.
fn compare(path: &str, schema: &Value, value: &Value, differences: &mut Vec<String>) {
    let Some(properties) = schema["properties"].as_object() else { return };
    if schema["additionalProperties"] != false {
        differences.push(format!("{path} is open"));
    }
    let known: BTreeSet<&String> = properties.keys().filter(|key| *key != "global").collect();
    let given: BTreeSet<&String> = value.as_object().into_iter().flat_map(|members| members.keys()).collect();
    differences.extend(known.symmetric_difference(&given).map(|key| format!("{path}.{key}")));
    for key in known.intersection(&given) {
        compare(&format!("{path}.{key}"), &properties[*key], &value[*key], differences);
    }
}

#[test]
fn schema_is_closed_and_knows_every_value() {
    for name in CHARTS {
        let schema: Value = serde_json::from_str(&read(name, "values.schema.json")).unwrap();
        let mut differences = vec![];
        compare(name, &schema, &values(name), &mut differences);
        assert_eq!(Vec::<String>::new(), differences);
    }
}

#[test]
fn versions_of_charts_are_those_of_the_packages() {
    for name in CHARTS {
        let chart: Value = serde_yaml::from_str(&read(name, "Chart.yaml")).unwrap();
        assert_eq!(env!("CARGO_PKG_VERSION"), chart["appVersion"], "{name}");
        assert_eq!("v2", chart["apiVersion"]);
    }
}

//! Laws of the vocabulary, over all tabs, and the wire by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says what went wrong by panicking")]

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::leaf::Required;
use super::*;
use crate::manifests::{crd, sample};

/// What the platform holds for all examples, written by hand.
fn golden() -> Value {
    serde_json::from_str(include_str!("golden.json")).unwrap()
}

/// The examples as a user may write them: another spelling where one is allowed.
fn spec() -> Settings {
    let mut spec = sample::spec(|_| true);
    spec["general"]["tenantId"] = json!("6F1B2A9C-0d3e-4f5a-8b7c-9d0e1f2a3b4c");
    spec["general"]["o365Domain"] = json!("Contoso.onmicrosoft.com");
    spec["contact"]["sipAddress"] = json!("ada@contoso.com");
    serde_json::from_value(spec).unwrap()
}

fn mapped(spec: &Settings) -> (Value, Mapped) {
    let mut mapped = spec.to_wire();
    (mapped.settings.take(), mapped)
}

#[test]
fn every_leaf_reaches_the_wire_under_its_name() {
    let (wire, check) = mapped(&spec());
    assert_eq!(wire, golden());
    assert_eq!(check.violations, []);
    let sealed: Vec<_> = check.sealed.iter().map(|sealed| sealed.leaf).collect();
    assert_eq!(sealed, leaves().filter(|leaf| leaf.class == Class::Sealed).collect::<Vec<_>>());
    for leaf in leaves().filter(|leaf| leaf.class == Class::Value) {
        assert!(leaf.find(&wire).is_some(), "{leaf} has no golden value");
    }
}

#[test]
fn wire_to_spec_to_wire_changes_nothing() {
    let wire = wire::canonicalize(&golden()).unwrap();
    assert_eq!(mapped(&Settings::from_wire(&wire).unwrap()).0, golden());
}

#[test]
fn an_empty_spec_manages_only_the_identity() {
    let spec: Settings =
        serde_json::from_value(json!({ "general": { "tenantId": "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c" } })).unwrap();
    assert_eq!(mapped(&spec).0, json!({ "general": { "tenantId": "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c" } }));
}

#[test]
fn empty_text_clears_and_unset_is_silent() {
    let mut spec = serde_json::to_value(spec()).unwrap();
    spec["general"]["companyName"] = json!("");
    spec["general"].as_object_mut().unwrap().remove("division");
    let (wire, check) = mapped(&serde_json::from_value(spec).unwrap());
    assert_eq!(wire["general"].get("companyName"), Some(&Value::Null));
    assert_eq!(wire["general"].get("division"), None);
    assert_eq!(check.violations, []);
}

#[test]
fn members_of_a_newer_platform_are_ignored_and_odd_values_are_kept() {
    let mut newer = golden();
    newer["general"]["newMember"] = json!({ "deep": [1, null] });
    newer["extensions"]["interact"]["authorization"] = json!("VerifyEverything");
    newer["modalities"]["email"]["maxConcurrentTasksPerService"] = json!("120");
    let read = wire::canonicalize(&newer).unwrap();
    assert_eq!(read["general"].get("newMember"), None);
    assert_eq!(
        read["extensions"]["interact"]["authorization"],
        json!("VerifyEverything"),
        "an unknown value differs, it is not lost"
    );
    assert_eq!(read["modalities"]["email"]["maxConcurrentTasksPerService"], json!("120"));
}

/// It would look as if there were no value, and the value would be sent in each pass.
#[test]
fn a_sealed_leaf_whose_state_cannot_be_read_is_no_answer() {
    let with = |state: Value| {
        let mut settings = golden();
        settings["extensions"]["interact"]["acsConnectionString"] = state;
        wire::canonicalize(&settings)
    };
    assert!(with(json!({ "set": true, "version": "v1" })).is_ok() && with(Value::Null).is_ok());
    for state in
        [json!({}), json!({ "set": true }), json!({ "set": true, "version": 1 }), json!({ "set": true, "version": "" })]
    {
        assert!(with(state.clone()).is_err(), "{state}");
    }
}

/// A section as a list of its values in order is what a derived reader would take, and `null` is what says nothing of a leaf.
#[test]
fn a_list_is_never_taken_for_a_section() {
    let mut tried = 0;
    for (holder, _) in wire::holders().collect::<std::collections::BTreeSet<_>>() {
        let pointer: String = holder.iter().map(|name| format!("/{name}")).collect();
        let whole = golden();
        let Some(section) = whole.pointer(&pointer).and_then(Value::as_object) else { continue };
        let members: Vec<&Value> = section.values().collect();
        for list in [json!([]), json!(members), Value::Null] {
            let mut hostile = whole.clone();
            *hostile.pointer_mut(&pointer).unwrap() = list;
            assert!(wire::canonicalize(&hostile).is_err(), "{pointer}: {hostile}");
            tried += 1;
        }
    }
    assert!(tried >= 60, "{tried} lists");
}

/// The schema of a leaf in the CRD that is installed.
fn schema(leaf: &Leaf) -> Value {
    static SPEC: LazyLock<Value> = LazyLock::new(crd::tenant_spec);
    crd::member(&SPEC, leaf.path).unwrap_or_else(|| panic!("{leaf} is not in the schema")).clone()
}

/// Every leaf below the tabs in the schema, by its path.
fn schema_leaves(schema: &Value, path: &str, found: &mut Vec<String>) {
    match schema.get("properties").and_then(Value::as_object) {
        Some(members) if !path.ends_with("Ref") => {
            for (name, member) in members {
                schema_leaves(member, &if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, found);
            }
        }
        _ => found.push(path.to_owned()),
    }
}

/// The fields of a spec's schema that have no row, and the rows that have no field.
fn unmatched(spec: &Value, rows: &[&str]) -> Vec<String> {
    let mut fields = Vec::new();
    schema_leaves(spec, "", &mut fields);
    fields.retain(|path| Tab::of(path).is_some());
    let without_row = fields.iter().filter(|field| !rows.contains(&field.as_str()));
    let without_field = rows.iter().filter(|row| !fields.iter().any(|field| field == *row));
    let without_row = without_row.map(|field| format!("no row: {field}"));
    without_row.chain(without_field.map(|row| format!("no field: {row}"))).collect()
}

#[test]
fn the_table_has_every_leaf_of_the_schema_and_no_other() {
    let mut rows: Vec<&str> = leaves().map(|leaf| leaf.path).collect();
    assert_eq!(unmatched(&crd::tenant_spec(), &rows), Vec::<String>::new());
    rows.sort_unstable();
    rows.dedup();
    assert_eq!(rows.len(), leaves().count(), "a path is the identity of its leaf");
}

/// The test above is what makes a setting one field and one row, so it must see when one of the two is missing.
#[test]
fn a_field_without_a_row_and_a_row_without_a_field_are_found() {
    let mut spec = crd::tenant_spec();
    let rows: Vec<&str> = leaves().map(|leaf| leaf.path).collect();
    spec["properties"]["contact"]["properties"]["pager"] = json!({ "type": "string" });
    assert_eq!(unmatched(&spec, &rows), ["no row: contact.pager"]);
    spec["properties"]["contact"]["properties"]
        .as_object_mut()
        .unwrap()
        .retain(|name, _| name != "pager" && name != "email");
    assert_eq!(unmatched(&spec, &rows), ["no field: contact.email"]);
}

#[test]
fn every_leaf_quotes_the_manual() {
    let silent: Vec<_> = leaves().filter(|leaf| leaf.manual.is_empty()).map(|leaf| leaf.path).collect();
    assert_eq!(silent, Vec::<&str>::new());
}

/// The examples with another value for one leaf, mapped.
fn mapped_with(leaf: &Leaf, value: Value) -> (Value, Mapped) {
    let mut spec = serde_json::to_value(spec()).unwrap();
    *spec.pointer_mut(&format!("/{}", leaf.path.replace('.', "/"))).unwrap() = value;
    mapped(&serde_json::from_value(spec).unwrap())
}

#[test]
fn defaults_are_values_that_a_spec_may_have() {
    for leaf in leaves() {
        let Some(default) = leaf.default else { continue };
        let default: Value = serde_json::from_str(default).unwrap();
        let (wire, check) = mapped_with(leaf, default.clone());
        assert_eq!(check.violations, [], "{leaf}");
        assert_eq!(leaf.find(&wire).unwrap_or(&json!("")), &default, "{leaf}");
        if let Some(choices) = schema(leaf).get("enum") {
            assert!(choices.as_array().unwrap().contains(&default), "{leaf}");
        }
    }
}

#[test]
fn a_section_is_where_its_leaves_stand() {
    use tabs::*;
    for (section, leaf) in [
        (interact::SECTION, interact::ENABLED),
        (assistant::SECTION, assistant::OWN_ACS),
        (attendant_console::SECTION, attendant_console::FILTER),
        (presence_tracking::SECTION, presence_tracking::TEST_UPN),
        (instant_messaging::SECTION, instant_messaging::ENABLED),
        (external_task::SECTION, external_task::LEAVES[0]),
        (email::SECTION, email::LEAVES[0]),
    ] {
        assert_eq!(leaf.section(), section);
    }
}

#[test]
fn a_leaf_names_only_leaves_of_the_table_and_no_switch_hides_itself() {
    let known = |other: &Leaf| leaves().any(|leaf| leaf == other);
    for leaf in leaves() {
        assert!(leaf.switch.is_none_or(known) && leaf.must_differ_from.is_none_or(known), "{leaf}");
        assert!(leaf.switches().take(9).count() <= 2, "{leaf} is under too many switches to be understood");
        for toggle in leaf.switches() {
            assert_eq!(schema(toggle)["type"], "boolean", "{toggle} hides {leaf}");
        }
        assert!(leaf.required != Required::WhenOn || leaf.switch.is_some(), "{leaf} has no switch that can be on");
    }
}

#[expect(clippy::cast_possible_truncation, reason = "bounds of settings are small whole numbers")]
fn bound(schema: &Value, name: &str) -> i64 {
    schema[name].as_f64().unwrap() as i64
}

/// What a field allows, in the words of its schema.
fn allowed_by(schema: &Value) -> String {
    let choices = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let choices: Vec<_> = choices.map(|choice| format!("'{choice}'")).collect();
    crd::allowed(schema).unwrap_or_else(|| format!("one of {}", choices.join(", ")))
}

/// Bad values that the type of a leaf knows, from its schema.
fn bad_values(schema: &Value) -> Vec<Value> {
    let clearable =
        schema["x-kubernetes-validations"][0]["rule"].as_str().is_some_and(|rule| rule.starts_with("self == ''"));
    match schema["type"].as_str() {
        Some("integer") => vec![json!(bound(schema, "minimum") - 1), json!(bound(schema, "maximum") + 1)],
        Some("string") if schema.get("enum").is_some() => vec![json!(""), json!("none"), json!("Other")],
        Some("string") => {
            let longest = usize::try_from(schema["maxLength"].as_i64().unwrap()).unwrap();
            let mut bad = vec![json!("x".repeat(longest + 1)), json!("a\u{7}b"), json!("\n")];
            bad.extend((!clearable).then(|| json!("")));
            bad
        }
        Some("object") => {
            let names: Map<_, _> =
                (0..=schema["maxProperties"].as_u64().unwrap()).map(|n| (format!("n{n}"), json!(1))).collect();
            let (below, above) = (
                bound(&schema["additionalProperties"], "minimum") - 1,
                bound(&schema["additionalProperties"], "maximum") + 1,
            );
            vec![
                json!({ "a": below }),
                json!({ "a": above }),
                json!({ "a.b": 1 }),
                json!({ "": 1 }),
                json!({ "a".repeat(64): 1 }),
                Value::Object(names),
            ]
        }
        _ => vec![],
    }
}

#[test]
fn bad_values_are_named_with_path_found_and_allowed() {
    let (mut leaf_count, mut value_count) = (0, 0);
    for leaf in leaves().filter(|leaf| matches!(leaf.class, Class::Value | Class::CheckInput | Class::Trigger)) {
        for bad in bad_values(&schema(leaf)) {
            let (wire, check) = mapped_with(leaf, bad.clone());
            assert_eq!(check.violations.len(), 1, "{leaf} = {bad}");
            assert_eq!(check.violations[0].path, leaf.path);
            let (_, allowed) =
                check.violations[0].problem.split_once(", must be ").expect("a problem says what is allowed");
            assert_eq!(allowed, allowed_by(&schema(leaf)), "{leaf}: the row has another type than the field");
            assert_eq!(leaf.find(&wire), None, "a refused value is never sent");
            value_count += 1;
        }
        leaf_count += 1;
    }
    assert!(leaf_count >= 20 && value_count >= 60);
}

proptest! {
    /// For every input, the mapping returns a value that maps to itself, or names the leaf.
    #[test]
    fn spelling_twice_changes_nothing(name in ".{0,40}", domain in "[a-zA-Z0-9.-]{0,30}", sip in "(sip:)?[a-z@.]{0,20}", limit in -10..300i32) {
        let mut spec = serde_json::to_value(spec()).unwrap();
        spec["general"]["companyName"] = json!(name);
        spec["general"]["o365Domain"] = json!(domain);
        spec["contact"]["sipAddress"] = json!(sip);
        spec["modalities"]["email"]["maxConcurrentTasksPerService"] = json!(limit);
        let (wire, first) = mapped(&serde_json::from_value(spec).unwrap());
        let again = Settings::from_wire(&wire::canonicalize(&wire).unwrap()).unwrap();
        let (twice, second) = mapped(&again);
        let without_nulls = |value: &Value| leaves().map(|leaf| leaf.find(value).cloned()).collect::<Vec<_>>();
        prop_assert_eq!(without_nulls(&wire), without_nulls(&twice));
        prop_assert_eq!(second.violations, vec![], "{:?}", first);
    }
}

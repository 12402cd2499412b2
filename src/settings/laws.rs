//! Laws of the mapping, over every leaf at once.
#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use serde_json::{Value, json};

use super::*;
use crate::manifests::crd;

const ID: &str = "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c";

/// Texts of every notation, each in two spellings where two are the same.
const TEXTS: [&str; 14] = [
    "",
    "Contoso",
    "ø 漢字",
    "contoso.onmicrosoft.com",
    "Fabrikam.COM",
    "ada@contoso.com",
    "Ada@Contoso.com",
    "sip:grace@fabrikam.com",
    "SIP:grace@fabrikam.com",
    "+41445551234",
    "CH",
    "root",
    "11111111-0d3e-4f5a-8b7c-9d0e1f2a3b4c",
    "22222222-0D3E-4F5A-8B7C-9D0E1F2A3B4C",
];

/// Every setting with values that the mapping takes for it.
static POOLS: LazyLock<Vec<(&'static Leaf, Vec<Value>)>> = LazyLock::new(|| {
    let spec = crd::tenant_spec();
    let settings = leaves().filter(|leaf| leaf.class == Class::Value && leaf.path != "general.tenantId");
    settings.map(|leaf| (leaf, values_of(leaf, crd::member(&spec, leaf.path).unwrap()))).collect()
});

fn values_of(leaf: &'static Leaf, schema: &Value) -> Vec<Value> {
    let listed = schema["enum"].as_array().cloned().unwrap_or_default();
    #[expect(clippy::cast_possible_truncation, reason = "bounds of settings are small whole numbers")]
    let bounds = ["minimum", "maximum"].map(|bound| schema[bound].as_f64().map(|number| json!(number as i64)));
    let texts = TEXTS.iter().map(|text| json!(text));
    let others = [json!(true), json!(false), json!({}), json!({ "interact": 0, "companion": 1_000_000 })];
    let all = listed.into_iter().chain(bounds.into_iter().flatten()).chain(texts).chain(others);
    all.filter(|value| mapped(&spec(&[(leaf, value.clone())])).is_some_and(|(_, bad)| bad.is_empty())).collect()
}

/// The spec that sets these leaves in addition to the identity.
fn spec(leaves: &[(&'static Leaf, Value)]) -> Value {
    let mut spec = json!({ "general": { "tenantId": ID } });
    for (leaf, value) in leaves {
        leaf.path.split('.').fold(&mut spec, |at, name| &mut at[name]).clone_from(value);
    }
    spec
}

/// The wire document of a spec and the paths that are refused; `None` where a value has another type.
fn mapped(spec: &Value) -> Option<(Value, Vec<String>)> {
    let settings = Settings::deserialize(spec).ok()?;
    let Mapped { settings, violations, .. } = settings.to_wire();
    Some((settings, violations.into_iter().map(|violation| violation.path).collect()))
}

fn back(wire: &Value) -> Settings {
    Settings::from_wire(&wire::canonicalize(wire).unwrap()).unwrap()
}

/// The document without what it clears: there is no value, so a reader cannot say anything.
fn without_nulls(wire: &Value) -> Value {
    match wire {
        Value::Object(members) => {
            let kept = members.iter().filter(|(_, member)| !member.is_null());
            let mut kept: serde_json::Map<_, _> =
                kept.map(|(name, member)| (name.clone(), without_nulls(member))).collect();
            kept.retain(|_, member| !member.as_object().is_some_and(serde_json::Map::is_empty));
            kept.into()
        }
        other => other.clone(),
    }
}

/// Some leaves, each with one of its values.
fn some_leaves() -> impl Strategy<Value = Vec<(&'static Leaf, Value)>> {
    let (count, picks) = (POOLS.len(), prop::collection::vec(any::<Index>(), POOLS.len()));
    (subsequence((0..count).collect::<Vec<_>>(), 0..=count), picks).prop_map(|(chosen, picks)| {
        chosen.into_iter().map(|at| (POOLS[at].0, picks[at].get(&POOLS[at].1).clone())).collect()
    })
}

/// A setting that is a text, and a text that fits it or nearly does.
fn some_text() -> impl Strategy<Value = (&'static Leaf, String)> {
    let texts: Vec<_> =
        POOLS.iter().filter(|(_, values)| values.iter().any(Value::is_string)).map(|(leaf, _)| *leaf).collect();
    let text = prop_oneof![
        ".{0,40}",
        prop::sample::select(&TEXTS[..]).prop_map(str::to_uppercase),
        prop::sample::select(&TEXTS[..]).prop_map(|text| format!(" {text}")),
        "[a-zA-Z0-9.@:+-]{0,40}",
    ];
    (prop::sample::select(texts), text)
}

#[test]
fn the_laws_reach_every_setting() {
    let silent: Vec<_> = POOLS.iter().filter(|(_, values)| values.is_empty()).map(|(leaf, _)| leaf.path).collect();
    assert_eq!(silent, Vec::<&str>::new());
}

proptest! {
    #[test]
    fn spec_to_wire_to_spec_keeps_every_value(leaves in some_leaves()) {
        let (wire, bad) = mapped(&spec(&leaves)).unwrap();
        prop_assert_eq!(bad, Vec::<String>::new());
        let canonical = back(&wire);
        let value = serde_json::to_value(&canonical).unwrap();
        for (leaf, given) in &leaves {
            let cleared = given.as_str() == Some("") || given.as_object().is_some_and(serde_json::Map::is_empty);
            let kept = leaf.path.split('.').try_fold(&value, |at, name| at.get(name));
            prop_assert_eq!(kept, leaf.find(&wire), "{} = {}", leaf, given);
            prop_assert!(kept.is_some() || cleared, "{} = {} is lost", leaf, given);
            // Nothing but the spelling of a text may differ.
            if let (Some(kept), false) = (kept, given.is_string()) {
                prop_assert_eq!(kept, given, "{}", leaf);
            }
        }
        prop_assert_eq!(back(&mapped(&value).unwrap().0), canonical);
    }

    #[test]
    fn wire_to_spec_to_wire_keeps_every_value(leaves in some_leaves()) {
        let wire = without_nulls(&mapped(&spec(&leaves)).unwrap().0);
        let (again, bad) = mapped(&serde_json::to_value(back(&wire)).unwrap()).unwrap();
        prop_assert_eq!(bad, Vec::<String>::new());
        prop_assert_eq!(again, wire);
    }

    #[test]
    fn a_text_is_refused_by_its_path_or_spelt_for_good((leaf, text) in some_text()) {
        let (wire, bad) = mapped(&spec(&[(leaf, json!(text))])).unwrap();
        match leaf.lookup(&wire) {
            None => prop_assert_eq!(bad, vec![leaf.path.to_owned()]),
            Some(Value::Null) => prop_assert_eq!(text, ""),
            Some(spelled) => {
                prop_assert_eq!(bad, Vec::<String>::new());
                let (twice, _) = mapped(&spec(&[(leaf, spelled.clone())])).unwrap();
                prop_assert_eq!(leaf.find(&twice), Some(spelled));
            }
        }
    }
}

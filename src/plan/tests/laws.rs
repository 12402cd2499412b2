//! Laws that hold for every spec and every state of a platform.

use std::sync::LazyLock;

use proptest::prelude::*;
use proptest::sample::subsequence;

use super::*;
use crate::manifests::crd;
use crate::settings::tabs::{contingents, general};
use crate::settings::{Leaf, Settings};

const TEXTS: [&str; 12] = [
    "",
    "Contoso",
    "Fabrikam",
    "contoso.onmicrosoft.com",
    "fabrikam.com",
    "ada@contoso.com",
    "sip:grace@fabrikam.com",
    "+41445551234",
    "CH",
    "DE",
    "11111111-0d3e-4f5a-8b7c-9d0e1f2a3b4c",
    "22222222-0D3E-4f5a-8b7c-9d0e1f2a3b4c",
];

/// Every leaf with the values that the mapping takes for it.
static POOLS: LazyLock<Vec<(&'static Leaf, Vec<Value>)>> = LazyLock::new(|| {
    let pools = leaves().filter(|leaf| pooled(leaf)).map(|leaf| (leaf, values_of(leaf)));
    pools.filter(|(_, values)| !values.is_empty()).collect()
});

/// What has rules of its own has tests of its own: the identity, a partner behind a reference, a time that needs a confirmation,
/// counts by name, and Secrets other than the one of Interact.
fn pooled(leaf: &Leaf) -> bool {
    let plain = match leaf.class {
        Class::Value => !leaf.irreversible && leaf != general::TENANT_ID && leaf != contingents::FEATURES,
        Class::Sealed => leaf == CONNECTION_STRING,
        Class::Reference | Class::Clears | Class::CheckInput | Class::Trigger | Class::Output => false,
    };
    plain && leaf.must_differ_from.is_none()
}

fn values_of(leaf: &Leaf) -> Vec<Value> {
    if leaf.class == Class::Sealed {
        return vec![json!({ "name": "acs", "key": "connection-string" })];
    }
    let [(_, tenants), ..] = crd::all();
    let pointer: String = leaf.path.split('.').map(|name| format!("/properties/{name}")).collect();
    let schema = &tenants["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    let schema = schema.pointer(&pointer).unwrap();
    let listed = schema.get("enum").and_then(Value::as_array).cloned().unwrap_or_default();
    let bounds = ["minimum", "maximum"].map(|bound| schema.get(bound).and_then(Value::as_f64).map(|n| json!(n as i64)));
    let texts = TEXTS.iter().map(|text| json!(text));
    let candidates =
        listed.into_iter().chain(bounds.into_iter().flatten()).chain(texts).chain([json!(true), json!(false)]);
    candidates.filter(|value| taken(leaf, value)).collect()
}

fn taken(leaf: &Leaf, value: &Value) -> bool {
    let mut spec = json!({ "general": { "tenantId": ID } });
    put(&mut spec, leaf.path, value.clone());
    serde_json::from_value::<Settings>(spec).is_ok_and(|settings| settings.to_wire().violations.is_empty())
}

/// Some leaves, each with one of its values.
fn some_leaves() -> impl Strategy<Value = Vec<(&'static Leaf, Value)>> {
    let (count, picks) = (POOLS.len(), prop::collection::vec(any::<prop::sample::Index>(), POOLS.len()));
    (subsequence((0..count).collect::<Vec<_>>(), 0..=count), picks).prop_map(|(chosen, picks)| {
        chosen.into_iter().map(|at| (POOLS[at].0, picks[at].get(&POOLS[at].1).clone())).collect()
    })
}

fn wanting(leaves: &[(&'static Leaf, Value)]) -> Given {
    leaves.iter().fold(tenant("contoso"), |given, (leaf, value)| match leaf.class {
        Class::Value => given.with(leaf.path, value.clone()),
        Class::Sealed => given.referring(found("1")),
        Class::Reference | Class::Clears | Class::CheckInput | Class::Trigger | Class::Output => given,
    })
}

/// A platform that holds these values, as it spells them.
fn holding(leaves: &[(&'static Leaf, Value)]) -> Held {
    let values: Vec<_> = leaves.iter().filter(|(leaf, _)| leaf.class == Class::Value).cloned().collect();
    let settings = wanting(&values).tenant().spec.settings.to_wire().settings;
    let mut held = held();
    merge_patch(&mut held.document().settings, &settings);
    leaves
        .iter()
        .filter(|(leaf, _)| leaf.class == Class::Sealed)
        .fold(held, |held, (leaf, _)| held.with(leaf.wire, json!({ "set": true, "version": "v4" })))
}

/// Some pointers of leaves and their parents.
fn some_pointers() -> impl Strategy<Value = Vec<String>> {
    let pointers =
        leaves().map(Leaf::pointer).chain(["/contact", "/extensions", "/general/billingAddress"].map(Into::into));
    let pointers: Vec<String> = pointers.collect();
    let count = pointers.len().min(6);
    subsequence(pointers, 0..=count)
}

fn compare(given: &Given, held: &Held, known: &[SealedStatus]) -> Difference {
    let settings = canonical(&held.document.as_ref().unwrap().settings);
    diff::diff(&given.desired(), known, &settings, diff::Constraints { restricted: &held.restricted, moved: &[] })
}

/// Whether every toggle over a leaf is on: the spec's word over the platform's over the default.
fn shown(leaf: &Leaf, given: &Given, held: &Held) -> bool {
    leaf.switches().all(|toggle| {
        let said =
            given.object["spec"].pointer(&format!("/{}", toggle.path.replace('.', "/"))).and_then(Value::as_bool);
        said.or(held.leaf(toggle.wire).as_bool()).unwrap_or(toggle.default == Some("true"))
    })
}

/// The ends of a body: everything that is no object, and every sealed value.
fn ends(body: &Value, path: &str, found: &mut Vec<String>) {
    match body {
        Value::Object(members) if members.is_empty() || members.contains_key("value") => found.push(path.to_owned()),
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| ends(member, &format!("{path}/{name}"), found))
        }
        _ => found.push(path.to_owned()),
    }
}

#[test]
fn the_pools_reach_nearly_every_leaf() {
    let missed: Vec<_> = leaves().filter(|leaf| POOLS.iter().all(|(pooled, _)| *pooled != *leaf)).collect();
    assert!(missed.len() <= 1 + leaves().count() / 5, "{missed:?}");
}

proptest! {
    #[test]
    fn one_apply_converges(wanted in some_leaves(), there in some_leaves(), restricted in some_pointers()) {
        let restricted: Vec<&str> = restricted.iter().map(String::as_str).collect();
        let (given, mut held) = (wanting(&wanted), holding(&there).restricting(&restricted));
        let first = compare(&given, &held, &[]);
        held.save(&first.to_body());
        let sent = first.sealed_after(&held.document().settings);
        let second = compare(&given, &held, &sent);
        prop_assert!(second.is_empty(), "{:?} still differs after {:?}", second, first);
        prop_assert_eq!(second.to_body(), json!({}));
    }

    #[test]
    fn a_body_holds_only_managed_shown_and_permitted_leaves(
        wanted in some_leaves(), there in some_leaves(), restricted in some_pointers()
    ) {
        let pointers: Vec<&str> = restricted.iter().map(String::as_str).collect();
        let (given, held) = (wanting(&wanted), holding(&there).restricting(&pointers));
        let difference = compare(&given, &held, &[]);
        for body in [difference.to_body(), difference.to_creation()] {
            let mut sent = Vec::new();
            if body != json!({}) {
                ends(&body, "", &mut sent);
            }
            for pointer in sent {
                let leaf = leaves().find(|leaf| leaf.pointer() == pointer);
                prop_assert!(leaf.is_some(), "{} is no leaf", pointer);
                let leaf = leaf.unwrap();
                let managed = given.object["spec"].pointer(&format!("/{}", leaf.path.replace('.', "/"))).is_some();
                prop_assert!(managed, "{} is not managed", leaf);
                prop_assert!(shown(leaf, &given, &held), "{} is hidden", leaf);
                let above = |path: &&String| pointer == **path || pointer.starts_with(&format!("{path}/"));
                prop_assert!(!restricted.iter().any(|path| above(&path)), "{} is restricted", leaf);
            }
        }
        for leaf in difference.hidden {
            prop_assert!(!shown(leaf, &given, &held), "{} is not hidden", leaf);
        }
    }

    /// A write and its status come once; the pass after it writes nothing anywhere.
    #[test]
    fn the_second_pass_is_quiet(
        wanted in some_leaves(), there in some_leaves(), edited in some_leaves(),
        restricted in some_pointers(), report in any::<bool>(),
    ) {
        let pointers: Vec<&str> = restricted.iter().map(String::as_str).collect();
        let mut held = holding(&there).restricting(&pointers);
        let policy = if report { "Report" } else { "Correct" };
        let mut given = wanting(&wanted).with("driftPolicy", policy);
        for edit in [None, Some(edited)] {
            for (leaf, value) in edit.into_iter().flatten().filter(|(leaf, _)| leaf.class == Class::Value) {
                given = given.edited(leaf.path, value);
            }
            let outcome = pass(&given, &mut held);
            let conclusion = concluded(&given, outcome);
            given.status = conclusion.status.or(given.status);
            let writes = held.writes;
            let outcome = pass(&given, &mut held);
            let again = concluded(&given, outcome);
            prop_assert_eq!(held.writes, writes, "the platform is written once");
            prop_assert_eq!(again.status, None, "and so is the status");
        }
    }

    #[test]
    fn the_hash_covers_nothing_but_settings(
        wanted in some_leaves(), suspend in any::<bool>(), interval in 60..100_000i32, generation in 1..99i64,
        policies in (0..2usize, 0..3usize, 0..2usize),
    ) {
        let plain = wanting(&wanted);
        let mut given = plain.clone().with("syncIntervalSeconds", interval);
        given = given.with("driftPolicy", ["Correct", "Report"][policies.0]);
        given = given.with("adoptionPolicy", ["Never", "IfMatches", "Always"][policies.1]);
        given = given.with("deletionPolicy", ["Retain", "Delete"][policies.2]);
        given.object["metadata"]["generation"] = json!(generation);
        given = given.annotated("nimbus.luware.com/reconcile-requested-at", "now").with("suspend", suspend);
        given.status = plain.status.clone();
        let hash = given.validate().hash().cloned();
        prop_assert_eq!(hash, Some(plain.desired().hash.clone()));
    }
}

#[test]
fn the_hash_covers_every_leaf_and_every_version() {
    let hash = |given: &Given| given.desired().hash.to_string();
    for (leaf, values) in POOLS.iter().filter(|(leaf, _)| leaf.class == Class::Value) {
        let unset = wanting(&[]).with(leaf.path, Value::Null);
        let mut seen: Vec<String> = values.iter().map(|value| hash(&wanting(&[(leaf, value.clone())]))).collect();
        if !["general.name", "general.o365Domain", "general.companyName"].contains(&leaf.path) {
            seen.push(hash(&unset));
        }
        let all = seen.len();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), all, "{leaf}");
    }
    let loud = tenant("contoso").with("general.tenantId", ID.to_ascii_uppercase());
    assert_eq!(hash(&loud), hash(&tenant("contoso")), "another spelling of the same is no edit");
    let versions = ["1", "2"].map(|version| hash(&tenant("contoso").with_interact(version)));
    assert_ne!(versions[0], versions[1]);
    let gone = tenant("contoso").with("extensions.interact.enabled", true).referring(Err(SecretProblem::NoSecret));
    assert!(!versions.contains(&hash(&gone)));
}

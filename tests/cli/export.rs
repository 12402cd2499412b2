//! `kubectl nimbus export`: what it writes is valid, and a plan of it is empty, for whatever a platform holds.

use std::collections::BTreeMap;
use std::path::Path;

use nimbus_operator::settings::{Class, leaves};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use super::plan::Planned;

/// How many tenants the property is tried on.
const TENANTS: usize = 500;

fn id(number: usize) -> String {
    format!("{number:08x}-0d3e-4f5a-8b7c-9d0e1f2a3b4c")
}

/// Texts that are hard on YAML and on names of objects.
const NAMES: [&str; 12] =
    ["NO", "08005", "1e3", "y", "Contoso AG", "Ö 漢字 🦀", "a: b", "- x", "#1", "null", "it's \"q\"", "true"];

/// The platform's settings of one tenant: for each setting none, its default or another value.
fn settings() -> impl Strategy<Value = Value> {
    let values: Vec<(&'static str, Vec<Value>)> = leaves()
        .filter(|leaf| leaf.class == Class::Value && leaf.path != "general.tenantId")
        .map(|leaf| (leaf.wire, candidates(leaf)))
        .collect();
    let picks = values.into_iter().map(|(wire, candidates)| {
        let count = candidates.len();
        (0..=count).prop_map(move |pick| (wire, candidates.get(pick).cloned()))
    });
    picks.collect::<Vec<_>>().prop_map(|picks| {
        let mut settings = json!({});
        for (wire, value) in picks.into_iter().filter_map(|(wire, value)| Some((wire, value?))) {
            let place = wire.split('.').fold(&mut settings, |at, name| &mut at[name]);
            *place = value;
        }
        // What a tenant has in any case.
        for (name, value) in [("name", "Contoso"), ("o365Domain", "contoso.onmicrosoft.com")] {
            if settings["general"][name].as_str().is_none_or(str::is_empty) {
                settings["general"][name] = json!(value);
            }
        }
        settings
    })
}

/// Values that the leaf's own type accepts, out of many.
fn candidates(leaf: &nimbus_operator::settings::Leaf) -> Vec<Value> {
    let guid = "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c";
    let words = [
        "Everyone",
        "NoOne",
        "TeamOwner",
        "TeamOwnerLimited",
        "VerifyToken",
        "ShowOwnMembers",
        "Active",
        "Trial",
        "Lab",
        "CH",
        "root",
    ];
    let more = ["contoso.example", "ops@contoso.example", "+41445551234", guid, "startsWith(displayName,'A')"];
    let texts = NAMES.iter().chain(&words).chain(&more);
    let all = texts.map(|text| json!(text)).chain([json!(true), json!(false), json!(7), json!(20), json!(50)]);
    let all = all.chain([json!({ "interact": 3, "08005": 1 }), json!({ "no": 1, "on": 2 })]);
    all.filter_map(|value| leaf.canonicalize(&value).ok()).filter(|value| !value.is_null()).collect()
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_of_an_export_is_empty_for_any_tenant() {
    let planned = Planned::new().await;
    let (mut runner, strategy) = (TestRunner::deterministic(), settings());
    let (mut refused, mut planted) = (vec![], 0);
    for number in 0.. {
        if planted == TENANTS {
            break;
        }
        let settings = strategy.new_tree(&mut runner).unwrap().current();
        // The platform has rules over several settings, too.
        match planned.platform.create(&id(number), settings).await {
            Ok(()) => planted += 1,
            Err(error) => refused.push(error.to_string()),
        }
        assert!(number < 20 * TENANTS, "{planted} of {number} tenants: {:?}", refused.last());
    }
    let mark = planned.platform.mark().await.unwrap();
    for extra in [&[][..], &["--full"]] {
        let folder = planned.folder.path().join(extra.len().to_string());
        let folder = folder.to_str().unwrap();
        let said =
            planned.run(&[&["export", "--all", "--platform", "euwe-01", "--output-dir", folder], extra].concat()).await;
        assert_eq!(0, said.code, "{}{}", said.stdout, said.stderr);
        let plan = planned.run(&["plan", "-R", "-f", folder, "-o", "json"]).await;
        let plan: Value =
            serde_json::from_str(&plan.stdout).unwrap_or_else(|_| panic!("{}{}", plan.stdout, plan.stderr));
        let differing: Vec<&Value> = plan["tenants"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|tenant| tenant["settings"] != json!([]) || tenant["action"] != "adopt")
            .collect();
        assert_eq!((TENANTS, Vec::<&Value>::new()), (plan["tenants"].as_array().unwrap().len(), differing));
    }
    let calls = planned.platform.log_after(mark).await.unwrap();
    let writes = calls.iter().filter(|call| call.call.contains("/v1/") && !call.call.starts_with("GET ")).count();
    println!(
        "{TENANTS} tenants exported twice and planned; the platform refused {} others; {} calls, {writes} writes",
        refused.len(),
        calls.len()
    );
    assert_eq!(0, writes);
}

/// Settings of each kind: a trap of YAML, a default, a partner and a secret.
fn contoso() -> Value {
    json!({
        "general": { "name": "Contoso AG", "o365Domain": "contoso.onmicrosoft.com", "billingAddress": { "country": "NO", "zipCode": "08005" } },
        "contact": { "name": "Ops" }, "partner": { "partnerId": "northwind" },
        "modalities": { "email": { "maxConcurrentTasksPerService": 50 }, "externalTask": { "maxConcurrentTasksPerService": 7 } },
        "extensions": { "interact": { "enabled": true, "acsConnectionString": { "value": "endpoint=https://a.b/;accesskey=c2VjcmV0" } } },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_has_a_file_for_each_object_in_the_order_of_the_ui() {
    let planned = Planned::new().await;
    planned.platform.create(&id(1), contoso()).await.unwrap();
    planned.platform.stamp(&id(1), Some("prod/contoso/contoso"), None).await.unwrap();
    planned
        .platform
        .create(&id(2), json!({ "general": { "name": "Contoso AG", "o365Domain": "b.example" } }))
        .await
        .unwrap();
    let folder = planned.folder.path().join("out");
    let arguments = [
        "export",
        "--all",
        "--platform",
        "euwe-01",
        "-n",
        "contoso",
        "--layout",
        "kustomize",
        "--output-dir",
        folder.to_str().unwrap(),
    ];
    let said = planned.run(&arguments).await;
    assert_eq!(0, said.code, "{}{}", said.stdout, said.stderr);
    let files = files(&folder);
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    let second = format!("tenants/contoso-ag-{}.yaml", id(2));
    assert_eq!(
        ["TODO.md", "kustomization.yaml", "partners/northwind.yaml", &second, "tenants/contoso-ag.yaml"],
        *names
    );
    assert_eq!(
        format!(
            "apiVersion: nimbus.luware.com/v1alpha1\nkind: Tenant\nmetadata:\n  name: contoso-ag\n  namespace: contoso\nspec:\n  \
             platformRef:\n    name: euwe-01\n  general:\n    name: Contoso AG\n    o365Domain: contoso.onmicrosoft.com\n    \
             tenantId: \"{}\"\n    billingAddress:\n      zipCode: \"08005\"\n      country: \"NO\"\n  contact:\n    name: Ops\n  partner:\n    \
             partnerRef:\n      name: northwind\n  extensions:\n    interact:\n      enabled: true\n  modalities:\n    externalTask:\n      \
             maxConcurrentTasksPerService: 7\n  licenses:\n    tenantState: Trial\n",
            id(1)
        ),
        files["tenants/contoso-ag.yaml"]
    );
    assert!(
        files["TODO.md"].contains("spec.extensions.interact.acsConnectionStringRef")
            && !files["TODO.md"].contains("c2VjcmV0"),
        "{}",
        files["TODO.md"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_is_not_whole_writes_nothing() {
    let planned = Planned::new().await;
    planned
        .platform
        .create(&id(1), json!({ "general": { "name": "Contoso", "o365Domain": "b.example" } }))
        .await
        .unwrap();
    let folder = planned.folder.path().join("out");
    let ids = [id(1), id(2)].join(",");
    let said =
        planned.run(&["export", "--id", &ids, "--platform", "p", "--output-dir", folder.to_str().unwrap()]).await;
    assert!(said.code == 1 && said.stderr.contains("has no tenant"), "{}", said.stderr);
    assert!(!folder.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_replaced_only_if_asked_and_unmanaged_tenants_are_listed() {
    let planned = Planned::new().await;
    for number in 1..=2 {
        let settings = json!({ "general": { "name": "Contoso", "o365Domain": "b.example" } });
        planned.platform.create(&id(number), settings).await.unwrap();
    }
    planned.platform.stamp(&id(1), Some("prod/contoso/contoso"), None).await.unwrap();
    let folder = planned.folder.path().join("out");
    let arguments = ["export", "--all", "--platform", "euwe-01", "--output-dir", folder.to_str().unwrap()];
    assert_eq!(0, planned.run(&arguments).await.code);
    let again = planned.run(&arguments).await;
    assert!(again.code == 1 && again.stderr.contains("is not empty"), "{}", again.stderr);
    assert_eq!(0, planned.run(&[&arguments[..], &["--overwrite"]].concat()).await.code);
    let list = planned.run(&["export", "--unmanaged", "--list"]).await;
    assert_eq!((0, format!("{}\t-\n", id(2))), (list.code, list.stdout));
}

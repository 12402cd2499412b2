//! The generated docs and examples are up to date, and a real API server accepts every example.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kube::Api;
use kube::api::{DynamicObject, Patch, PatchParams, PostParams};
use nimbus_operator::cli::reference;
use nimbus_operator::manifests::{crd, examples, metrics_reference, runbook, settings_reference};
use nimbus_operator::resources::tenant::HEAD;
use nimbus_operator::resources::{Partner, Tenant};
use nimbus_operator::settings::leaves;
use serde_json::{Value, json};

use crate::support::assets;
use crate::support::fixture::Fixture;
use crate::support::users;

fn files() -> Vec<(PathBuf, String)> {
    let mut files = vec![
        ("docs/settings.md".to_owned(), settings_reference::settings()),
        ("docs/runbook.md".to_owned(), runbook::runbook()),
        ("docs/metrics.md".to_owned(), metrics_reference::metrics()),
        ("docs/cli.md".to_owned(), reference::reference()),
    ];
    files.extend(examples::examples());
    files.into_iter().map(|(path, text)| (assets::checkout().join(path), text)).collect()
}

/// The YAML files of a folder.
fn yaml_in(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect()
}

#[test]
fn generated_docs_and_examples_are_fresh() {
    let update = std::env::var_os("UPDATE").is_some();
    for (path, text) in files() {
        if update {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let stored = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(stored == text, "{} is stale: run make generated", path.display());
    }
    let tabs = assets::checkout().join("examples/settings/tabs");
    let generated: BTreeSet<_> =
        files().into_iter().map(|(path, _)| path).filter(|path| path.starts_with(&tabs)).collect();
    assert_eq!(generated, yaml_in(&tabs), "an example of a tab that is gone");
}

#[test]
fn generated_docs_list_every_setting_once() {
    let text = settings_reference::settings();
    for leaf in leaves() {
        let rows: Vec<&str> = text.lines().filter(|line| line.contains(&format!("| `spec.{}` |", leaf.path))).collect();
        assert_eq!(1, rows.len(), "{leaf}");
        assert_eq!(10, rows[0].replace("\\|", "").matches('|').count(), "{}", rows[0]);
    }
    let spec = crd::tenant_spec();
    let heads: BTreeSet<&str> = HEAD.iter().filter_map(|(path, _)| path.split('.').next()).collect();
    let tabs: BTreeSet<&str> = leaves().filter_map(|leaf| leaf.path.split('.').next()).collect();
    let all: BTreeSet<&str> = spec["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(heads.union(&tabs).copied().collect::<BTreeSet<_>>(), all);
}

/// The manual's two tables of what a setting does.
#[test]
fn generated_docs_have_design_and_presence_tables() {
    let text = settings_reference::settings();
    let rows_below = |head: &str| {
        let (_, table) = text.split_once(head).unwrap_or_else(|| panic!("'{head}' is nowhere"));
        table.lines().skip(2).take_while(|line| line.starts_with('|')).map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    let designs = rows_below("| useNewDesign | overwriteUserSettings | users see |");
    let given: BTreeSet<&str> = designs.iter().map(|row| row.rsplitn(3, '|').nth(2).unwrap()).collect();
    let all = ["| false | false ", "| true | false ", "| false | true ", "| true | true "];
    assert_eq!((4, BTreeSet::from(all)), (designs.len(), given));
    let presences = rows_below("| presence in Teams | calls with the permission | calls without it |");
    for presence in ["Available", "Busy", "in a meeting", "in a call", "Away", "Do Not Disturb", "Offline", "Privacy"] {
        assert!(presences.iter().any(|row| row.split('|').nth(1).unwrap().contains(presence)), "{presence}");
    }
}

/// A generated example, adapted to the tenant, the Platform and the Partner of a fixture.
fn placed(fixture: &Fixture, yaml: &str) -> Value {
    let mut manifest: Value = serde_yaml::from_str(yaml).unwrap();
    manifest["metadata"]["namespace"] = json!(fixture.env.namespace);
    manifest["spec"]["platformRef"]["name"] = json!(fixture.env.platform);
    manifest["spec"]["general"]["tenantId"] = json!(fixture.id);
    if let Some(name) = manifest.pointer_mut("/spec/partner/partnerRef/name") {
        *name = json!(fixture.env.namespace);
    }
    manifest
}

#[tokio::test(flavor = "multi_thread")]
async fn generated_examples_are_accepted() {
    let fixture = Fixture::new("examples").await;
    let _operator = fixture.start();
    let tenants: Api<DynamicObject> = Api::namespaced_with(
        fixture.client(users::PLATFORM_ADMIN),
        &fixture.env.namespace,
        &kube::api::ApiResource::erase::<Tenant>(&()),
    );
    let mut count = 0;
    for (path, text) in examples::examples() {
        let object = serde_json::from_value(placed(&fixture, &text)).unwrap();
        let params = PostParams { dry_run: true, ..PostParams::default() };
        tenants.create(&params, &object).await.unwrap_or_else(|error| panic!("{path}: {error}"));
        count += 1;
    }
    assert_eq!(11, count);

    let partner = json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Partner", "metadata": { "name": fixture.env.namespace },
        "spec": { "displayName": "Northwind", "platformPartnerId": "northwind" }
    });
    let partners: Api<Partner> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    partners.patch(&fixture.env.namespace, &PatchParams::apply("test"), &Patch::Apply(partner)).await.unwrap();
    let full = std::fs::read_to_string(assets::checkout().join("examples/settings/full.yaml")).unwrap();
    let full = placed(&fixture, &full);
    fixture.try_create(full).await.unwrap();
    fixture.ready().await;
}

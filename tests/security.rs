//! The tables of `docs/security.md`: each row names tests, and those exist.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::gitops::schema::{PLURALS, installed, root, walk};
use crate::support::fixture::Fixture;
use crate::support::{assets, users};

/// The Rust files below these folders of the checkout.
pub fn sources(folders: &[&str]) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = folders.iter().map(|folder| assets::checkout().join(folder)).collect();
    let mut files = vec![];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}

/// The names of all tests, including those in the library.
pub fn tests() -> BTreeSet<String> {
    sources(&["src", "tests", "sandbox"]).iter().flat_map(|path| tests_of(path)).collect()
}

/// S11: the HTTP clients have options for it, which are not used.
#[test]
fn invalid_certificates_are_never_accepted() {
    let files = sources(&["src", "sandbox/src"]);
    assert!(files.len() > 50, "{} files", files.len());
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        for switch in ["danger", "accept_invalid", "insecure", "min_tls_version"] {
            assert!(!text.contains(switch), "{switch} in {}", path.display());
        }
    }
}

fn tests_of(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().map(str::trim).skip_while(|line| !line.contains("test"));
    let mut found = vec![];
    while let Some(line) = lines.next() {
        if line == "#[test]" || line.starts_with("#[tokio::test") {
            let signature = lines.find(|line| line.contains("fn ")).unwrap_or_default();
            found.extend(signature.split("fn ").nth(1).and_then(|rest| rest.split('(').next()).map(ToOwned::to_owned));
        }
    }
    found
}

/// The rows of the table below a heading: the first cell, and the tests that the row names.
fn rows<'d>(document: &'d str, heading: &str) -> Vec<(&'d str, Vec<&'d str>)> {
    let section = document.split("\n## ").find(|section| section.starts_with(heading));
    let section = section.unwrap_or_else(|| panic!("no section {heading}"));
    let rows = section.lines().filter(|line| line.starts_with("| ") && !line.contains("|---"));
    rows.skip(1)
        .map(|row| {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let held = cells.last().copied().unwrap_or_default();
            (cells[0], held.split('`').skip(1).step_by(2).collect())
        })
        .collect()
}

/// Deletion, misuse and faults: each row names tests, and those exist.
#[test]
fn situation_rows_name_existing_tests() {
    let document = std::fs::read_to_string(assets::checkout().join("docs/security.md")).unwrap();
    let tests = tests();
    for (heading, least) in [("Deleting a Tenant", 11), ("Misuse", 15), ("Faults", 9)] {
        let rows = rows(&document, heading);
        assert!(rows.len() >= least, "{heading}: {} rows", rows.len());
        for (row, named) in rows {
            let missing: Vec<_> = named.iter().filter(|name| !tests.contains(**name)).collect();
            assert!(missing.is_empty(), "'{row}' names tests that are not there: {missing:?}");
            assert!(!named.is_empty(), "'{row}' is held by nothing");
        }
    }
}

/// What a reader does not see, according to the document.
#[tokio::test(flavor = "multi_thread")]
async fn viewer_sees_only_tenants_of_the_namespace() {
    let (fixture, other) = (Fixture::new("reader").await, Fixture::new("reader-other").await);
    for fixture in [&fixture, &other] {
        fixture.create(json!({ "contact": { "name": "Ada" } })).await;
    }
    let seen = fixture.kubectl(users::VIEWER, &["get", "nten", "-o", "name"]).await.unwrap();
    assert_eq!("tenant.nimbus.luware.com/contoso\n", seen);
    let (platform, namespace) = (fixture.env.platform.as_str(), other.env.namespace.as_str());
    for words in [
        &["get", "nten", "--all-namespaces"][..],
        &["get", "nplat"],
        &["get", "nplat", platform],
        &["get", "npart"],
        &["get", "secrets"],
        &["get", "secret", "acs"],
        &["get", "events", "--namespace", "default"],
    ] {
        let all = [&["-n", &fixture.env.namespace][..], words].concat();
        let output = fixture.env.kubectl(users::VIEWER).run(&all).await.unwrap();
        assert!(!output.status.success() && output.stderr.contains("forbidden"), "{words:?}: {output:?}");
    }
    // What the operator did there, which 'kubectl describe' shows.
    fixture.kubectl(users::VIEWER, &["get", "events"]).await.unwrap();
    fixture.kubectl(users::VIEWER, &["get", "events.v1.events.k8s.io"]).await.unwrap();
    // A user without permissions in the namespace.
    let outsider = fixture.env.kubectl(&users::user(7));
    let output = outsider.run(&["-n", namespace, "get", "nten"]).await.unwrap();
    assert!(!output.status.success() && output.stderr.contains("forbidden"), "{output:?}");
}

#[test]
fn threat_rows_name_existing_tests() {
    let document = std::fs::read_to_string(assets::checkout().join("docs/security.md")).unwrap();
    let tests = tests();
    let rows =
        document.lines().skip_while(|line| *line != "## Threats").take_while(|line| *line != "## Deleting a Tenant");
    let threats: Vec<&str> = rows.filter(|line| line.starts_with("| S")).collect();
    assert_eq!(15, threats.len(), "the threats of the table");
    let mut named = 0;
    for threat in threats {
        let cells: Vec<&str> = threat.trim_matches('|').split('|').map(str::trim).collect();
        let [number, _, _, held, left] = cells[..] else { panic!("five columns: {threat}") };
        let names: Vec<&str> = held.split('`').skip(1).step_by(2).collect();
        let missing: Vec<_> = names.iter().filter(|name| !tests.contains(**name)).collect();
        assert!(missing.is_empty(), "{number} names tests that are not there: {missing:?}");
        assert!(!names.is_empty() || !left.is_empty(), "{number} is held by nothing and does not say so");
        named += names.len();
    }
    assert!(named >= 40, "{named} tests are named");
}

/// S1: a reference is a name, and the namespace is that of the Tenant.
#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_read_only_in_the_tenant_namespace() {
    let fixture = Fixture::new("confined").await;
    let mut references = 0;
    for plural in PLURALS {
        let crd = installed(&fixture.env, plural).await;
        for node in walk(root(&crd), "spec") {
            let name = node.path.last().unwrap();
            assert!(name != "namespace", "{}", node.name());
            references += usize::from(name.ends_with("Ref"));
        }
    }
    assert!(references >= 4, "{references} references");

    // A Secret of that name exists in the operator's namespace only.
    fixture.secret(&fixture.env.operator_namespace, "elsewhere", json!({ "key": "canary" })).await;
    let mark = fixture.audit().mark().await.unwrap();
    let _operator = fixture.connect().await;
    let reference = json!({ "name": "elsewhere", "key": "key" });
    fixture
        .create(json!({ "extensions": { "interact": { "enabled": true, "acsConnectionStringRef": reference } } }))
        .await;
    fixture.condition("Ready", "False", "SecretNotFound").await;
    let requests = fixture.audit().requests(&fixture.env.operator_user, mark).await.unwrap();
    let secrets: BTreeSet<_> = requests
        .iter()
        .filter(|request| request.resource == "secrets")
        .map(|request| (request.verb.as_str(), request.namespace.as_str(), request.name.as_str()))
        .collect();
    let expected = [
        ("get", fixture.env.namespace.as_str(), "elsewhere"),
        ("get", fixture.env.operator_namespace.as_str(), "platform"),
    ];
    assert_eq!(BTreeSet::from(expected), secrets);
}

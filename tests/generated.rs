//! Generated files are up to date. `UPDATE=1` updates them.

use std::process::Command;

use nimbus_operator::manifests::crd;
use nimbus_operator::manifests::policies::{self, Accounts};

use crate::support::assets;

const REFRESH: &str = "run `make generated` (UPDATE=1 cargo test --test integration generated) and commit what changed";

#[test]
fn generated_crds_and_policies_are_fresh() {
    let folder = assets::checkout().join("crds");
    let crds = crd::all().into_iter().map(|(name, document)| (name, crd::to_yaml(&document).unwrap()));
    let expected: Vec<_> =
        crds.chain([("policies.yaml", policies::to_yaml(&Accounts::documented()).unwrap())]).collect();
    if std::env::var("UPDATE").is_ok_and(|update| update == "1") {
        for (name, text) in &expected {
            std::fs::write(folder.join(name), text).unwrap();
        }
    }
    for (name, text) in &expected {
        let found = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        let line = found.lines().zip(text.lines()).position(|(found, expected)| found != expected);
        assert!(found == *text, "crds/{name} is stale from line {}: {REFRESH}", line.map_or(0, |line| line + 1));
    }
    let files = std::fs::read_dir(&folder).unwrap();
    let mut files: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    let mut names: Vec<_> = expected.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    assert_eq!(names, files, "a file that nothing generates: {REFRESH}");
}

fn run(arguments: &[&str]) -> String {
    let output = Command::new(assets::operator().unwrap()).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn generated_policies_match_the_binary() {
    assert_eq!(policies::to_yaml(&Accounts::documented()).unwrap(), run(&["policies"]));
    let accounts = Accounts {
        operators: vec!["one".into(), "two".into()],
        operator_namespaces: vec!["ops".into(), "west".into()],
        technical_fields: true,
    };
    let words = ["policies", "--operator-account", "one", "--operator-account", "two", "--technical-fields"];
    let printed = run(&[&words[..], &["--operator-namespace", "ops", "--operator-namespace", "west"]].concat());
    assert_eq!(policies::to_yaml(&accounts).unwrap(), printed);
    let derived = run(&["policies", "--operator-account", "system:serviceaccount:west:nimbus"]);
    assert!(derived.contains("namespace('west')") && !derived.contains("nimbus-system"), "{derived}");
}

#[test]
fn generated_crds_match_the_binary() {
    let expected: String =
        crd::all().iter().map(|(_, document)| format!("---\n{}", crd::to_yaml(document).unwrap())).collect();
    assert_eq!(expected, run(&["crd"]));

    let folder = tempfile::tempdir().unwrap();
    assert_eq!("", run(&["crd", "--output-dir", folder.path().to_str().unwrap()]));
    for (name, document) in crd::all() {
        let written = std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(crd::to_yaml(&document).unwrap(), written, "{name}");
    }
}

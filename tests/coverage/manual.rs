//! `docs/behaviours.md` documents exactly what a status can contain. Links between the docs resolve.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use nimbus_operator::manifests::crd;
use nimbus_operator::microsoft::CheckReason;
use nimbus_operator::resources::{CheckName, CheckResult, ConditionType, Reason, TabState};
use regex::Regex;
use serde_json::Value;

use super::{anchors, read};
use crate::support::assets;

const MANUAL: &str = "docs/behaviours.md";

/// The results of checks.
const RESULTS: [&str; 3] = [CheckResult::Passed.as_str(), CheckResult::Failed.as_str(), CheckResult::Unknown.as_str()];

/// The rows of the table of a section, without its header.
fn rows(section: &str) -> Vec<Vec<String>> {
    let text = read(MANUAL);
    let after = text.split(&format!("\n## {section}\n")).nth(1);
    let body = after.unwrap_or_else(|| panic!("{MANUAL} has no section '{section}'")).split("\n## ").next().unwrap();
    let lines = body.lines().filter(|line| line.starts_with('|'));
    let rows: Vec<Vec<String>> = lines
        .map(|line| line.replace("\\|", "/").trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect();
    assert!(rows.len() > 2, "the section '{section}' has a table");
    rows[2..].to_vec()
}

/// The texts in backticks.
fn words(cell: &str) -> impl Iterator<Item = String> {
    cell.split('`').skip(1).step_by(2).map(ToOwned::to_owned)
}

fn column(section: &str, number: usize) -> BTreeSet<String> {
    rows(section).iter().flat_map(|row| words(&row[number])).collect()
}

fn set(words: impl IntoIterator<Item = &'static str>) -> BTreeSet<String> {
    words.into_iter().map(ToOwned::to_owned).collect()
}

/// The reasons that the code uses. The table of reasons has the variant and its text on one line.
fn used_reasons() -> BTreeSet<String> {
    let sources: String = rust_below("src").iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let used = |variant: &str| Regex::new(&format!(r"Reason::{variant}\b")).unwrap().is_match(&sources);
    let reasons = Reason::REASONS.iter().chain(Reason::TENANT_STATES);
    set(reasons.filter(|reason| used(&format!("{reason:?}"))).map(|reason| reason.as_str()))
}

/// The Rust files below a folder.
fn rust_below(folder: &str) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![assets::checkout().join(folder)], vec![]);
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(extension) if extension == "rs" => files.push(path),
                _ => {}
            }
        }
    }
    files
}

/// The states of a tenant, which are reasons too.
fn tenant_states() -> BTreeSet<String> {
    let spec = crd::tenant_spec();
    let states = spec.pointer("/properties/licenses/properties/tenantState/enum").and_then(Value::as_array).unwrap();
    states.iter().filter_map(Value::as_str).map(ToOwned::to_owned).chain(["UnknownState".to_owned()]).collect()
}

fn difference(one: &BTreeSet<String>, other: &BTreeSet<String>) -> Vec<String> {
    one.difference(other).cloned().collect()
}

#[track_caller]
fn assert_same(explained: &BTreeSet<String>, said: &BTreeSet<String>, what: &str) {
    assert_eq!(Vec::<String>::new(), difference(said, explained), "{what} that {MANUAL} does not document");
    assert_eq!(
        Vec::<String>::new(),
        difference(explained, said),
        "{what} that {MANUAL} documents and the code does not use"
    );
}

/// The sections with a row for each reason, and its column.
const SECTIONS: [(&str, usize); 4] = [("Reasons", 0), ("Events", 0), ("Platform and Partner", 0), ("Checks", 2)];

/// The reasons of checks, which are not in the table of reasons.
fn of_checks() -> BTreeSet<String> {
    // What is as it should be has the name of its check for a reason.
    let mut words = set([CheckName::Available.as_str(), CheckName::Licensed.as_str()]);
    words.extend(CheckReason::ALL.iter().map(|reason| reason.as_str().to_owned()));
    words
}

#[test]
fn every_reason_is_documented() {
    let explained: BTreeSet<String> =
        SECTIONS.into_iter().flat_map(|(section, number)| column(section, number)).collect();
    let said: BTreeSet<String> = used_reasons().into_iter().chain(tenant_states()).chain(of_checks()).collect();
    assert!(said.len() > 60, "only {} reasons were found", said.len());
    assert_same(&explained, &said, "reasons");
    for (section, number) in SECTIONS {
        for row in rows(section) {
            let complete = row.len() == number + 3 && row.iter().all(|cell| !cell.is_empty());
            assert!(complete, "says what it means and what to do: {row:?}");
        }
    }
}

#[test]
fn every_condition_is_documented() {
    let types = set(ConditionType::ALL.map(ConditionType::as_str));
    assert_same(&column("Conditions", 0), &types, "types of conditions");
    let mut seen = BTreeMap::new();
    for row in rows("Conditions") {
        let [kind, statuses, reasons, says] = &row[..] else { panic!("four columns: {row:?}") };
        assert!(!says.is_empty(), "{row:?}");
        for status in statuses.split(", ") {
            assert!(["True", "False", "Unknown"].contains(&status), "{row:?}");
            assert_eq!(None, seen.insert((kind.clone(), status.to_owned()), reasons.clone()), "one row for both");
        }
    }
    // Each reason of a Tenant is listed for at least one condition.
    assert_same(&column("Conditions", 2), &column("Reasons", 0), "reasons of conditions");
}

#[test]
fn every_tab_state_is_documented() {
    assert_same(&column("Tabs", 0), &set(TabState::ALL.map(TabState::as_str)), "states of tabs");
}

#[test]
fn every_check_result_is_documented() {
    let explained = column("Checks", 2);
    assert_eq!(
        Vec::<String>::new(),
        difference(&of_checks(), &explained),
        "reasons of checks have their row among the checks"
    );
    let names = set(CheckName::ALL.map(CheckName::as_str));
    assert_same(&column("Checks", 0), &names, "names of checks");
    for row in rows("Checks") {
        assert!(row[1].split(", ").all(|result| RESULTS.contains(&result)), "{row:?}");
    }
}

#[test]
fn every_behaviour_has_a_section() {
    let text = read(MANUAL);
    let numbers: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("### ")?.split_once(". ")).map(|(number, _)| number).collect();
    let expected: Vec<String> = (1..=20).map(|number: u8| number.to_string()).collect();
    assert_eq!(expected, numbers);
}

/// Links in the docs to files of the checkout and to their sections.
#[test]
fn every_link_between_docs_resolves() {
    static LINK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\]\(([^)\s]+)\)").unwrap());
    let folder = std::fs::read_dir(assets::checkout().join("docs")).unwrap();
    let docs = folder.map(|entry| format!("docs/{}", entry.unwrap().file_name().to_string_lossy()));
    let top =
        ["README.md", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md", "examples/README.md"].map(ToOwned::to_owned);
    let mut links = 0;
    for name in docs.chain(top).filter(|name| name.ends_with(".md")) {
        let text = read(&name);
        for found in LINK.captures_iter(&text).map(|found| found[1].to_owned()) {
            if found.contains("://") {
                continue;
            }
            links += 1;
            let (path, anchor) =
                found.split_once('#').map_or((found.as_str(), None), |(path, anchor)| (path, Some(anchor)));
            let target = match path {
                "" => assets::checkout().join(&name),
                path => assets::checkout().join(&name).parent().unwrap().join(path),
            };
            assert!(target.exists(), "{name} links to {found}, which is not there");
            if let Some(anchor) = anchor {
                assert!(has_anchor(&target, anchor), "{name} links to {found}, which has no such section");
            }
        }
    }
    assert!(links > 20, "{links} links were found");
}

fn has_anchor(path: &Path, anchor: &str) -> bool {
    anchors::anchors(&std::fs::read_to_string(path).unwrap()).iter().any(|found| found == anchor)
}

#[test]
fn every_document_is_in_the_index() {
    let index = read("docs/README.md");
    for entry in std::fs::read_dir(assets::checkout().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        assert!(name == "README.md" || index.contains(&format!("]({name})")), "docs/README.md does not list {name}");
    }
}

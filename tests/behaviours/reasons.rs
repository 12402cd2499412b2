//! The table of reasons: each has a hint, a section in the runbook and a test that produces it.

use std::collections::BTreeSet;
use std::path::Path;

use nimbus_operator::manifests::runbook::runbook;
use nimbus_operator::resources::Reason;

use crate::support::assets::checkout;

/// Reasons that no test produces, and why.
const UNREACHED: [(&str, &str); 0] = [];

/// The section title in the runbook, and the reason.
fn all() -> impl Iterator<Item = (String, Reason)> {
    let reasons = Reason::REASONS.iter().map(|reason| (reason.as_str().to_owned(), *reason));
    reasons.chain(Reason::TENANT_STATES.iter().map(|state| (format!("TenantActive: {}", state.as_str()), *state)))
}

#[test]
fn every_reason_has_a_hint_and_runbook_section() {
    let stored = std::fs::read_to_string(checkout().join("docs/runbook.md")).unwrap();
    assert_eq!(runbook(), stored, "run make generated");
    let chapters: Vec<&str> = stored.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let expected: Vec<String> = all().map(|(chapter, _)| chapter).collect();
    assert_eq!(expected, chapters, "each reason has an anchor of its own, in the order of the table");
    for (chapter, reason) in all() {
        assert!(!reason.hint().is_empty(), "{chapter}");
        let text = stored.split("### ").find(|text| text.lines().next() == Some(&chapter)).unwrap();
        assert!(text.contains(reason.hint()) && text.contains("Action by: "), "{chapter}");
    }
    let readme = std::fs::read_to_string(checkout().join("README.md")).unwrap();
    assert!(readme.contains("(docs/runbook.md)"), "people find it from the README");
}

/// Every quoted word in the tests of a folder, except this file.
fn quoted(folder: &Path, found: &mut BTreeSet<String>) {
    let words = regex::Regex::new(r#""([A-Z][A-Za-z]+)"|[ =]([A-Z][A-Za-z]+)"|Reason::([A-Z][A-Za-z]+)"#).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            quoted(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("behaviours/reasons.rs")
        {
            let text = std::fs::read_to_string(&path).unwrap();
            let all = words.captures_iter(&text);
            found.extend(all.map(|word| word.get(1).or(word.get(2)).or(word.get(3)).unwrap().as_str().to_owned()));
        }
    }
}

#[test]
fn every_reason_is_reached_by_a_test() {
    let mut named = BTreeSet::new();
    quoted(&checkout().join("tests"), &mut named);
    quoted(&checkout().join("src/plan/tests"), &mut named);
    let of_table: BTreeSet<&str> = all().map(|(_, reason)| reason.as_str()).collect();
    let unreached: BTreeSet<&str> = of_table.iter().copied().filter(|name| !named.contains(*name)).collect();
    let listed: BTreeSet<&str> = UNREACHED.iter().map(|(name, _)| *name).collect();
    assert_eq!(listed, unreached, "left: listed without need; right: no test names it");
}

//! `docs/coverage.toml`: every line of the manual and the tests or docs that cover it.
//!
//! The manual belongs to the vendor and is not part of this repository. The table refers to its lines by number and hash,
//! so that it can be checked without the manual; if the manual is available, the two are compared. `NIMBUS_SEED` is the
//! path of the manual, which must exist then. If it is empty, the manual is not compared. If it is unset, the manual is
//! looked for in the folder `shared` next to the checkout.

mod anchors;
mod inventory;
mod manual;
mod seed;
mod table;

use std::collections::BTreeSet;
use std::io::Write;

use nimbus_operator::resources::tenant::HEAD;
use nimbus_operator::settings::leaves;

use crate::support::assets;
use table::{Coverage, KnownNames, Table};

const TABLE: &str = "docs/coverage.toml";

fn read(path: &str) -> String {
    let full = assets::checkout().join(path);
    std::fs::read_to_string(&full).unwrap_or_else(|error| panic!("{}: {error}", full.display()))
}

fn table() -> Table {
    toml::from_str(&read(TABLE)).unwrap_or_else(|error| panic!("{TABLE}: {error}"))
}

/// What the table may refer to: settings, tests, sections of the docs.
fn known() -> KnownNames {
    let head = HEAD.iter().map(|(name, _)| *name);
    KnownNames {
        leaves: leaves().map(|leaf| leaf.path.to_owned()).collect(),
        head: head.map(ToOwned::to_owned).collect(),
        tests: inventory::tests(),
        ignored: inventory::ignored(),
        anchors: anchors::of_docs(),
    }
}

/// Prints even if the test passes: the test harness captures only the print macros.
fn say(text: &str) {
    std::io::stderr().write_all(format!("{text}\n").as_bytes()).unwrap();
}

#[test]
fn entries_name_existing_settings_tests_and_docs() {
    let (table, known) = (table(), known());
    assert!(known.tests.len() > 300, "only {} tests were found in this binary", known.tests.len());
    assert_eq!(Vec::<String>::new(), table.problems(&known));
}

#[test]
fn every_line_of_the_manual_is_covered() {
    let table = table();
    let count = |coverage: Coverage| table.lines_of(coverage).len();
    let counts = format!(
        "{} covered, {} documented only, {} layout (of them {} blank)",
        count(Coverage::Covered),
        count(Coverage::Documented),
        count(Coverage::Layout) + table.blank().len(),
        table.blank().len(),
    );
    match seed::find() {
        Some(lines) => {
            let problems = seed::compare(&table, &lines);
            say(&format!(
                "\ncoverage of the manual: {} lines: {counts}, {} uncovered",
                lines.len(),
                problems.uncovered
            ));
            assert_eq!(Vec::<String>::new(), problems.messages, "each line of the manual has an entry in {TABLE}");
        }
        None => say(&format!("\ncoverage of the manual: NOT compared, since it is not here; {TABLE} says: {counts}")),
    }
}

/// A manual of five lines.
const TEXTS: [&str; 5] = ["A title", "Limit of tasks", "", "Default 20", "A title"];

/// A table without mistakes for [`TEXTS`].
fn good_table() -> String {
    format!(
        r#"
        manual = {{ lines = 5 }}
        blank = ["3"]
        [[entry]]
        lines = ["1 {title}"]
        layout = "heading"
        [[entry]]
        lines = ["2 {limit}", "4 {twenty}"]
        says = "the limit"
        settings = ["outbound.max"]
        behaviours = [10]
        tests = ["tasks::limits"]
        [[entry]]
        lines = ["5 {title}"]
        layout = "duplicate"
        of = 1
        "#,
        title = seed::hash(TEXTS[0]),
        limit = seed::hash(TEXTS[1]),
        twenty = seed::hash(TEXTS[3]),
    )
}

/// The problems of the good table with one change, compared with these lines.
fn problems_after(from: &str, to: &str, lines: &[&str]) -> String {
    let good = good_table();
    let known = KnownNames {
        leaves: BTreeSet::from(["outbound.max".to_owned()]),
        head: BTreeSet::from(["suspend".to_owned()]),
        tests: BTreeSet::from(["tasks::limits::at_once".to_owned(), "tasks::left_out".to_owned()]),
        ignored: BTreeSet::from(["tasks::left_out".to_owned()]),
        anchors: BTreeSet::from(["settings.md#outbound".to_owned()]),
    };
    assert!(good.contains(from), "{from}");
    let table: Table = toml::from_str(&good.replacen(from, to, 1)).unwrap();
    let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    let mut problems = table.problems_covering(&known, &[10]);
    problems.extend(seed::compare(&table, &lines).messages);
    problems.join("\n")
}

/// The check itself: each kind of mistake is detected.
#[test]
fn table_mistakes_are_detected() {
    assert_eq!("", problems_after("", "", &TEXTS));
    let sees = |from: &str, to: &str, problem: &str| {
        let found = problems_after(from, to, &TEXTS);
        assert!(found.contains(problem), "'{from}' → '{to}' is reported as '{found}'");
    };
    let twenty = format!(", \"4 {}\"", seed::hash(TEXTS[3]));
    sees(&twenty, "", "line 4 has no entry");
    sees("\"3\"", "\"3-4\"", "line 4 has two entries");
    sees("\"4 ", "\"9 ", "line 9 is not one of the 5");
    sees("4 ", "4 g", "is not a number and eight hexadecimal digits");
    sees("outbound.max", "outbound.min", "there is no setting 'outbound.min'");
    sees("outbound.max", "suspend", "no entry names spec.outbound.max");
    sees("outbound.max", "outbound", "no entry names spec.outbound.max");
    sees("tasks::limits", "tasks::limit", "there is no test 'tasks::limit'");
    sees("tasks::limits", "tasks::left_out", "the test 'tasks::left_out' does not run");
    sees("tests = [\"tasks::limits\"]", "", "names a test or a place in the docs");
    sees("tests = [\"tasks::limits\"]", "docs = \"settings.md#inbound\"", "there is no 'settings.md#inbound'");
    sees("settings = [\"outbound.max\"]\n        behaviours = [10]", "", "names a setting or a behaviour");
    sees("behaviours = [10]", "behaviours = [21]", "there are 20 behaviours and no 21");
    sees("behaviours = [10]", "", "no entry names behaviour 10");
    sees("says = \"the limit\"", "", "does not say what the lines say");
    sees("\"heading\"", "\"boring\"", "'boring' is no reason to leave a line out");
    sees("of = 1", "of = 2", "line 5 is not the same as line 2");
    sees("of = 1", "", "names the line that it repeats");
}

/// The comparison with the manual: each kind of changed line is detected.
#[test]
fn manual_changes_are_detected() {
    let seen = |lines: &[&str]| problems_after("", "", lines);
    let changed = seen(&["A title", "Limit of tasks", "", "Default 30", "A title"]);
    assert!(changed.contains("line 4 has changed"), "{changed}");
    let filled = seen(&["A title", "Limit of tasks", "News", "Default 20", "A title"]);
    assert!(filled.contains("line 3 is not blank any more"), "{filled}");
    let more = seen(&["A title", "Limit of tasks", "", "Default 20", "A title", "Min 1"]);
    assert!(more.contains("line 6 is not covered"), "{more}");
    assert_eq!("", seen(&["A title", "Limit\u{a0}of  tasks ", " ", "Default 20", "A title"]), "blanks do not count");
}

//! The table: its format, and what can be checked without the manual.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// The behaviours of the manual that must be real, by number.
const BEHAVIOURS: u8 = 20;

/// Why a line has no content to implement or document.
const LAYOUT: [&str; 7] = [
    // A title, also of a list or a box.
    "heading",
    // The header of a table.
    "columns",
    // The caption of a picture that is missing.
    "caption",
    // A pointer to another page.
    "pointer",
    // A remnant of the tool that created the manual.
    "residue",
    // Advertises something else.
    "advertisement",
    // The same line as another, about the same thing.
    "duplicate",
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    manual: Manual,
    /// Numbers and ranges.
    blank: Vec<String>,
    entry: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manual {
    lines: usize,
}

/// How some lines are covered: by tests, by the docs, or not at all.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Number and hash of each line.
    lines: Vec<String>,
    /// A paraphrase of the lines.
    #[serde(default)]
    says: String,
    #[serde(default)]
    settings: Vec<String>,
    #[serde(default)]
    behaviours: Vec<u8>,
    /// Names of tests or of modules of tests.
    #[serde(default)]
    tests: Vec<String>,
    /// File and anchor.
    docs: Option<String>,
    layout: Option<String>,
    /// The line that is repeated.
    of: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    Covered,
    Documented,
    Layout,
}

/// What a table may name.
pub struct KnownNames {
    pub leaves: BTreeSet<String>,
    pub head: BTreeSet<String>,
    pub tests: BTreeSet<String>,
    pub ignored: BTreeSet<String>,
    pub anchors: BTreeSet<String>,
}

impl Entry {
    fn coverage(&self) -> Coverage {
        match (&self.layout, self.tests.is_empty()) {
            (Some(_), _) => Coverage::Layout,
            (None, true) => Coverage::Documented,
            (None, false) => Coverage::Covered,
        }
    }

    /// The lines that can be parsed.
    fn marks(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines.iter().filter_map(|line| mark(line))
    }

    fn problems(&self, known: &KnownNames) -> Vec<String> {
        let mut found: Vec<String> = self
            .lines
            .iter()
            .filter(|line| mark(line).is_none())
            .map(|line| format!("'{line}' is not a number and eight hexadecimal digits"))
            .collect();
        match self.coverage() {
            Coverage::Layout => found.extend(self.layout_problems()),
            Coverage::Covered | Coverage::Documented => found.extend(self.target_problems(known)),
        }
        found
    }

    fn layout_problems(&self) -> Vec<String> {
        let reason = self.layout.as_deref().unwrap_or_default();
        let mut found = vec![];
        if !LAYOUT.contains(&reason) {
            found.push(format!("'{reason}' is no reason to leave a line out; these are: {}", LAYOUT.join(", ")));
        }
        if (reason == "duplicate") != self.of.is_some() {
            found.push("a duplicate, and only a duplicate, names the line that it repeats with `of`".to_owned());
        }
        if !(self.settings.is_empty() && self.behaviours.is_empty() && self.tests.is_empty() && self.docs.is_none()) {
            found.push("a layout entry must have no settings, behaviours, tests or docs".to_owned());
        }
        found
    }

    fn target_problems(&self, known: &KnownNames) -> Vec<String> {
        let mut found = vec![];
        if self.says.is_empty() {
            found.push("it does not say what the lines say".to_owned());
        }
        if self.of.is_some() {
            found.push("only a duplicate repeats a line".to_owned());
        }
        if self.tests.is_empty() && self.docs.is_none() {
            found.push("it names a test or a place in the docs, or is layout".to_owned());
        }
        if !self.tests.is_empty() && self.settings.is_empty() && self.behaviours.is_empty() {
            found.push("what a test holds names a setting or a behaviour".to_owned());
        }
        let settings = self.settings.iter().filter(|path| !known.has_setting(path));
        found.extend(settings.map(|path| format!("there is no setting '{path}'")));
        let behaviours = self.behaviours.iter().filter(|number| !(1..=BEHAVIOURS).contains(*number));
        found.extend(behaviours.map(|number| format!("there are {BEHAVIOURS} behaviours and no {number}")));
        for name in &self.tests {
            let mut named = known.tests.iter().filter(|test| below(test, name, "::")).peekable();
            if named.peek().is_none() {
                found.push(format!("there is no test '{name}' in this binary"));
            }
            let ignored = named.filter(|test| known.ignored.contains(*test));
            found.extend(ignored.map(|test| format!("the test '{test}' does not run: it is ignored")));
        }
        let anchors = self.docs.iter().filter(|place| !known.anchors.contains(*place));
        found.extend(anchors.map(|place| format!("there is no '{place}' in docs/")));
        found
    }
}

impl KnownNames {
    /// A setting, a group of settings, or a top-level field of the spec.
    fn has_setting(&self, path: &str) -> bool {
        self.head.contains(path) || self.leaves.iter().any(|leaf| below(leaf, path, "."))
    }
}

impl Table {
    pub fn length(&self) -> usize {
        self.manual.lines
    }

    pub fn blank(&self) -> BTreeSet<usize> {
        self.blank.iter().flat_map(|range| numbers(range)).collect()
    }

    /// The lines of one kind, without blank lines.
    pub fn lines_of(&self, coverage: Coverage) -> BTreeSet<usize> {
        let entries = self.entry.iter().filter(|entry| entry.coverage() == coverage);
        entries.flat_map(|entry| entry.marks().map(|(number, _)| number)).collect()
    }

    /// Each line with its hash.
    pub fn marks(&self) -> BTreeMap<usize, &str> {
        self.entry.iter().flat_map(Entry::marks).collect()
    }

    /// The problems of the table that can be found without the manual.
    pub fn problems(&self, known: &KnownNames) -> Vec<String> {
        self.problems_covering(known, &(1..=BEHAVIOURS).collect::<Vec<_>>())
    }

    /// As [`Self::problems`], but only these behaviours must be covered.
    pub fn problems_covering(&self, known: &KnownNames, behaviours: &[u8]) -> Vec<String> {
        let mut found = self.line_problems();
        for entry in &self.entry {
            let lines = entry.lines.first().map_or("", String::as_str);
            found.extend(
                entry.problems(known).into_iter().map(|problem| format!("the entry of line {lines}: {problem}")),
            );
        }
        let held: Vec<&Entry> = self.entry.iter().filter(|entry| entry.coverage() == Coverage::Covered).collect();
        let unnamed = |number: &&u8| !held.iter().any(|entry| entry.behaviours.contains(number));
        found.extend(behaviours.iter().filter(unnamed).map(|number| format!("no entry names behaviour {number}")));
        // By its own path: a group would also cover settings that are added later.
        let named: BTreeSet<&String> = held.iter().flat_map(|entry| &entry.settings).collect();
        let leaves = known.leaves.iter().filter(|leaf| !named.contains(leaf));
        found.extend(leaves.map(|leaf| format!("no entry names spec.{leaf}")));
        found
    }

    fn line_problems(&self) -> Vec<String> {
        let marked = self.entry.iter().flat_map(|entry| entry.marks().map(|(number, _)| number));
        let mut times = BTreeMap::<usize, usize>::new();
        for number in marked.chain(self.blank.iter().flat_map(|range| numbers(range))) {
            *times.entry(number).or_default() += 1;
        }
        let all = 1..=self.length();
        let mut found: Vec<String> = all
            .clone()
            .filter(|number| !times.contains_key(number))
            .map(|number| format!("line {number} has no entry"))
            .collect();
        for (number, times) in &times {
            if *times > 1 {
                found.push(format!("line {number} has two entries"));
            }
            if !all.contains(number) {
                found.push(format!("line {number} is not one of the {} lines of the manual", self.length()));
            }
        }
        let marks = self.marks();
        for entry in &self.entry {
            let Some(of) = entry.of else { continue };
            let other = entry.marks().find(|(number, hash)| marks.get(&of) != Some(hash) || *number == of);
            found.extend(other.map(|(number, _)| format!("line {number} is not the same as line {of}")));
        }
        found
    }
}

/// `45 1a2b3c4d`.
fn mark(text: &str) -> Option<(usize, &str)> {
    let (number, hash) = text.split_once(' ')?;
    let digits = hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    digits.then_some((number.parse().ok()?, hash))
}

/// `4` or `6-8`.
fn numbers(range: &str) -> Vec<usize> {
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    match (first.parse(), last.parse()) {
        (Ok(first), Ok(last)) => (first..=last).collect(),
        _ => panic!("'{range}' is neither a number nor a range"),
    }
}

/// Whether a path is that of `above` or below it.
fn below(path: &str, above: &str, separator: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with(separator))
}

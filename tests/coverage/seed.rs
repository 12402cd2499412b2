//! The manual: where it is, and whether it still equals the version that the table was made from.

use std::fmt::Write;
use std::path::PathBuf;

use sha2::{Digest, Sha256};

use super::table::Table;
use crate::support::assets;

/// The default path of the manual, relative to the checkout.
const BESIDE: &str = "../shared/seed/tenant-administration.txt";

/// The lines of the manual; `None` if it is not available and not required.
pub fn find() -> Option<Vec<String>> {
    let said = std::env::var("NIMBUS_SEED").ok();
    let path = match said.as_deref() {
        Some("") => return None,
        Some(path) => assets::checkout().join(path),
        None => Some(assets::checkout().join(BESIDE)).filter(|path: &PathBuf| path.exists())?,
    };
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!(
            "the manual is not at {}: {error}. NIMBUS_SEED says where it is, from the top of the checkout; \
             NIMBUS_SEED= (empty) checks docs/coverage.toml without it",
            path.display()
        )
    });
    Some(text.lines().map(ToOwned::to_owned).collect())
}

/// How the manual and the table differ.
pub struct Comparison {
    pub messages: Vec<String>,
    /// Lines with text that have no entry.
    pub uncovered: usize,
}

pub fn compare(table: &Table, lines: &[String]) -> Comparison {
    let (marks, blank) = (table.marks(), table.blank());
    let (mut messages, mut uncovered) = (vec![], 0);
    if lines.len() != table.length() {
        messages.push(format!("the manual has {} lines and the table is for {}", lines.len(), table.length()));
    }
    for (number, line) in (1..).zip(lines) {
        let now = hash(line);
        match marks.get(&number) {
            Some(was) if **was == now => {}
            Some(was) => messages.push(format!(
                "line {number} has changed: check its entry, then write \"{number} {now}\" for \"{number} {was}\""
            )),
            None if blank.contains(&number) && bare(line).is_empty() => {}
            None if blank.contains(&number) => {
                messages.push(format!("line {number} is not blank any more: \"{number} {now}\""))
            }
            None => {
                uncovered += 1;
                messages.push(format!("line {number} is not covered: give \"{number} {now}\" an entry"));
            }
        }
    }
    Comparison { messages, uncovered }
}

/// The first eight hexadecimal digits of the SHA-256 of a line, with whitespace trimmed and collapsed.
pub fn hash(line: &str) -> String {
    let digest = Sha256::digest(bare(line));
    digest.iter().take(4).fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn bare(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

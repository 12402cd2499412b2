//! The tests that were compiled into this binary, as it lists them itself: one that is left out by `cfg` is not there.

use std::collections::BTreeSet;
use std::process::Command;

/// The names of all tests.
pub fn tests() -> BTreeSet<String> {
    list(&[])
}

/// The names of those that do not run unless somebody asks for them.
pub fn ignored() -> BTreeSet<String> {
    list(&["--ignored"])
}

fn list(arguments: &[&str]) -> BTreeSet<String> {
    let own = std::env::current_exe().unwrap();
    let output = Command::new(own).args(["--list", "--format", "terse"]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.strip_suffix(": test")).map(ToOwned::to_owned).collect()
}

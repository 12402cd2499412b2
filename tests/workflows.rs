//! Workflows and documents for contributors: targets of make that exist, and no action of a third party.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::support::assets;

fn read(name: &str) -> String {
    std::fs::read_to_string(assets::checkout().join(name)).unwrap()
}

fn targets() -> BTreeSet<String> {
    let makefile = read("Makefile");
    let named = makefile.lines().filter_map(|line| line.split_once(": ").filter(|(_, rest)| rest.contains("## ")));
    named.map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn workflows_call_targets_that_exist_and_only_a_pinned_checkout() {
    static TARGET: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\bmake ([a-z-]+)").unwrap());
    static ACTION: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"uses: (\S+)").unwrap());
    static PINNED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^actions/checkout@[0-9a-f]{40}$").unwrap());
    static MATRIX: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"target: \[([a-z, -]+)\]").unwrap());
    let targets = targets();
    let mut called = BTreeSet::new();
    for name in [".github/workflows/ci.yaml", ".github/workflows/nightly.yaml"] {
        let text = read(name);
        assert!(text.contains("\npermissions: {contents: read}\n"), "{name}");
        for action in ACTION.captures_iter(&text) {
            assert!(PINNED.is_match(&action[1]), "{name}: {}", &action[1]);
        }
        let listed = MATRIX
            .captures_iter(&text)
            .flat_map(|found| found[1].split(", ").map(ToOwned::to_owned).collect::<Vec<_>>());
        called.extend(TARGET.captures_iter(&text).map(|found| found[1].to_owned()).chain(listed));
    }
    assert!(called.is_subset(&targets), "{:?}", called.difference(&targets));
    // What is never run rots.
    let nightly = targets.iter().filter(|target| target.starts_with("nightly-"));
    let run: BTreeSet<_> = nightly.map(String::as_str).chain(["check", "test", "demo", "bench-instructions"]).collect();
    assert_eq!(run, called.iter().map(String::as_str).collect());

    for name in ["CONTRIBUTING.md", "docs/releasing.md", ".github/pull_request_template.md", ".ci/run"] {
        for found in TARGET.captures_iter(&read(name)) {
            assert!(targets.contains(&found[1]), "{name}: make {}", &found[1]);
        }
    }
}

/// `make check` and the workflow of CI do what `.ci/run` does.
#[test]
fn ci_runs_what_is_run_locally() {
    static TARGET: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)make ([a-z]+( ONESHOT=1)?)").unwrap());
    let commands = |name: &str| TARGET.captures_iter(&read(name)).map(|found| found[1].to_owned()).collect();
    let (local, ci): (BTreeSet<String>, BTreeSet<String>) =
        (commands(".ci/run"), commands(".github/workflows/ci.yaml"));
    assert_eq!(local, ci);
}

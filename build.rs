//! Gives both binaries their version with the commit, for `--version` and metrics.
//!
//! The commit is `NIMBUS_COMMIT`, where it is set; else that of the git checkout, in release builds only: otherwise each commit would
//! compile everything again. A tarball has none. The same commit gives the same text, so that builds stay reproducible.

use std::path::Path;
use std::process::Command;

/// How many characters of a commit are shown.
const SHOWN: usize = 12;

fn main() {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    // This file does not exist, so this runs with every build; what it prints decides whether anything is compiled.
    println!("cargo::rerun-if-changed=always");
    println!("cargo::rerun-if-env-changed=NIMBUS_COMMIT");
    let given = std::env::var("NIMBUS_COMMIT").ok();
    let is_release = variable("PROFILE") == "release";
    let commit = given.or_else(|| is_release.then(|| commit_of(Path::new(&variable("CARGO_MANIFEST_DIR"))))?);
    let commit = commit.filter(|commit| !commit.is_empty());
    let version = variable("CARGO_PKG_VERSION");
    println!("cargo::rustc-env=NIMBUS_VERSION={}", text(&version, commit.as_deref()));
    if let Some(commit) = commit {
        println!("cargo::rustc-env=NIMBUS_COMMIT={commit}");
    }
}

/// The version as `--version` shows it.
pub fn text(version: &str, commit: Option<&str>) -> String {
    commit.map_or_else(|| version.to_owned(), |commit| format!("{version} ({commit})"))
}

/// The commit of the checkout that has this folder; nothing if the folder is not part of one.
pub fn commit_of(folder: &Path) -> Option<String> {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    // The source of a tarball may lie in another repository, whose commit says nothing about it.
    git(&["ls-files", "--error-unmatch", "Cargo.toml"])?;
    let commit = git(&["rev-parse", &format!("--short={SHOWN}"), "HEAD"])?;
    let changes = git(&["status", "--porcelain", "--untracked-files=no"])?;
    Some(if changes.is_empty() { commit } else { format!("{commit}-modified") })
}

//! The version that the binaries show.

#[path = "../build.rs"]
#[allow(dead_code, clippy::print_stdout, reason = "its main prints to Cargo")]
mod build;

use std::path::Path;
use std::process::Command;

use crate::support::assets;

#[test]
fn version_is_shown_with_the_commit_that_the_build_knew() {
    let output = Command::new(assets::operator().unwrap()).arg("--version").output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(format!("nimbus-operator {}\n", env!("NIMBUS_VERSION")), shown);
    let expected = build::text(env!("CARGO_PKG_VERSION"), option_env!("NIMBUS_COMMIT"));
    assert_eq!(expected, env!("NIMBUS_VERSION"));
    assert_eq!("1.2.3 (0a1b2c)", build::text("1.2.3", Some("0a1b2c")));
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let identity = ["-c", "user.name=test", "-c", "user.email=test@test.invalid", "-c", "commit.gpgsign=false"];
    let mut command = Command::new("git");
    let output = command.arg("-C").arg(folder).args(identity).args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn commit_is_that_of_the_checkout_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("Cargo.toml");
    std::fs::write(&manifest, "[package]").unwrap();
    assert_eq!(None, build::commit_of(folder.path()), "a tarball");

    git(folder.path(), &["init", "--quiet"]);
    assert_eq!(None, build::commit_of(folder.path()), "a tarball in another repository");
    git(folder.path(), &["add", "Cargo.toml"]);
    git(folder.path(), &["commit", "--quiet", "--message", "first"]);
    let commit = git(folder.path(), &["rev-parse", "HEAD"]);
    assert_eq!(Some(&commit[..12]), build::commit_of(folder.path()).as_deref());

    std::fs::write(manifest, "[workspace]").unwrap();
    assert_eq!(Some(format!("{}-modified", &commit[..12])), build::commit_of(folder.path()));
}

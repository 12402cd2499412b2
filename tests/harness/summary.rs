//! `tests/summary.sh`, the end of `make test`: which tests failed, where their logs are, and how many passed.

use std::path::Path;
use std::process::Command;

use crate::support::assets;

const FAILED: &str = "
     Running unittests src/lib.rs (target/debug/deps/nimbus_operator-1)

running 2 tests
test plan::tests::one ... ok
test plan::tests::two ... FAILED

failures:

---- plan::tests::two stdout ----
two said this


failures:
    plan::tests::two

test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s

     Running tests/main.rs (target/debug/deps/integration-1)

running 4 tests
test behaviours::b10_limits::platform_only::one ... ok
test cli::one ... ok
test deletion::one ... FAILED
test deletion::two ... FAILED

failures:

---- deletion::one stdout ----
one said this
---- deletion::two stdout ----
two said that

failures:
    deletion::one
    deletion::two

test result: FAILED. 2 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s
";

/// Runs the script on a log, and returns whether it succeeded and what it printed, with paths relative to the folder.
fn summary(folder: &Path, log: &str, status: &str) -> (bool, Vec<String>) {
    std::fs::write(folder.join("test.log"), log).unwrap();
    let script = assets::checkout().join("tests/summary.sh");
    let output = Command::new(script).args(["test.log", "logs", status]).current_dir(folder).output().unwrap();
    assert_eq!("", String::from_utf8_lossy(&output.stderr));
    let printed = String::from_utf8(output.stdout).unwrap();
    (output.status.success(), printed.lines().map(ToOwned::to_owned).collect())
}

#[test]
fn failed_tests_are_listed_with_their_logs() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("logs")).unwrap();
    std::fs::write(folder.path().join("logs/deletion.one.audit.log"), "an audit log that the test kept").unwrap();
    let (succeeded, printed) = summary(folder.path(), FAILED, "101");
    assert!(!succeeded);
    let expected = [
        "1 of these show behaviour of the platform alone (platform_only)",
        "",
        "Failed:",
        "  deletion::one",
        "    logs/deletion.one.log",
        "    logs/deletion.one.audit.log",
        "  deletion::two",
        "    logs/deletion.two.log",
        "  plan::tests::two",
        "    logs/plan.tests.two.log",
        "The whole output: test.log",
        "3 passed, 3 failed",
    ];
    assert_eq!(expected, *printed);
    let log = |name: &str| std::fs::read_to_string(folder.path().join("logs").join(name)).unwrap();
    assert_eq!("one said this\n", log("deletion.one.log"));
    assert_eq!("two said that\n\n", log("deletion.two.log"));
    assert_eq!("two said this\n\n\n", log("plan.tests.two.log"));
}

#[test]
fn successful_run_prints_the_counts() {
    let folder = tempfile::tempdir().unwrap();
    let log = "     Running tests/main.rs (x)\ntest a ... ok\ntest result: ok. 1 passed; 0 failed; 0 ignored;\n";
    let expected = ["0 of these show behaviour of the platform alone (platform_only)", "1 passed, 0 failed"];
    assert_eq!((true, expected.map(ToOwned::to_owned).into()), summary(folder.path(), log, "0"));
}

#[test]
fn run_without_a_result_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let killed = "     Running tests/main.rs (target/x)\ntest a ... ok\nerror: signal: 9\n";
    for (log, reported) in [
        (killed, "  ended without a result: tests/main.rs (target/x)"),
        ("error: could not compile\n", "  cargo test ended with status 101 before a test failed"),
    ] {
        let (succeeded, printed) = summary(folder.path(), log, "101");
        assert!(!succeeded);
        assert_eq!(["Failed:", reported, "The whole output: test.log", "0 passed, 0 failed"], printed[2..]);
    }
}

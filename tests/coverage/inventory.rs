//! The tests that a table may name: those of this binary, as it lists them (without tests disabled by `cfg`), and those of
//! the reference platform, which has its own test binary and is therefore read from its sources.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::security;
use crate::support::assets;

/// The names of all tests.
pub fn tests() -> BTreeSet<String> {
    list(&[]).into_iter().chain(of_the_platform().map(|(name, _)| name)).collect()
}

/// The names of ignored tests.
pub fn ignored() -> BTreeSet<String> {
    let ignored = of_the_platform().filter(|(_, ignored)| *ignored);
    list(&["--ignored"]).into_iter().chain(ignored.map(|(name, _)| name)).collect()
}

fn list(arguments: &[&str]) -> BTreeSet<String> {
    let own = std::env::current_exe().unwrap();
    let output = Command::new(own).args(["--list", "--format", "terse"]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.strip_suffix(": test")).map(ToOwned::to_owned).collect()
}

/// `sandbox::<module>::<test>` of each test of the reference platform over HTTP, and whether it is ignored.
fn of_the_platform() -> impl Iterator<Item = (String, bool)> {
    let root = assets::checkout().join("sandbox/tests");
    let files = security::sources(&["sandbox/tests"]);
    let texts: Vec<String> = files.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let all = texts.concat();
    files.into_iter().zip(texts).flat_map(move |(path, text)| {
        let module = path.strip_prefix(&root).unwrap().with_extension("");
        let name = module.file_name().unwrap().to_string_lossy();
        assert!(name == "main" || all.contains(&format!("mod {name};")), "no file has the module {}", path.display());
        tests_in(&text).into_iter().map(move |(test, ignored)| (full_name(&module, test), ignored)).collect::<Vec<_>>()
    })
}

fn full_name(module: &Path, test: &str) -> String {
    let modules = module.iter().map(|part| part.to_string_lossy().into_owned());
    ["sandbox".to_owned()].into_iter().chain(modules).chain([test.to_owned()]).collect::<Vec<_>>().join("::")
}

/// The tests of a file by the attributes above their functions, and whether they are ignored.
fn tests_in(text: &str) -> Vec<(&str, bool)> {
    let (mut is_test, mut ignored, mut found) = (false, false, vec![]);
    for line in text.lines().map(str::trim) {
        match line.split_once("fn ") {
            _ if line.starts_with("#[") => {
                is_test |= line == "#[test]" || line.starts_with("#[tokio::test");
                ignored |= line.starts_with("#[ignore");
            }
            Some((_, rest)) if is_test => {
                found.extend(rest.split('(').next().map(|name| (name, ignored)));
                (is_test, ignored) = (false, false);
            }
            _ => {}
        }
    }
    found
}

#[test]
fn tests_are_found_in_sources() {
    let text = "#[tokio::test]\nasync fn one() {}\nfn helper() {}\n#[test]\n#[ignore = \"slow\"]\nfn two() {}\n#[test]\nfn three() {}";
    assert_eq!([("one", false), ("two", true), ("three", false)], *tests_in(text));
    assert_eq!("sandbox::tenants::one", full_name(Path::new("tenants"), "one"));
}

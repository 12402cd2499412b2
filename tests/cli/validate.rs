//! `kubectl nimbus validate`, as a process: exit codes, forms, and input of all kinds.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::support::assets;

const TENANT: &str = "apiVersion: nimbus.luware.com/v1alpha1\nkind: Tenant\nmetadata: {name: contoso}\nspec:\n  platformRef: {name: euwe-01}\n  general: {tenantId: 6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c}\n";

fn plugin(arguments: &[&str]) -> Command {
    let mut command = Command::new(assets::plugin().unwrap());
    command.args(arguments);
    command
}

fn validate(folder: &Path, arguments: &[&str]) -> Output {
    plugin(&["validate", "-f"]).arg(folder).args(arguments).output().unwrap()
}

/// Exit code and standard output.
fn exit_and_text(output: &Output) -> (i32, String) {
    (output.status.code().unwrap(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The exit code and the text for one file.
fn judged(text: &str, arguments: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.yaml"), text).unwrap();
    let (code, said) = exit_and_text(&validate(folder.path(), arguments));
    (code, said.replace(&format!("{}/", folder.path().display()), ""))
}

fn with(lines: &str) -> String {
    format!("{TENANT}{lines}")
}

#[test]
fn a_valid_file_and_an_invalid_one_differ_in_exit_code() {
    assert_eq!((0, "valid; 1 object in 1 file\n".to_owned()), judged(TENANT, &[]));
    let (code, said) = judged(&with("  syncIntervalSeconds: 5\n"), &[]);
    assert_eq!(
        (
            1,
            "a.yaml:7:24: error: spec.syncIntervalSeconds: is 5, must be from 60 to 604800\ninvalid: 1 error; 1 object in 1 file\n"
        ),
        (code, said.as_str())
    );
}

#[test]
fn traps_of_yaml_are_named_with_their_cure() {
    for (lines, place, says, cure) in [
        ("  contact: {name: NO}\n", "7:19", "YAML reads NO without quotes as false", "write it in quotes: \"NO\""),
        ("  contact: {name: 08005}\n", "7:19", "as the number 8005", "write it in quotes: \"08005\""),
        ("  contact: {name: 1e3}\n", "7:19", "as the number 1000", "write it in quotes: \"1e3\""),
        ("  syncIntervalSeconds: \"3600\"\n", "7:24", "quotes make it a text", "without quotes: 3600"),
        ("  suspend: 'true'\n", "7:12", "quotes make it a text", "without quotes: true"),
        ("  contact:\n", "7:10", "spec.contact: has no value", "remove the field"),
    ] {
        let (code, said) = judged(&with(lines), &[]);
        assert_eq!(1, code, "{said}");
        assert!(
            said.starts_with(&format!("a.yaml:{place}: error: ")) && said.contains(says) && said.contains(cure),
            "{said}"
        );
    }
}

#[test]
fn a_spelling_that_programs_read_differently_is_a_warning() {
    let (code, said) = judged(&with("  suspend: yes\n  syncIntervalSeconds: 0170\n"), &[]);
    assert_eq!(0, code, "{said}");
    assert!(said.contains("warning: spec.suspend: is written yes, which kubectl reads as true"), "{said}");
    assert!(said.contains("is written 0170, which kubectl reads as 120"), "{said}");
    assert_eq!(1, judged(&with("  suspend: yes\n"), &["--strict"]).0);
}

#[test]
fn unknown_and_duplicate_keys_have_line_and_column() {
    let (_, said) = judged(&with("  contact: {nmae: a, name: b, name: c}\n"), &[]);
    assert!(
        said.contains("a.yaml:7:13: error: spec.contact.nmae: is not a field of the schema\n    did you mean name?"),
        "{said}"
    );
    assert!(said.contains("a.yaml:7:31: error: spec.contact.name: is given twice, first on line 7"), "{said}");
}

/// What the schema cannot say, and the operator would: the same sentence as in the status.
#[test]
fn the_operators_own_judgement_is_part_of_it() {
    let same = "  modalities: {instantMessaging: {enabled: true, primaryAccount: a@b.example, secondaryAccount: A@b.example}}\n";
    let (code, said) = judged(&with(same), &[]);
    assert!(code == 1 && said.contains("must differ from spec.modalities.instantMessaging.primaryAccount"), "{said}");
    let (code, said) = judged(&with("  extensions: {interact: {enabled: true}}\n"), &[]);
    assert!(
        code == 0 && said.contains("warning: spec.extensions.interact.acsConnectionStringRef: must be set while"),
        "{said}"
    );
}

#[test]
fn objects_of_one_fleet_are_held_against_each_other() {
    let other = TENANT.replace("name: contoso", "name: fabrikam").replace("6f1b", "6F1B");
    let (code, said) = judged(&format!("{TENANT}---\n{other}---\n{TENANT}"), &[]);
    assert_eq!(0, code, "{said}");
    assert!(
        said.contains("a.yaml:13:23: warning: spec.general.tenantId: is also that of the Tenant in a.yaml:6"),
        "{said}"
    );
    assert!(said.contains("warning: metadata.name: is described twice, also in a.yaml:1"), "{said}");
}

#[test]
fn several_documents_and_lists_are_judged_each() {
    let list = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: nimbus.luware.com/v1alpha1\n  kind: Partner\n  metadata: {name: n}\n  spec: {}\n";
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: acs}\n";
    let (code, said) = judged(&format!("{TENANT}---\n[broken\n---\n{list}---\n{secret}---\n"), &[]);
    assert_eq!(1, code);
    assert!(said.contains("is not YAML") && said.contains("spec.platformPartnerId: is required"), "{said}");
    assert!(said.contains("2 objects in 1 file, 1 object of other kinds not judged"), "{said}");
}

#[test]
fn kinds_and_versions_that_are_not_known_are_refused() {
    for (from, to, says) in [
        ("kind: Tenant", "kind: Tenants", "kind: is 'Tenants', must be one of Partner, Platform, Tenant"),
        (
            "v1alpha1",
            "v1",
            "apiVersion: is nimbus.luware.com/v1, and this program knows nimbus.luware.com/v1alpha1 only",
        ),
        ("apiVersion: nimbus.luware.com/v1alpha1\n", "", "apiVersion: is missing"),
    ] {
        let (code, said) = judged(&TENANT.replace(from, to), &[]);
        assert!(code == 1 && said.contains(says), "{said}");
    }
    let (code, said) = judged("just a text\n", &[]);
    assert!(code == 1 && said.contains("is no object"), "{said}");
}

#[test]
fn nothing_to_judge_is_a_failure_unless_it_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("below")).unwrap();
    std::fs::write(folder.path().join("below/a.yaml"), TENANT).unwrap();
    let (code, said) = exit_and_text(&validate(folder.path(), &[]));
    assert!(code == 1 && said.contains("has no Tenant, Platform or Partner\n    add -R"), "{said}");
    assert_eq!(0, exit_and_text(&validate(folder.path(), &["--allow-empty"])).0);
    assert_eq!(0, exit_and_text(&validate(folder.path(), &["-R"])).0);
    let missing = validate(&folder.path().join("none.yaml"), &[]);
    assert_eq!(1, exit_and_text(&missing).0);
}

#[test]
fn templates_bombs_and_other_encodings_end_in_one_finding() {
    for (text, says) in [
        ("kind: Tenant\nmetadata:\n  name: {{ .Values.name }}\n", "is a template and not YAML"),
        ("a: &a [*a]\n", "refers to itself"),
        (&"[".repeat(100_000), "is not YAML"),
    ] {
        let (code, said) = judged(text, &[]);
        assert!(code == 1 && said.contains(says), "{said}");
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.yaml"), b"\xff\xfea\x00").unwrap();
    let (code, said) = exit_and_text(&validate(folder.path(), &[]));
    assert!(code == 1 && said.contains("is not UTF-8 text"), "{said}");
}

#[test]
fn standard_input_is_read_and_a_closed_output_is_no_error() {
    let mut child = plugin(&["validate", "-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(TENANT.as_bytes()).unwrap();
    assert_eq!((0, "valid; 1 object in 1 file\n".to_owned()), exit_and_text(&child.wait_with_output().unwrap()));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.yaml"), TENANT).unwrap();
    let mut command = plugin(&["validate", "-f"]);
    let mut child = command.arg(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((Some(0), ""), (output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()));
}

#[test]
fn wrong_arguments_exit_with_one_since_two_says_changes() {
    assert_eq!(1, exit_and_text(&plugin(&["validate"]).output().unwrap()).0);
    assert_eq!(1, exit_and_text(&plugin(&["unknown"]).output().unwrap()).0);
    assert_eq!(0, exit_and_text(&plugin(&["--help"]).output().unwrap()).0);
}

/// A value that names a person, and one that may be a secret in the wrong place, do not get into a report.
#[test]
fn personal_and_misplaced_values_are_not_shown() {
    let (code, said) = judged(
        &with(
            "  contact: {phone: 0445551234x, email: canary-mail}\n  extensions: {assistant: {acsConnectionStringRef: endpoint=https://x/;accesskey=canary-key}}\n",
        ),
        &["-o", "json"],
    );
    assert!(code == 1 && !said.contains("canary") && !said.contains("0445551234x"), "{said}");
    let report: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(3, report["findings"].as_array().unwrap().len(), "{said}");
}

#[test]
fn ten_thousand_files_are_judged() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(assets::checkout().join("examples/settings/full.yaml")).unwrap();
    let settings: String =
        text.lines().filter(|line| !line.trim().starts_with('#')).map(|line| format!("{line}\n")).collect();
    for number in 0..10_000 {
        let text = settings.replace("6f1b2a9c", &format!("{number:08x}")).replacen(
            "name: contoso",
            &format!("name: t{number}"),
            1,
        );
        std::fs::write(folder.path().join(format!("{number}.yaml")), text).unwrap();
    }
    let begin = Instant::now();
    let (code, said) = exit_and_text(&validate(folder.path(), &[]));
    println!(
        "{:.1} s for 10000 files of {} bytes: {}",
        begin.elapsed().as_secs_f64(),
        settings.len(),
        said.lines().last().unwrap_or_default()
    );
    assert!(code == 0 && said.contains("in 10000 files"), "{}", said.lines().take(5).collect::<Vec<_>>().join("\n"));
}

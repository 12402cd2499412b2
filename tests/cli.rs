//! The command line: help for each command, errors that name the allowed values, and docs that use existing commands.

use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use clap::CommandFactory;
use nimbus_operator::cli::Operator;
use regex::Regex;

use crate::support::assets;

fn operator(arguments: &[&str]) -> Command {
    let mut command = Command::new(assets::operator().unwrap());
    command.args(arguments).env_remove("NIMBUS_LOG").env_remove("NIMBUS_CLUSTER_ID");
    command
}

/// Exit code and standard error.
fn exit_and_stderr(output: Output) -> (i32, String) {
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn every_command_and_argument_has_help() {
    let mut program = Operator::command();
    program.build();
    let commands: Vec<_> = program.get_subcommands().filter(|command| command.get_name() != "help").collect();
    assert!(commands.len() >= 3, "{} commands", commands.len());
    for command in commands {
        let name = command.get_name();
        assert!(command.get_about().is_some(), "{name} says what it is for");
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{name} --{} says what it is for", argument.get_id());
        }
        let output = operator(&[name, "--help"]).output().unwrap();
        assert!(output.status.success() && output.stdout.len() > 100, "{name} --help");
    }
}

#[test]
fn invalid_argument_names_the_allowed_values() {
    let run = |arguments: &[&str]| exit_and_stderr(operator(arguments).output().unwrap());
    let (code, text) = run(&["run"]);
    assert!(code == 2 && text.contains("--cluster-id <ID>"), "{text}");
    let (code, text) = run(&["run", "--cluster-id", "Prod/1"]);
    assert!(code == 2 && text.contains("1 to 63 lowercase letters"), "{text}");
    let (code, text) = run(&["policies", "--operator-account", ""]);
    assert!(code == 2 && text.contains("--operator-account <USER>"), "a policy for nobody: {text}");
    let (code, text) = run(&["--log", "a=b=", "crd"]);
    assert!(code == 1 && text.starts_with("error: --log a=b=: "), "{text}");
    assert_eq!(1, text.matches("error parsing level filter").count(), "{text}");
}

/// `nimbus-operator crd | head -1`.
#[test]
fn closed_pipe_is_not_an_error() {
    for command in ["crd", "policies"] {
        let mut child = operator(&[command]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!((0, String::new()), exit_and_stderr(child.wait_with_output().unwrap()), "{command}");
    }
}

/// Command lines in the docs use existing commands and arguments only.
#[test]
fn docs_use_existing_commands_and_arguments() {
    static LINE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"nimbus-operator ([a-z]+)([^`|#\n]*)").unwrap());
    static FLAG: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"--([a-z-]+)").unwrap());
    let mut program = Operator::command();
    program.build();
    let (mut lines, mut flags) = (0, 0);
    let documents = ["README.md", "SECURITY.md", "docs/security.md", "docs/behaviours.md", "docs/recovery.md"];
    for name in documents.into_iter().chain(["examples/README.md", "examples/platform.yaml"]) {
        let text = std::fs::read_to_string(assets::checkout().join(name)).unwrap();
        let code = text.lines().filter(|line| name.ends_with(".yaml") || line.contains('`') || !line.contains(". "));
        for found in code.flat_map(|line| LINE.captures_iter(line)) {
            let Some(command) = program.find_subcommand(&found[1]) else { panic!("{name}: {}", &found[0]) };
            lines += 1;
            for flag in FLAG.captures_iter(&found[2]) {
                let known = command.get_arguments().any(|argument| argument.get_long() == Some(&flag[1]));
                assert!(known, "{name}: nimbus-operator {} has no --{}", &found[1], &flag[1]);
                flags += 1;
            }
        }
    }
    assert!(lines >= 6 && flags >= 4, "{lines} command lines with {flags} arguments were found");
}

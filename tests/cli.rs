//! The command lines: help for each command, errors that name the allowed values, and docs that use existing commands.

mod export;
mod plan;
mod status;
mod validate;

use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use clap::CommandFactory;
use nimbus_operator::cli::{Nimbus, Operator};
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
    every_command_has_help(Operator::command(), 3, |name| operator(&[name, "--help"]));
    every_command_has_help(Nimbus::command(), 7, |name| {
        let mut plugin = Command::new(assets::plugin().unwrap());
        plugin.args([name, "--help"]);
        plugin
    });
}

fn every_command_has_help(mut program: clap::Command, least: usize, run: impl Fn(&str) -> Command) {
    program.build();
    let commands: Vec<_> = program.get_subcommands().filter(|command| command.get_name() != "help").collect();
    assert!(commands.len() >= least, "{} commands", commands.len());
    for command in commands {
        let name = command.get_name();
        assert!(command.get_about().is_some(), "{name} says what it is for");
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{name} --{} says what it is for", argument.get_id());
        }
        let output = run(name).output().unwrap();
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
    let (code, text) = run(&["run", "--cluster-id", "prod", "--listen", ":8080"]);
    assert!(code == 2 && text.contains("--listen <ADDR:PORT>") && text.contains("e.g. '0.0.0.0:8080'"), "{text}");
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

/// Command lines of a text, with the flags of each, and what is wrong with them.
#[derive(Default)]
struct Lines {
    commands: usize,
    flags: usize,
    wrong: Vec<String>,
}

impl Lines {
    /// Reads where the plugin of kubectl is the command.
    fn read_plugin(&mut self, program: &clap::Command, text: &str) {
        static LINE: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"\bkubectl[ -]nimbus ([a-z-]+)([^`|#&;\n]*)").unwrap());
        for found in LINE.captures_iter(text) {
            self.line(program, &found[1], &found[2]);
        }
    }

    /// Reads where `nimbus-operator` is the command. For Helm and kubectl it is the name of a release or of an object.
    fn read(&mut self, program: &clap::Command, text: &str) {
        static LINE: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"((?:helm|kubectl) [^`|#&;\n]*?)?\bnimbus-operator ([a-z]+)([^`|#&;\n]*)").unwrap()
        });
        for found in LINE.captures_iter(text).filter(|found| found.get(1).is_none()) {
            self.line(program, &found[2], &found[3]);
        }
    }

    fn line(&mut self, program: &clap::Command, name: &str, arguments: &str) {
        static FLAG: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"--([a-z-]+)").unwrap());
        self.commands += 1;
        let Some(command) = program.find_subcommand(name) else {
            self.wrong.push(format!("no command {name}"));
            return;
        };
        for flag in FLAG.captures_iter(arguments) {
            self.flags += 1;
            if !command.get_arguments().any(|argument| argument.get_long() == Some(&flag[1])) {
                self.wrong.push(format!("{name} has no --{}", &flag[1]));
            }
        }
    }
}

/// Command lines in the docs use existing commands and arguments only.
#[test]
fn docs_use_existing_commands_and_arguments() {
    let (mut program, mut plugin) = (Operator::command(), Nimbus::command());
    program.build();
    plugin.build();
    let mut lines = Lines::default();
    let documents = ["README.md", "SECURITY.md", "docs/security.md", "docs/behaviours.md", "docs/recovery.md"];
    let more = [
        "docs/cli.md",
        "docs/install.md",
        "docs/operations.md",
        "docs/runbook.md",
        "docs/alerts.md",
        "charts/nimbus-operator/README.md",
    ];
    let examples = ["charts/nimbus-sandbox/README.md", "examples/README.md", "examples/platform.yaml"];
    for name in documents.into_iter().chain(more).chain(examples) {
        let text = std::fs::read_to_string(assets::checkout().join(name)).unwrap();
        let code = text.lines().filter(|line| name.ends_with(".yaml") || line.contains('`') || !line.contains(". "));
        code.for_each(|line| {
            lines.read(&program, line);
            lines.read_plugin(&plugin, line);
        });
        assert_eq!(Vec::<String>::new(), lines.wrong, "{name}");
    }
    assert!(lines.commands >= 9 && lines.flags >= 6, "{} lines with {} arguments", lines.commands, lines.flags);
}

#[test]
fn wrong_commands_and_arguments_in_docs_are_found() {
    let mut program = Operator::command();
    program.build();
    let wrong = |text: &str| {
        let mut lines = Lines::default();
        lines.read(&program, text);
        lines.wrong
    };
    let nothing: [&str; 0] = [];
    assert_eq!(nothing, *wrong("helm install nimbus-operator charts/nimbus-operator --namespace nimbus-system"));
    assert_eq!(nothing, *wrong("kubectl delete deployment nimbus-operator now --force"));
    assert_eq!(nothing, *wrong("nimbus-operator crd | kubectl apply --server-side -f -"));
    assert_eq!(["no command charts"], *wrong("nimbus-operator charts --flag"));
    assert_eq!(["run has no --clusterid"], *wrong("`nimbus-operator run --clusterid prod`"));
    assert_eq!(["no command crds"], *wrong("helm upgrade nimbus-operator charts/a && nimbus-operator crds"));
    assert_eq!(["no command crds"], *wrong("kubectl get crd nimbus-operator x | nimbus-operator crds"));
}

//! Rules: valid, tested, and each with a section of `docs/alerts.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use super::vocabulary::{self, Vocabulary};
use super::{files, folder, page};
use crate::support::assets;

/// What the link of each alert begins with; the chart replaces it by a value.
const PAGE: &str = "https://github.com/luware/nimbus-operator/blob/main/docs/alerts.md";

#[derive(Deserialize)]
struct Rules {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

/// A rule that alerts or records.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Rule {
    alert: Option<String>,
    record: Option<String>,
    expr: String,
    r#for: String,
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct TestFile {
    tests: Vec<TestGroup>,
}

#[derive(Deserialize)]
struct TestGroup {
    #[serde(default)]
    promql_expr_test: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    expr: String,
    #[serde(default)]
    exp_samples: Vec<Sample>,
}

#[derive(Deserialize)]
struct Sample {
    labels: String,
}

fn rules() -> Vec<Rule> {
    let read = |path: &Path| {
        let rules: Rules = serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        rules.groups.into_iter().flat_map(|group| group.rules)
    };
    files(&folder("rules"), "yaml").iter().flat_map(|path| read(path)).collect()
}

fn alerts() -> BTreeMap<String, Rule> {
    rules().into_iter().filter_map(|rule| Some((rule.alert.clone()?, rule))).collect()
}

fn tests() -> std::path::PathBuf {
    assets::checkout().join("tests/monitoring/rules")
}

/// Every metric that rules may use: what the operator exports, and what they record.
pub fn vocabulary() -> Vocabulary {
    let mut vocabulary = Vocabulary::exported();
    for rule in rules() {
        let labels = vocabulary.check(&rule.expr);
        if let Some(name) = &rule.record {
            vocabulary.record(name, labels);
        }
    }
    vocabulary
}

/// The cases of all tests.
fn cases() -> Vec<Case> {
    let read = |path: &Path| -> TestFile { serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap() };
    let files = files(&tests(), "yaml");
    files.iter().flat_map(|path| read(path).tests).flat_map(|group| group.promql_expr_test).collect()
}

#[test]
fn rules_are_valid_and_their_tests_pass() {
    let promtool = |arguments: &[&str], folder: &Path| {
        let mut command = Command::new(assets::program("promtool").unwrap());
        let output = command.args(arguments).args(files(folder, "yaml")).output().unwrap();
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
        assert!(output.status.success(), "promtool {arguments:?}: {said}");
    };
    promtool(&["check", "rules", "--lint=all", "--lint-fatal"], &folder("rules"));
    promtool(&["test", "rules"], &tests());
}

#[test]
fn rules_use_metrics_labels_and_words_that_exist() {
    vocabulary();
}

/// An alert that is about replicas, or whose gap while another replica takes over does no harm.
const NOT_BRIDGED: [&str; 2] = ["NimbusTwoLeaders", "NimbusPlatformErrors"];

/// While another replica takes over, what only the leader exports is missing for a while.
#[test]
fn rules_bridge_a_takeover_and_keep_clusters_apart() {
    for Rule { alert, expr, .. } in rules() {
        for list in ["by (", "on ("] {
            let mut lists = expr.split(list).skip(1).map(str::trim_start);
            assert!(lists.all(|labels| labels.starts_with("cluster, ")), "{expr}");
        }
        if alert.is_some_and(|name| NOT_BRIDGED.contains(&name.as_str())) {
            continue;
        }
        for metric in vocabulary::fleet() {
            for (at, _) in expr.match_indices(metric) {
                let before = expr[..at].trim_end();
                let is_other = before.ends_with(['_', ':']) || expr[at + metric.len()..].starts_with(['_', ':']);
                assert!(is_other || before.ends_with("last_over_time("), "{metric} is not bridged: {expr}");
            }
        }
    }
}

#[test]
fn each_alert_has_a_test_that_fires_and_one_that_does_not() {
    let (fires, silent): (Vec<_>, Vec<_>) = cases().into_iter().partition(|case| !case.exp_samples.is_empty());
    for name in alerts().keys() {
        let quoted = format!("alertname=\"{name}\"");
        let fired = |case: &Case| case.exp_samples.iter().any(|sample| sample.labels.contains(&quoted));
        assert!(fires.iter().any(fired), "no test in which {name} fires");
        let is_named = |case: &Case| case.expr.contains(&quoted) && !case.expr.contains("reason=");
        assert!(silent.iter().any(is_named), "no test in which {name} does not fire");
    }
}

#[test]
fn each_alert_has_a_severity_a_duration_and_texts() {
    for (name, Rule { labels, annotations, r#for, .. }) in alerts() {
        let severity = labels.get("severity").map(String::as_str);
        assert!(["critical", "warning", "info"].map(Some).contains(&severity), "{name}");
        assert!(name.starts_with("Nimbus") && labels.len() == 1 && !r#for.is_empty(), "{name}");
        let expected = ["description", "runbook_url", "summary"];
        assert!(annotations.keys().map(String::as_str).eq(expected), "{name}");
        for text in ["description", "summary"] {
            assert!(annotations[text].ends_with('.') && !annotations[text].contains('\n'), "{name}: {text}");
        }
        assert_eq!(format!("{PAGE}#{}", name.to_lowercase()), annotations["runbook_url"]);
    }
}

/// A label that an alert does not have is an empty place in its text.
#[test]
fn texts_of_alerts_use_only_labels_that_they_have() {
    let cases = cases();
    for (name, rule) in alerts() {
        let quoted = format!("alertname=\"{name}\"");
        let samples =
            || cases.iter().flat_map(|case| &case.exp_samples).filter(|sample| sample.labels.contains(&quoted));
        for text in rule.annotations.values() {
            for used in text.split("$labels.").skip(1) {
                let label = used.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap();
                let has = |labels: &str| labels.contains(&format!(",{label}=\""));
                assert!(samples().any(|sample| has(&sample.labels)), "{name} has no label {label}: {text}");
            }
        }
    }
}

/// The sections of alerts: name and text.
fn sections(page: &str) -> BTreeMap<String, String> {
    let parts = page.split("\n### ").skip(1).map(|part| part.split("\n## ").next().unwrap());
    let sections = parts.map(|part| part.split_once('\n').unwrap());
    sections.map(|(title, text)| (title.to_owned(), text.to_owned())).collect()
}

#[test]
fn each_alert_has_its_section_and_each_section_its_alert() {
    let page = page();
    let (sections, alerts) = (sections(&page), alerts());
    let names = |names: Vec<&String>| names.into_iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(alerts.keys().collect()), names(sections.keys().collect()));
    for (name, text) in sections {
        let Rule { labels, r#for, .. } = &alerts[&name];
        let head = format!("\n`{}` after {for}", labels["severity"], r#for = r#for);
        assert!(text.starts_with(&head), "{name}: the section begins with{head}");
        for part in ["\nLook at", "\n```sh\n", "\nWho: "] {
            assert!(text.contains(part), "{name}: nothing of {part:?}");
        }
        assert!(text.contains("\n|") || text.contains("ikely cause") || text.contains("Causes"), "{name}: no causes");
    }
}

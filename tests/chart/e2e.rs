//! `make e2e` needs a cluster with nodes, so it does not run here. That it can be read, and that what it names exists, is checked.

use std::process::Command;

use regex::Regex;

use crate::support::assets;
use crate::support::controlplane::{ControlPlane, Options};
use crate::support::helm::{Helm, NAMESPACE, VERSIONS};
use crate::support::kubectl::Kubectl;
use crate::support::users::ADMIN;

const SCRIPT: &str = "tests/e2e/run.sh";

/// The script, each command on one line.
fn script() -> String {
    std::fs::read_to_string(assets::checkout().join(SCRIPT)).unwrap().replace("\\\n", "")
}

#[test]
fn script_is_shell() {
    let output = Command::new("bash").args(["-n", SCRIPT]).current_dir(assets::checkout()).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(script().contains("set -euo pipefail"));
}

/// The schema of a chart refuses a value that does not exist.
#[test]
fn script_sets_existing_values() {
    let (set, variable) = (Regex::new(r#"--set "?([^"\s)]+)"#).unwrap(), Regex::new(r"\$\{[^}]*\}|\$\w+").unwrap());
    let values = |chart: &str| -> Vec<String> {
        let is_meant = |line: &&str| (chart == "nimbus-sandbox") == line.contains("charts/nimbus-sandbox");
        let lines = script().lines().filter(is_meant).map(ToOwned::to_owned).collect::<Vec<_>>();
        let found = lines.iter().flat_map(|line| set.captures_iter(line));
        found.map(|found| variable.replace_all(&found[1], "any").into_owned()).collect()
    };
    for (chart, least) in [("nimbus-operator", 6), ("nimbus-sandbox", 2)] {
        let values = values(chart);
        assert!(values.len() >= least, "{chart}: {values:?}");
        let arguments: Vec<&str> = values.iter().flat_map(|value| ["--set", value]).collect();
        Helm::new(VERSIONS[0]).template_of(chart, NAMESPACE, &arguments).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn script_asks_for_existing_resources() {
    let plane = ControlPlane::start(Options { policies: false, ..Options::default() }).await.unwrap();
    plane.install_crds().await.unwrap();
    let kubectl = Kubectl::new(plane.kubeconfig(ADMIN));
    let known = kubectl.run(&["api-resources", "--output", "name"]).await.unwrap().stdout;
    let is_known = |name: &str| known.lines().any(|line| line == name || line.starts_with(&format!("{name}.")));
    let verbs =
        Regex::new(r"kubectl (?:-n \S+ )?(?:get|delete|wait|patch|label|create|rollout status) ([a-z][a-z.,]*)");
    let mut count = 0;
    for found in verbs.unwrap().captures_iter(&script()) {
        for name in found[1].split(',') {
            assert!(is_known(name) || is_known(&format!("{name}s")), "{}", &found[0]);
            count += 1;
        }
    }
    assert!(count > 15, "{count} were found");
}

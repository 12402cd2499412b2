//! The chart hands rules and dashboards on as they are.

use serde_json::Value;

use super::{files, folder};
use crate::support::helm::{Helm, VERSIONS};

const ENABLED: [&str; 6] =
    ["--set", "clusterId=ci", "--set", "prometheusRule.enabled=true", "--set", "dashboards.enabled=true"];

#[test]
fn chart_renders_rules_and_dashboards_unchanged() {
    for version in VERSIONS {
        let objects = Helm::new(version).objects(&ENABLED).unwrap();
        for path in files(&folder("rules"), "yaml") {
            let file: Value = serde_yaml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            let name = format!("nimbus-operator-{}", path.file_stem().unwrap().to_str().unwrap());
            assert_eq!(file, objects.get("PrometheusRule", &name)["spec"], "{version}: {name}");
        }
        for path in files(&folder("dashboards"), "json") {
            let file = std::fs::read_to_string(&path).unwrap();
            let [name, key] = [path.file_stem(), path.file_name()].map(|name| name.unwrap().to_str().unwrap());
            let map = objects.get("ConfigMap", &format!("nimbus-operator-dashboard-{name}"));
            assert_eq!(file.trim(), map["data"][key], "{version}: {name}");
        }
    }
}

#[test]
fn alerts_link_to_the_page_that_the_values_name() {
    let set = ["--set", "prometheusRule.runbookUrl=https://wiki.example/nimbus"];
    let helm = Helm::new(VERSIONS[0]);
    let text = helm.template(&[&ENABLED[..], &set].concat()).unwrap();
    let links: Vec<_> = text.lines().filter_map(|line| line.trim().strip_prefix("runbook_url: ")).collect();
    assert!(links.len() > 20 && links.iter().all(|link| link.starts_with("https://wiki.example/nimbus#nimbus")));
    let wrong = ["--set", "prometheusRule.runbookUrl=wiki"];
    assert!(helm.template(&[&ENABLED[..], &wrong].concat()).unwrap_err().to_string().contains("runbookUrl"));
}

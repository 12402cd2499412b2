//! What an upgrade changes: nothing but what its values or its version say, and pods restart only if they must.

use std::path::Path;

use serde_json::Value;

use crate::support::helm::{Helm, NAMESPACE, Objects, RELEASE, VERSIONS, chart, path};

const DEPLOYMENT: &str = "Deployment nimbus-system/nimbus-operator";

/// Where two values differ, as paths.
fn differences(at: &str, before: &Value, after: &Value, found: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(one), Value::Object(other)) => {
            let keys = one.keys().chain(other.keys().filter(|key| !one.contains_key(*key)));
            keys.for_each(|key| differences(&format!("{at}/{key}"), &before[key], &after[key], found));
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let items = one.iter().zip(other).enumerate();
            items.for_each(|(index, (one, other))| differences(&format!("{at}/{index}"), one, other, found));
        }
        _ if before == after => {}
        _ => found.push(at.to_owned()),
    }
}

/// Where the objects of two renders differ; each has the same objects.
fn changes(before: &Objects, after: &Objects) -> Vec<String> {
    assert_eq!(before.names(), after.names());
    let mut found = vec![];
    for object in &before.0 {
        let (kind, name) = (object["kind"].as_str().unwrap(), object["metadata"]["name"].as_str().unwrap());
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or("-");
        let other = after.0.iter().find(|other| {
            other["kind"] == kind
                && other["metadata"]["name"] == name
                && other["metadata"]["namespace"] == object["metadata"]["namespace"]
        });
        differences(&format!("{kind} {namespace}/{name} "), object, other.unwrap(), &mut found);
    }
    found
}

fn rendered(chart: &Path, set: &str) -> Objects {
    let arguments = ["template", RELEASE, path(chart), "--namespace", NAMESPACE, "--kube-version", "1.37.0"];
    let all = "clusterId=ci,serviceMonitor.enabled=true,networkPolicy.enabled=true,flowControl.enabled=true";
    let values = ["--set", all, "--set", "tenantNamespaces[0].name=contoso", "--set", set];
    Objects::read(&Helm::new(VERSIONS[0]).succeed(&[&arguments[..], &values].concat()).unwrap()).unwrap()
}

#[test]
fn upgrade_changes_what_its_values_say_and_nothing_else() {
    let chart = chart("nimbus-operator");
    let before = rendered(&chart, "nameOverride=");
    let image = "/spec/template/spec/containers/0/image";
    let test = "Pod nimbus-system/nimbus-operator-preflight /spec/containers/0/image";
    for (set, expected) in [
        ("image.tag=v9", vec![format!("{DEPLOYMENT} {image}"), test.to_owned()]),
        // The pods stay as they are.
        ("replicaCount=3", vec![format!("{DEPLOYMENT} /spec/replicas")]),
        ("revisionHistoryLimit=5", vec![format!("{DEPLOYMENT} /spec/revisionHistoryLimit")]),
        ("logging.filter=debug", vec!["ConfigMap nimbus-system/nimbus-operator-logging /data/filter".to_owned()]),
        (
            "podDisruptionBudget.maxUnavailable=2",
            vec!["PodDisruptionBudget nimbus-system/nimbus-operator /spec/maxUnavailable".to_owned()],
        ),
        (
            "serviceMonitor.interval=5m",
            vec!["ServiceMonitor nimbus-system/nimbus-operator /spec/endpoints/0/interval".to_owned()],
        ),
    ] {
        assert_eq!(expected, changes(&before, &rendered(&chart, set)), "{set}");
    }
}

/// A newer version has other labels on its objects. Labels of pods and selectors are the same, so only the image restarts them.
#[test]
fn upgrade_of_the_version_changes_labels_and_the_image() {
    let folder = tempfile::tempdir().unwrap();
    let newer = folder.path().join("nimbus-operator");
    let copied = std::process::Command::new("cp").args(["-r", path(&chart("nimbus-operator")), path(&newer)]).status();
    assert!(copied.unwrap().success());
    let file = newer.join("Chart.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let own = format!("ersion: {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(2, text.matches(&own).count(), "version and appVersion");
    std::fs::write(&file, text.replace(&own, "ersion: 9.9.9\n")).unwrap();

    let before = rendered(&chart("nimbus-operator"), "nameOverride=");
    let found = changes(&before, &rendered(&newer, "nameOverride="));
    let labels = [" /metadata/labels/app.kubernetes.io/version", " /metadata/labels/helm.sh/chart"];
    let (labels, others): (Vec<&String>, Vec<&String>) =
        found.iter().partition(|change| labels.iter().any(|label| change.ends_with(label)));
    assert_eq!(2 * before.0.len(), labels.len());
    let images = [
        format!("{DEPLOYMENT} /spec/template/spec/containers/0/image"),
        "Pod nimbus-system/nimbus-operator-preflight /spec/containers/0/image".to_owned(),
    ];
    assert_eq!(images.iter().collect::<Vec<_>>(), others);
}

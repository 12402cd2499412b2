//! What rendered objects name is there: the chart binds, selects and mounts only what it creates or what a value names.

use serde_json::Value;

use super::blocks::BLOCKS;
use crate::support::helm::{Helm, Objects, VERSIONS, chart, ci_values, path};

/// Names of objects that exist before, in the values of these tests.
const GIVEN: [&str; 3] = ["own", "corporate-ca", "nimbus-cluster"];

/// A kind and a name that an object refers to.
type Reference = (String, String);

fn reference(kind: &Value, name: &Value) -> Reference {
    (kind.as_str().unwrap().to_owned(), name.as_str().unwrap().to_owned())
}

/// What a pod needs.
fn of_pod(pod: &Value) -> Vec<Reference> {
    let kind = |kind: &str| Value::from(kind);
    let mut all = vec![];
    if pod["automountServiceAccountToken"] != false {
        all.push(reference(&kind("ServiceAccount"), &pod["serviceAccountName"]));
    }
    for volume in pod["volumes"].as_array().into_iter().flatten() {
        if let Some(map) = volume.get("configMap") {
            all.push(reference(&kind("ConfigMap"), &map["name"]));
        }
    }
    for variable in pod["containers"][0]["env"].as_array().into_iter().flatten() {
        if let Some(map) = variable.pointer("/valueFrom/configMapKeyRef") {
            all.push(reference(&kind("ConfigMap"), &map["name"]));
        }
    }
    all
}

fn references(object: &Value) -> Vec<Reference> {
    let spec = &object["spec"];
    let kind = object["kind"].as_str().unwrap();
    match kind {
        "RoleBinding" | "ClusterRoleBinding" => {
            vec![reference(&object["roleRef"]["kind"], &object["roleRef"]["name"])]
        }
        "ValidatingAdmissionPolicyBinding" | "MutatingAdmissionPolicyBinding" => {
            vec![reference(&kind.trim_end_matches("Binding").into(), &spec["policyName"])]
        }
        "FlowSchema" => {
            vec![reference(&"PriorityLevelConfiguration".into(), &spec["priorityLevelConfiguration"]["name"])]
        }
        "Deployment" => of_pod(&spec["template"]["spec"]),
        "Pod" => of_pod(spec),
        _ => vec![],
    }
}

/// Labels by which an object selects pods.
fn selector(object: &Value) -> Option<&Value> {
    let path = match object["kind"].as_str().unwrap() {
        "Service" => "/spec/selector",
        "NetworkPolicy" => "/spec/podSelector/matchLabels",
        "Deployment" | "PodDisruptionBudget" | "PodMonitor" => "/spec/selector/matchLabels",
        _ => return None,
    };
    Some(object.pointer(path).unwrap())
}

/// References to nothing.
fn dangling(objects: &Objects) -> Vec<String> {
    let pods = &objects.of("Deployment")[0]["spec"]["template"]["metadata"]["labels"];
    let mut all = vec![];
    for object in &objects.0 {
        let namespace = |object: &Value| object["metadata"]["namespace"].clone();
        let exists = |(kind, name): &Reference| {
            let in_reach = |found: &&Value| kind.starts_with("Cluster") || namespace(found) == namespace(object);
            let found = |found: &&Value| found["kind"] == *kind && found["metadata"]["name"] == *name;
            objects.0.iter().filter(found).any(|found| in_reach(&found))
        };
        let missing = references(object).into_iter().filter(|reference| !exists(reference));
        let missing = missing.filter(|(_, name)| !GIVEN.contains(&name.as_str()));
        all.extend(missing.map(|missing| format!("{missing:?} of {} {}", object["kind"], object["metadata"]["name"])));
        for (key, value) in selector(object).into_iter().flat_map(|labels| labels.as_object().unwrap()) {
            if pods[key] != *value {
                all.push(format!("{key}={value} of {}", object["kind"]));
            }
        }
    }
    all
}

#[test]
fn every_object_that_is_named_exists() {
    let helm = Helm::new(VERSIONS[0]);
    for name in ["nimbus-operator", "nimbus-sandbox"] {
        for values in ci_values(name) {
            let more = ["--values", path(&values), "--kube-version", "1.37.0"];
            let objects = Objects::read(&helm.template_of(name, "nimbus-system", &more).unwrap()).unwrap();
            assert_eq!(Vec::<String>::new(), dangling(&objects), "{}", values.display());
        }
    }
    let manifest = std::fs::read_to_string(chart("install.yaml")).unwrap();
    let objects = Objects::read(&manifest).unwrap();
    assert_eq!(Vec::<String>::new(), dangling(&objects), "install.yaml");
    let mut less = objects;
    less.0.retain(|object| object["kind"] != "ClusterRole");
    assert!(
        dangling(&less).iter().any(|missing| missing.contains("nimbus-operator")),
        "a role that is missing is found"
    );
}

/// What one block takes away, another may name. Then the two are refused, and the refusal says what requires what.
#[test]
fn blocks_that_need_each_other_are_refused_apart() {
    let helm = Helm::new(VERSIONS[0]);
    let base = ["--set", "clusterId=ci", "--kube-version", "1.37.0"];
    let (mut rendered, mut refused) = (0, vec![]);
    for (number, taken) in BLOCKS.iter().enumerate().filter(|(_, block)| !block.removes.is_empty()) {
        for other in &BLOCKS[number + 1..] {
            match helm.objects(&[&base[..], &["--set", taken.set, "--set", other.set]].concat()) {
                Ok(objects) => {
                    assert_eq!(Vec::<String>::new(), dangling(&objects), "{} with {}", taken.set, other.set);
                    rendered += 1;
                }
                Err(error) if error.to_string().contains("require") => refused.push((taken.set, other.set)),
                Err(error) => panic!("{} with {}: {error}", taken.set, other.set),
            }
        }
    }
    assert!(rendered > 100, "{rendered}");
    assert_eq!(
        3,
        refused.len(),
        "system administrators and partners without roles, a ServiceMonitor without a Service: {refused:?}"
    );
}

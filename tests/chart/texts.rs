//! A name stays a text where YAML would read it as a number, a truth value or nothing.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::helm::{Helm, Objects, VERSIONS, path, path_of_chart};

/// Names that Kubernetes takes and that are no texts in YAML unless they are quoted.
const NAMES: [&str; 7] = ["7777", "1e3", "0x1f", "012", "true", "null", "no"];

/// A name that is a text in each place.
const PLAIN: &str = "zplainz";

/// Values with one name wherever a name, a label or a key can be set.
fn values(name: &str, cluster_id: &Value) -> Value {
    let labels = json!({ "a": name });
    let subject = json!({ "kind": "ServiceAccount", "name": name, "namespace": name });
    let mut values = json!({
        "instance": name, "nameOverride": name, "commonLabels": { "b": name },
        "tenantNamespaces": [{ "name": name, "secrets": [name], "widgetKeys": [name], "watchSecrets": true }],
        "restrictToTenantNamespaces": true,
        "federatedToken": { "enabled": true, "audience": name },
        "caBundle": { "configMapName": name, "key": name },
        "logging": { "filter": name },
        "policies": { "additionalOperators": [name], "additionalOperatorNamespaces": [name] },
        "finalizerPolicy": { "enabled": true },
        "image": { "repository": name, "tag": name },
        "imagePullSecrets": [{ "name": name }],
        "priorityClassName": name,
        "podLabels": labels, "podAnnotations": labels, "deploymentAnnotations": labels,
        "serviceAccount": { "name": name, "labels": labels, "annotations": labels },
        "rbac": { "credentialsSecrets": [name] },
        "systemAdmins": [subject],
        "partners": [{
            "name": name, "subjects": [subject], "namespaces": [name],
            "spec": { "displayName": name, "platformPartnerId": name }
        }],
        "platforms": [{ "name": name, "spec": { "endpoint": name } }],
        "serviceMonitor": { "enabled": true, "labels": labels },
        "networkPolicy": { "enabled": true },
        "flowControl": { "enabled": true },
        "extraArgs": [format!("--with={name}")],
        "extraEnv": [{ "name": "A", "value": name }],
    });
    values.as_object_mut().unwrap().extend(cluster_id.as_object().unwrap().clone());
    values
}

fn rendered(name: &str, fullname: &str, folder: &Path, cluster_id: &Value) -> Value {
    let file = folder.join("values.json");
    std::fs::write(&file, values(name, cluster_id).to_string()).unwrap();
    let full = format!("fullnameOverride={fullname}");
    let arguments = ["template", name, path_of_chart(), "--namespace", name, "--kube-version", "1.37.0"];
    let more = ["--values", path(&file), "--set-string", &full];
    let text = Helm::new(VERSIONS[0]).succeed(&[&arguments[..], &more].concat()).unwrap();
    Objects::read(&text).unwrap().0.into()
}

/// The same with another name in each text.
fn replaced(value: &Value, name: &str) -> Value {
    match value {
        Value::String(text) => text.replace(PLAIN, name).into(),
        Value::Array(all) => all.iter().map(|value| replaced(value, name)).collect(),
        Value::Object(members) => {
            members.iter().map(|(key, value)| (key.replace(PLAIN, name), replaced(value, name))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

#[test]
fn names_that_look_like_numbers_stay_texts() {
    let folder = tempfile::tempdir().unwrap();
    for name in NAMES {
        let begins_with_a_letter = name.starts_with(|first: char| first.is_ascii_lowercase());
        let [full, plain_full] = if begins_with_a_letter { [name, PLAIN] } else { ["full"; 2] };
        for own_map in [false, true] {
            let cluster_id = |name: &str| match own_map {
                false => json!({ "clusterId": name }),
                true => json!({ "clusterIdFrom": { "name": name, "key": name } }),
            };
            let plain = rendered(PLAIN, plain_full, folder.path(), &cluster_id(PLAIN));
            let found = rendered(name, full, folder.path(), &cluster_id(name));
            let expected = replaced(&plain, name);
            for (expected, found) in expected.as_array().unwrap().iter().zip(found.as_array().unwrap()) {
                assert_eq!(expected, found, "{name}");
            }
            assert!(found.as_array().unwrap().len() > 30);
        }
    }
}

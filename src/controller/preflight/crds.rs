//! Whether the CRDs are installed, and whether they are those of this operator or newer ones.
//!
//! The API server drops fields that a schema does not know, without a word: a status would be written and never stored.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceDefinition, CustomResourceDefinitionVersion,
};
use serde_json::Value;

use super::Findings;
use crate::cluster::{Cluster, Refusal};
use crate::manifests::crd;

/// The version of the API that this operator uses.
const VERSION: &str = "v1alpha1";
/// How many fields are named.
const NAMED: usize = 5;
const REMEDY: &str = "apply those of this operator with 'nimbus-operator crd | kubectl apply --server-side -f -'";

/// Looks at each CRD.
pub(super) async fn look(cluster: &Cluster, findings: &mut Findings) -> Result<(), Refusal> {
    for (_, ours) in crd::all() {
        let name = ours["metadata"]["name"].as_str().unwrap_or_default();
        match cluster.cluster_scoped::<CustomResourceDefinition>().get(name).await {
            Ok(installed) => findings.failures.extend(problem(name, &ours, &installed)),
            Err(Refusal::NotFound) => findings.failures.push(format!("the CRD {name} is not installed; {REMEDY}")),
            Err(Refusal::Forbidden(_)) => findings.warnings.push(format!(
                "the operator's account may not get the CRD {name}: whether it fits is not known, and deleted Tenants wait"
            )),
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(())
}

/// Why an installed CRD does not fit.
fn problem(name: &str, ours: &Value, installed: &CustomResourceDefinition) -> Option<String> {
    let version = installed.spec.versions.iter().find(|version| version.name == VERSION && version.served);
    let Some(version) = version else { return Some(format!("the CRD {name} does not serve {VERSION}; {REMEDY}")) };
    let mut conditions = installed.status.iter().flat_map(|status| status.conditions.iter().flatten());
    if conditions.any(|condition| condition.type_ == "Terminating" && condition.status == "True") {
        return Some(format!("the CRD {name} is being deleted; apply it again once it is gone"));
    }
    let lacking = lacking(ours, version);
    let (named, more) = lacking.split_at(lacking.len().min(NAMED));
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    (!named.is_empty())
        .then(|| format!("the CRD {name} is older than this operator and lacks {}{more}; {REMEDY}", named.join(", ")))
}

/// What the schema of this operator has and the installed one has not.
fn lacking(ours: &Value, installed: &CustomResourceDefinitionVersion) -> Vec<String> {
    let versions = ours["spec"]["versions"].as_array();
    let ours = versions.into_iter().flatten().find(|version| version["name"] == VERSION);
    let installed_schema = serde_json::to_value(&installed.schema).unwrap_or_default();
    let mut lacking = vec![];
    if let Some(ours) = ours {
        walk("", &ours["schema"]["openAPIV3Schema"], &installed_schema["openAPIV3Schema"], &mut lacking);
    }
    if installed.subresources.as_ref().is_none_or(|subresources| subresources.status.is_none()) {
        lacking.push("the subresource status".to_owned());
    }
    lacking
}

/// Compares two schemas: fields, and the words of a status, which the operator writes.
fn walk(path: &str, ours: &Value, installed: &Value, lacking: &mut Vec<String>) {
    if installed["x-kubernetes-preserve-unknown-fields"] == true {
        return;
    }
    for (name, schema) in ours["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match installed["properties"].get(name) {
            Some(known) => walk(&path, schema, known, lacking),
            None => lacking.push(path),
        }
    }
    for inner in ["items", "additionalProperties"] {
        if ours[inner].is_object() {
            walk(path, &ours[inner], &installed[inner], lacking);
        }
    }
    let known = installed["enum"].as_array();
    for word in ours["enum"].as_array().into_iter().flatten() {
        if path.starts_with("status") && known.is_some_and(|known| !known.contains(word)) {
            lacking.push(format!("{path}={}", word.as_str().unwrap_or_default()));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use serde_json::json;

    use super::*;

    fn tenants() -> Value {
        crd::all()[0].1.clone()
    }

    /// What is said of a CRD that differs from ours by an edit.
    fn said(edit: impl FnOnce(&mut Value)) -> Option<String> {
        let ours = tenants();
        let mut installed = ours.clone();
        edit(&mut installed);
        problem("tenants", &ours, &serde_json::from_value(installed).unwrap())
    }

    fn remove(document: &mut Value, pointer: &str) {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        document.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
    }

    const SCHEMA: &str = "/spec/versions/0/schema/openAPIV3Schema/properties";

    #[test]
    fn our_own_crd_and_a_newer_one_fit() {
        assert_eq!(None, said(|_| {}));
        let newer = said(|crd| {
            let status = crd.pointer_mut(&format!("{SCHEMA}/status/properties")).unwrap();
            status["later"] = json!({ "type": "string" });
        });
        assert_eq!(None, newer);
        for (_, ours) in crd::all() {
            assert_eq!(None, problem("each", &ours, &serde_json::from_value(ours.clone()).unwrap()));
        }
    }

    #[test]
    fn an_older_crd_is_told_with_what_it_lacks() {
        for (pointer, lacks) in [
            ("/status/properties/applied/properties/hash", "status.applied.hash"),
            ("/spec/properties/licenses/properties/contingents", "spec.licenses.contingents"),
            ("/status/properties/tabs/items/properties/state", "status.tabs.state"),
        ] {
            let said = said(|crd| remove(crd, &format!("{SCHEMA}{pointer}"))).unwrap_or_default();
            assert!(said.contains(&format!("older than this operator and lacks {lacks};")), "{pointer}: {said}");
        }
        let many = said(|crd| remove(crd, &format!("{SCHEMA}/status/properties"))).unwrap();
        assert!(many.contains("older") && many.contains(" more; apply"), "{many}");
        let no_status = said(|crd| remove(crd, "/spec/versions/0/subresources/status")).unwrap();
        assert!(no_status.contains("lacks the subresource status"), "{no_status}");
    }

    #[test]
    fn a_crd_that_is_not_served_or_ends_is_told() {
        let not_served = said(|crd| crd["spec"]["versions"][0]["served"] = json!(false)).unwrap();
        assert!(not_served.contains("does not serve v1alpha1"), "{not_served}");
        let ending = said(|crd| {
            let condition = json!({ "type": "Terminating", "status": "True" });
            crd["status"] = json!({ "conditions": [condition], "storedVersions": ["v1alpha1"] });
        });
        assert!(ending.unwrap().contains("is being deleted"));
    }
}

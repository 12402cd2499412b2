//! What is generated in `charts/`: the CRDs, the policies, the tables of values, and `install.yaml`. `UPDATE=1` updates it.

use std::path::PathBuf;

use nimbus_operator::manifests::crd;
use nimbus_operator::manifests::policies::{self, Accounts};

use super::readme;
use crate::support::assets;
use crate::support::helm::{Helm, VERSIONS, chart};

/// What the template replaces.
const ACCOUNT: &str = "OPERATOR_ACCOUNT";
const NAMESPACE: &str = "OPERATOR_NAMESPACE";

/// The beginning of `install.yaml`.
const HEAD: &str = "\
# nimbus-operator without Helm, in the namespace nimbus-system. First name the cluster: the ID must be unique per cluster and must
# never change.
#
#   kubectl create namespace nimbus-system
#   kubectl -n nimbus-system create configmap nimbus-cluster --from-literal=cluster-id=prod-euwe
#   kubectl apply --server-side -f install.yaml
#
# The operator can read no Secrets of Tenants yet: examples/rbac.yaml has the Role for a namespace with Tenants.
apiVersion: v1
kind: Namespace
metadata:
  name: nimbus-system
  labels:
    pod-security.kubernetes.io/enforce: restricted
";

fn policies_of(technical_fields: bool) -> String {
    let accounts =
        Accounts { operators: vec![ACCOUNT.into()], operator_namespaces: vec![NAMESPACE.into()], technical_fields };
    serde_yaml::to_string(&policies::all(&accounts)).unwrap()
}

/// Without what says that Helm manages it.
fn install_yaml() -> String {
    let values = ["--set", "clusterIdFrom.name=nimbus-cluster", "--skip-tests"];
    let rendered = Helm::new(VERSIONS[0]).template(&values).unwrap();
    let marks = ["# Source: ", "helm.sh/chart: ", "app.kubernetes.io/managed-by: ", "helm.sh/resource-policy: "];
    let is_mark = |line: &&str| marks.iter().any(|mark| line.trim_start().starts_with(mark));
    let lines: Vec<&str> = rendered.lines().filter(|line| !is_mark(line) && !line.trim().is_empty()).collect();
    format!("{HEAD}{}\n", lines.join("\n"))
}

fn files() -> Vec<(PathBuf, String)> {
    let files = chart("nimbus-operator").join("files");
    let mut all: Vec<_> = crd::all()
        .iter()
        .map(|(name, document)| (files.join("crds").join(name), crd::to_yaml(document).unwrap()))
        .collect();
    all.push((files.join("policies.yaml"), policies_of(false)));
    all.push((files.join("policies-technical.yaml"), policies_of(true)));
    all.extend(["nimbus-operator", "nimbus-sandbox"].map(|name| {
        let (path, values) = (chart(name).join("README.md"), chart(name).join("values.yaml"));
        let readme = std::fs::read_to_string(&path).unwrap();
        (path, readme::with_values(&readme, &std::fs::read_to_string(values).unwrap()))
    }));
    all
}

fn check(files: Vec<(PathBuf, String)>) {
    let update = std::env::var("UPDATE").is_ok_and(|update| update == "1");
    for (path, expected) in files {
        if update {
            std::fs::write(&path, &expected).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(found == expected, "{} is stale: run make generated", path.display());
    }
}

#[test]
fn generated_files_of_charts_are_fresh() {
    let all = files();
    let crds = std::fs::read_dir(chart("nimbus-operator").join("files/crds")).unwrap().count();
    assert_eq!(crd::all().len(), crds, "a CRD that nothing generates");
    check(all);
    // The rendered manifest stands on all of the above.
    check(vec![(assets::checkout().join("charts/install.yaml"), install_yaml())]);
}

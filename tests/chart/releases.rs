//! Upgrades as the docs describe them, and what a second release cannot do, on a real API server.

use std::path::Path;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::api::Api;
use nimbus_operator::manifests::crd;
use nimbus_operator::manifests::policies::{self, Accounts};
use serde_json::{Value, json};

use super::installed::{prepared, release};
use crate::support::assets;
use crate::support::helm::{Helm, NAMESPACE, RELEASE, VERSIONS, path, path_of_chart};
use crate::support::kubectl::Kubectl;
use crate::support::users::ADMIN;

/// Copies a folder.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            std::fs::copy(path, to).unwrap();
        }
    }
}

/// A chart from before there was a value for disruptions.
fn older_chart(folder: &Path) {
    copy(Path::new(path_of_chart()), folder);
    std::fs::remove_file(folder.join("templates/poddisruptionbudget.yaml")).unwrap();
    let values = std::fs::read_to_string(folder.join("values.yaml")).unwrap();
    let (before, block) = values.split_once("\npodDisruptionBudget:\n").unwrap();
    let (_, after) = block.split_once("\nlivenessProbe:\n").unwrap();
    std::fs::write(folder.join("values.yaml"), format!("{before}\nlivenessProbe:\n{after}")).unwrap();
}

/// The arguments of the upgrade in `docs/install.md`, for the chart in this checkout.
fn documented_upgrade() -> Vec<String> {
    let docs = std::fs::read_to_string(assets::checkout().join("docs/install.md")).unwrap();
    let line = docs.lines().find_map(|line| line.strip_prefix("helm upgrade ")).expect("a command");
    let words = line.split_whitespace().map(|word| word.replace("charts/nimbus-operator", path_of_chart()));
    std::iter::once("upgrade".to_owned()).chain(words).collect()
}

/// Helm keeps the defaults of the old chart under `--reuse-values`, so that a new value is missing.
#[tokio::test(flavor = "multi_thread")]
async fn documented_upgrade_keeps_given_values_and_takes_new_defaults() {
    let plane = prepared().await;
    let folder = tempfile::tempdir().unwrap();
    older_chart(folder.path());
    let budgets: Api<PodDisruptionBudget> = Api::namespaced(plane.client(ADMIN), NAMESPACE);
    let deployments: Api<Deployment> = Api::namespaced(plane.client(ADMIN), NAMESPACE);
    for version in VERSIONS {
        let helm = Helm::on(version, plane.kubeconfig(ADMIN));
        let given = ["--set", "clusterId=prod-euwe", "--set", "replicaCount=3"];
        let install = ["install", RELEASE, path(folder.path()), "--namespace", NAMESPACE];
        helm.succeed(&[&install[..], &given].concat()).unwrap();
        assert!(budgets.get_opt(RELEASE).await.unwrap().is_none());
        let upgrade = documented_upgrade();
        helm.succeed(&upgrade.iter().map(String::as_str).collect::<Vec<_>>()).unwrap();
        assert!(budgets.get_opt(RELEASE).await.unwrap().is_some(), "{version}: the new default");
        let replicas = deployments.get(RELEASE).await.unwrap().spec.replicas;
        assert_eq!(Some(3), replicas, "{version}: a value that was given");
        helm.succeed(&["uninstall", RELEASE, "--namespace", NAMESPACE]).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn election_is_switched_off_and_on_by_an_upgrade() {
    let plane = prepared().await;
    let deployments: Api<Deployment> = Api::namespaced(plane.client(ADMIN), NAMESPACE);
    let elected = ["--set", "clusterId=prod-euwe"];
    let alone = [&elected[..], &["--set", "leaderElection.enabled=false,replicaCount=1"]].concat();
    for version in VERSIONS {
        let helm = Helm::on(version, plane.kubeconfig(ADMIN));
        for (command, values, strategy) in [
            ("install", &elected[..], "RollingUpdate"),
            ("upgrade", &alone, "Recreate"),
            ("upgrade", &elected, "RollingUpdate"),
        ] {
            release(&helm, command, values).unwrap();
            let found = deployments.get(RELEASE).await.unwrap().spec.strategy.unwrap();
            assert_eq!(Some(strategy), found.type_.as_deref(), "{version} {command}");
            assert_eq!(strategy == "RollingUpdate", found.rolling_update.is_some(), "{version} {command}");
        }
        helm.succeed(&["uninstall", RELEASE, "--namespace", NAMESPACE]).unwrap();
    }
}

/// The Lease is in the namespace of the release: two releases with one instance would both lead. And a cluster has one ID.
#[tokio::test(flavor = "multi_thread")]
async fn second_release_needs_its_own_instance_and_the_same_cluster_id() {
    let plane = prepared().await;
    for version in VERSIONS {
        let helm = Helm::on(version, plane.kubeconfig(ADMIN));
        release(&helm, "install", &["--set", "clusterId=prod-euwe"]).unwrap();
        let install = |name: &str, namespace: &str, set: &str| {
            let full = format!("fullnameOverride={name},crds.install=false,policies.install=false");
            let arguments = ["install", name, path_of_chart(), "--namespace", namespace, "--set", &full, "--set", set];
            helm.succeed(&arguments).map_err(|error| error.to_string())
        };
        let error = install("second", "fabrikam", "clusterId=prod-euwe").unwrap_err();
        for word in ["nimbus-operator-instance-default", "ownership", NAMESPACE] {
            assert!(error.contains(word), "{version}: {word} is not in: {error}");
        }
        install("west", "contoso", "clusterId=prod-euwe,instance=west").unwrap();
        let error = install("east", NAMESPACE, "clusterId=prod-other,instance=east").unwrap_err();
        for word in ["nimbus-operator-cluster-id", "ownership"] {
            assert!(error.contains(word), "{version}: {word} is not in: {error}");
        }
        install("east", NAMESPACE, "clusterIdFrom.name=nimbus-operator-cluster-id,instance=east").unwrap();
        for (name, namespace) in [("east", NAMESPACE), ("west", "contoso"), (RELEASE, NAMESPACE)] {
            helm.succeed(&["uninstall", name, "--namespace", namespace]).unwrap();
        }
        let error = install("again", NAMESPACE, "clusterId=prod-other").unwrap_err();
        assert!(error.contains("nimbus-operator-cluster-id"), "{version}: the ID outlives its release: {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_name_what_an_uninstall_keeps() {
    const LOOSE: &str = "crds.keep is false";
    let plane = prepared().await;
    let helms = VERSIONS.map(|version| Helm::on(version, plane.kubeconfig(ADMIN)));
    let notes = |helm: &Helm, set: &[&str]| {
        let values = ["--set", "clusterId=prod-euwe", "--dry-run=client"];
        release(helm, "install", &[&values[..], set].concat()).unwrap()
    };
    for helm in &helms {
        let all = notes(helm, &[]);
        assert!(all.contains("keeps the CRDs, the cluster ID, the Lease;") && !all.contains(LOOSE), "{all}");
        let loose = notes(helm, &["--set", "crds.keep=false"]);
        assert!(loose.contains("keeps the cluster ID, the Lease;") && loose.contains(LOOSE), "{loose}");
    }
    plane.install_crds().await.unwrap();
    let spec = json!({ "displayName": "a", "platformPartnerId": "a" });
    let partner = format!("partners={}", json!([{ "name": "a", "spec": spec }]));
    for helm in &helms {
        let elsewhere = notes(helm, &["--set", "crds.install=false,crds.keep=false", "--set-json", &partner]);
        let kept = "keeps the cluster ID, the Partners of this release, the Lease;";
        assert!(elsewhere.contains(kept) && !elsewhere.contains(LOOSE), "{elsewhere}");
    }
}

/// An operator that was set up by kubectl becomes a release, with the flags that the docs name.
#[tokio::test(flavor = "multi_thread")]
async fn objects_of_the_example_are_taken_over() {
    let plane = prepared().await;
    let kubectl = Kubectl::new(plane.kubeconfig(ADMIN));
    let policies = policies::all(&Accounts::documented());
    let items: Vec<Value> = crd::all().into_iter().map(|(_, crd)| crd).chain(policies).collect();
    let file = plane.folder().join("all.json");
    std::fs::write(&file, json!({ "apiVersion": "v1", "kind": "List", "items": items }).to_string()).unwrap();
    let example = assets::checkout().join("examples/rbac.yaml");
    let docs = std::fs::read_to_string(assets::checkout().join("docs/install.md")).unwrap();
    for (version, flags) in
        [("helm3", &["--take-ownership"][..]), ("helm4", &["--take-ownership", "--force-conflicts"])]
    {
        let helm = Helm::on(version, plane.kubeconfig(ADMIN));
        for file in [&file, &example] {
            let applied = kubectl.run(&["apply", "--server-side", "--filename", path(file)]).await.unwrap();
            assert!(applied.status.success(), "{}", applied.stderr);
        }
        let values = ["--set", "clusterId=prod-euwe", "--set", "tenantNamespaces[0].name=contoso"];
        let error = release(&helm, "install", &values).unwrap_err().to_string();
        assert!(error.contains("invalid ownership metadata"), "{version}: {error}");
        assert!(flags.iter().all(|flag| docs.contains(flag)), "{flags:?}");
        release(&helm, "install", &[&values[..], flags].concat()).unwrap();
        release(&helm, "upgrade", &values).unwrap();
        helm.succeed(&["uninstall", RELEASE, "--namespace", NAMESPACE]).unwrap();
    }
}

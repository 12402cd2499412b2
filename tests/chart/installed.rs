//! Installing, upgrading and uninstalling on a real API server. It has no nodes, so no pod runs here.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DynamicObject, ListParams, PostParams};
use kube::core::GroupVersionKind;
use kube::discovery::pinned_kind;
use kube::{Client, ResourceExt};
use nimbus_operator::resources::Tenant;
use serde_json::json;

use crate::support::apply::create_namespace;
use crate::support::controlplane::{ControlPlane, Options};
use crate::support::helm::{Helm, NAMESPACE, Objects, RELEASE, VERSIONS, ci_values, known_here, path, path_of_chart};
use crate::support::kubectl::Kubectl;
use crate::support::users::ADMIN;
use crate::support::wait::{PATIENCE, until};
use crate::support::{apply, assets};

/// The namespaces that the files of values name.
const NAMESPACES: [&str; 3] = [NAMESPACE, "contoso", "fabrikam"];

/// Kinds whose status controllers write meanwhile.
const HAVE_A_STATUS: [&str; 2] = ["CustomResourceDefinition ", "ValidatingAdmissionPolicy "];

/// A version that knows everything.
const NEWEST: &str = "1.37.0";

/// Kinds of the Prometheus operator, which is not installed.
const NOT_INSTALLED: [&str; 3] = ["ServiceMonitor", "PodMonitor", "PrometheusRule"];

pub async fn prepared() -> ControlPlane {
    let plane = ControlPlane::start(Options { policies: false, ..Options::default() }).await.unwrap();
    for name in NAMESPACES {
        create_namespace(&plane.client(ADMIN), name).await.unwrap();
    }
    plane
}

/// Installs or upgrades the release.
pub fn release(helm: &Helm, command: &str, values: &[&str]) -> anyhow::Result<String> {
    let arguments = [command, RELEASE, path_of_chart(), "--namespace", NAMESPACE];
    helm.succeed(&[&arguments[..], values].concat())
}

/// The version of each object of the release: of its spec where controllers also write a status, and of all of it elsewhere.
async fn versions(client: &Client, objects: &Objects) -> BTreeMap<String, String> {
    let mut versions = BTreeMap::new();
    for object in &objects.0 {
        let wanted: DynamicObject = serde_json::from_value(object.clone()).unwrap();
        let found = get(client, &wanted).await.unwrap_or_else(|error| panic!("{object}: {error}"));
        let name = format!("{} {}", wanted.types.unwrap().kind, found.name_any());
        let generation = found.metadata.generation.map(|generation| format!("generation {generation}"));
        let has_status = HAVE_A_STATUS.iter().any(|kind| name.starts_with(kind));
        versions.insert(name, generation.filter(|_| has_status).or_else(|| found.resource_version()).unwrap());
    }
    versions
}

async fn get(client: &Client, wanted: &DynamicObject) -> kube::Result<DynamicObject> {
    let kind = GroupVersionKind::try_from(wanted.types.as_ref().unwrap()).unwrap();
    let (resource, _) = pinned_kind(client, &kind).await?;
    let api: Api<DynamicObject> = match wanted.namespace() {
        Some(namespace) => Api::namespaced_with(client.clone(), &namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    api.get(&wanted.name_any()).await
}

fn tenant() -> Tenant {
    serde_json::from_value(json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Tenant",
        "metadata": { "name": "contoso", "namespace": "contoso" },
        "spec": {
            "platformRef": { "name": "euwe-01" },
            "general": { "tenantId": "6f1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d" }
        }
    }))
    .unwrap()
}

/// Installed, upgraded with and without a change, uninstalled, and installed again.
async fn live_through(version: &'static str) {
    let plane = prepared().await;
    let client = plane.client(ADMIN);
    let helm = Helm::on(version, plane.kubeconfig(ADMIN));
    let values = ["--set", "clusterId=prod-euwe", "--set", "tenantNamespaces[0].name=contoso"];
    let notes = release(&helm, "install", &values).unwrap();
    for word in ["Next:", "kubectl -n nimbus-system rollout status", "'prod-euwe'", "Before you uninstall"] {
        assert!(notes.contains(word), "{word} is not in: {notes}");
    }
    let tenants: Api<Tenant> = Api::namespaced(client.clone(), "contoso");
    until("the CRDs are served", PATIENCE, async || {
        tenants.list(&ListParams::default()).await.map_err(|error| error.to_string())
    })
    .await;
    tenants.create(&PostParams::default(), &tenant()).await.unwrap();

    let objects =
        Objects::read(&helm.succeed(&["get", "manifest", RELEASE, "--namespace", NAMESPACE]).unwrap()).unwrap();
    let before = versions(&client, &objects).await;
    assert!(before.len() > 20, "{before:?}");
    release(&helm, "upgrade", &values).unwrap();
    let after = versions(&client, &objects).await;
    for kind in HAVE_A_STATUS {
        let of_kind = before.iter().find(|(name, _)| name.starts_with(kind)).unwrap();
        assert!(of_kind.1.starts_with("generation "), "{of_kind:?}");
    }
    let changed: Vec<_> = before.iter().filter(|(name, version)| after[*name] != **version).collect();
    assert!(changed.is_empty(), "{version}: an upgrade to the same changes nothing: {changed:?}");

    let other = ["--set", "clusterId=prod-other", "--set", "tenantNamespaces[0].name=contoso"];
    let error = release(&helm, "upgrade", &other).unwrap_err().to_string();
    assert!(error.contains("nimbus-operator-cluster-id") && error.contains("immutable"), "{version}: {error}");
    release(&helm, "upgrade", &[&values[..], &["--set", "logging.filter=debug"]].concat()).unwrap();

    helm.succeed(&["uninstall", RELEASE, "--namespace", NAMESPACE]).unwrap();
    assert_eq!("contoso", tenants.get("contoso").await.unwrap().name_any(), "Tenants outlive the release");
    let kept: Vec<String> = kept(&client, &objects).await;
    let expected = [
        "ConfigMap nimbus-operator-cluster-id",
        "CustomResourceDefinition partners.nimbus.luware.com",
        "CustomResourceDefinition platforms.nimbus.luware.com",
        "CustomResourceDefinition tenants.nimbus.luware.com",
    ];
    assert_eq!(expected, *kept, "{version}");
    let error = release(&helm, "install", &other).unwrap_err().to_string();
    assert!(error.contains("immutable"), "{version}: {error}");
    let again = [&values[..], &["--replace"]].concat();
    release(&helm, "install", &again).unwrap();
    assert_eq!("contoso", tenants.get("contoso").await.unwrap().name_any());
}

/// What is still there and is not being deleted.
async fn kept(client: &Client, objects: &Objects) -> Vec<String> {
    let mut kept = vec![];
    for object in &objects.0 {
        let wanted: DynamicObject = serde_json::from_value(object.clone()).unwrap();
        if let Ok(found) = get(client, &wanted).await
            && found.metadata.deletion_timestamp.is_none()
        {
            kept.push(format!("{} {}", wanted.types.unwrap().kind, found.name_any()));
        }
    }
    kept.sort();
    kept
}

#[tokio::test(flavor = "multi_thread")]
async fn release_of_helm_3_lives_and_leaves_crds_and_tenants() {
    live_through(VERSIONS[0]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn release_of_helm_4_lives_and_leaves_crds_and_tenants() {
    live_through(VERSIONS[1]).await;
}

/// Every object of every file of values, and `install.yaml`, is accepted without a warning, by a dry run.
#[tokio::test(flavor = "multi_thread")]
async fn api_server_accepts_every_rendered_object() {
    let plane = prepared().await;
    plane.install_crds().await.unwrap();
    let kubectl = Kubectl::new(plane.kubeconfig(ADMIN));
    let helm = Helm::new(VERSIONS[1]);
    let mut manifests: Vec<(String, String)> = vec![];
    for name in ["nimbus-operator", "nimbus-sandbox"] {
        for values in ci_values(name) {
            let known = if name == "nimbus-operator" { known_here().unwrap() } else { &[] };
            let yaml = helm
                .template_of(name, NAMESPACE, &[&["--values", path(&values), "--skip-tests"], known].concat())
                .unwrap();
            manifests.push((values.display().to_string(), yaml));
        }
    }
    let install = assets::checkout().join("charts/install.yaml");
    manifests.push(("install.yaml".to_owned(), std::fs::read_to_string(install).unwrap()));
    for (title, yaml) in manifests {
        let mut objects = Objects::read(&yaml).unwrap().0;
        let all = objects.len();
        objects.retain(|object| !NOT_INSTALLED.contains(&object["kind"].as_str().unwrap()));
        // A monitor, and a PrometheusRule for each of four files.
        assert!(objects.len() > 1 && objects.len() + 5 >= all, "{title}");
        let list = plane.folder().join("list.json");
        let items = json!({ "apiVersion": "v1", "kind": "List", "items": objects });
        std::fs::write(&list, items.to_string()).unwrap();
        let arguments = ["apply", "--server-side", "--dry-run=server", "--validate=strict"];
        let output = kubectl.run(&[&arguments[..], &["--filename", path(&list)]].concat()).await.unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{title}: {}", output.stderr);
    }
}

/// The Pods of a render: that of its Deployment, and that of `helm test`.
fn pods(objects: &Objects) -> Vec<Pod> {
    let template = &objects.of("Deployment")[0]["spec"]["template"];
    let mut pod =
        json!({ "apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": template["spec"] });
    pod["metadata"]["name"] = json!("pod");
    let all = [&pod].into_iter().chain(objects.of("Pod"));
    all.map(|pod| serde_json::from_value(pod.clone()).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pods_fit_the_restricted_standard() {
    let plane = prepared().await;
    let client = plane.client(ADMIN);
    let name = "restricted";
    let namespace = json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": { "name": name, "labels": { "pod-security.kubernetes.io/enforce": "restricted" } }
    });
    apply::apply(&client, &serde_json::from_value(namespace).unwrap()).await.unwrap();
    let api: Api<Pod> = Api::namespaced(client.clone(), name);
    let params = PostParams { dry_run: true, ..PostParams::default() };
    for (chart, count) in [("nimbus-operator", 2), ("nimbus-sandbox", 1)] {
        for values in ci_values(chart) {
            let rendered = Helm::new(VERSIONS[1])
                .template_of(chart, name, &["--values", path(&values), "--kube-version", NEWEST])
                .unwrap();
            let objects = Objects::read(&rendered).unwrap();
            for object in objects.of("ServiceAccount") {
                apply::apply(&client, &serde_json::from_value(object.clone()).unwrap()).await.unwrap();
            }
            let rendered = pods(&objects);
            assert_eq!(count, rendered.len(), "{chart}");
            for pod in rendered {
                until("the pod is accepted", PATIENCE, async || {
                    api.create(&params, &pod).await.map_err(|error| format!("{}: {error}", values.display()))
                })
                .await;
                let mut loose = pod.clone();
                loose.spec.as_mut().unwrap().containers[0].security_context = None;
                let error = api.create(&params, &loose).await.unwrap_err().to_string();
                assert!(error.contains("violates PodSecurity \"restricted"), "the namespace enforces it: {error}");
            }
        }
    }
}

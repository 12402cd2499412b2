//! What the charts render, in both versions of Helm.

use clap::Parser;
use nimbus_operator::cli::Operator;
use nimbus_operator::manifests::crd;
use nimbus_operator::manifests::policies::{self, Accounts, DEFAULT_ACCOUNT, accounts_of, is_in_force};
use serde_json::{Value, json};

use crate::support::helm::{Helm, NAMESPACE, Objects, RELEASE, VERSIONS, chart, ci_values, path};

/// What keeps an object: in Helm, in Argo CD, which minds the first at a deletion and not at a prune, and in Flux.
const KEEP: [(&str, &str); 3] = [
    ("helm.sh/resource-policy", "keep"),
    ("argocd.argoproj.io/sync-options", "Prune=false,Delete=false"),
    ("kustomize.toolkit.fluxcd.io/prune", "disabled"),
];

/// The objects of a file of values, rendered by Helm 3.
fn rendered(values: &[&str]) -> Objects {
    Helm::new(VERSIONS[0]).objects(&[&["--set", "clusterId=ci"], values].concat()).unwrap()
}

#[test]
fn charts_are_linted_and_rendered_by_both_versions() {
    for name in ["nimbus-operator", "nimbus-sandbox"] {
        for values in ci_values(name) {
            let all = VERSIONS.map(|version| {
                let helm = Helm::new(version);
                let folder = chart(name);
                helm.succeed(&["lint", "--strict", path(&folder), "--values", path(&values)]).unwrap();
                let more = ["--values", path(&values), "--kube-version", "1.37.0"];
                Objects::read(&helm.template_of(name, NAMESPACE, &more).unwrap()).unwrap()
            });
            assert!(all[0].0.len() >= 2, "{}", values.display());
            assert_eq!(all[0].names(), all[1].names(), "{}", values.display());
            // The certificate of the sandbox is another one each time.
            if name == "nimbus-operator" {
                let sorted = |objects: &Objects| {
                    let mut texts: Vec<String> = objects.0.iter().map(Value::to_string).collect();
                    texts.sort();
                    texts
                };
                assert_eq!(sorted(&all[0]), sorted(&all[1]), "{}", values.display());
            }
        }
    }
}

/// GitOps programs render again and again, and ignore hooks.
#[test]
fn rendering_is_repeatable_and_needs_no_hooks() {
    let full = chart("nimbus-operator").join("ci/full-values.yaml");
    let helm = Helm::new(VERSIONS[0]);
    let text = helm.template(&["--values", path(&full)]).unwrap();
    assert_eq!(text, helm.template(&["--values", path(&full)]).unwrap());
    let objects = Objects::read(&text).unwrap();
    for object in &objects.0 {
        let annotations = &object["metadata"]["annotations"];
        let hook = &annotations["helm.sh/hook"];
        assert!(hook.is_null() || hook == "test", "{object}");
        let is_extra = object["metadata"]["name"] == "extra";
        assert!(is_extra || object["metadata"]["labels"]["team"] == "platform", "a label of all objects: {object}");
        assert!(!object.to_string().contains("OPERATOR_"), "{object}");
    }
}

#[test]
fn crds_are_those_of_the_operator_and_are_kept() {
    let objects = rendered(&[]);
    for (_, ours) in crd::all() {
        let mut found = objects.get("CustomResourceDefinition", ours["metadata"]["name"].as_str().unwrap()).clone();
        let metadata = found["metadata"].as_object_mut().unwrap();
        assert_eq!("Helm", metadata.remove("labels").unwrap()["app.kubernetes.io/managed-by"]);
        let (keep, value) = KEEP[0];
        assert_eq!(Some(json!(value)), metadata["annotations"].as_object_mut().unwrap().remove(keep));
        assert_eq!(ours, found);
    }
}

/// Those of these objects that each program keeps.
fn kept(objects: &Objects, programs: &[(&str, &str)]) -> Vec<String> {
    let is_kept = |object: &&Value| {
        let annotations = &object["metadata"]["annotations"];
        programs.iter().all(|(name, value)| annotations[name].as_str().is_some_and(|found| found.ends_with(value)))
    };
    Objects(objects.0.iter().filter(is_kept).cloned().collect()).names()
}

/// Without the CRDs there are no Tenants, without the ID the operator does not recognize its tenants, and the others have finalizers.
#[test]
fn what_must_outlive_the_release_is_kept_by_each_program() {
    const CRDS: [&str; 3] = [
        "CustomResourceDefinition -/partners.nimbus.luware.com",
        "CustomResourceDefinition -/platforms.nimbus.luware.com",
        "CustomResourceDefinition -/tenants.nimbus.luware.com",
    ];
    let partner = "partners[0].name=northwind,partners[0].spec.displayName=a,partners[0].spec.platformPartnerId=a";
    let platform = "platforms[0].name=euwe-01,platforms[0].spec.endpoint=https://a";
    let with_objects = ["--set", partner, "--set", platform];
    let objects = ["ConfigMap nimbus-system/nimbus-operator-cluster-id", "Partner -/northwind", "Platform -/euwe-01"];
    let mut all = [&objects[..], &CRDS].concat();
    all.sort_unstable();
    let loose = rendered(&[&with_objects[..], &["--set", "crds.keep=false"]].concat());
    for program in KEEP {
        assert_eq!(all, kept(&rendered(&with_objects), &[program]));
        assert_eq!(objects[..], kept(&loose, &[program]));
    }
    let manifest = std::fs::read_to_string(chart("install.yaml")).unwrap();
    assert_eq!(CRDS[..], kept(&Objects::read(&manifest).unwrap(), &KEEP[1..]), "without Helm");
}

#[test]
fn a_label_of_one_object_replaces_the_common_one() {
    let set =
        "commonLabels.team=a,serviceAccount.labels.team=b,podAnnotations.kubectl\\.kubernetes\\.io/default-container=b";
    let text = Helm::new(VERSIONS[0]).template(&["--set", "clusterId=ci", "--set", set]).unwrap();
    let objects = Objects::read(&text).unwrap();
    assert_eq!("b", objects.get("ServiceAccount", RELEASE)["metadata"]["labels"]["team"]);
    assert_eq!("a", objects.get("Service", RELEASE)["metadata"]["labels"]["team"]);
    assert_eq!(2, text.matches("default-container").count() + text.matches("team: b").count());
}

/// Compares rendered policies with those that `nimbus-operator policies` prints for the same accounts.
fn compare(objects: &Objects, accounts: &Accounts) {
    for ours in policies::all(accounts) {
        let (kind, name) = (ours["kind"].as_str().unwrap(), ours["metadata"]["name"].as_str().unwrap());
        let found = objects.get(kind, name);
        assert_eq!(ours["spec"], found["spec"], "{kind} {name}");
        assert!(is_in_force(found, &ours), "{kind} {name}");
        if kind == "ValidatingAdmissionPolicy" {
            assert_eq!(Some(accounts), accounts_of(&found["metadata"]).as_ref(), "{name}");
            assert_eq!(ours["metadata"]["annotations"], found["metadata"]["annotations"], "{name}");
        }
    }
    assert_eq!(2 * policies::NAMES.len(), objects.0.iter().filter(|object| is_policy(object)).count());
}

fn is_policy(object: &Value) -> bool {
    object["kind"].as_str().is_some_and(|kind| kind.starts_with("ValidatingAdmissionPolicy"))
}

#[test]
fn policies_are_those_of_the_operator_for_its_own_account() {
    let accounts = |operators: &[&str], namespaces: &[&str], technical_fields| Accounts {
        operators: operators.iter().map(|name| (*name).to_owned()).collect(),
        operator_namespaces: namespaces.iter().map(|name| (*name).to_owned()).collect(),
        technical_fields,
    };
    compare(&rendered(&[]), &Accounts::documented());
    let technical = rendered(&["--set", "policies.technicalFields=true"]);
    compare(&technical, &accounts(&[DEFAULT_ACCOUNT], &[NAMESPACE], true));

    let second = "system:serviceaccount:nimbus-east:nimbus";
    let set = format!(
        "serviceAccount.name=own,policies.additionalOperators={{{second},ada@corp.example}},policies.additionalOperatorNamespaces={{nimbus-east,nimbus-a}}"
    );
    let several = rendered(&["--set", &set]);
    let own = "system:serviceaccount:nimbus-system:own";
    // The operator compares with what it would render: its order is the one of the annotation.
    compare(&several, &accounts(&[own, second, "ada@corp.example"], &["nimbus-a", "nimbus-east", NAMESPACE], false));
}

#[test]
fn operator_knows_every_argument() {
    for values in ci_values("nimbus-operator") {
        let more = ["--values", path(&values), "--kube-version", "1.37.0"];
        let objects = Helm::new(VERSIONS[0]).objects(&more).unwrap();
        let deployed = objects.of("Deployment")[0].pointer("/spec/template/spec/containers/0").unwrap();
        let tested = objects.of("Pod")[0].pointer("/spec/containers/0").unwrap();
        for same in ["image", "env", "volumeMounts", "securityContext"] {
            assert_eq!(deployed[same], tested[same], "{same} of the Pod of 'helm test'");
        }
        for (container, command) in [(deployed, "run"), (tested, "preflight")] {
            let arguments = container["args"].as_array().unwrap().iter().map(|argument| argument.as_str().unwrap());
            assert_eq!(Some(command), arguments.clone().next());
            let line = ["nimbus-operator"].into_iter().chain(arguments).chain(["--cluster-id", "ci"]);
            if let Err(error) = Operator::try_parse_from(line) {
                panic!("{}: {command}: {error}", values.display());
            }
        }
    }
}

#[test]
fn only_the_log_filter_changes_without_a_restart() {
    let pod = |values: &[&str]| rendered(values).get("Deployment", RELEASE)["spec"]["template"].clone();
    let before = pod(&[]);
    assert_eq!(before, pod(&["--set", "logging.filter=debug"]));
    assert_eq!(before, pod(&["--set", "tenantNamespaces[0].name=contoso"]));
    assert_ne!(before, pod(&["--set", "concurrency=8"]));
    let logging = rendered(&["--set", "logging.filter=debug"]);
    assert_eq!("debug", logging.get("ConfigMap", "nimbus-operator-logging")["data"]["filter"]);
}

#[test]
fn one_replica_without_a_leader_is_never_two() {
    let deployment = rendered(&["--set", "replicaCount=1,leaderElection.enabled=false"]);
    let spec = deployment.get("Deployment", RELEASE)["spec"].clone();
    assert_eq!(json!("Recreate"), spec["strategy"]["type"]);
    assert!(!spec.to_string().contains("--leader-elect"), "{spec}");
    let spec = rendered(&["--set", "replicaCount=1"]).get("Deployment", RELEASE)["spec"].clone();
    assert!(spec["strategy"]["type"] == "RollingUpdate" && spec.to_string().contains("--leader-elect"), "{spec}");
}

#[test]
fn image_is_named_by_tag_or_digest() {
    let image = |set: &str| {
        let objects = rendered(&["--set", set]);
        objects.get("Deployment", RELEASE)["spec"]["template"]["spec"]["containers"][0]["image"].clone()
    };
    let repository = "nimbus-operator";
    assert_eq!(json!(format!("{repository}:{}", env!("CARGO_PKG_VERSION"))), image("image.tag="));
    assert_eq!(json!(format!("{repository}:v1.2.3")), image("image.tag=v1.2.3"));
    let digest = format!("sha256:{}", "0".repeat(64));
    assert_eq!(json!(format!("{repository}@{digest}")), image(&format!("image.tag=v1,image.digest={digest}")));
    let elsewhere = image(&format!("image.registry=registry.example:5000/team,image.digest={digest}"));
    assert_eq!(json!(format!("registry.example:5000/team/{repository}@{digest}")), elsewhere);
}

//! Rules 1 to 6: the CRDs themselves, as installed.

use std::path::PathBuf;

use serde_json::Value;

use super::schema::{Node, PLURALS, installed, root, walk};
use crate::support::assets;
use crate::support::controlplane::{ControlPlane, Options};
use crate::support::fixture::Fixture;
use crate::support::kubectl::Kubectl;
use crate::support::users;

fn files() -> Vec<PathBuf> {
    PLURALS.iter().map(|plural| assets::checkout().join(format!("crds/{plural}.yaml"))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_01_and_02_crds_apply_without_warnings() {
    // Without a CRD.
    let options = Options { controller_manager: false, ..Options::default() };
    let control_plane = ControlPlane::start(options).await.unwrap();
    let kubectl = Kubectl::new(control_plane.kubeconfig(users::ADMIN));
    for (words, outcome) in [
        (&["apply", "--server-side", "--dry-run=server", "-f"][..], "serverside-applied (server dry run)"),
        (&["apply", "-f"], "created"),
        (&["apply", "-f"], "unchanged"),
        // Users may switch from one to the other.
        (&["apply", "--server-side", "--force-conflicts", "-f"], "serverside-applied"),
    ] {
        for file in files() {
            let output = kubectl.run(&[words, &[file.to_str().unwrap()]].concat()).await.unwrap();
            assert!(output.status.success(), "{words:?} {output:?}");
            assert_eq!("", output.stderr, "{words:?} {}", file.display());
            assert!(output.stdout.trim_end().ends_with(outcome), "{words:?} {output:?}");
        }
    }
    let wait = ["wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"];
    let output = kubectl.run(&wait).await.unwrap();
    assert_eq!(3, output.stdout.lines().filter(|line| line.ends_with("condition met")).count(), "{output:?}");
    for plural in PLURALS {
        let name = format!("{plural}.nimbus.luware.com");
        let output = kubectl.run(&["get", "crd", &name, "-o", "yaml"]).await.unwrap();
        assert!(output.status.success(), "{output:?}");
        println!("kubectl get crd {name} -o yaml | wc -c: {}", output.stdout.len());
    }
}

/// The annotation of client-side apply contains the whole document, and all annotations together are limited to 256 KiB.
#[test]
fn rule_02_crds_fit_the_apply_annotation() {
    for file in files() {
        let document: Value = serde_yaml::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
        let size = document.to_string().len();
        println!("{}: {size} bytes of 262144", file.display());
        assert!(size < 262_144, "{}: {size} bytes", file.display());
    }
}

/// The paths in every kind for which `bad` is true.
async fn offenders(members: &[&str], bad: impl Fn(&Node<'_>) -> bool) -> Vec<String> {
    let fixture = Fixture::new("schema").await;
    let (mut offenders, mut seen) = (vec![], 0);
    for plural in PLURALS {
        let crd = installed(&fixture.env, plural).await;
        for member in members {
            let nodes = walk(root(&crd), member);
            seen += nodes.len();
            offenders.extend(nodes.iter().filter(|node| bad(node)).map(|node| format!("{plural}: {}", node.name())));
        }
    }
    println!("{seen} places in the schemas");
    assert!(seen >= 60, "the walk found only {seen} places");
    offenders
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_03_no_nullable_unsigned_or_unknown_fields() {
    let bad = |node: &Node<'_>| {
        let unsigned = node.schema["format"].as_str().is_some_and(|format| format.starts_with("uint"));
        let null = node.schema["enum"].as_array().is_some_and(|values| values.contains(&Value::Null));
        let preserves = node.schema["x-kubernetes-preserve-unknown-fields"] == true;
        node.schema["nullable"] == true || unsigned || null || preserves
    };
    assert_eq!(Vec::<String>::new(), offenders(&["spec", "status"], bad).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_04_texts_lists_and_maps_are_bounded() {
    let bad = |node: &Node<'_>| match node.kind() {
        "string" => !node.has("maxLength") && !node.has("enum") && !node.has("format"),
        "array" => !node.has("maxItems") || !node.has("x-kubernetes-list-type"),
        "object" => node.has("additionalProperties") && !node.has("maxProperties"),
        "any" => true,
        _ => false,
    };
    assert_eq!(Vec::<String>::new(), offenders(&["spec", "status"], bad).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_05_spec_has_no_defaults() {
    assert_eq!(Vec::<String>::new(), offenders(&["spec"], |node| node.has("default")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_06_every_field_has_a_safe_description() {
    let undescribed = |node: &Node<'_>| {
        let item = node.path.last().is_some_and(|name| name == "[]");
        !item && node.schema["description"].as_str().is_none_or(|text| text.trim().is_empty())
    };
    assert_eq!(Vec::<String>::new(), offenders(&["spec", "status"], undescribed).await);

    let fixture = Fixture::new("described").await;
    for plural in PLURALS {
        let crd = installed(&fixture.env, plural).await.to_string();
        // Flux substitutes the one, Helm and Argo CD's ApplicationSets the other.
        assert!(!crd.contains("${") && !crd.contains("{{"), "{plural}");
        assert!(!crd.contains("Auto-generated derived type"), "{plural} has kube's text on its root");
    }
}

//! Rule 12: after a rule gets stricter, stored objects stay editable.

use serde_json::{Value, json};

use super::kind::{Kind, NAME};
use super::maximal::largest;
use super::schema::{Node, PLURALS, walk};
use crate::support::controlplane::{ControlPlane, Options};
use crate::support::fixture::{Fixture, FixtureOn};
use crate::support::users::{ADMIN, PLATFORM_ADMIN};
use crate::support::wait::{PATIENCE, until};

const MESSAGE: &str = "must be something else by now";

/// Makes the schema reject every value of every field and of every union: by rule and, if there is one, by its bound.
fn tighten(schema: &mut Value) {
    let is_leaf = schema["type"] != "object" || schema.get("additionalProperties").is_some();
    if is_leaf || schema.get("x-kubernetes-validations").is_some() {
        let rules = schema["x-kubernetes-validations"].as_array().cloned().unwrap_or_default();
        let stricter = json!({ "rule": "false", "message": MESSAGE });
        schema["x-kubernetes-validations"] = [rules, vec![stricter]].concat().into();
    }
    for bound in ["maxLength", "maximum", "maxItems", "maxProperties"] {
        if let Some(most) = schema[bound].as_f64() {
            schema[bound] = json!(most as i64 - 1);
        }
    }
    for schema in schema["properties"].as_object_mut().into_iter().flat_map(|members| members.values_mut()) {
        tighten(schema);
    }
}

/// Installs a CRD with a tightened spec.
async fn install(fixture: &FixtureOn<'_>, kind: &Kind<'_>) {
    let mut crd = kind.crd.clone();
    for version in crd["spec"]["versions"].as_array_mut().unwrap() {
        tighten(&mut version["schema"]["openAPIV3Schema"]["properties"]["spec"]);
    }
    let url = format!(
        "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{}.nimbus.luware.com?fieldManager=test",
        kind.plural
    );
    crd["metadata"].as_object_mut().unwrap().retain(|name, _| name == "name" || name == "resourceVersion");
    crd["apiVersion"] = json!("apiextensions.k8s.io/v1");
    crd["kind"] = json!("CustomResourceDefinition");
    let request = http::Request::put(url).header("content-type", "application/json");
    let request = request.body(crd.to_string().into_bytes()).unwrap();
    fixture.client(ADMIN).request::<Value>(request).await.expect("the stricter CRD is accepted");
}

/// The edit that sets one value at a path.
fn edit(path: &[String], value: Value) -> Value {
    path.iter().rfold(value, |inner, name| json!({ name: inner }))
}

fn is_union(node: &Node<'_>) -> bool {
    node.rules().any(|(_, message)| message.contains("exactly one of"))
}

/// Paths that one edit can change: whole lists and maps, and whole unions.
fn places(nodes: Vec<Node<'_>>) -> Vec<Node<'_>> {
    let unions: Vec<Vec<String>> = nodes.iter().filter(|node| is_union(node)).map(|node| node.path.clone()).collect();
    let in_union =
        |node: &Node<'_>| unions.iter().any(|union| node.path.len() > union.len() && node.path.starts_with(union));
    let is_leaf = |node: &Node<'_>| node.kind() != "object" || node.has("additionalProperties");
    let in_list = |node: &Node<'_>| node.path.iter().any(|name| name == "[]");
    let in_map: Vec<Vec<String>> =
        nodes.iter().filter(|node| node.has("additionalProperties")).map(|node| node.path.clone()).collect();
    let in_map = |node: &Node<'_>| in_map.iter().any(|map| node.path.len() > map.len() && node.path.starts_with(map));
    nodes
        .into_iter()
        .filter(|node| (is_union(node) || is_leaf(node) && !in_union(node)) && !in_list(node) && !in_map(node))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_12_objects_stay_editable_under_new_rules() {
    let options = Options { controller_manager: false, policies: false, ..Options::default() };
    let control_plane = ControlPlane::start(options).await.unwrap();
    let fixture = FixtureOn::on(&control_plane, "tightened").await;
    let (mut removed, mut refused) = (0, 0);
    for plural in PLURALS {
        let kind = Kind::new(&fixture.env, plural).await;
        let stored = kind.store(&kind.object(largest(&kind.schema()["properties"]["spec"], 0))).await;
        assert_eq!(201, stored.code, "{}", stored.message());
        install(&fixture, &kind).await;
        let places = places(walk(kind.schema(), "spec"));

        // The new rule is active: every changed field is validated by it, and a new object by all rules.
        let first = places
            .iter()
            .find(|node| node.kind() == "string" && largest(node.schema, 0) != largest(node.schema, 1))
            .unwrap();
        let other = edit(&first.path, largest(first.schema, 1));
        until("the stricter rules act", PATIENCE, async || {
            let answer = kind.patch(PLATFORM_ADMIN, "", true, &other).await;
            if answer.code == 422 { Ok(()) } else { Err(format!("{} {}", answer.code, answer.message())) }
        })
        .await;
        for node in &places {
            let value = largest(node.schema, 1);
            let stored = largest(node.schema, 0);
            if value != stored {
                let answer = kind.patch(PLATFORM_ADMIN, "", true, &edit(&node.path, value)).await;
                assert_eq!(422, answer.code, "{plural} {}: {answer:?}", node.name());
                assert!(answer.message().contains(&node.name()), "{}", answer.message());
                refused += 1;
            }
        }

        // Unchanged fields are not validated again when another one is edited.
        let name = format!("{plural}.nimbus.luware.com/{NAME}");
        let scope = if plural == "tenants" { &fixture.env.namespace } else { "default" };
        let label = fixture.env.kubectl(PLATFORM_ADMIN).run(&["-n", scope, "label", &name, "seen=yes"]).await.unwrap();
        assert!(label.status.success(), "{label:?}");
        let status = json!({ "status": { "observedGeneration": 7 } });
        let answer = kind.patch(&fixture.env.operator_user, "/status", false, &status).await;
        assert_eq!(201, answer.code, "{plural}: {answer:?}");
        for node in places.iter().filter(|node| !node.required) {
            let answer = kind.patch(PLATFORM_ADMIN, "", true, &edit(&node.path, Value::Null)).await;
            assert_eq!(201, answer.code, "{plural} without {}: {}", node.name(), answer.message());
            removed += 1;
        }
    }
    println!("{refused} edits that violate a stricter rule rejected, {removed} other edits accepted");
    assert!(refused >= 70 && removed >= 70, "{refused} {removed}");
}

/// A rule on a parent object would validate every edit below it.
#[tokio::test(flavor = "multi_thread")]
async fn rule_12_rules_are_on_a_leaf_or_its_parent() {
    let fixture = Fixture::new("placed").await;
    let mut parents = vec![];
    for plural in PLURALS {
        let kind = Kind::new(&fixture.env, plural).await;
        for node in walk(kind.schema(), "spec").into_iter().filter(|node| node.rules().next().is_some()) {
            let members = node.schema["properties"].as_object();
            for (name, schema) in members.into_iter().flatten() {
                // A reference counts as one setting, although it is an object.
                let is_leaf = schema["type"] != "object" || name.ends_with("Ref");
                assert!(is_leaf, "{plural} {} has a rule over the section {name}", node.name());
            }
            if members.is_some() {
                parents.push(format!("{plural} {}", node.name()));
            }
        }
    }
    parents.sort();
    assert_eq!(vec!["platforms spec.allowedNamespaces", "tenants spec.partner", "tenants spec.platformRef"], parents);
}

//! The roles of the chart: those of the operator are those of `examples/rbac.yaml`, of which a test proves that each permission is
//! needed and used.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::assets;
use crate::support::helm::{Helm, Objects, RELEASE, VERSIONS};

fn rendered(set: &str) -> Objects {
    Helm::new(VERSIONS[0]).objects(&["--set", "clusterId=ci", "--set", set]).unwrap()
}

/// The rules of a role, by its namespace and name, each with everything that it allows, in any order.
fn rules(objects: &Objects, kind: &str, namespace: Option<&str>, name: &str) -> BTreeSet<String> {
    let is_meant =
        |object: &&&Value| object["metadata"]["name"] == name && object["metadata"]["namespace"].as_str() == namespace;
    let roles = objects.of(kind);
    let role = roles.iter().find(is_meant).unwrap_or_else(|| panic!("no {kind} {name}"));
    role["rules"].as_array().unwrap().iter().map(Value::to_string).collect()
}

fn example() -> Objects {
    Objects::read(&std::fs::read_to_string(assets::checkout().join("examples/rbac.yaml")).unwrap()).unwrap()
}

#[test]
fn operator_has_the_rights_of_the_example() {
    let (example, chart) = (example(), rendered("tenantNamespaces[0].name=contoso"));
    assert_eq!(rules(&example, "ClusterRole", None, RELEASE), rules(&chart, "ClusterRole", None, RELEASE));
    let own = Some("nimbus-system");
    assert_eq!(rules(&example, "Role", own, RELEASE), rules(&chart, "Role", own, RELEASE));
    let contoso = Some("contoso");
    let secrets = rules(&example, "Role", contoso, "nimbus-operator-secrets");
    assert_eq!(secrets, rules(&chart, "Role", contoso, "nimbus-operator-secrets"));
}

#[test]
fn users_have_the_rights_of_the_example() {
    let chart =
        rendered("partners[0].name=northwind,partners[0].subjects[0].kind=User,partners[0].subjects[0].name=ada");
    for (example_role, role) in [
        ("nimbus-viewer", "nimbus-operator-view"),
        ("nimbus-tenant-editor", "nimbus-operator-edit"),
        ("nimbus-platform-admin", "nimbus-operator-system-admin"),
        ("nimbus-partner-admin", "nimbus-operator-partner-northwind"),
    ] {
        assert_eq!(rules(&example(), "ClusterRole", None, example_role), rules(&chart, "ClusterRole", None, role));
    }
    let label = |role: &str, name: &str| {
        chart.get("ClusterRole", role)["metadata"]["labels"][format!("rbac.authorization.k8s.io/aggregate-to-{name}")]
            == "true"
    };
    let aggregated = |role: &str| ["view", "edit", "admin"].map(|name| label(role, name));
    assert_eq!([true, false, false], aggregated("nimbus-operator-view"));
    assert_eq!([false, true, true], aggregated("nimbus-operator-edit"));
    assert_eq!([false; 3], aggregated("nimbus-operator-system-admin"));
    assert_eq!([false; 3], aggregated("nimbus-operator-partner-northwind"));
}

#[test]
fn secrets_are_granted_by_name_where_names_are_given() {
    let chart = rendered(
        "rbac.credentialsSecrets={platform},tenantNamespaces[0].name=contoso,tenantNamespaces[0].secrets={acs},\
         tenantNamespaces[0].widgetKeys={key},tenantNamespaces[1].name=fabrikam,tenantNamespaces[1].watchSecrets=true",
    );
    let secret = |names: Option<&[&str]>, verbs: &[&str]| {
        let mut rule = json!({ "apiGroups": [""], "resources": ["secrets"], "verbs": verbs });
        names.into_iter().for_each(|names| rule["resourceNames"] = json!(names));
        rule.to_string()
    };
    let of = |namespace| rules(&chart, "Role", Some(namespace), "nimbus-operator-secrets");
    let contoso =
        [secret(Some(&["acs", "key"]), &["get"]), secret(None, &["create"]), secret(Some(&["key"]), &["patch"])];
    assert_eq!(BTreeSet::from(contoso), of("contoso"));
    assert_eq!(BTreeSet::from([secret(None, &["get"]), secret(None, &["list", "watch"])]), of("fabrikam"));
    let own = rules(&chart, "Role", Some("nimbus-system"), RELEASE);
    assert!(own.contains(&secret(Some(&["platform"]), &["get"])), "{own:?}");
}

/// What would let an operator that was taken over do more than its work.
#[test]
fn nothing_is_granted_that_widens_rights() {
    let values = crate::support::helm::chart("nimbus-operator").join("ci/full-values.yaml");
    let chart = Helm::new(VERSIONS[0]).objects(&["--values", crate::support::helm::path(&values)]).unwrap();
    for role in chart.of("ClusterRole").into_iter().chain(chart.of("Role")) {
        let is_cluster_wide = role["kind"] == "ClusterRole";
        for rule in role["rules"].as_array().unwrap() {
            let has = |member: &str, word: &str| rule[member].as_array().is_some_and(|all| all.contains(&json!(word)));
            for verb in ["*", "escalate", "bind", "impersonate"] {
                assert!(!has("verbs", verb), "{role}");
            }
            assert!(!has("resources", "*") && !has("apiGroups", "*") && !has("resources", "pods/exec"), "{role}");
            assert!(!is_cluster_wide || !has("resources", "secrets"), "no Secrets cluster-wide: {role}");
        }
    }
}

//! Rule 6: `kubectl explain` reads like the manual.

use nimbus_operator::resources::tenant::HEAD;
use nimbus_operator::settings::{Class, leaves};
use serde_json::Value;

use super::schema::{Node, PLURALS, installed, root, walk};
use crate::support::fixture::Fixture;
use crate::support::users;

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The path in `kubectl explain`: items of a list have the path of the list.
fn field(plural: &str, node: &Node<'_>) -> String {
    let names = node.path.iter().filter(|name| *name != "[]").cloned().collect::<Vec<_>>();
    format!("{plural}.nimbus.luware.com.{}", names.join("."))
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_06_kubectl_lists_every_field() {
    let fixture = Fixture::new("explain").await;
    let explain = ["explain", "tenants.nimbus.luware.com", "--recursive"];
    let all = fixture.kubectl(users::TENANT_EDITOR, &explain).await.unwrap();
    let crd = installed(&fixture.env, "tenants").await;
    for node in ["spec", "status"].iter().flat_map(|member| walk(root(&crd), member)) {
        let name = node.path.iter().rfind(|name| *name != "[]").unwrap();
        assert!(all.lines().any(|line| line.trim_start().starts_with(&format!("{name}\t"))), "{name} is not in {all}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_06_kubectl_explains_every_section() {
    let fixture = Fixture::new("explained").await;
    let mut fields = 0;
    for plural in PLURALS {
        let crd = installed(&fixture.env, plural).await;
        for node in ["spec", "status"].iter().flat_map(|member| walk(root(&crd), member)) {
            let Some(members) = node.schema["properties"].as_object() else { continue };
            let name = field(plural, &node);
            let told = fixture.kubectl(users::TENANT_EDITOR, &["explain", &name]).await.unwrap();
            assert!(!told.contains("<no description>") && !told.contains("<empty>"), "{name}: {told}");
            let (_, about) = told.split_once("DESCRIPTION:").unwrap_or_else(|| panic!("{name}: {told}"));
            let (about, _) = about.split_once("FIELDS:").unwrap_or_else(|| panic!("{name}: {told}"));
            assert!(words(about).ends_with(['.', ':']), "{name} is described as '{}'", words(about));
            let told = words(&told);
            for (member, schema) in members {
                let text = words(schema["description"].as_str().unwrap_or_default());
                assert!(text.ends_with(['.', ':']), "{name}.{member} is described as '{text}'");
                assert!(told.contains(&text), "{name}: '{text}' is not in {told}");
                fields += 1;
            }
        }
    }
    println!("{fields} fields are explained");
    assert!(fields >= 200, "{fields}");
}

/// What a description must contain, by the schema and by the table of settings.
#[tokio::test(flavor = "multi_thread")]
async fn rule_06_descriptions_have_unit_and_authority() {
    let fixture = Fixture::new("described-by").await;
    for plural in PLURALS {
        let crd = installed(&fixture.env, plural).await;
        for node in walk(root(&crd), "spec").iter().filter(|node| node.schema.get("description").is_some()) {
            let text = node.schema["description"].as_str().unwrap();
            let says =
                |word: &str| assert!(text.contains(word), "{plural} {}: '{word}' is not in: {text}", node.name());
            for bound in ["minimum", "maximum"].iter().filter_map(|bound| node.schema[bound].as_f64()) {
                says(&format!("{bound}"));
            }
            let name = node.path.last().unwrap();
            for unit in ["Seconds", "Months", "PerHour"].iter().filter(|unit| name.ends_with(**unit)) {
                says(if *unit == "PerHour" { "per hour" } else { &unit[..unit.len() - 1] }.to_lowercase().trim());
            }
        }
    }

    let crd = installed(&fixture.env, "tenants").await;
    let text = |path: &str| {
        let pointer = format!("/properties/spec/properties/{}/description", path.replace('.', "/properties/"));
        root(&crd).pointer(&pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{path}")).to_owned()
    };
    let says = |path: &str, word: &str| assert!(text(path).contains(word), "{path}: '{word}' is not in {}", text(path));
    for leaf in leaves() {
        says(leaf.path, &format!("Authority: {}.", leaf.authority.describe()));
        match leaf.default.map(|default| default.trim_matches('"')) {
            Some("") => says(leaf.path, "Platform default: empty."),
            Some(default) => says(leaf.path, &format!("Platform default: {default}.")),
            None => assert!(!text(leaf.path).contains("Platform default"), "{leaf} has none that is published"),
        }
        if let Some(switch) = leaf.switch {
            says(leaf.path, switch.path);
        }
        if leaf.class == Class::Sealed {
            says(leaf.path, "never shown");
        }
    }
    for (name, authority) in HEAD {
        says(name, &format!("Authority: {}.", authority.describe()));
        let required =
            root(&crd)["properties"]["spec"]["required"].as_array().unwrap().iter().any(|known| known == name);
        if !required {
            says(name, "Unset means ");
        }
    }
}

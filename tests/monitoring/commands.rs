//! The commands of `docs/alerts.md` and of the runbook are ones that exist: each runs against a real API server.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::LazyLock;

use nimbus_operator::manifests::crd;
use nimbus_operator::manifests::runbook::runbook;
use regex::Regex;
use serde_json::{Value, json};

use super::page;
use crate::support::assets;
use crate::support::fixture::{Fixture, NAME};
use crate::support::users;

/// The commands in blocks of a page, without what filters their output.
fn commands(page: &str) -> Vec<String> {
    let blocks = page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let lines = blocks.flat_map(str::lines).filter(|line| !line.is_empty());
    lines.map(|line| line.split(" | ").next().unwrap().to_owned()).collect()
}

/// A command for objects that are there, with their names.
fn filled(command: &str, fixture: &Fixture) -> String {
    let env = &fixture.env;
    let name = if command.contains(" nten ") { NAME } else { &env.platform };
    let name = if command.contains("partnerRef") { &env.namespace } else { name };
    command.replace("NAMESPACE", &env.namespace).replace("NAME", name)
}

/// The names of all properties of an OpenAPI schema.
fn properties(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(map) => {
            let own = map.get("properties").and_then(Value::as_object);
            found.extend(own.into_iter().flat_map(|own| own.keys().cloned()));
            map.values().for_each(|inner| properties(inner, found));
        }
        Value::Array(items) => items.iter().for_each(|inner| properties(inner, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// kubectl prints nothing for a field that does not exist.
#[test]
fn commands_print_fields_that_exist() {
    static FIELD: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\.([a-zA-Z]+)").unwrap());
    let mut known: BTreeSet<String> = ["metadata", "spec", "status", "items", "name", "namespace", "creationTimestamp"]
        .into_iter()
        .chain(["deletionTimestamp", "storedVersions", "holderIdentity", "renewTime"])
        .map(ToOwned::to_owned)
        .collect();
    crd::all().iter().for_each(|(_, crd)| properties(&serde_json::to_value(crd).unwrap(), &mut known));
    let all = pages().iter().flat_map(|page| commands(page)).collect::<Vec<_>>();
    for command in all.iter().filter_map(|command| command.split_once(" -o ").map(|(_, output)| output)) {
        for field in FIELD.captures_iter(command).map(|found| found[1].to_owned()) {
            assert!(known.contains(&field), "no field {field}: {command}");
        }
    }
}

fn pages() -> [String; 2] {
    [page(), runbook()]
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_of_alerts_and_runbook_work() {
    let fixture = Fixture::new("commands").await;
    let _operator = fixture.start();
    fixture.create(json!({})).await;
    fixture.ready().await;
    let kubeconfig = fixture.env.control_plane.kubeconfig(users::ADMIN);
    let kubectl = assets::program("kubectl").unwrap();
    let commands: BTreeSet<_> =
        pages().iter().flat_map(|page| commands(page)).map(|command| filled(&command, &fixture)).collect();
    assert!(commands.len() > 40, "{}", commands.len());
    for command in commands {
        // This needs a metrics server.
        if command.starts_with("kubectl top ") {
            continue;
        }
        let rest = command.strip_prefix("kubectl ").unwrap_or_else(|| panic!("not kubectl: {command}"));
        let line = format!("\"$KUBECTL\" {rest}");
        let mut shell = Command::new("bash");
        shell.args(["-euc", &line]).env("KUBECTL", &kubectl).env("KUBECONFIG", &kubeconfig).env("KUBERC", "off");
        let output = tokio::task::spawn_blocking(move || shell.output()).await.unwrap().unwrap();
        // `can-i` answers by its exit status, too.
        let answers = command.contains(" auth can-i ") && output.stdout == b"no\n";
        assert!(output.status.success() || answers, "{command}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

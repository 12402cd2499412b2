#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use serde_json::Value;

use super::*;
use crate::cli::finding::{Position, Rule};

fn report() -> Report {
    let at = Position { line: 3, column: 7 };
    let phone = Finding::new(Rule::SchemaRule, at, "spec.contact.phone", "is <\"5\">, must be 100%, a: b");
    let judged = Judged {
        kind: "Tenant".into(),
        namespace: "contoso".into(),
        name: "a,b".into(),
        tenant: None,
        at: Some(Position::START),
        findings: vec![phone.cured_by("write\nit")],
    };
    let twice = Finding::new(Rule::FleetDuplicateObject, Position { line: 9, column: 1 }, "", "is there twice");
    let valid = Judged { kind: "Partner".into(), name: "northwind".into(), findings: vec![twice], ..Judged::default() };
    let file = FileReport { name: "./a b.yaml".into(), findings: vec![], objects: vec![judged, valid], others: 2 };
    let broken = Finding::new(Rule::YamlSyntax, Position::START, "", "is not YAML");
    Report { files: vec![file, FileReport { name: "c.yaml".into(), findings: vec![broken], ..FileReport::default() }] }
}

#[test]
fn text_has_a_line_for_each_finding_and_a_verdict() {
    assert_eq!(
        "./a b.yaml:3:7: error: spec.contact.phone: is <\"5\">, must be 100%, a: b\n    write\nit\n\
         ./a b.yaml:9:1: warning: is there twice\n\
         c.yaml:1:1: error: is not YAML\n\
         invalid: 2 errors, 1 warning; 2 objects in 2 files, 2 objects of other kinds not judged\n",
        report().render(Form::Text).unwrap()
    );
    assert_eq!("valid; 0 objects in 0 files\n", Report::default().render(Form::Text).unwrap());
}

#[test]
fn json_and_sarif_name_rule_and_place() {
    let json: Value = serde_json::from_str(&report().render(Form::Json).unwrap()).unwrap();
    assert_eq!((&Value::from(false), &Value::from(2)), (&json["valid"], &json["errors"]));
    assert_eq!(
        serde_json::json!({
            "file": "./a b.yaml", "line": 3, "column": 7, "severity": "error", "rule": "schema-rule", "cure": "write\nit",
            "path": "spec.contact.phone", "message": "is <\"5\">, must be 100%, a: b", "kind": "Tenant", "namespace": "contoso",
            "name": "a,b",
        }),
        json["findings"][0]
    );
    let sarif: Value = serde_json::from_str(&report().render(Form::Sarif).unwrap()).unwrap();
    let run = &sarif["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(3, results.len());
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    }
    assert_eq!("a%20b.yaml", results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]);
}

#[test]
fn junit_has_a_case_for_each_object_and_each_broken_file() {
    let xml = report().render(Form::Junit).unwrap();
    assert!(xml.contains("tests=\"3\" failures=\"2\""), "{xml}");
    assert_eq!((3, 2), (xml.matches("<testcase ").count(), xml.matches("<failure ").count()));
    assert!(xml.contains("&lt;&quot;5&quot;&gt;") && !xml.contains("<\"5"), "{xml}");
}

#[test]
fn a_workflow_command_cannot_be_broken_by_a_value() {
    let commands = report().render(Form::Github).unwrap();
    let first = commands.lines().next().unwrap();
    assert_eq!(
        "::error file=./a b.yaml,line=3,col=7,title=Tenant contoso/a%2Cb::\
         spec.contact.phone: is <\"5\">, must be 100%25, a: b; write%0Ait",
        first
    );
    assert_eq!(3, commands.lines().count());
}

#[test]
fn the_id_of_each_rule_is_another_one() {
    let ids: std::collections::BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.id()).collect();
    assert_eq!(Rule::ALL.len(), ids.len());
}

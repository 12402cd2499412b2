//! `kubectl nimbus validate` refuses what the API server refuses by schema or rule, under the same paths, and accepts what it accepts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use nimbus_operator::cli::files::yaml;
use serde_json::{Value, json};

use super::kind::{Kind, Response};
use super::kubectl_file;
use super::rejections::{bad_values, good_values};
use super::schema::{PLURALS, good, walk};
use crate::support::assets;
use crate::support::fixture::Fixture;
use crate::support::rights::allow_creating_secrets;
use crate::support::users::ADMIN;

/// An object, and what the API server said of it.
struct Case {
    what: &'static str,
    object: Value,
    answer: Response,
}

impl Case {
    /// The fields that the API server refuses.
    fn refused(&self) -> BTreeSet<String> {
        let says = self.answer.message();
        let unknown = says.split("unknown field \"").skip(1).filter_map(|rest| rest.split('"').next());
        let causes = self.answer.causes();
        // That rules were not checked because something else is wrong is no refusal of a field.
        let fields = causes.iter().map(|(field, _)| *field).filter(|field| *field != "<nil>");
        fields.chain(unknown).map(ToOwned::to_owned).collect()
    }
}

/// The fields that `kubectl nimbus validate` refuses, by the file in a folder.
fn offline(folder: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut command = Command::new(assets::plugin().unwrap());
    let output = command.args(["validate", "-o", "json", "-f"]).arg(folder).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut refused = BTreeMap::<String, BTreeSet<String>>::new();
    let findings = report["findings"].as_array().unwrap();
    for finding in findings.iter().filter(|finding| finding["severity"] == "error") {
        let file = Path::new(finding["file"].as_str().unwrap()).file_name().unwrap().to_str().unwrap().to_owned();
        let path = finding["path"].as_str().unwrap_or_default().to_owned();
        refused.entry(file).or_default().insert(path);
    }
    refused
}

/// Names and labels, which the API server judges for every kind.
fn metadata(object: &Value) -> Vec<Value> {
    let with = |metadata: Value| {
        let mut object = object.clone();
        object["metadata"] = metadata;
        object
    };
    vec![
        with(json!({ "name": "Contoso" })),
        with(json!({ "name": "contoso", "labels": { "a": "b c" } })),
        with(json!({ "name": "contoso", "labels": { "a/b/c": "d" } })),
        with(json!({ "name": "contoso", "annotations": { "a b": "c" } })),
        with(json!({ "name": "contoso", "lables": {} })),
    ]
}

async fn cases(fixture: &Fixture) -> Vec<Case> {
    let mut cases = vec![];
    for plural in PLURALS {
        let kind = Kind::new(&fixture.env, plural).await;
        let mut objects = vec![];
        for node in walk(kind.schema(), "spec") {
            objects.extend(bad_values(&node).into_iter().map(|bad| (bad.what, kind.with(&node.path, bad.value))));
            objects.extend(good_values(&node).into_iter().map(|value| ("good value", kind.with(&node.path, value))));
            if node.kind() == "object" && !node.has("additionalProperties") {
                let mut value = good(node.schema);
                value["unknwon"] = json!("x");
                objects.push(("unknown field", kind.with(&node.path, value)));
            }
        }
        let plain = kind.object(good(&kind.schema()["properties"]["spec"]));
        objects.extend(metadata(&plain).into_iter().map(|object| ("metadata", object)));
        for (what, object) in objects {
            let answer = kind.create(&object).await;
            cases.push(Case { what, object, answer });
        }
        for node in walk(kind.schema(), "spec").into_iter().filter(|node| node.path.last().unwrap() != "[]") {
            let object = kind.with(&node.path, Value::Null);
            let mut answer = kind.apply(&object).await;
            // Server-side apply names the field in a sentence.
            answer.body["details"] = json!({ "causes": [{ "field": node.name(), "message": answer.message() }] });
            assert!(answer.code >= 400 && answer.message().contains(&node.name()), "{answer:?}");
            cases.push(Case { what: "null, applied", object, answer });
        }
    }
    cases
}

#[tokio::test(flavor = "multi_thread")]
async fn offline_validation_agrees_with_the_api_server() {
    let fixture = Fixture::new("offline").await;
    allow_creating_secrets(&fixture.client(ADMIN), &fixture.env.namespace, &["acs", "a.b-c", "0"]).await.unwrap();
    let cases = cases(&fixture).await;
    let folder = tempfile::tempdir().unwrap();
    for (number, case) in cases.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{number:05}.json")), case.object.to_string()).unwrap();
    }
    let offline = offline(folder.path());
    let (mut table, mut differing) = (BTreeMap::<&str, (usize, usize, usize)>::new(), vec![]);
    for (number, case) in cases.iter().enumerate() {
        let ours = offline.get(&format!("{number:05}.json")).cloned().unwrap_or_default();
        let (theirs, is_refused) = (case.refused(), case.answer.code >= 400);
        let row = table.entry(case.what).or_default();
        row.0 += 1;
        row.1 += usize::from(is_refused != ours.is_empty());
        row.2 += usize::from(theirs == ours);
        if theirs != ours || is_refused == ours.is_empty() {
            let says = case.answer.message();
            differing.push(format!("{} {}: API server {theirs:?}, offline {ours:?}: {says}", case.what, case.object));
        }
    }
    println!("| values | number | same verdict | same paths |\n|---|---|---|---|");
    for (what, (number, verdict, paths)) in &table {
        println!("| {what} | {number} | {verdict} | {paths} |");
    }
    println!("| all | {} | | |", cases.len());
    assert_eq!(Vec::<String>::new(), differing);
    assert!(cases.len() > 900 && table.len() >= 15, "{} cases, {table:?}", cases.len());
}

/// Scalars without quotes, and some with.
const SCALARS: &[&str] = &[
    "NO",
    "no",
    "n",
    "N",
    "off",
    "y",
    "Yes",
    "on",
    "true",
    "True",
    "nO",
    "~",
    "null",
    "Null",
    "08005",
    "010",
    "007",
    "0o17",
    "0x1F",
    "0b101",
    "-0b11",
    "1e3",
    "1E+2",
    "1.5",
    "-.5",
    "5.",
    "+12",
    "-7",
    "1_000",
    "12_3.4",
    "20.0",
    "1:30",
    "2026-11-25",
    "2026-11-25T10:00:00Z",
    "0xZZ",
    "0",
    "-0",
    "00",
    "9223372036854775807",
    "1e400x",
    "+41445551234",
    "1.2.3",
    "a: b",
    "'NO'",
    "\"08005\"",
    "!!str 7",
    "|-\n    NO",
    "-1_0",
    "0.1",
    "1e-3",
    "e3",
    ".e3",
    "--1",
    "+",
    "0o",
    "0b2",
];

/// What kubectl makes of scalars without quotes, which is what a cluster gets.
#[tokio::test(flavor = "multi_thread")]
async fn scalars_are_read_as_kubectl_reads_them() {
    let fixture = Fixture::new("scalars").await;
    let lines: Vec<String> = SCALARS
        .iter()
        .filter(|text| !text.contains(": "))
        .enumerate()
        .map(|(number, text)| format!("  v{number}: {text}"))
        .collect();
    let text = format!(
        "apiVersion: nimbus.luware.com/v1alpha1\nkind: Tenant\nmetadata: {{name: scalars}}\nspec:\n{}\n",
        lines.join("\n")
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scalars.yaml");
    std::fs::write(&file, &text).unwrap();
    let arguments = ["create", "--dry-run=client", "--validate=false", "-o", "json", "-f", file.to_str().unwrap()];
    let output = super::kubectl(&fixture, ADMIN, &arguments).await;
    assert!(output.status.success(), "{output:?}");
    let theirs: Value = serde_json::from_str(&output.stdout).unwrap();
    let (documents, findings) = yaml::parse(&text);
    assert_eq!((1, 0), (documents.len(), findings.len()), "{findings:?}");
    let ours = documents[0].to_value();
    let differing: Vec<String> = lines
        .iter()
        .enumerate()
        .map(|(number, line)| (line, &theirs["spec"][format!("v{number}")], &ours["spec"][format!("v{number}")]))
        .filter(|(_, theirs, ours)| theirs != ours)
        .map(|(line, theirs, ours)| format!("{line}: kubectl {theirs}, offline {ours}"))
        .collect();
    assert_eq!(Vec::<String>::new(), differing);
    println!("{} scalars", lines.len());
}

/// A URL parser repairs what the API server refuses, so addresses get more tries than the samples.
#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_refused_offline_as_by_the_api_server() {
    let fixture = Fixture::new("addresses").await;
    let kind = Kind::new(&fixture.env, "platforms").await;
    let path = ["spec".to_owned(), "endpoint".to_owned()];
    let folder = tempfile::tempdir().unwrap();
    let texts = [
        "https:nimbus.example",
        "https:/nimbus.example",
        "https:///nimbus.example",
        "https://nimbus.example/a b",
        "https://nimbus.example/a%zz",
        " https://nimbus.example",
        "https://nimbus.example ",
        "HTTPS://nimbus.example",
        "https://nimbus.example\\a",
        "https://",
        "https://nimbus.example:",
        "https://nimbus.example:8443/x/",
        "https://nimbus.example:port",
        "https://[::1",
        "https://[2001:db8::1]/",
        "http://127.0.0.1:1",
        "http://[::1]:80",
        "https://n\u{fc}mbus.example",
        "https://nimbus.example/\u{fc}",
        "https://a^b",
        "https://a|b",
        "https://%41.example",
        "//nimbus.example",
        "nimbus.example",
        "https",
        "mailto:a@b.c",
        "https://a,b",
        "https://nimbus.example/%41",
    ];
    let mut answers = vec![];
    for (number, text) in texts.iter().enumerate() {
        let object = kind.with(&path, json!(text));
        answers.push(kind.create(&object).await.code < 400);
        std::fs::write(folder.path().join(format!("{number:05}.json")), object.to_string()).unwrap();
    }
    let refused = offline(folder.path());
    let accepted = |number: usize| !refused.contains_key(&format!("{number:05}.json"));
    let lax: Vec<&str> =
        (0..texts.len()).filter(|number| accepted(*number) && !answers[*number]).map(|number| texts[number]).collect();
    let strict: Vec<&str> =
        (0..texts.len()).filter(|number| !accepted(*number) && answers[*number]).map(|number| texts[number]).collect();
    println!("refused offline only, since no client can call them: {strict:?}");
    assert_eq!(Vec::<&str>::new(), lax, "accepted offline only");
}

/// Every example is valid offline, as it is for the API server.
#[test]
fn every_example_is_valid_offline() {
    let mut command = Command::new(assets::plugin().unwrap());
    let output = command.args(["validate", "-R", "-f"]).arg(assets::checkout().join("examples")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && !said.contains(": error: "), "{said}");
}

/// A key that is given twice reaches the API server once, so only the offline check can see it.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_given_twice_is_what_kubectl_does_not_see() {
    let fixture = Fixture::new("twice").await;
    let manifest = fixture.manifest(json!({}));
    let output = kubectl_file(&fixture, &["apply", "--dry-run=server"], &manifest).await;
    assert!(output.status.success(), "{output:?}");
    let text = manifest.to_string().replacen("\"spec\":{", "\"spec\":{\"suspend\":true,\"suspend\":false,", 1);
    let (documents, findings) = yaml::parse(&text);
    assert_eq!((1, 1), (documents.len(), findings.len()), "{findings:?}");
    assert_eq!("spec.suspend", findings[0].path);
}

//! SARIF 2.1.0, which code scanning of GitHub, GitLab and Azure DevOps reads.

use serde_json::{Value, json};

use super::{Entry, Report};
use crate::cli::finding::Rule;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

pub(super) fn render(report: &Report) -> anyhow::Result<String> {
    let rules = Rule::ALL.iter().map(|rule| {
        json!({
            "id": rule.id(),
            "shortDescription": { "text": rule.describe() },
            "defaultConfiguration": { "level": rule.severity().name() },
        })
    });
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "kubectl-nimbus",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": report.entries().map(result).collect::<Vec<_>>(),
        }],
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn result(Entry { file, object, finding }: Entry<'_>) -> Value {
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(file) },
            "region": { "startLine": finding.at.line, "startColumn": finding.at.column },
        },
    });
    if let Some(object) = object {
        let name = format!("{} {}", object.title(), finding.path);
        location["logicalLocations"] = json!([{ "fullyQualifiedName": name.trim_end() }]);
    }
    json!({
        "ruleId": finding.rule.id(),
        "ruleIndex": Rule::ALL.iter().position(|rule| *rule == finding.rule),
        "level": finding.rule.severity().name(),
        "message": { "text": finding.sentence() },
        "locations": [location],
    })
}

/// A path as a relative or absolute URI reference.
fn uri(file: &str) -> String {
    let path = file.strip_prefix("./").unwrap_or(file);
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes().map(|byte| if kept(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

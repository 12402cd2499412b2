//! For programs: one object. Members are added, never renamed or removed.

use serde_json::{Value, json};

use super::{Counts, Entry, Report};

pub(super) fn render(report: &Report) -> anyhow::Result<String> {
    let Counts { files, objects, others, errors, warnings } = report.counts();
    let document = json!({
        "valid": errors == 0,
        "files": files,
        "objects": objects,
        "otherObjects": others,
        "errors": errors,
        "warnings": warnings,
        "findings": report.entries().map(finding).collect::<Vec<_>>(),
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn finding(Entry { file, object, finding }: Entry<'_>) -> Value {
    let mut value = json!({
        "file": file,
        "line": finding.at.line,
        "column": finding.at.column,
        "severity": finding.rule.severity().name(),
        "rule": finding.rule.id(),
        "message": finding.message,
    });
    let of = |name: fn(&super::Judged) -> &String| object.map(name).filter(|text| !text.is_empty());
    let optional = [
        ("path", Some(&finding.path).filter(|path| !path.is_empty())),
        ("cure", finding.cure.as_ref()),
        ("kind", of(|object| &object.kind)),
        ("namespace", of(|object| &object.namespace)),
        ("name", of(|object| &object.name)),
    ];
    for (name, text) in optional {
        if let Some(text) = text {
            value[name] = json!(text);
        }
    }
    value
}

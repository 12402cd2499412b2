//! What the API server demands of the metadata of any object.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::json;

use super::schema::Schema;
use super::structure;
use crate::cli::files::yaml::{Content, Member, Node};
use crate::cli::finding::{Finding, Position, Rule};
use crate::settings::format::{Format, NamespaceName, ObjectName, canonicalize};

/// Where objects of a kind live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In a namespace.
    Namespaced,
    /// In the cluster.
    Cluster,
}

/// Bytes of all annotations.
const MOST_ANNOTATIONS: usize = 256 << 10;

static SCHEMA: LazyLock<Option<Schema>> = LazyLock::new(|| {
    let (text, any) = (json!({ "type": "string" }), json!({ "x-kubernetes-preserve-unknown-fields": true }));
    let texts = json!({ "type": "object", "additionalProperties": text });
    Schema::read(&json!({
        "type": "object",
        "properties": {
            "name": text, "generateName": text, "namespace": text, "labels": texts, "annotations": texts,
            "finalizers": { "type": "array", "items": text }, "ownerReferences": any, "managedFields": any,
            "uid": text, "resourceVersion": text, "generation": { "type": "integer" }, "selfLink": text,
            "creationTimestamp": any, "deletionTimestamp": any, "deletionGracePeriodSeconds": any,
        },
    }))
    .ok()
});

/// Judges the metadata of an object that begins at a place.
pub fn check(metadata: Option<&Node>, object: Position, scope: Scope, findings: &mut Vec<Finding>) {
    let Some(node) = metadata else {
        findings.push(Finding::new(Rule::SchemaRequired, object, "metadata", "is required"));
        return;
    };
    if let Some(schema) = SCHEMA.as_ref() {
        structure::check(node, schema, "metadata", findings);
    }
    names(node, scope, findings);
    for (member, is_label) in [("labels", true), ("annotations", false)] {
        let Some(Content::Object(members)) = node.get(member).map(|node| &node.content) else { continue };
        for Member { name, at, value } in members {
            let path = format!("metadata.{member}");
            if !is_qualified(name) {
                let message = format!(
                    "has the key '{name}', must be a name of letters, digits, '-', '_' and '.', after a domain and '/' or without"
                );
                findings.push(Finding::new(Rule::ObjectMetadata, *at, &path, message));
            }
            if is_label && value.text().is_some_and(|text| !is_label_value(text)) {
                let message = format!(
                    "has a value at '{name}' that is none of a label: at most 63 letters, digits, '-', '_' and '.', a letter or digit at both ends"
                );
                findings.push(Finding::new(Rule::ObjectMetadata, value.at, &path, message));
            }
        }
        let bytes: usize =
            members.iter().map(|member| member.name.len() + member.value.text().map_or(0, str::len)).sum();
        if !is_label && bytes > MOST_ANNOTATIONS {
            let message = format!("has {bytes} bytes, must have at most {MOST_ANNOTATIONS}");
            findings.push(Finding::new(Rule::ObjectMetadata, node.nearest(member), "metadata.annotations", message));
        }
    }
}

fn names(node: &Node, scope: Scope, findings: &mut Vec<Finding>) {
    let (name, prefix) = (node.get("name"), node.get("generateName"));
    let mut refuse = |node: &Node, path: &str, allowed: &str| {
        let found = crate::text::quoted(node.text().unwrap_or_default(), 64);
        findings.push(Finding::new(Rule::ObjectMetadata, node.at, path, format!("is {found}, must be {allowed}")));
    };
    if let Some(name) = name.filter(|name| name.text().is_some_and(|text| canonicalize::<ObjectName>(text).is_none())) {
        refuse(name, "metadata.name", ObjectName::ALLOWED);
    }
    // What follows the prefix begins with a letter or a digit.
    let bad = |text: &str| canonicalize::<ObjectName>(&format!("{text}x")).is_none();
    if let Some(prefix) = prefix.filter(|_| name.is_none()).filter(|prefix| prefix.text().is_some_and(bad)) {
        refuse(prefix, "metadata.generateName", ObjectName::ALLOWED);
    }
    if name.is_none() && prefix.is_none() {
        findings.push(Finding::new(Rule::SchemaRequired, node.at, "metadata.name", "is required"));
    }
    let Some(namespace) = node.get("namespace") else { return };
    match (scope, namespace.text()) {
        (Scope::Namespaced, Some(text)) if canonicalize::<NamespaceName>(text).is_none() => {
            let found = crate::text::quoted(text, 64);
            let message = format!("is {found}, must be {}", NamespaceName::ALLOWED);
            findings.push(Finding::new(Rule::ObjectMetadata, namespace.at, "metadata.namespace", message));
        }
        (Scope::Cluster, Some(_)) => {
            let message = "is ignored, because objects of this kind are in no namespace";
            let finding = Finding::new(Rule::ObjectIgnored, namespace.at, "metadata.namespace", message);
            findings.push(finding.cured_by("remove it"));
        }
        (Scope::Namespaced | Scope::Cluster, _) => {}
    }
}

/// A name, after a domain and a slash or without.
fn is_qualified(key: &str) -> bool {
    let (domain, name) = match key.split_once('/') {
        Some((domain, name)) => (Some(domain), name),
        None => (None, key),
    };
    let fits = |domain: &str| canonicalize::<ObjectName>(&domain.to_ascii_lowercase()).is_some();
    !name.is_empty() && is_label_value(name) && domain.is_none_or(fits)
}

/// The value of a label, which may be empty.
fn is_label_value(text: &str) -> bool {
    #[expect(clippy::expect_used, reason = "a test reads it")]
    static VALUE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$").expect("the pattern compiles"));
    text.len() <= 63 && VALUE.is_match(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::files::yaml;

    fn rules(text: &str) -> Vec<(Rule, String)> {
        let (documents, _) = yaml::parse(text);
        let mut findings = vec![];
        check(documents.first(), Position::START, Scope::Namespaced, &mut findings);
        findings.into_iter().map(|found| (found.rule, found.path)).collect()
    }

    #[test]
    fn metadata_is_judged_as_the_api_server_does() {
        for (text, expected) in [
            ("{name: contoso, namespace: contoso, labels: {a/b: x, c: \"\"}, annotations: {a: \"any thing\"}}", None),
            ("{generateName: contoso-}", None),
            ("{}", Some((Rule::SchemaRequired, "metadata.name"))),
            ("{name: Contoso}", Some((Rule::ObjectMetadata, "metadata.name"))),
            ("{name: 7}", Some((Rule::YamlType, "metadata.name"))),
            ("{name: a, namespace: a.b}", Some((Rule::ObjectMetadata, "metadata.namespace"))),
            ("{name: a, labels: {x: a b}}", Some((Rule::ObjectMetadata, "metadata.labels"))),
            ("{name: a, labels: {a/b/c: x}}", Some((Rule::ObjectMetadata, "metadata.labels"))),
            ("{name: a, annotations: {sync: 1}}", Some((Rule::YamlType, "metadata.annotations.sync"))),
            ("{name: a, lables: {}}", Some((Rule::SchemaUnknownField, "metadata.lables"))),
        ] {
            let expected: Vec<_> = expected.into_iter().map(|(rule, path)| (rule, path.to_owned())).collect();
            assert_eq!(expected, rules(text), "{text}");
        }
        assert!(SCHEMA.is_some());
    }
}

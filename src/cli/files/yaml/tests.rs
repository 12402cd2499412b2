#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what went wrong by panicking")]

use serde_json::json;

use super::*;

/// The one document of a text without findings.
fn one(text: &str) -> Node {
    let (documents, findings) = parse(text);
    assert_eq!(Vec::<Finding>::new(), findings, "{text}");
    let [document] = &documents[..] else { panic!("{} documents", documents.len()) };
    document.clone()
}

/// The findings, in short.
fn found(text: &str) -> Vec<(Rule, (usize, usize), String)> {
    let (_, findings) = parse(text);
    findings.into_iter().map(|found| (found.rule, (found.at.line, found.at.column), found.path)).collect()
}

#[test]
fn every_key_and_value_has_its_place() {
    let node = one("# c\na:\n  - x: ü\n    \"y\": 7\n");
    assert_eq!(json!({ "a": [{ "x": "ü", "y": 7 }] }), node.to_value());
    assert_eq!(Position { line: 4, column: 5 }, node.nearest("a[0].y"));
    assert_eq!(Position { line: 3, column: 5 }, node.nearest("a[0]"));
    assert_eq!(Position { line: 2, column: 1 }, node.nearest("a.missing"));
}

#[test]
fn json_is_read_too_with_tabs() {
    assert_eq!(json!({ "a": "x\u{7f}\u{80}" }), one("{\"a\": \"x\u{7f}\u{80}\"}").to_value());
    assert_eq!(json!({ "a": { "b": [1, "x"] } }), one("{\n\t\"a\": {\n\t\t\"b\": [1, \"x\"]\n\t}\n}\n").to_value());
}

#[test]
fn quotes_and_tags_make_a_text() {
    let node = one("a: NO\nb: \"NO\"\nc: !!str 08005\nd: |\n  7\ne: 'x'\n");
    assert_eq!(json!({ "a": false, "b": "NO", "c": "08005", "d": "7\n", "e": "x" }), node.to_value());
    assert_eq!(Some("NO"), node.get("a").unwrap().written.as_deref());
    assert_eq!(None, node.get("b").unwrap().written);
}

#[test]
fn anchors_and_merges_are_resolved() {
    let node = one("base: &b {p: 1, q: 2}\nc: {<<: *b, q: 3}\nd: {<<: [*b, {r: 4}]}\ne: *b\n");
    let base = json!({ "p": 1, "q": 2 });
    assert_eq!(
        json!({ "base": base, "c": { "p": 1, "q": 3 }, "d": { "p": 1, "q": 2, "r": 4 }, "e": base }),
        node.to_value()
    );
}

#[test]
fn a_key_that_is_given_twice_is_named_with_both_lines() {
    let (_, findings) = parse("spec:\n  general:\n    name: a\n    crmId: b\n    name: c\n");
    let [finding] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!((Rule::YamlDuplicateKey, "spec.general.name"), (finding.rule, finding.path.as_str()));
    assert_eq!(Position { line: 5, column: 5 }, finding.at);
    assert!(finding.message.contains("first on line 3"), "{}", finding.message);
}

#[test]
fn a_broken_document_hides_no_other_one() {
    let (documents, findings) = parse("a: 1\n---\nb: [1, 2\n---\nc: 3\n---\n");
    assert_eq!(vec![json!({ "a": 1 }), json!({ "c": 3 })], documents.iter().map(Node::to_value).collect::<Vec<_>>());
    assert_eq!(vec![Rule::YamlSyntax], findings.iter().map(|found| found.rule).collect::<Vec<_>>());
}

#[test]
fn templates_are_named_as_such() {
    for text in ["a:\n  name: {{ .Values.name }}\n", "{{- if .Values.on }}\na: 1\n{{- end }}\n", "{{ x }}: 1\n"] {
        assert_eq!(
            vec![Rule::YamlTemplate],
            found(text).into_iter().map(|(rule, ..)| rule).collect::<Vec<_>>(),
            "{text}"
        );
    }
    assert_eq!(
        Vec::<(Rule, (usize, usize), String)>::new(),
        found("a: \"{{ quoted }}\"\n"),
        "the field's own rule says it"
    );
}

#[test]
fn bombs_and_depth_end_in_a_finding() {
    let mut bomb = "a0: &a0 [1,1,1,1,1,1,1,1,1,1]\n".to_owned();
    for level in 1..9 {
        let below = vec![format!("*a{}", level - 1); 10].join(",");
        bomb += &format!("a{level}: &a{level} [{below}]\n");
    }
    assert_eq!(vec![Rule::YamlSyntax], found(&bomb).into_iter().map(|(rule, ..)| rule).collect::<Vec<_>>());
    let deep = "[".repeat(10_000);
    assert_eq!(vec![Rule::YamlSyntax], found(&deep).into_iter().map(|(rule, ..)| rule).collect::<Vec<_>>());
}

#[test]
fn an_infinite_number_and_a_key_that_is_no_text_are_found() {
    assert_eq!(vec![(Rule::YamlType, (1, 4), "a".to_owned())], found("a: .nan\n"));
    assert_eq!(vec![(Rule::YamlType, (2, 3), "a".to_owned())], found("a:\n  NO: 1\n"));
}

#[test]
fn a_text_without_anything_has_no_document() {
    for text in ["", "# only a comment\n", "---\n---\n", "\u{feff}"] {
        assert_eq!((vec![], vec![]), parse(text), "{text:?}");
    }
}

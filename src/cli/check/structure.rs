//! An object held against its schema: the same fields are refused as the API server refuses, under the same paths. All findings come
//! at once, where the API server names the broken rules only after types and bounds are right.

use super::schema::{Kind, Schema};
use crate::cli::files::scalar::{Scalar, is_plain, resolve};
use crate::cli::files::yaml::{Content, Member, Node};
use crate::cli::finding::{Finding, Position, Rule};
use crate::settings::{Disclosure, leaves};
use crate::text::quoted;

/// The most characters of a value that a message shows.
const SHOWN: usize = 64;

/// Judges a value that stands at a path.
pub fn check(node: &Node, schema: &Schema, path: &str, findings: &mut Vec<Finding>) {
    let before = findings.len();
    match (&schema.kind, &node.content) {
        (Kind::Any, _) => {}
        (_, Content::Null) => {
            let message = "has no value, which means nothing: server-side apply refuses it, and a create drops it";
            let finding = Finding::new(Rule::SchemaNull, node.at, path, message);
            findings.push(finding.cured_by("remove the field, or give it a value"));
        }
        (Kind::Flag, Content::Flag(_)) => spelling(node, path, findings),
        (Kind::Whole { least, most }, Content::Number(number))
            if number.as_i64().is_some() || number.as_u64().is_some() =>
        {
            spelling(node, path, findings);
            bounds(node, number.as_i64().unwrap_or(i64::MAX), (*least, *most), path, findings);
        }
        (Kind::Text { words, shortest, longest }, Content::Text(text)) => {
            if !words.is_empty() && !words.contains(text) {
                let message = format!("is {}, must be one of {}", shown(path, text), words.join(", "));
                let finding = Finding::new(Rule::SchemaEnum, node.at, path, message);
                findings.push(match closest(text, words.iter().map(String::as_str)) {
                    Some(word) => finding.cured_by(format!("did you mean {word}?")),
                    None => finding,
                });
            }
            let length = text.chars().count();
            sized(node.at, (length, *shortest, *longest), "characters", path, findings);
        }
        (Kind::List { items, fewest, most, is_set }, Content::List(list)) => {
            sized(node.at, (list.len(), *fewest, *most), "items", path, findings);
            // Of a list that is too long, each item would be one more line and no news.
            let judged = most.map_or(list.len(), |most| if list.len() > most { 0 } else { list.len() });
            for (index, item) in list[..judged].iter().enumerate() {
                let path = format!("{path}[{index}]");
                if *is_set && list[..index].iter().any(|other| other.content == item.content) {
                    findings.push(
                        Finding::new(Rule::SchemaBounds, item.at, &path, "is in the list already")
                            .cured_by("remove it"),
                    );
                }
                check(item, items, &path, findings);
            }
        }
        (Kind::Object { .. }, Content::Object(members)) => object(node.at, members, schema, path, findings),
        (Kind::Flag | Kind::Whole { .. } | Kind::Text { .. } | Kind::List { .. } | Kind::Object { .. }, _) => {
            findings.push(wrong_type(node, &schema.kind, path));
        }
    }
    // A rule expects what the schema allows.
    if findings[before..].iter().all(|finding| finding.rule == Rule::YamlSpelling) && !schema.rules.is_empty() {
        rules(node, schema, path, findings);
    }
}

fn rules(node: &Node, schema: &Schema, path: &str, findings: &mut Vec<Finding>) {
    let value = node.to_value();
    for rule in schema.rules.iter().filter(|rule| !(rule.accepts)(&value)) {
        let found = node.text().map(|text| format!("is {}, ", shown(path, text))).unwrap_or_default();
        findings.push(Finding::new(Rule::SchemaRule, node.at, path, format!("{found}{}", rule.message)));
    }
}

fn object(at: Position, members: &[Member], schema: &Schema, path: &str, findings: &mut Vec<Finding>) {
    let Kind::Object { members: known, required, others, most } = &schema.kind else { return };
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    sized(at, (members.len(), 0, *most), "members", path, findings);
    for Member { name, at, value } in members {
        match (known.get(name), others) {
            (Some(schema), _) => check(value, schema, &below(name), findings),
            (None, Some(schema)) => check(value, schema, &below(name), findings),
            (None, None) => {
                let finding = Finding::new(Rule::SchemaUnknownField, *at, &below(name), "is not a field of the schema");
                findings.push(match closest(name, known.keys().map(String::as_str)) {
                    Some(other) => finding.cured_by(format!("did you mean {other}?")),
                    None => finding.cured_by("remove it, or check where it belongs in docs/settings.md"),
                });
            }
        }
    }
    let is_missing = |name: &&String| {
        members.iter().all(|member| member.name != **name) && known.get(*name).is_none_or(|schema| !schema.has_default)
    };
    for name in required.iter().filter(is_missing) {
        findings.push(Finding::new(Rule::SchemaRequired, at, &below(name), "is required"));
    }
}

fn bounds(
    node: &Node,
    number: i64,
    (least, most): (Option<i64>, Option<i64>),
    path: &str,
    findings: &mut Vec<Finding>,
) {
    let message = match (least, most) {
        (Some(least), Some(most)) => format!("is {number}, must be from {least} to {most}"),
        (Some(least), None) => format!("is {number}, must be {least} or more"),
        (None, Some(most)) => format!("is {number}, must be {most} or less"),
        (None, None) => return,
    };
    if least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most) {
        findings.push(Finding::new(Rule::SchemaBounds, node.at, path, message));
    }
}

/// A length or a number of members that the schema bounds.
fn sized(
    at: Position,
    (size, least, most): (usize, usize, Option<usize>),
    what: &str,
    path: &str,
    findings: &mut Vec<Finding>,
) {
    let problem = match most {
        Some(most) if size > most => format!("has {size} {what}, must have at most {most}"),
        _ if size < least => format!("has {size} {what}, must have at least {least}"),
        _ => return,
    };
    findings.push(Finding::new(Rule::SchemaBounds, at, path, problem));
}

/// A value that is right, and that other programs read in another way.
fn spelling(node: &Node, path: &str, findings: &mut Vec<Finding>) {
    let Some(written) = &node.written else { return };
    if !is_plain(written, &resolve(written)) {
        let value = node.to_value();
        let message = format!("is written {written}, which kubectl reads as {value} and other programs may not");
        findings.push(Finding::new(Rule::YamlSpelling, node.at, path, message).cured_by(format!("write {value}")));
    }
}

fn wrong_type(node: &Node, kind: &Kind, path: &str) -> Finding {
    let expected = expected(kind);
    match (&node.written, kind, &node.content) {
        (Some(written), Kind::Text { .. }, _) => {
            let read = node.to_value();
            let reads = if read.is_boolean() { format!("as {read}") } else { format!("as the number {read}") };
            let message = format!("must be {expected}, and YAML reads {written} without quotes {reads}");
            Finding::new(Rule::YamlType, node.at, path, message).cured_by(format!("write it in quotes: \"{written}\""))
        }
        (_, Kind::Flag | Kind::Whole { .. }, Content::Text(text)) if fits(kind, text) => {
            let message = format!("must be {expected}, and quotes make it a text");
            Finding::new(Rule::YamlType, node.at, path, message).cured_by(format!("write it without quotes: {text}"))
        }
        _ => Finding::new(
            Rule::SchemaType,
            node.at,
            path,
            format!("must be {expected}, is {}", described(&node.content)),
        ),
    }
}

/// Whether a text would be of the type if it had no quotes.
fn fits(kind: &Kind, text: &str) -> bool {
    match resolve(text) {
        Scalar::Flag(_) => matches!(kind, Kind::Flag),
        Scalar::Number(number) => matches!(kind, Kind::Whole { .. }) && number.is_i64(),
        Scalar::Null | Scalar::NoNumber | Scalar::Text => false,
    }
}

fn expected(kind: &Kind) -> &'static str {
    match kind {
        Kind::Any => "anything",
        Kind::Flag => "true or false",
        Kind::Whole { .. } => "a whole number",
        Kind::Text { .. } => "a text",
        Kind::List { .. } => "a list",
        Kind::Object { .. } => "an object",
    }
}

/// What a value is. A text is not shown: a secret may have been put where a reference belongs.
fn described(content: &Content) -> String {
    match content {
        Content::Null => "nothing".to_owned(),
        Content::Flag(flag) => flag.to_string(),
        Content::Number(number) => number.to_string(),
        Content::Text(_) => "a text".to_owned(),
        Content::List(_) => "a list".to_owned(),
        Content::Object(_) => "an object".to_owned(),
    }
}

/// A text as a message shows it: what names a person is masked, since a report travels further than its file.
fn shown(path: &str, text: &str) -> String {
    let disclosure = path.strip_prefix("spec.").and_then(|path| leaves().find(|leaf| leaf.path == path));
    match disclosure.map_or(Disclosure::Plain, |leaf| leaf.disclosure) {
        Disclosure::Plain => quoted(text, SHOWN),
        Disclosure::Personal | Disclosure::Secret => "***".to_owned(),
    }
}

/// The word that was likely meant.
fn closest<'w>(word: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let lower = word.to_lowercase();
    let near = words.map(|other| (distance(&lower, &other.to_lowercase()), other));
    near.filter(|(distance, other)| *distance <= (other.len().min(word.len()) / 3).max(1)).min().map(|(_, other)| other)
}

/// How many characters have to be put in, taken out, replaced or swapped with the next.
fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) =
        (left.chars().take(SHOWN).collect(), right.chars().take(SHOWN).collect());
    let mut rows = vec![(0..=right.len()).collect::<Vec<usize>>()];
    for (i, a) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let mut least = (rows[i][j] + usize::from(a != b)).min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                least = least.min(rows[i - 1][j - 1] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_that_was_meant_is_found() {
        let words = ["companyName", "division", "crmId"];
        for (word, expected) in [
            ("compnayName", Some("companyName")),
            ("CompanyName", Some("companyName")),
            ("crmid", Some("crmId")),
            ("divisoin", Some("division")),
            ("modality", None),
        ] {
            assert_eq!(expected, closest(word, words.into_iter()), "{word}");
        }
    }
}

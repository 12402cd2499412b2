//! YAML for git: the order of the fields as it is, and quotes around every text that any version of YAML could take for something
//! else.

use serde_json::Value as Json;
use serde_yaml::Value;

use super::scalar::{Scalar, resolve};
use crate::text::is_printable;

/// The text of a document.
pub fn document(value: &Value) -> String {
    let mut text = String::new();
    block(value, 0, &mut text);
    text
}

fn block(value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Mapping(members) => {
            for (name, value) in members {
                let name = name.as_str().map(scalar).unwrap_or_default();
                *text += &format!("{indent}{name}:");
                below(value, depth, text);
            }
        }
        Value::Sequence(items) => {
            for item in items {
                *text += &format!("{indent}-");
                below(item, depth, text);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Tagged(_) => {
            *text += &format!("{indent}{}\n", inline(value));
        }
    }
}

fn below(value: &Value, depth: usize, text: &mut String) {
    let is_empty = match value {
        Value::Mapping(members) => members.is_empty(),
        Value::Sequence(items) => items.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Tagged(_) => true,
    };
    if is_empty {
        *text += &format!(" {}\n", inline(value));
    } else {
        *text += "\n";
        block(value, depth + 1, text);
    }
}

fn inline(value: &Value) -> String {
    match value {
        Value::Null | Value::Tagged(_) => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => scalar(text),
        Value::Sequence(_) => "[]".to_owned(),
        Value::Mapping(_) => "{}".to_owned(),
    }
}

/// A text, with quotes unless it is plain in every version of YAML.
fn scalar(text: &str) -> String {
    let safe = |c: char| c.is_alphanumeric() || " ._/@-".contains(c);
    let begins = text.starts_with(char::is_alphabetic);
    let is_plain = begins
        && text.chars().all(|c| safe(c) && is_printable(c))
        && !text.ends_with(' ')
        && resolve(text) == Scalar::Text;
    if is_plain { text.to_owned() } else { quoted(text) }
}

/// What JSON writes in quotes, YAML reads, once every character that is not printable is written by its number.
fn quoted(text: &str) -> String {
    let escape = |c: char| match u32::from(c) {
        _ if is_printable(c) => c.to_string(),
        number @ 0x80..=0xffff => format!("\\u{number:04x}"),
        0x7f => "\\u007f".to_owned(),
        number if number > 0xffff => format!("\\U{number:08x}"),
        _ => c.to_string(),
    };
    Json::String(text.to_owned()).to_string().chars().map(escape).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cli::files::yaml;

    #[test]
    fn what_is_written_is_read_as_it_was_by_every_parser() {
        let texts = [
            "NO",
            "y",
            "08005",
            "1e3",
            "~",
            "",
            " a",
            "a ",
            "a: b",
            "a #b",
            "+41445551234",
            "Ö 漢字 🦀",
            "- a",
            "{{ x }}",
            "a\nb",
            "null",
            "\"q\"",
            "it's",
            "2026-11-25",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "sip:ops@contoso.com",
            "0x1F",
            "Contoso AG",
            "e3",
            "\u{7f}",
            "\u{85}",
        ];
        let value =
            json!({ "spec": { "texts": texts, "08005": { "on": true }, "empty": {}, "list": [], "number": 7 } });
        let text = document(&serde_yaml::to_value(&value).unwrap());
        let (documents, findings) = yaml::parse(&text);
        assert_eq!((Vec::new(), value.clone()), (findings, documents.first().unwrap().to_value()), "{text}");
        assert_eq!(value, serde_yaml::from_str::<serde_json::Value>(&text).unwrap());
    }
}

//! The schema of a CRD, prepared for judging many objects.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};
use serde_json::Value;

use crate::manifests::judges::{Judge, is_about_an_edit, judge};

/// What a value must be.
#[derive(Debug)]
pub struct Schema {
    /// Its type and bounds.
    pub kind: Kind,
    /// The rules that it must follow.
    pub rules: Vec<CelRule>,
    /// Whether the API server fills it in where it is missing.
    pub has_default: bool,
}

/// A rule of a CRD.
#[derive(Debug)]
pub struct CelRule {
    /// Whether it accepts a value.
    pub accepts: Judge,
    /// What it says where it does not.
    pub message: String,
}

/// A type with its bounds.
#[derive(Debug)]
pub enum Kind {
    /// Anything.
    Any,
    /// True or false.
    Flag,
    /// A whole number.
    Whole {
        /// The smallest.
        least: Option<i64>,
        /// The greatest.
        most: Option<i64>,
    },
    /// A text.
    Text {
        /// All that it may be; empty where it is free.
        words: Vec<String>,
        /// The fewest characters.
        shortest: usize,
        /// The most characters.
        longest: Option<usize>,
    },
    /// A list.
    List {
        /// What each item must be.
        items: Box<Schema>,
        /// The fewest items.
        fewest: usize,
        /// The most items.
        most: Option<usize>,
        /// Whether no item may be there twice.
        is_set: bool,
    },
    /// An object.
    Object {
        /// The members that it may have.
        members: BTreeMap<String, Schema>,
        /// Those that it must have.
        required: BTreeSet<String>,
        /// What every other member must be; `None` where there may be none.
        others: Option<Box<Schema>>,
        /// The most members.
        most: Option<usize>,
    },
}

/// What may stand in a schema besides what is read here: texts, and what has no bearing on a single object.
const WITHOUT_MEANING: [&str; 4] = ["description", "title", "format", "x-kubernetes-map-type"];

impl Schema {
    /// Reads a schema.
    ///
    /// *Errors*: it says something that is not known here. A test reads every CRD of this version.
    pub fn read(schema: &Value) -> anyhow::Result<Self> {
        let members = schema.as_object().context("a schema is no object")?;
        let mut rest: BTreeSet<&str> = members.keys().map(String::as_str).collect();
        let mut take = |name: &str| {
            rest.remove(name);
            schema.get(name)
        };
        let count = |value: Option<&Value>| value.and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok());
        let kind = match take("type").and_then(Value::as_str) {
            None if take("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(true)) => Kind::Any,
            Some("boolean") => Kind::Flag,
            Some("integer") => Kind::Whole { least: bound(take("minimum")), most: bound(take("maximum")) },
            Some("string") => Kind::Text {
                words: texts(take("enum")),
                shortest: count(take("minLength")).unwrap_or(0),
                longest: count(take("maxLength")),
            },
            Some("array") => Kind::List {
                items: Box::new(Self::read(take("items").context("a list without items")?)?),
                fewest: count(take("minItems")).unwrap_or(0),
                most: count(take("maxItems")),
                is_set: take("x-kubernetes-list-type").and_then(Value::as_str) == Some("set"),
            },
            Some("object") => Kind::Object {
                members: take("properties")
                    .and_then(Value::as_object)
                    .into_iter()
                    .flatten()
                    .map(read_member)
                    .collect::<anyhow::Result<_>>()?,
                required: texts(take("required")).into_iter().collect(),
                others: take("additionalProperties").map(Self::read).transpose()?.map(Box::new),
                most: count(take("maxProperties")),
            },
            other => bail!("the type {other:?}"),
        };
        let has_default = take("default").is_some();
        let rules = take("x-kubernetes-validations").and_then(Value::as_array).into_iter().flatten();
        let rules = rules.filter_map(|rule| read_rule(rule).transpose()).collect::<anyhow::Result<_>>()?;
        rest.retain(|keyword| !WITHOUT_MEANING.contains(keyword));
        if let Some(keyword) = rest.first() {
            bail!("the keyword {keyword}");
        }
        Ok(Self { kind, rules, has_default })
    }
}

fn read_member((name, schema): (&String, &Value)) -> anyhow::Result<(String, Schema)> {
    Ok((name.clone(), Schema::read(schema).with_context(|| name.clone())?))
}

fn read_rule(rule: &Value) -> anyhow::Result<Option<CelRule>> {
    let text = rule["rule"].as_str().context("a rule without text")?;
    let message = rule["message"].as_str().context("a rule without message")?.to_owned();
    if is_about_an_edit(text) {
        return Ok(None);
    }
    let accepts = judge(text).with_context(|| format!("the rule {text}"))?;
    Ok(Some(CelRule { accepts, message }))
}

/// A bound, which a schema may hold as a floating point number.
#[expect(clippy::cast_possible_truncation, reason = "bounds of settings are small whole numbers")]
fn bound(value: Option<&Value>) -> Option<i64> {
    value.and_then(Value::as_f64).map(|bound| bound as i64)
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let texts = value.and_then(Value::as_array).into_iter().flatten();
    texts.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_keyword_that_is_not_known_is_refused() {
        assert!(Schema::read(&json!({ "type": "string", "maxLength": 3 })).is_ok());
        for schema in [
            json!({ "type": "string", "pattern": "^a$" }),
            json!({ "type": "number" }),
            json!({ "type": "object", "properties": { "a": { "type": "array" } } }),
            json!({ "type": "string", "x-kubernetes-validations": [{ "rule": "self != 'x'", "message": "must not be x" }] }),
        ] {
            assert!(Schema::read(&schema).is_err(), "{schema}");
        }
    }
}

//! What an object says and this version does not know: the CRD is newer than the operator. It is left out when the object is decoded,
//! so that the object can be read, and noted, so that nothing is applied as if it were everything.

use std::fmt::{self, Display, Formatter};

use serde_json::{Map, Value};

use super::bounds;
use crate::text::quoted;

/// What decides whether and how a tenant is deleted, and about whose tenant it is. A section that is not known may, too.
const SETTINGS_ONLY: [&str; 6] = ["contact", "dataPrivacy", "provisioning", "extensions", "modalities", "licenses"];

/// Everything in a spec that this version does not know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unknown(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    /// From the object, in dots.
    path: String,
    /// The word, where the field is known and its value is not.
    word: Option<String>,
}

impl Unknown {
    /// Takes out of the spec of an object what its schema does not have.
    pub fn take_from(object: &mut Value, schema: &Value) -> Self {
        let mut parts = vec![];
        if let (Some(spec), Some(schema)) = (object.get_mut("spec"), schema["properties"].get("spec")) {
            // Where the whole does not fit, it is decoded as it is, and refused there.
            let _ = keep("spec", spec, schema, &mut parts);
        }
        Self(parts)
    }

    /// Whether everything is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether something that decides about a deletion may be among it.
    pub fn may_govern_deletion(&self) -> bool {
        let is_setting = |part: &Part| SETTINGS_ONLY.iter().any(|tab| part.path.starts_with(&format!("spec.{tab}.")));
        !self.0.iter().all(is_setting)
    }

    /// Whether the value of a field of the spec is a word that is not known.
    pub fn has_word_at(&self, field: &str) -> bool {
        self.0.iter().any(|part| part.word.is_some() && part.path.strip_prefix("spec.") == Some(field))
    }

    /// What is unknown, as a sentence that names the object.
    pub fn sentence(&self, object: &str) -> String {
        format!("{object} has {self}, which this version of the operator does not know; nothing is applied")
    }
}

/// The first, and how many more there are.
impl Display for Unknown {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(first) = self.0.first() else { return f.write_str("nothing unknown") };
        f.write_str(&first.path)?;
        if let Some(word) = &first.word {
            write!(f, " {}", quoted(word, bounds::WORD))?;
        }
        match self.0.len() - 1 {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// Takes out of a value what its schema does not have. False if the value cannot stay without it.
fn keep(path: &str, value: &mut Value, schema: &Value, unknown: &mut Vec<Part>) -> bool {
    match value {
        Value::String(word) => {
            let known = schema["enum"].as_array().is_none_or(|words| words.iter().any(|known| known == word));
            if !known {
                unknown.push(Part { path: path.to_owned(), word: Some(word.clone()) });
            }
            known
        }
        Value::Object(members) => keep_members(path, members, schema, unknown),
        Value::Array(items) => {
            if schema["items"].is_object() {
                items.retain_mut(|item| keep(path, item, &schema["items"], unknown));
            }
            true
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

fn keep_members(path: &str, members: &mut Map<String, Value>, schema: &Value, unknown: &mut Vec<Part>) -> bool {
    let Some(known) = schema["properties"].as_object() else { return true };
    let is_required = |name: &str| schema["required"].as_array().into_iter().flatten().any(|field| field == name);
    let mut whole = true;
    members.retain(|name, value| {
        let path = format!("{path}.{name}");
        let Some(schema) = known.get(name) else {
            unknown.push(Part { path, word: None });
            return false;
        };
        let kept = keep(&path, value, schema, unknown);
        whole &= kept || !is_required(name);
        kept
    });
    whole
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        let words = json!({ "type": "string", "enum": ["A", "B"] });
        let item = json!({ "properties": { "name": {}, "state": words }, "required": ["name", "state"] });
        json!({ "properties": {
            "spec": { "properties": {
                "mode": words,
                "contact": { "properties": { "email": {} } },
                "deep": { "properties": { "text": {}, "labels": { "additionalProperties": {} } } },
                "rows": { "items": item },
            } },
        } })
    }

    fn taken(spec: Value) -> (String, Value) {
        let mut object = json!({ "metadata": { "whatever": 1 }, "spec": spec });
        let unknown = Unknown::take_from(&mut object, &schema());
        assert_eq!(object["metadata"]["whatever"], 1, "metadata is not judged");
        (unknown.to_string(), object["spec"].take())
    }

    #[test]
    fn what_is_known_stays_and_the_rest_is_named() {
        let known = json!({ "mode": "A", "deep": { "text": "x", "labels": { "any": "y" } } });
        assert_eq!(taken(known.clone()), ("nothing unknown".to_owned(), known));
        let spec = json!({ "mode": "C", "deep": { "text": "x", "more": { "of": "it" } }, "other": 1 });
        let expected = ("spec.deep.more and 2 more".to_owned(), json!({ "deep": { "text": "x" } }));
        assert_eq!(taken(spec), expected);
        assert_eq!(taken(json!({ "mode": "a 'word'" })).0, r"spec.mode 'a \'word\''");
        assert_eq!(taken(json!({ "deep": "a text" })), ("nothing unknown".to_owned(), json!({ "deep": "a text" })));
    }

    #[test]
    fn an_unknown_word_costs_the_item_that_needs_it() {
        let rows = json!([{ "name": "a", "state": "A" }, { "name": "b", "state": "New" }]);
        let (unknown, spec) = taken(json!({ "rows": rows }));
        assert_eq!(("spec.rows.state 'New'", &json!([{ "name": "a", "state": "A" }])), (&*unknown, &spec["rows"]));
    }

    #[test]
    fn settings_of_a_tenant_do_not_govern_its_deletion() {
        for (spec, governs) in [
            (json!({ "contact": { "pager": 1 } }), false),
            (json!({ "contact": { "pager": 1 }, "other": 1 }), true),
            (json!({ "mode": "C" }), true),
        ] {
            let mut object = json!({ "spec": spec });
            assert_eq!(governs, Unknown::take_from(&mut object, &schema()).may_govern_deletion(), "{spec}");
        }
        let mut object = json!({ "spec": { "mode": "C" } });
        let unknown = Unknown::take_from(&mut object, &schema());
        assert!(unknown.has_word_at("mode") && !unknown.has_word_at("deep"));
    }
}

//! Types of leaves: how a value is written in the spec, what is allowed, and its canonical spelling.
//!
//! Decoding is lenient on purpose. An object that was stored under an older, less strict CRD must end in a condition that names
//! the field, not in an object that cannot be read. So a leaf keeps what was written, and the mapping to the wire judges it. The
//! schema of each type carries bound, rule and message, so that admission refuses the same values with the same words.

use std::{borrow::Cow, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::format::{Format, ObjectName, SecretKey, canonicalize, rule};
use super::version::Version;
use crate::text::quoted;

/// A type of leaf.
///
/// A leaf of the spec is a leaf of the platform under another name, so one spelling serves both sides: what `canonicalize`
/// refuses may not stand in a spec, and is kept as it is when the platform has it.
pub trait LeafType {
    /// The one spelling under which equal values are the same, `null` where the value clears the leaf. `None` where the value is
    /// not allowed.
    fn canonicalize(value: &Value) -> Option<Value>;

    /// What is allowed, to follow "must be ".
    fn allowed() -> String;

    /// The text to quote when a value is refused.
    fn found(value: &Value) -> String {
        value.as_str().map_or_else(|| value.to_string(), quote)
    }
}

/// Text in format `F` that always has a value once it is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text<F>(String, PhantomData<F>);

/// Text in format `F`; the empty text clears the value on the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Clearable<F>(String, PhantomData<F>);

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Count<const MIN: i32, const MAX: i32>(pub i32);

/// One key of a Secret in the namespace of the Tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyRef {
    /// Name of the Secret, in the namespace of the Tenant.
    #[schemars(schema_with = "secret_name")]
    pub name: String,
    /// Key in the data of the Secret.
    #[schemars(schema_with = "secret_key")]
    pub key: String,
}

/// A Secret that the operator creates in the namespace of the Tenant and that the Tenant owns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutputRef {
    /// Name of the Secret, in the namespace of the Tenant.
    pub name: Text<ObjectName>,
}

/// What the platform says of a sealed leaf: whether it has a value, and a version that moves with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedState {
    /// Whether the platform holds a value.
    pub set: bool,
    /// Moves only when the value changes, and never comes back.
    pub version: Version,
}

impl<F> Text<F> {
    /// The text as it was written.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into(), PhantomData)
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<F> Default for Text<F> {
    fn default() -> Self {
        Self::new("")
    }
}

impl<F: Format> LeafType for Text<F> {
    fn canonicalize(value: &Value) -> Option<Value> {
        value.as_str().and_then(canonicalize::<F>).map(Value::String)
    }

    fn allowed() -> String {
        F::ALLOWED.to_owned()
    }
}

impl<F: Format> LeafType for Clearable<F> {
    fn canonicalize(value: &Value) -> Option<Value> {
        if value == "" { Some(Value::Null) } else { Text::<F>::canonicalize(value) }
    }

    fn allowed() -> String {
        format!("{}, or '' to clear it", F::ALLOWED)
    }
}

impl<const MIN: i32, const MAX: i32> LeafType for Count<MIN, MAX> {
    fn canonicalize(value: &Value) -> Option<Value> {
        let within = |number: &i64| (i64::from(MIN)..=i64::from(MAX)).contains(number);
        whole(value).filter(within).map(Value::from)
    }

    fn allowed() -> String {
        format!("a whole number from {MIN} to {MAX}")
    }
}

impl LeafType for bool {
    fn canonicalize(value: &Value) -> Option<Value> {
        value.is_boolean().then(|| value.clone())
    }

    fn allowed() -> String {
        "true or false".to_owned()
    }
}

impl LeafType for SealedState {
    fn canonicalize(value: &Value) -> Option<Value> {
        let Self { set, version } = Self::deserialize(value).ok()?;
        Some(json!({ "set": set, "version": version }))
    }

    fn allowed() -> String {
        "an object of set and version".to_owned()
    }
}

/// A whole number in any notation: `20.0` is the integer 20 to JSON.
#[expect(clippy::cast_possible_truncation, reason = "only of whole numbers that an i32 holds")]
fn whole(value: &Value) -> Option<i64> {
    let float = || value.as_f64().filter(|number| number.fract() == 0.0 && number.abs() <= f64::from(i32::MAX));
    value.as_i64().or_else(|| float().map(|number| number as i64))
}

/// Quotes a refused text, short enough for a status.
pub fn quote(text: &str) -> String {
    quoted(text, 64)
}

/// A string with a bound and a rule whose message says what is allowed. A bare `pattern` would show only the regex.
fn text_schema(max: u32, rule: String, allowed: &str) -> Schema {
    json_schema!({
        "type": "string",
        "maxLength": max,
        "x-kubernetes-validations": [{ "rule": rule, "message": format!("must be {allowed}") }],
    })
}

fn choice_schema(values: &[&str]) -> Schema {
    json_schema!({ "type": "string", "enum": values })
}

impl<F: Format> JsonSchema for Text<F> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        std::any::type_name::<Self>().into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        if F::VALUES.is_empty() { text_schema(F::LONGEST, rule::<F>(), F::ALLOWED) } else { choice_schema(F::VALUES) }
    }
}

impl<F: Format> JsonSchema for Clearable<F> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        std::any::type_name::<Self>().into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        text_schema(F::LONGEST, format!("self == '' || {}", rule::<F>()), &Self::allowed())
    }
}

impl<const MIN: i32, const MAX: i32> JsonSchema for Count<MIN, MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Count{MIN}To{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "format": "int32", "minimum": MIN, "maximum": MAX })
    }
}

/// The name of a Secret: a DNS subdomain.
pub fn secret_name(_: &mut SchemaGenerator) -> Schema {
    object_name()
}

fn secret_key(_: &mut SchemaGenerator) -> Schema {
    text_schema(SecretKey::LONGEST, rule::<SecretKey>(), SecretKey::ALLOWED)
}

/// The name of any Kubernetes object: a DNS subdomain.
pub fn object_name() -> Schema {
    text_schema(ObjectName::LONGEST, rule::<ObjectName>(), ObjectName::ALLOWED)
}

/// The same schema of a value that cannot be changed once it is set.
pub fn fixed_once_set(mut schema: Schema) -> Schema {
    let rules = schema.get("x-kubernetes-validations").and_then(Value::as_array);
    let fixed = json!({ "rule": "self == oldSelf", "message": "cannot be changed once set" });
    let rules: Vec<Value> = rules.into_iter().flatten().cloned().chain([fixed]).collect();
    schema.insert("x-kubernetes-validations".into(), rules.into());
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_the_same_in_any_notation() {
        for (text, expected) in
            [("20", Some(20)), ("20.0", Some(20)), ("2e1", Some(20)), ("20.5", None), ("51", None), ("\"20\"", None)]
        {
            let value: Value = serde_json::from_str(text).unwrap_or_default();
            assert_eq!(Count::<1, 50>::canonicalize(&value), expected.map(Value::from), "{text}");
        }
    }
}

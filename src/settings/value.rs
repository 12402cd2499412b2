//! Leaf types of the spec: what a user wrote, not yet judged.
//!
//! Decoding is lenient on purpose. An object that was stored under an older, laxer CRD must end in a condition that names
//! the field, not in an object that cannot be read; so a leaf keeps the text as it is, and the mapping to the wire judges
//! it. The schema of each type carries bound, rule and message, so that admission refuses the same texts.

use std::{borrow::Cow, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::format::{Format, ObjectName, canonical, rule};
use super::text::shorten;
use super::wire::{Canonical, WireLeaf};

/// A leaf of the spec that the platform holds as `Self::Wire`.
pub trait SpecLeaf {
    /// The leaf as the platform holds it.
    type Wire;

    /// The leaf in its canonical spelling.
    ///
    /// *Errors*: what is allowed, to follow "must be ".
    fn to_wire(&self) -> Result<WireLeaf<Self::Wire>, String>;

    /// What a spec would say for this value of the platform.
    fn from_wire(wire: &Self::Wire) -> Self;

    /// The text to quote when the leaf is refused.
    fn found(&self) -> String;
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
    /// Key in the Secret's data.
    #[schemars(schema_with = "secret_key")]
    pub key: String,
}

/// A Secret that the operator makes in the namespace of the Tenant, and that belongs to the Tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutputRef {
    /// Name of the Secret, in the namespace of the Tenant.
    pub name: Text<ObjectName>,
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

impl<F> Clearable<F> {
    /// The text as it was written.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into(), PhantomData)
    }
}

impl<F: Format> SpecLeaf for Text<F> {
    type Wire = Canonical<F>;

    fn to_wire(&self) -> Result<WireLeaf<Canonical<F>>, String> {
        Canonical::new(&self.0).map(WireLeaf::Value).ok_or_else(|| F::ALLOWED.to_owned())
    }

    fn from_wire(wire: &Canonical<F>) -> Self {
        Self::new(wire.as_str())
    }

    fn found(&self) -> String {
        quote(&self.0)
    }
}

impl<F: Format> SpecLeaf for Clearable<F> {
    type Wire = Canonical<F>;

    fn to_wire(&self) -> Result<WireLeaf<Canonical<F>>, String> {
        match (self.0.as_str(), Canonical::new(&self.0)) {
            ("", _) => Ok(WireLeaf::Null),
            (_, Some(spelled)) => Ok(WireLeaf::Value(spelled)),
            (_, None) => Err(clearable_allowed::<F>()),
        }
    }

    fn from_wire(wire: &Canonical<F>) -> Self {
        Self::new(wire.as_str())
    }

    fn found(&self) -> String {
        quote(&self.0)
    }
}

impl<const MIN: i32, const MAX: i32> SpecLeaf for Count<MIN, MAX> {
    type Wire = i32;

    fn to_wire(&self) -> Result<WireLeaf<i32>, String> {
        let within = (MIN..=MAX).contains(&self.0);
        within.then_some(WireLeaf::Value(self.0)).ok_or_else(|| format!("a whole number from {MIN} to {MAX}"))
    }

    fn from_wire(wire: &i32) -> Self {
        Self(*wire)
    }

    fn found(&self) -> String {
        self.0.to_string()
    }
}

impl SpecLeaf for bool {
    type Wire = bool;

    fn to_wire(&self) -> Result<WireLeaf<bool>, String> {
        Ok(WireLeaf::Value(*self))
    }

    fn from_wire(wire: &bool) -> Self {
        *wire
    }

    fn found(&self) -> String {
        self.to_string()
    }
}

/// Quotes a refused text, short enough for a status.
pub fn quote(text: &str) -> String {
    format!("'{}'", shorten(text, 64).escape_debug())
}

fn clearable_allowed<F: Format>() -> String {
    format!("{}, or '' to clear it", F::ALLOWED)
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
        if F::VALUES.is_empty() { text_schema(F::MAX, rule::<F>(), F::ALLOWED) } else { choice_schema(F::VALUES) }
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
        text_schema(F::MAX, format!("self == '' || {}", rule::<F>()), &clearable_allowed::<F>())
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
    text_schema(253, "self.matches('^[-._a-zA-Z0-9]+$')".into(), "a key of a Secret: letters, digits, '-', '_' and '.'")
}

/// The name of any Kubernetes object: a DNS subdomain.
pub fn object_name() -> Schema {
    text_schema(ObjectName::MAX, rule::<ObjectName>(), ObjectName::ALLOWED)
}

/// Whether a format allows a text; used where a value is read from elsewhere than a spec.
pub fn allows<F: Format>(text: &str) -> bool {
    canonical::<F>(text).is_some()
}

/// The schema as a value, for the generated CRD.
pub fn schema_value(schema: Schema) -> Value {
    serde_json::to_value(schema).unwrap_or_else(|_| json!({}))
}

//! Leaf types of the wire: what the platform says, in its canonical spelling.
//!
//! A value that this version cannot read (a new enum member, a number as text) is kept as it is: it differs from whatever a
//! spec wants, and it never stops a Tenant from being read.

use std::{fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use serde_json::Value;

use super::format::{Format, canonical};

/// What is said about one leaf.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum WireLeaf<T> {
    /// Nothing: left alone in a write.
    #[default]
    Absent,
    /// There is no value; in a write, clears it.
    Null,
    /// A value.
    Value(T),
    /// Something that this version cannot read.
    Foreign(Value),
}

impl<T> WireLeaf<T> {
    /// Whether nothing is said, and so nothing is written.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// The value, if there is one that this version can read.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Absent | Self::Null | Self::Foreign(_) => None,
        }
    }
}

impl<T: Serialize> Serialize for WireLeaf<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Null => serializer.serialize_none(),
            Self::Value(value) => value.serialize(serializer),
            Self::Foreign(value) => value.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for WireLeaf<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.is_null() {
            return Ok(Self::Null);
        }
        Ok(T::deserialize(value.clone()).map_or(Self::Foreign(value), Self::Value))
    }
}

/// Text of format `F` in its canonical spelling.
#[derive(Clone, PartialEq, Eq)]
pub struct Canonical<F>(String, PhantomData<F>);

impl<F: Format> Canonical<F> {
    /// The canonical spelling of `text`, if the format allows it.
    pub fn new(text: &str) -> Option<Self> {
        canonical::<F>(text).map(|spelled| Self(spelled, PhantomData))
    }
}

impl<F> Canonical<F> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<F> fmt::Debug for Canonical<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<F> Serialize for Canonical<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, F: Format> Deserialize<'de> for Canonical<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).ok_or_else(|| D::Error::custom("not in the expected format"))
    }
}

/// What the platform says of a sealed leaf: whether it has a value, and a version that moves with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedState {
    /// Whether the platform holds a value.
    pub set: bool,
    /// Moves only when the value changes.
    pub version: i64,
}

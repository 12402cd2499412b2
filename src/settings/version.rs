//! Versions that a platform gives to values.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

/// Longest version of the contract, in characters.
pub const MAX: usize = 64;

/// A version that a platform gave to a value. Opaque: it tells that a value is another one, and nothing else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Version(String);

impl Version {
    /// Reads a version; `None` where the text cannot be one.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.to_owned()))
    }

    /// The version as the platform wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a version"))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, from_value, json};

    use super::*;

    #[test]
    fn a_version_is_a_short_printable_text() {
        let read = |value: Value| from_value::<Version>(value).is_ok();
        assert!(read(json!("1")) && read(json!("x".repeat(64))));
        for bad in
            [json!(""), json!("x".repeat(65)), json!("a b"), json!("a\n"), json!("\u{e9}"), json!(1), json!(null)]
        {
            assert!(!read(bad.clone()), "{bad}");
        }
    }
}

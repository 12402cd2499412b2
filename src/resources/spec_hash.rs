//! Whether a spec is the one that was applied.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A hash of what a spec asks for, which distinguishes an edit of the spec from a change on the platform. What is no setting has
/// a part of its own: a new token is not live before it was acted on, and is no reason to write settings.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct SpecHash {
    /// Over the managed settings and the versions of the Secrets that they name.
    settings: String,
    /// Over tokens and outputs; `None` without any.
    side_effects: Option<String>,
}

impl SpecHash {
    /// A hash of both parts.
    pub fn new(settings: String, side_effects: Option<String>) -> Self {
        Self { settings, side_effects }
    }

    /// Whether both ask for the same settings.
    pub fn has_same_settings(&self, other: &Self) -> bool {
        self.settings == other.settings
    }
}

impl From<String> for SpecHash {
    fn from(text: String) -> Self {
        match text.split_once('.') {
            Some((settings, side_effects)) => Self::new(settings.to_owned(), Some(side_effects.to_owned())),
            None => Self::new(text, None),
        }
    }
}

impl From<SpecHash> for String {
    fn from(hash: SpecHash) -> Self {
        hash.to_string()
    }
}

impl fmt::Display for SpecHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { settings, side_effects } = self;
        match side_effects {
            Some(side_effects) => write!(f, "{settings}.{side_effects}"),
            None => f.write_str(settings),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_as_it_is_written_and_any_text_can_be_read() {
        for text in ["", "aa", "aa.bb", "aa.", ".bb", "aa.bb.cc"] {
            let hash: SpecHash = serde_json::from_value(text.into()).unwrap();
            assert_eq!(serde_json::to_value(hash).unwrap(), text);
        }
    }

    #[test]
    fn a_new_token_is_no_new_setting() {
        let hash = |text: &str| SpecHash::from(text.to_owned());
        assert!(hash("aa.bb").has_same_settings(&hash("aa")) && hash("aa.bb") != hash("aa"));
        assert!(!hash("aa.bb").has_same_settings(&hash("bb.bb")));
    }
}

//! Triggers: actions that the platform performs once per token, even after a crash. It never forgets a token.

use super::leaf::Leaf;
use super::tabs::instant_messaging::{TEST_TOKEN, TEST_UPN};
use super::tabs::interact::ROTATION;

/// Something that a spec wants to be done once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A new widget key; the platform rejects the old one.
    Rotation {
        /// Done once for each.
        token: String,
    },
    /// A test message from the primary account.
    TestMessage {
        /// Done once for each.
        token: String,
        /// Who gets it.
        upn: String,
    },
}

impl Trigger {
    /// The leaf with the token.
    pub fn leaf(&self) -> &'static Leaf {
        match self {
            Self::Rotation { .. } => ROTATION,
            Self::TestMessage { .. } => TEST_TOKEN,
        }
    }

    /// The triggers that these texts of leaves make up, in the order of the UI. A test message needs both of its own.
    pub(super) fn all(text: impl Fn(&Leaf) -> Option<String>) -> Vec<Self> {
        let rotation = text(ROTATION).map(|token| Self::Rotation { token });
        let message = text(TEST_TOKEN).zip(text(TEST_UPN)).map(|(token, upn)| Self::TestMessage { token, upn });
        rotation.into_iter().chain(message).collect()
    }

    /// What it is done once for.
    pub fn token(&self) -> &str {
        match self {
            Self::Rotation { token } | Self::TestMessage { token, .. } => token,
        }
    }

    /// Whether a leaf is a part of it.
    pub fn has(&self, leaf: &Leaf) -> bool {
        match self {
            Self::Rotation { .. } => leaf == ROTATION,
            Self::TestMessage { .. } => leaf == TEST_TOKEN || leaf == TEST_UPN,
        }
    }
}

//! Triggers: what the platform does once per token, whatever crashes in between. It keeps every token for ever.

use super::tabs::instant_messaging::TEST_TOKEN;
use super::tabs::interact::ROTATION;
use super::{Leaf, leaves};

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
    /// The path of the leaf with the token, below `spec`.
    pub fn path(&self) -> &'static str {
        match self {
            Self::Rotation { .. } => ROTATION,
            Self::TestMessage { .. } => TEST_TOKEN,
        }
    }

    /// What it is done once for.
    pub fn token(&self) -> &str {
        match self {
            Self::Rotation { token } | Self::TestMessage { token, .. } => token,
        }
    }

    /// The leaf with the token.
    pub fn leaf(&self) -> Option<&'static Leaf> {
        leaves().find(|leaf| leaf.path == self.path())
    }

    /// Whether a leaf is a part of it.
    pub fn has(&self, leaf: &Leaf) -> bool {
        let section = |path: &'static str| path.rsplit_once('.').map(|(section, _)| section);
        leaf.class == super::Class::Trigger && section(leaf.path) == section(self.path())
    }
}

//! The path of a setting as a status keeps it.

use serde::{Deserialize, Serialize};

use super::leaf::Leaf;

/// The path of a setting, beginning with `spec`. It is made of a leaf; a path of another version stays as it was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SpecPath(String);

impl SpecPath {
    /// Whether this is the path of the leaf.
    pub fn is_of(&self, leaf: &Leaf) -> bool {
        self.0.strip_prefix("spec.") == Some(leaf.path)
    }

    /// The path as the status shows it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&Leaf> for SpecPath {
    fn from(leaf: &Leaf) -> Self {
        Self(leaf.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::leaves;

    #[test]
    fn a_path_is_that_of_one_leaf() {
        for leaf in leaves() {
            let path = SpecPath::from(leaf);
            assert_eq!(leaves().filter(|other| path.is_of(other)).collect::<Vec<_>>(), [leaf]);
        }
    }
}

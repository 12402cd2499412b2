//! What the passes over a Tenant note for the next one.

use std::time::{Duration, Instant};

use kube::core::ObjectMeta;

use crate::plan::Rewrites;
use crate::resources::SpecHash;

/// What the passes over a Tenant note for the next one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    /// The resource versions that the writes of the last pass replaced. The watch may still hold one of them.
    pub(crate) replaced: Vec<String>,
    /// For which hash the platform did not keep what it was given, and what it made of it.
    pub(crate) rewrites: Option<(SpecHash, Rewrites)>,
    /// When it was last given something that it did not keep.
    pub(crate) rewritten: Option<Instant>,
    /// When license usage was last taken over.
    pub(crate) licenses: Option<Instant>,
}

impl Notes {
    /// Whether an object is from before the writes of the last pass.
    pub(crate) fn is_outdated(&self, meta: &ObjectMeta) -> bool {
        self.replaced.iter().any(|version| Some(version) == meta.resource_version.as_ref())
    }

    /// What the platform did not keep of the settings of this hash. After `retry` it is worth another attempt.
    pub(crate) fn rewrites_of(&self, hash: Option<&SpecHash>, retry: Duration) -> Rewrites {
        let known = self.rewrites.as_ref().filter(|(of, _)| Some(of) == hash);
        let mut rewrites = known.map(|(_, rewrites)| rewrites.clone()).unwrap_or_default();
        if self.rewritten.is_some_and(|at| at.elapsed() >= retry) {
            rewrites.left.clear();
        }
        rewrites
    }
}

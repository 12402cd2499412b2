//! What the passes over a Tenant note for the next one.

use std::time::{Duration, Instant};

use kube::core::ObjectMeta;

use crate::plan::Rewrites;
use crate::plan::secret_in_use::SecretInUse;
use crate::resources::SpecHash;

/// What the passes over a Tenant note for the next one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    /// The latest resource version that the last pass read or wrote. The watch may still hold an older one.
    pub(crate) latest: Option<String>,
    /// For which hash the platform did not keep what it was given, and what it made of it.
    pub(crate) rewrites: Option<(SpecHash, Rewrites)>,
    /// When it was last given something that it did not keep.
    pub(crate) rewritten: Option<Instant>,
    /// The Secrets that it uses, as the last pass saw them.
    pub(crate) secrets: Vec<SecretInUse>,
    /// When license usage was last taken over.
    pub(crate) licenses: Option<Instant>,
}

impl Notes {
    /// Whether an object is older than what the last pass read or wrote. It may be one that another client wrote in between: it
    /// has the status from before, and a decision on that would take back what was said since.
    pub(crate) fn is_outdated(&self, meta: &ObjectMeta) -> bool {
        let Some(latest) = &self.latest else { return false };
        let Some(seen) = &meta.resource_version else { return false };
        // Resource versions of one kind are numbers that grow. Of others only equality says anything.
        match (seen.parse::<u64>(), latest.parse::<u64>()) {
            (Ok(seen), Ok(latest)) => seen < latest,
            (Ok(_) | Err(_), _) => seen != latest,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_outdated_until_the_watch_has_what_was_written() {
        let outdated = |latest: &str, seen: &str| {
            let meta = ObjectMeta { resource_version: Some(seen.to_owned()), ..ObjectMeta::default() };
            Notes { latest: Some(latest.to_owned()), ..Notes::default() }.is_outdated(&meta)
        };
        assert!(outdated("103", "101"), "as the pass saw it");
        assert!(outdated("103", "102"), "as another wrote it before our write");
        assert!(outdated("103", "99"), "numbers are no texts");
        assert!(!outdated("103", "103") && !outdated("103", "104"));
        assert!(outdated("a", "b") && !outdated("a", "a"), "what is no number is read again");
        assert!(!Notes::default().is_outdated(&ObjectMeta::default()));
    }
}

//! What the passes over a Platform note for the next one.

use std::time::Instant;

/// What the passes over a Platform note for the next one.
#[derive(Clone, Debug, Default)]
pub(crate) struct PlatformNotes {
    /// When orphans are looked for next.
    pub(crate) orphans: Option<Instant>,
    /// How many the last search found; `None` before the first one.
    pub(crate) found: Option<usize>,
}

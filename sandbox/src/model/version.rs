//! Versions: opaque, and never used twice.
//!
//! They are random, because a counter repeats its numbers after the database is restored from a backup.

/// The version of a value that was never set.
pub(crate) const UNSET: &str = "none";

/// Returns a version that was never used and never will be.
pub(crate) fn unused() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

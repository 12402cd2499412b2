//! The last look at a Tenant before its tenant is deleted: while a slot of the hourly limit was taken and a token was fetched, the
//! confirmation may have been withdrawn, its last day may have ended, or the Tenant may have been replaced.

use jiff::civil::Date;

use super::deletion_intent::DeletionIntent;
use super::resolved::Resolved;
use crate::resources::{FINALIZER, Tenant};

/// What the last look saw.
#[derive(Clone, Copy, Debug)]
pub struct LastLook<'l> {
    /// The Tenant.
    pub tenant: &'l Tenant,
    /// Its surroundings.
    pub resolved: &'l Resolved,
    /// The day.
    pub today: Date,
}

impl LastLook<'_> {
    /// Whether it shows the Tenant that was decided on, and it and its surroundings still say what they said then: any other word
    /// is another decision.
    pub fn confirms(&self, decided: &DeletionIntent, on: &Tenant) -> bool {
        let (now, was) = (&self.tenant.metadata, &on.metadata);
        let is_same = now.uid == was.uid && now.deletion_timestamp.is_some();
        let is_held = now.finalizers.iter().flatten().any(|name| name == FINALIZER);
        is_same && is_held && DeletionIntent::of(self.tenant, self.resolved, self.today) == *decided
    }
}

//! Values that the platform does not keep. What it was given three times and stored otherwise each time is not written
//! again; only when there is a reason to think that it may be kept now.

use super::difference::{Change, Difference};
use super::outcome::Done;
use crate::resources::{Tenant, annotation};

/// After so many writes in a row whose value the platform did not keep, it is not written again by itself.
pub const MOST: u32 = 3;

/// What the platform did not keep of one spec.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rewrites {
    /// How often in a row.
    pub count: u32,
    /// What still differed after the last write; empty where another attempt is due in any case.
    pub left: Vec<Change>,
}

impl Rewrites {
    /// Whether a write would only be the same again: the platform is as the last one left it, and no pass is requested.
    pub(super) fn make_hopeless(&self, tenant: &Tenant, difference: &Difference) -> bool {
        self.count >= MOST && self.left == difference.open() && !is_asked_for(tenant)
    }

    /// What is known after a pass that did this and found that to differ still.
    pub fn after(&self, done: Done, difference: &Difference) -> Self {
        match (difference.is_empty(), done) {
            (true, _) => Self::default(),
            (false, Done::Nothing) => self.clone(),
            (false, _) => Self { count: self.count.saturating_add(1), left: difference.open() },
        }
    }
}

fn is_asked_for(tenant: &Tenant) -> bool {
    let asked = annotation::reconcile_token(tenant);
    let handled = tenant.status.as_ref().and_then(|status| status.last_handled_reconcile_at.as_ref());
    asked.is_some_and(|token| Some(&token) != handled)
}

//! Values that the platform does not keep. What it was given three times and stored otherwise each time is not written
//! again; only when there is a reason to think that it may be kept now. The status remembers it across restarts.

use serde_json::json;
use sha2::{Digest, Sha256};

use super::difference::{Change, Difference};
use super::outcome::Done;
use super::validate::hex;
use crate::resources::status::RewritesStatus;
use crate::resources::{SpecHash, Tenant, annotation};

/// After so many writes in a row whose value the platform did not keep, it is not written again by itself.
pub const MOST: u32 = 3;

/// What the platform did not keep of one spec.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rewrites {
    /// How often in a row.
    pub count: u32,
    /// A hash of what still differed after the last write; `None` where another attempt is due in any case.
    pub left: Option<String>,
}

impl Rewrites {
    /// Nothing.
    pub const NONE: Self = Self { count: 0, left: None };

    /// Whether a write would only be the same again: the platform is as the last one left it, and no pass is requested.
    pub(super) fn make_hopeless(&self, tenant: &Tenant, difference: &Difference) -> bool {
        self.count >= MOST && self.left == Some(fingerprint(&difference.open())) && !is_asked_for(tenant)
    }

    /// What is known after a pass that did this and found that to differ still.
    pub fn after(&self, done: Done, difference: &Difference) -> Self {
        match (difference.is_empty(), done) {
            (true, _) => Self::NONE,
            (false, Done::Nothing) => self.clone(),
            (false, _) => {
                Self { count: self.count.saturating_add(1).min(MOST), left: Some(fingerprint(&difference.open())) }
            }
        }
    }

    /// What a status remembers, and of which spec.
    pub fn remembered(tenant: &Tenant) -> Option<(SpecHash, Self)> {
        let RewritesStatus { hash, count, left } = tenant.status.as_ref()?.rewrites.clone()?;
        Some((hash, Self { count: u32::try_from(count).unwrap_or_default(), left: Some(left) }))
    }

    /// The same for the status; nothing where the platform kept everything.
    pub(super) fn to_status(&self, hash: Option<&SpecHash>) -> Option<RewritesStatus> {
        let (hash, left) = (hash?.clone(), self.left.clone()?);
        let count = i32::try_from(self.count).ok().filter(|count| *count > 0)?;
        Some(RewritesStatus { hash, count, left })
    }
}

/// Stands for what differs: the values may identify people.
pub(super) fn fingerprint(changes: &[Change]) -> String {
    let mut hasher = Sha256::new();
    for Change { leaf, wanted, found } in changes {
        hasher.update(format!("{}={}\n", leaf.path, json!([wanted, found])));
    }
    hex(hasher, 16)
}

fn is_asked_for(tenant: &Tenant) -> bool {
    let asked = annotation::reconcile_token(tenant);
    let handled = tenant.status.as_ref().and_then(|status| status.last_handled_reconcile_at.as_ref());
    asked.is_some_and(|token| Some(&token) != handled)
}

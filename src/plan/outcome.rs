//! What a pass achieved.

use super::deletion::ReleaseOutcome;
use super::difference::Difference;
use super::triggers::Waiting;
use super::widget_key::Publication;
use crate::admin_api::types::PendingDeletion;
use crate::admin_api::{ApiError, TenantDocument};
use crate::resources::Reason;
use crate::settings::Trigger;

/// What a pass achieved.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The tenant is on the platform and this is how it is now.
    Live {
        /// The platform's last answer.
        document: Box<TenantDocument>,
        /// What was done to get there.
        done: Done,
        /// What still differs.
        difference: Difference,
        /// What was done besides settings.
        side_effects: SideEffects,
    },
    /// The Tenant is being deleted and waits.
    Waiting {
        /// What the platform still has to do; `None` before it accepted the deletion.
        deletion: Option<PendingDeletion>,
        /// The reason of Ready.
        reason: Reason,
        /// For what it waits, for people.
        why: String,
        /// Whether this pass asked for the deletion.
        started: bool,
        /// What to wait before looking again; `None` for the usual time.
        error: Option<ApiError>,
    },
    /// The Tenant may go: the finalizer comes off.
    Left(ReleaseOutcome),
}

/// What a pass wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// Nothing.
    Nothing,
    /// Created the tenant.
    Created,
    /// Took the tenant over.
    Adopted,
    /// Applied an edit of the spec.
    Applied,
    /// Corrected drift.
    Corrected,
}

/// What a pass did besides settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SideEffects {
    /// The triggers that the platform took, and whether they did something.
    pub pulled: Vec<(Trigger, bool)>,
    /// The triggers that wait.
    pub waiting: Vec<Waiting>,
    /// What became of the widget key.
    pub key: Publication,
}

impl SideEffects {
    /// Whether there is a new widget key.
    pub fn has_rotated(&self) -> bool {
        self.pulled.iter().any(|(trigger, done)| *done && matches!(trigger, Trigger::Rotation { .. }))
    }

    /// Whether something waits for people.
    pub fn waits(&self) -> bool {
        !self.waiting.is_empty() || self.key == Publication::NoKey
    }
}

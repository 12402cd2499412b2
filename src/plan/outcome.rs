//! What a pass achieved.

use std::sync::Arc;

use super::deletion::{DeletionWait, ReleaseOutcome};
use super::difference::{Difference, Differing};
use super::triggers::{Until, Waiting};
use super::widget_key::Publication;
use super::widget_secret::Undone;
use crate::admin_api::TenantDocument;
use crate::settings::Trigger;

/// What a pass achieved.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The tenant is on the platform.
    Live(Live),
    /// The tenant is as the last pass left it, and so is everything else that the status says.
    Unchanged,
    /// The Tenant is being deleted and waits.
    Deleting(DeletionWait),
    /// The Tenant may go: the finalizer is removed.
    Released(ReleaseOutcome),
}

/// A tenant that is on the platform, as it is now.
#[derive(Clone, Debug)]
pub struct Live {
    /// The platform's last answer.
    pub document: Arc<TenantDocument>,
    /// What was done to get there.
    pub done: Done,
    /// What still differs.
    pub difference: Difference,
    /// What was done apart from settings.
    pub side_effects: SideEffects,
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
    /// Corrected drift in these settings.
    Corrected(Differing),
}

/// What a pass did apart from settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SideEffects {
    /// The triggers that the platform took, and whether they did something.
    pub fired: Vec<(Trigger, bool)>,
    /// The triggers that wait.
    pub waiting: Vec<Waiting>,
    /// What became of the widget key.
    pub key: Publication,
}

impl SideEffects {
    /// Whether there is a new widget key.
    pub fn has_rotated(&self) -> bool {
        self.fired.iter().any(|(trigger, done)| *done && matches!(trigger, Trigger::Rotation { .. }))
    }

    /// What is left undone where the key could not be published.
    pub(super) fn undone(&self) -> Undone {
        let holds_rotation = self.waiting.iter().any(|waiting| waiting.until == Until::Deliverable);
        if holds_rotation { Undone::Rotated } else { Undone::Published }
    }

    /// Whether something waits for people.
    pub fn waits(&self) -> bool {
        !self.waiting.is_empty() || self.key == Publication::NoKey
    }
}

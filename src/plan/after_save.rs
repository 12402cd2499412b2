//! What is decided on the platform's answer to a save: what still differs, which triggers are due and whether the widget key has
//! to be written. An answer of success is no proof that the settings were kept.

use std::sync::Arc;

use super::diff::diff;
use super::difference::Difference;
use super::observation::Snapshot;
use super::triggers::{self, Until, Waiting};
use super::validate::Desired;
use super::widget_key::{self, KeyTarget, Publication, Publish};
use super::widget_secret::{Obstacle, WidgetSecret};
use crate::admin_api::TenantDocument;
use crate::resources::Tenant;
use crate::resources::status::WidgetKeyStatus;
use crate::settings::Trigger;

/// What decides on the platform's answer.
#[derive(Clone, Debug)]
pub struct AfterSave {
    desired: Arc<Desired>,
    /// Tokens that this plan records: the answer may not have them yet.
    recorded: Vec<Trigger>,
    widget_secret: Option<WidgetSecret>,
    /// What was last published of the widget key.
    published: Option<WidgetKeyStatus>,
}

/// What is due once the settings are saved.
#[derive(Clone, Debug)]
pub struct FollowUp {
    /// The triggers to fire, in order.
    pub fire: Vec<Trigger>,
    /// The triggers that wait.
    pub waiting: Vec<Waiting>,
    /// What to do about the widget key, after that.
    pub publish: Publish,
}

impl AfterSave {
    pub(super) fn new(
        tenant: &Tenant,
        desired: Arc<Desired>,
        recorded: Vec<Trigger>,
        widget_secret: Option<WidgetSecret>,
    ) -> Self {
        let published = tenant.status.as_ref().and_then(|status| status.widget_key.clone());
        Self { desired, recorded, widget_secret, published }
    }

    /// Compares the answer to a write with what was wanted; `None` where the answer cannot be read.
    pub fn compare(&self, answer: Arc<TenantDocument>, written: &Difference) -> Option<(Snapshot, Difference)> {
        let saved = Snapshot::read(answer)?;
        let sent = written.sealed_after(&saved.document.settings);
        let difference = diff(&self.desired, &sent, &saved.settings, saved.document.as_ref().into());
        Some((saved, difference))
    }

    /// Decides on the tenant as it was saved.
    pub fn follow_up(&self, saved: &Snapshot) -> FollowUp {
        let (mut fire, mut waiting) = triggers::due(&self.desired, &saved.settings, &saved.document.runtime);
        fire.retain(|trigger| !self.recorded.contains(trigger));
        waiting.retain(|waiting| !self.recorded.contains(&waiting.trigger));
        let publish = widget_key::publish(&self.desired, saved, self.widget_secret.as_ref(), self.published.as_ref());
        let follow_up = FollowUp { fire, waiting, publish };
        match &follow_up.publish {
            Publish::Settled(Publication::Refused { .. }) => follow_up.without_rotation(),
            Publish::Settled(_) | Publish::Write(_) | Publish::AfterRotation { .. } => follow_up,
        }
    }
}

/// A rotation ends the life of the key that is in use. So it is sent only once the new key is known to get where it is read: what
/// cannot be delivered is not done.
impl FollowUp {
    /// Where the key of a rotation goes that is about to be sent. That it can be written there has to be proved before.
    pub fn to_prove(&self) -> Option<&KeyTarget> {
        self.fire.iter().any(is_rotation).then(|| self.publish.target()).flatten()
    }

    /// What is due once that was tried.
    #[must_use]
    pub fn proved(self, proof: Result<KeyTarget, Obstacle>) -> Self {
        match (proof, self.publish.target()) {
            (Ok(target), _) => Self { publish: self.publish.to(target), ..self },
            (Err(obstacle), Some(target)) => {
                let refused = Publication::Refused { secret: target.name.clone(), obstacle };
                Self { publish: Publish::Settled(refused), ..self.without_rotation() }
            }
            (Err(_), None) => self.without_rotation(),
        }
    }

    fn without_rotation(mut self) -> Self {
        let held = self.fire.extract_if(.., |trigger| is_rotation(trigger));
        self.waiting.extend(held.map(|trigger| Waiting { trigger, until: Until::Deliverable }));
        self
    }
}

fn is_rotation(trigger: &Trigger) -> bool {
    match trigger {
        Trigger::Rotation { .. } => true,
        Trigger::TestMessage { .. } => false,
    }
}

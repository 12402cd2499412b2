//! Sends triggers to the platform once the settings are saved. The platform acts on each once per token.

use super::writer::{Saved, Writer};
use crate::admin_api::{ApiError, Effect, FieldError, Problem, TenantDocument, Token, Write};
use crate::plan::triggers::{self, Until, Waiting};
use crate::plan::{SideEffects, Stop};
use crate::settings::Trigger;

impl Writer<'_> {
    /// Has tokens recorded as a baseline, without any action. The stamp on the tenant is not ours yet, so the request carries the
    /// one that is there, whose Tenant is gone.
    pub(crate) async fn record(&self, document: &TenantDocument, recorded: &[Trigger]) -> Result<SideEffects, Stop> {
        let stamp = document.owner.as_deref().unwrap_or(&self.stamp);
        let mut side_effects = SideEffects::default();
        for trigger in recorded {
            match self.send(trigger, stamp, Effect::Record).await {
                Ok(done) => side_effects.pulled.push((trigger.clone(), done)),
                Err(error) => return Err(self.refused(of_leaf(trigger, error))),
            }
        }
        Ok(side_effects)
    }

    /// Fires what is due on the settings that the platform has now.
    pub(crate) async fn fire(&self, saved: &mut Saved) -> Result<(), Stop> {
        let Saved { document, settings, side_effects, .. } = saved;
        let (mut now, waiting) = triggers::due(self.desired, settings, &document.runtime);
        // What was recorded a moment ago is not in the document yet.
        let is_recorded = |trigger: &Trigger| side_effects.pulled.iter().any(|(recorded, _)| recorded == trigger);
        now.retain(|trigger| !is_recorded(trigger));
        let waiting: Vec<_> = waiting.into_iter().filter(|waiting| !is_recorded(&waiting.trigger)).collect();
        side_effects.waiting.extend(waiting);
        for trigger in now {
            match self.send(&trigger, &self.stamp, Effect::Act).await {
                Ok(done) => side_effects.pulled.push((trigger, done)),
                Err(error) => match Until::of_refusal(&error) {
                    Some(until) => side_effects.waiting.push(Waiting { trigger, until }),
                    None => return Err(self.refused(of_leaf(&trigger, error))),
                },
            }
        }
        Ok(())
    }

    async fn send(&self, trigger: &Trigger, stamp: &str, effect: Effect) -> Result<bool, ApiError> {
        let write = Write { id: self.id.as_str(), owner: stamp };
        let token = Token { text: trigger.token(), effect };
        let fired = match trigger {
            Trigger::Rotation { .. } => self.client.rotate_widget_key(write, token).await,
            Trigger::TestMessage { upn, .. } => self.client.send_test_message(write, token, upn).await,
        };
        fired.map(|fired| fired.done)
    }
}

/// A refusal that speaks of the spec: the body of a trigger is no part of the settings.
fn of_leaf(trigger: &Trigger, error: ApiError) -> ApiError {
    let ApiError::Refused(Problem { errors, .. }) = &error else { return error };
    let token = trigger.leaf().pointer();
    let pointer = |member: &str| match member {
        "/token" => token.clone(),
        member => format!("{}{member}", token.rsplit_once('/').map_or("", |(above, _)| above)),
    };
    let errors = errors.iter().map(|error| FieldError { pointer: pointer(&error.pointer), ..error.clone() }).collect();
    match error {
        ApiError::Refused(problem) => ApiError::Refused(Problem { errors, ..problem }),
        error => error,
    }
}

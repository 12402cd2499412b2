//! Triggers: what is done once per token. The platform keeps every token, so nothing that crashes, comes back or is
//! taken back can do it twice; what is decided here is when a token is given to it, and when only to be remembered.
//!
//! A tenant that is taken over has the tokens of its spec recorded without doing anything, hidden ones too, and *before* our
//! stamp is put on. So a tenant with our stamp has had that, and a token that differs from its last one is news: this needs no
//! memory of our own that a crash could lose. A tenant that we create starts with its rotation token for the same reason; a test
//! message is wanted of it, and sent.

use serde_json::{Value, json};

use super::stop::Stop;
use super::validate::Desired;
use super::visibility::visible;
use crate::admin_api::{ApiError, FieldError, Invitation, ProblemType, Runtime};
use crate::settings::Trigger;

/// A trigger that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The trigger.
    pub trigger: Trigger,
    /// For what.
    pub until: Until,
}

/// For what a trigger waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// The primary account has to accept its invitation.
    Invited,
    /// The platform says that the section is off.
    Shown,
    /// What comes of it could not be delivered.
    Deliverable,
}

impl Waiting {
    /// What the tab says.
    pub fn words(&self) -> String {
        let what = match self.trigger {
            Trigger::Rotation { .. } => "The rotation of the widget key",
            Trigger::TestMessage { .. } => "The test message",
        };
        let until = match self.until {
            Until::Invited => "the primary account accepts its invitation",
            Until::Shown => "its section is on",
            Until::Deliverable => "a new key can be published",
        };
        format!("{what} waits until {until}")
    }
}

/// The token that was last given to the platform for this trigger.
pub fn last<'r>(trigger: &Trigger, runtime: &'r Runtime) -> Option<&'r str> {
    match trigger {
        Trigger::Rotation { .. } => runtime.widget_key.last_token.as_deref(),
        Trigger::TestMessage { .. } => runtime.instant_messaging.last_token.as_deref(),
    }
}

fn is_news(trigger: &Trigger, runtime: &Runtime) -> bool {
    last(trigger, runtime) != Some(trigger.token())
}

/// Whether a trigger is shown; only then it is fired.
fn shown(trigger: &Trigger, desired: &Value, observed: &Value) -> bool {
    visible(trigger.leaf(), desired, observed)
}

/// The rotation token that a new tenant starts with: it has no key yet that could have to be replaced.
pub fn at_creation(desired: &Desired) -> Option<String> {
    let nothing = json!({});
    let rotation = desired.triggers.iter().find(|trigger| matches!(trigger, Trigger::Rotation { .. }))?;
    shown(rotation, &desired.settings, &nothing).then(|| rotation.token().to_owned())
}

/// What is recorded without doing anything when a tenant is taken over.
pub fn at_take_over(desired: &Desired, runtime: &Runtime) -> Vec<Trigger> {
    desired.triggers.iter().filter(|trigger| is_news(trigger, runtime)).cloned().collect()
}

/// What to fire once the settings are saved, and what has to wait. `settings` are those that the platform has then.
pub fn due(desired: &Desired, settings: &Value, runtime: &Runtime) -> (Vec<Trigger>, Vec<Waiting>) {
    let (mut now, mut later) = (vec![], vec![]);
    let nothing = json!({});
    for trigger in desired.triggers.iter().filter(|trigger| is_news(trigger, runtime)) {
        // Where drift is only reported, the platform may have off what the spec has on, and the other way round.
        if !shown(trigger, &desired.settings, settings) || !shown(trigger, &nothing, settings) {
            continue;
        }
        let invited = runtime.instant_messaging.primary.is_some_and(Invitation::is_open);
        if invited && matches!(trigger, Trigger::TestMessage { .. }) {
            later.push(Waiting { trigger: trigger.clone(), until: Until::Invited });
        } else {
            now.push(trigger.clone());
        }
    }
    (now, later)
}

/// What a refused trigger means: it waits, or the pass stops.
///
/// *Errors*: the refusal does not pass by itself.
pub fn refused(trigger: Trigger, error: ApiError) -> Result<Waiting, Stop> {
    if error.is(&ProblemType::InvitationPending) {
        return Ok(Waiting { trigger, until: Until::Invited });
    }
    if error.is(&ProblemType::SectionOff) {
        return Ok(Waiting { trigger, until: Until::Shown });
    }
    Err(stop(&trigger, error))
}

/// What a failed request of a trigger means. A refusal speaks of the body of the request, which is no part of the settings: it has
/// to name the setting instead.
pub fn stop(trigger: &Trigger, error: ApiError) -> Stop {
    let ApiError::Refused(mut problem) = error else { return Stop::of_write(error) };
    let token = trigger.leaf().pointer();
    for FieldError { pointer, .. } in &mut problem.errors {
        *pointer = match pointer.as_str() {
            "/token" => token.clone(),
            member => format!("{}{member}", token.rsplit_once('/').map_or("", |(above, _)| above)),
        };
    }
    Stop::of_write(ApiError::Refused(problem))
}

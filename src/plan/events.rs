//! What a pass that ended well tells people, besides the status.

use super::outcome::{Done, SideEffects};
use crate::resources::Reason;

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// Whether it is a warning.
    pub warning: bool,
    /// The reason.
    pub reason: Reason,
    /// A sentence for people.
    pub message: String,
}

/// The events of a pass; `differs` says whether the platform still is not as wanted.
pub(super) fn of(done: Done, differs: bool, side_effects: &SideEffects) -> Vec<EventRecord> {
    let note = |reason, message: &str| EventRecord { warning: false, reason, message: message.to_owned() };
    let mut notes = match done {
        Done::Nothing | Done::Created | Done::Applied => vec![],
        Done::Adopted if side_effects.pulled.iter().any(|(_, done)| !done) => vec![note(
            Reason::Adopted,
            "took over a tenant that belonged to nobody; its tokens were recorded, and nothing was done for them",
        )],
        Done::Adopted => vec![note(Reason::Adopted, "took over a tenant that belonged to nobody")],
        // The platform did not keep it: nothing was corrected.
        Done::Corrected if differs => vec![],
        Done::Corrected => {
            vec![note(Reason::DriftCorrected, "wrote managed settings again that were changed on the platform")]
        }
    };
    if side_effects.has_rotated() {
        notes.push(note(Reason::Rotated, "rotated the widget key; widgets with the old one are rejected"));
    }
    notes
}

//! The types of conditions, and the merge that keeps a transition time until the status flips.

use std::borrow::Cow;
use std::cmp::Ordering;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use super::platform::Support;
use super::{bounds, reason};
use crate::settings::text::shorten;

/// The types, in the order in which a status lists them.
pub mod condition_type {
    /// The spec of this generation is live on the platform.
    pub const READY: &str = "Ready";
    /// The spec is valid and its references resolve.
    pub const ACCEPTED: &str = "Accepted";
    /// Every managed setting equals the platform.
    pub const SYNCED: &str = "Synced";
    /// Working on it; only when true.
    pub const RECONCILING: &str = "Reconciling";
    /// Needs a human; only when true.
    pub const STALLED: &str = "Stalled";
    /// A technical change waits for the provisioning script.
    pub const SCRIPT_EXECUTION_PENDING: &str = "ScriptExecutionPending";
    /// More licences are in use than were bought.
    pub const LICENSE_OVERUSE: &str = "LicenseOveruse";
    /// The tenant's subscription lets it work.
    pub const TENANT_ACTIVE: &str = "TenantActive";
    /// The worst of `status.checks`.
    pub const CHECKS_PASSED: &str = "ChecksPassed";

    /// All of them.
    pub const ORDER: [&str; 9] = [
        READY,
        ACCEPTED,
        SYNCED,
        RECONCILING,
        STALLED,
        SCRIPT_EXECUTION_PENDING,
        LICENSE_OVERUSE,
        TENANT_ACTIVE,
        CHECKS_PASSED,
    ];
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the API's own words")]
pub enum ConditionStatus {
    True,
    False,
    Unknown,
}

impl ConditionStatus {
    /// The API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

impl From<bool> for ConditionStatus {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

/// A condition before it is merged with what was said before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionUpdate {
    /// One of [`kind`].
    pub kind: &'static str,
    /// Whether it holds.
    pub truth: ConditionStatus,
    /// A CamelCase word from [`super::reason`].
    pub reason: Cow<'static, str>,
    /// What happened, a sentence for people; may be empty. What to do about it is added where conditions are made.
    pub message: String,
}

impl ConditionUpdate {
    /// A finding with a message.
    pub fn new(
        kind: &'static str,
        truth: impl Into<ConditionStatus>,
        reason: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { kind, truth: truth.into(), reason: reason.into(), message: message.into() }
    }
}

/// What was said before, to be said again for another generation.
pub fn as_it_was(conditions: &[Condition], kind: &'static str) -> Option<ConditionUpdate> {
    find(conditions, kind).map(|condition| ConditionUpdate {
        kind,
        truth: match condition.status.as_str() {
            "True" => ConditionStatus::True,
            "False" => ConditionStatus::False,
            _ => ConditionStatus::Unknown,
        },
        reason: condition.reason.clone().into(),
        message: what_happened(&condition.message).to_owned(),
    })
}

/// A message without what to do about it.
pub fn what_happened(message: &str) -> &str {
    message.rsplit_once(reason::ADVICE).map_or(message, |(happened, _)| happened)
}

/// The condition of a type, if it was ever stated.
pub fn find<'c>(conditions: &'c [Condition], kind: &str) -> Option<&'c Condition> {
    conditions.iter().find(|condition| condition.type_ == kind)
}

/// Turns findings into conditions of one generation, and tells people what to do and where they find help. A transition time
/// moves only when the status flips.
pub fn merge(
    previous: &[Condition],
    updates: Vec<ConditionUpdate>,
    generation: i64,
    now: Timestamp,
    support: Option<&Support>,
) -> Vec<Condition> {
    let mut conditions: Vec<Condition> = updates
        .into_iter()
        .map(|update| {
            let status = update.truth.as_str();
            let before = find(previous, update.kind).filter(|before| before.status == status);
            Condition {
                last_transition_time: before.map_or(Time(now), |before| before.last_transition_time.clone()),
                message: advised(&update, support),
                observed_generation: Some(generation),
                reason: update.reason.into_owned(),
                status: status.to_owned(),
                type_: update.kind.to_owned(),
            }
        })
        .collect();
    conditions.sort_by(by_order);
    conditions
}

fn by_order(left: &Condition, right: &Condition) -> Ordering {
    let place = |condition: &Condition| condition_type::ORDER.iter().position(|kind| *kind == condition.type_);
    place(left).cmp(&place(right))
}

/// What happened and what to do. Where both are too long, what happened is cut.
fn advised(update: &ConditionUpdate, support: Option<&Support>) -> String {
    let advice = Some(update).filter(|update| !update.message.is_empty());
    let advice = advice.and_then(|update| reason::advice(update.kind, &update.reason, support));
    let end = advice.map_or_else(String::new, |advice| format!("{}{advice}", reason::ADVICE));
    let room = bounds::MESSAGE.saturating_sub(end.chars().count());
    shorten(&(shorten(&update.message, room) + &end), bounds::MESSAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap_or_default()
    }

    #[test]
    fn transition_time_moves_only_on_a_flip() {
        let first =
            merge(&[], vec![ConditionUpdate::new(condition_type::READY, true, "Succeeded", "")], 1, at(10), None);
        let same =
            merge(&first, vec![ConditionUpdate::new(condition_type::READY, true, "Other", "more")], 2, at(20), None);
        assert_eq!(same[0].last_transition_time, Time(at(10)));
        assert_eq!(same[0].observed_generation, Some(2));
        let flipped =
            merge(&same, vec![ConditionUpdate::new(condition_type::READY, false, "Other", "")], 2, at(30), None);
        assert_eq!(flipped[0].last_transition_time, Time(at(30)));
    }

    #[test]
    fn conditions_keep_one_order_and_messages_a_bound() {
        let updates = vec![
            ConditionUpdate::new(condition_type::SYNCED, true, "InSync", "x".repeat(5000)),
            ConditionUpdate::new(condition_type::READY, true, "Succeeded", ""),
        ];
        let conditions = merge(&[], updates, 1, at(0), None);
        assert_eq!(conditions.iter().map(|c| c.type_.as_str()).collect::<Vec<_>>(), ["Ready", "Synced"]);
        assert_eq!(conditions[1].message.chars().count(), bounds::MESSAGE);
    }

    #[test]
    fn a_message_says_what_to_do_and_is_said_again_without_saying_it_twice() {
        let support = |link: &str| Support { helpdesk: Some(link.to_owned()), ..Support::default() };
        let lost = || vec![ConditionUpdate::new(condition_type::READY, false, reason::TENANT_LOST, "x".repeat(2000))];
        let first = merge(&[], lost(), 1, at(0), Some(&support("https://help.example")));
        assert_eq!(first[0].message.chars().count(), bounds::MESSAGE);
        assert!(first[0].message.ends_with(" See https://help.example"), "{}", first[0].message);
        let again = as_it_was(&first, condition_type::READY).into_iter().collect();
        let again = merge(&first, again, 1, at(0), Some(&support("https://other.example")));
        assert!(again[0].message.ends_with(" See https://other.example"), "{}", again[0].message);
        assert_eq!(again[0].message.matches(reason::ADVICE).count(), 1);
        let quiet = merge(
            &[],
            vec![ConditionUpdate::new(condition_type::SYNCED, false, reason::TENANT_LOST, "")],
            1,
            at(0),
            None,
        );
        assert_eq!(quiet[0].message, "", "where nothing happened, nothing has to be done");
    }
}

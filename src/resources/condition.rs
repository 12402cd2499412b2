//! How conditions are made: what a pass found is merged with what a status said before, so that a transition time stays until
//! the status flips. Advice and the id of a refused request travel as data and become text here, last.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};

use super::bounds;
use super::condition_type::{ConditionStatus, ConditionType};
use super::platform::Support;
use super::reason::Reason;
use crate::text::shorten;

/// What a pass says of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionUpdate {
    /// What it speaks of.
    pub condition_type: ConditionType,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Why.
    pub reason: Reason,
    /// What happened. The advice of the reason follows it, unless another condition has it.
    pub message: String,
    /// Whether the advice of the reason follows the message.
    pub advised: bool,
    /// The platform's id of the request that it refused.
    pub request_id: Option<String>,
}

impl ConditionUpdate {
    /// An update with a message.
    pub fn new(
        condition_type: ConditionType,
        status: impl Into<ConditionStatus>,
        reason: Reason,
        message: impl Into<String>,
    ) -> Self {
        Self { condition_type, status: status.into(), reason, message: message.into(), advised: true, request_id: None }
    }

    /// An update that points to another condition, which says what happened and what to do.
    pub fn unexplained(
        condition_type: ConditionType,
        status: impl Into<ConditionStatus>,
        reason: Reason,
        message: impl Into<String>,
    ) -> Self {
        Self { advised: false, ..Self::new(condition_type, status, reason, message) }
    }

    /// What happened and what to do. If both are too long, what happened is cut.
    pub fn render(&self, support: Option<&Support>) -> String {
        let request = self.request_id.as_ref().map_or_else(String::new, |id| format!(" (request {id})"));
        let advice = if self.advised { self.reason.advice(support) } else { String::new() };
        let end = request + &advice;
        let room = bounds::MESSAGE.saturating_sub(end.chars().count());
        shorten(&(shorten(&self.message, room) + &end), bounds::MESSAGE)
    }
}

/// What becomes of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConditionChange {
    /// It says this from now on.
    Set(ConditionUpdate),
    /// It says what it said before, now of another generation. Nothing where it was never stated.
    Keep(ConditionType),
}

impl ConditionChange {
    fn condition_type(&self) -> ConditionType {
        match self {
            Self::Set(update) => update.condition_type,
            Self::Keep(condition_type) => *condition_type,
        }
    }
}

impl From<ConditionUpdate> for ConditionChange {
    fn from(update: ConditionUpdate) -> Self {
        Self::Set(update)
    }
}

/// The condition of a type, if it was ever stated.
pub fn find(conditions: &[Condition], condition_type: ConditionType) -> Option<&Condition> {
    conditions.iter().find(|condition| condition.type_ == condition_type.as_str())
}

/// Whether a condition holds; `None` where it was never stated.
pub fn status(conditions: &[Condition], condition_type: ConditionType) -> Option<ConditionStatus> {
    find(conditions, condition_type).map(|condition| ConditionStatus::parse(&condition.status))
}

/// The conditions of one generation. A transition time moves only when the status flips.
pub fn merge(
    previous: &[Condition],
    mut changes: Vec<ConditionChange>,
    generation: i64,
    now: Timestamp,
    support: Option<&Support>,
) -> Vec<Condition> {
    changes.sort_by_key(ConditionChange::condition_type);
    let merged = |change: ConditionChange| {
        let before = find(previous, change.condition_type());
        let update = match change {
            ConditionChange::Keep(_) => {
                return before.map(|before| Condition { observed_generation: Some(generation), ..before.clone() });
            }
            ConditionChange::Set(update) => update,
        };
        let same = before.filter(|before| before.status == update.status.as_str());
        Some(Condition {
            last_transition_time: same.map_or(Time(now), |before| before.last_transition_time.clone()),
            message: update.render(support),
            observed_generation: Some(generation),
            reason: update.reason.as_str().to_owned(),
            status: update.status.as_str().to_owned(),
            type_: update.condition_type.as_str().to_owned(),
        })
    };
    changes.into_iter().filter_map(merged).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap_or_default()
    }

    fn ready(status: bool, reason: Reason, message: &str) -> Vec<ConditionChange> {
        vec![ConditionUpdate::new(ConditionType::Ready, status, reason, message).into()]
    }

    #[test]
    fn transition_time_moves_only_on_a_flip() {
        let first = merge(&[], ready(true, Reason::Succeeded, ""), 1, at(10), None);
        let same = merge(&first, ready(true, Reason::Connected, "more"), 2, at(20), None);
        assert_eq!(same[0].last_transition_time, Time(at(10)));
        assert_eq!(same[0].observed_generation, Some(2));
        let flipped = merge(&same, ready(false, Reason::Connected, ""), 2, at(30), None);
        assert_eq!(flipped[0].last_transition_time, Time(at(30)));
    }

    #[test]
    fn conditions_keep_one_order_and_messages_a_bound() {
        let long = ConditionUpdate::new(ConditionType::Synced, true, Reason::InSync, "x".repeat(5000));
        let changes = [vec![long.into()], ready(true, Reason::Succeeded, "")].concat();
        let conditions = merge(&[], changes, 1, at(0), None);
        assert_eq!(conditions.iter().map(|c| c.type_.as_str()).collect::<Vec<_>>(), ["Ready", "Synced"]);
        assert_eq!(conditions[1].message.chars().count(), bounds::MESSAGE);
    }

    #[test]
    fn a_message_says_what_to_do_and_is_kept_without_saying_it_twice() {
        let support = |link: &str| Support { helpdesk: Some(link.to_owned()), ..Support::default() };
        let lost = || ready(false, Reason::TenantLost, &"x".repeat(2000));
        let first = merge(&[], lost(), 1, at(0), Some(&support("https://help.example")));
        assert_eq!(first[0].message.chars().count(), bounds::MESSAGE);
        assert!(first[0].message.ends_with(" See https://help.example"), "{}", first[0].message);
        let kept = vec![ConditionChange::Keep(ConditionType::Ready), ConditionChange::Keep(ConditionType::Synced)];
        let again = merge(&first, kept, 2, at(5), Some(&support("https://other.example")));
        let expected = Condition { observed_generation: Some(2), ..first[0].clone() };
        assert_eq!(again, [expected], "word by word, and what was never stated is not made up");
        let renewed = merge(&first, lost(), 1, at(5), Some(&support("https://other.example")));
        assert!(renewed[0].message.ends_with(" See https://other.example"), "{}", renewed[0].message);
        let quiet = ConditionUpdate::unexplained(ConditionType::Synced, false, Reason::TenantLost, "Ready says why");
        assert_eq!(quiet.render(None), "Ready says why", "what to do is said once");
    }

    #[test]
    fn a_refused_request_is_quoted_before_the_advice_and_never_cut() {
        let mut refused = ConditionUpdate::new(ConditionType::Ready, false, Reason::InvalidSettings, "x".repeat(2000));
        refused.request_id = Some("r-7".to_owned());
        let said = refused.render(None);
        assert_eq!(said.chars().count(), bounds::MESSAGE);
        assert!(said.contains("… (request r-7). What to do: Correct"), "{said}");
    }
}

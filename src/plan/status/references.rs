//! The status of what Tenants refer to, a Platform or a Partner: Ready, and in the same words who has to act. Programs that wait
//! for it read that from Reconciling and Stalled.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use super::facts::mode_update;
use crate::plan::disposition::Mode;
use crate::resources::condition::{self, ConditionChange, ConditionUpdate, merge};
use crate::resources::platform::Support;
use crate::resources::{ConditionStatus, ConditionType, Reason};

/// What is known of a Platform or a Partner in addition to what its pass found.
#[derive(Clone, Copy, Debug)]
pub struct ReferenceFacts<'f> {
    /// What its status said before.
    pub conditions: &'f [Condition],
    /// Its generation.
    pub generation: i64,
    /// The time of the pass.
    pub now: Timestamp,
    /// How long something that is missing may be on its way.
    pub grace: Duration,
    /// The support links of the Platform.
    pub support: Option<&'f Support>,
}

impl ReferenceFacts<'_> {
    /// The conditions that follow from what Ready says.
    pub fn conditions(&self, ready: ConditionUpdate) -> Vec<Condition> {
        let mode = mode_update(self.mode(&ready), &ready);
        let before = |condition: &&Condition| {
            condition.type_ != ConditionType::Reconciling.as_str() || self.goes_on(condition, &ready)
        };
        let previous: Vec<Condition> = self.conditions.iter().filter(before).cloned().collect();
        let changes = mode.into_iter().chain([ready]).map(ConditionChange::Set).collect();
        merge(&previous, changes, self.generation, self.now, self.support)
    }

    fn mode(&self, ready: &ConditionUpdate) -> Mode {
        match who_acts(ready) {
            WhoActs::None => Mode::Settled,
            WhoActs::Operator => Mode::Reconciling,
            WhoActs::Human => Mode::Stalled,
            WhoActs::HumanAfterGrace if self.is_overdue(ready) => Mode::Stalled,
            WhoActs::HumanAfterGrace => Mode::Reconciling,
        }
    }

    /// Whether this generation has waited for the same for so long that it is not on its way any more.
    fn is_overdue(&self, ready: &ConditionUpdate) -> bool {
        let before = |condition_type| {
            condition::find(self.conditions, condition_type).filter(|before| self.goes_on(before, ready))
        };
        let since =
            before(ConditionType::Reconciling).map(|working| self.now.duration_since(working.last_transition_time.0));
        let waited = since.and_then(|since| Duration::try_from(since).ok());
        before(ConditionType::Stalled).is_some() || waited.is_some_and(|waited| waited >= self.grace)
    }

    /// Whether what was said before is about the same wait: its time counts.
    fn goes_on(&self, before: &Condition, ready: &ConditionUpdate) -> bool {
        let same_spec = before.observed_generation == Some(self.generation);
        before.reason == ready.reason.as_str() && (same_spec || who_acts(ready) != WhoActs::HumanAfterGrace)
    }
}

/// Who has to act before an object is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WhoActs {
    /// It is ready.
    None,
    /// The operator looks again and goes on by itself.
    Operator,
    /// A human, where it has been missing for a while: it may come with the next object of the same commit.
    HumanAfterGrace,
    /// A human.
    Human,
}

/// A reason that is not known to heal by itself needs a human.
fn who_acts(ready: &ConditionUpdate) -> WhoActs {
    if ready.status == ConditionStatus::True {
        return WhoActs::None;
    }
    let heals = [Reason::Unreachable, Reason::Throttled, Reason::UnexpectedAnswer, Reason::Terminating, Reason::InUse];
    match ready.reason {
        reason if heals.contains(&reason) => WhoActs::Operator,
        Reason::CredentialsNotFound => WhoActs::HumanAfterGrace,
        _ => WhoActs::Human,
    }
}

/// What Ready says where Kubernetes refuses something for the object. What keeps the object from being used at all goes first.
pub fn with_refusal(ready: ConditionUpdate, refused: &str) -> ConditionUpdate {
    let usable = ready.status == ConditionStatus::True || [Reason::Terminating, Reason::InUse].contains(&ready.reason);
    if usable {
        let message = format!("{refused}. {}", ready.message);
        ConditionUpdate::new(ConditionType::Ready, false, Reason::KubernetesRefused, message)
    } else {
        ConditionUpdate { message: format!("{}; {refused}", ready.message), ..ready }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(300);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap_or_default()
    }

    fn ready(reason: Reason) -> ConditionUpdate {
        let good = [Reason::Connected, Reason::Accepted].contains(&reason);
        ConditionUpdate::new(ConditionType::Ready, good, reason, "what happened")
    }

    /// The conditions of a pass at this second, of this generation.
    fn pass(before: &[Condition], generation: i64, second: i64, reason: Reason) -> Vec<Condition> {
        let facts = ReferenceFacts { conditions: before, generation, now: at(second), grace: GRACE, support: None };
        facts.conditions(ready(reason))
    }

    /// Ready, Reconciling and Stalled, as their statuses stand, and what kstatus makes of them.
    fn shown(conditions: &[Condition]) -> [&str; 4] {
        let status = |condition_type| condition::find(conditions, condition_type).map_or("-", |found| &found.status);
        let [ready, reconciling, stalled] =
            [ConditionType::Ready, ConditionType::Reconciling, ConditionType::Stalled].map(status);
        let kstatus = match (reconciling, stalled, ready) {
            ("True", ..) => "InProgress",
            (_, "True", _) => "Failed",
            (.., "True") => "Current",
            _ => "InProgress",
        };
        [ready, reconciling, stalled, kstatus]
    }

    #[test]
    fn every_reason_says_who_has_to_act() {
        let (good, works, stalled) =
            (["True", "-", "-", "Current"], ["False", "True", "-", "InProgress"], ["False", "-", "True", "Failed"]);
        for (reason, first, later) in [
            (Reason::Connected, good, good),
            (Reason::Accepted, good, good),
            (Reason::Unreachable, works, works),
            (Reason::Throttled, works, works),
            (Reason::UnexpectedAnswer, works, works),
            (Reason::Terminating, works, works),
            (Reason::InUse, works, works),
            (Reason::CredentialsNotFound, works, stalled),
            (Reason::InvalidPlatform, stalled, stalled),
            (Reason::AuthenticationFailed, stalled, stalled),
            (Reason::PlatformChanged, stalled, stalled),
            (Reason::PoliciesNotEnforced, stalled, stalled),
            (Reason::KubernetesRefused, stalled, stalled),
            (Reason::Undecodable, stalled, stalled),
        ] {
            let begun = pass(&[], 3, 0, reason);
            assert_eq!(first, shown(&begun), "{reason:?}");
            let after = pass(&begun, 3, 300, reason);
            assert_eq!(later, shown(&after), "{reason:?}, five minutes later");
            assert_eq!(later, shown(&pass(&after, 3, 301, reason)), "{reason:?} stays so");
            assert!(after.iter().all(|condition| condition.observed_generation == Some(3)), "{after:?}");
            assert!(after.iter().all(|condition| condition.reason == reason.as_str()), "{after:?}");
            assert_eq!(good, shown(&pass(&after, 3, 302, Reason::Connected)), "{reason:?} heals without a rest");
        }
    }

    #[test]
    fn credentials_have_a_while_from_when_they_were_first_missed() {
        let missing = Reason::CredentialsNotFound;
        let outage = pass(&[], 1, 0, Reason::Unreachable);
        let missed = pass(&outage, 1, 1000, missing);
        assert_eq!("True", shown(&missed)[1]);
        let almost = pass(&missed, 1, 1299, missing);
        assert_eq!("True", shown(&almost)[1], "the outage before it does not count");
        assert_eq!("True", shown(&pass(&almost, 1, 1300, missing))[2]);
        let edited = pass(&pass(&almost, 1, 1300, missing), 2, 1301, missing);
        assert_eq!("True", shown(&edited)[1], "an edit may name another Secret");
        assert_eq!("True", shown(&pass(&edited, 2, 1601, missing))[2]);
    }

    #[test]
    fn a_refusal_by_kubernetes_stands_after_what_keeps_it_from_being_used() {
        let said = |reason| {
            let said = with_refusal(ready(reason), "Kubernetes refuses it: policy p");
            (said.status, said.reason, said.message)
        };
        let is_false = ConditionStatus::False;
        let first = |reason| (is_false, reason, "Kubernetes refuses it: policy p. what happened".to_owned());
        for usable in [Reason::Connected, Reason::Terminating, Reason::InUse] {
            assert_eq!(first(Reason::KubernetesRefused), said(usable));
        }
        let last = (is_false, Reason::Unreachable, "what happened; Kubernetes refuses it: policy p".to_owned());
        assert_eq!(last, said(Reason::Unreachable));
    }
}

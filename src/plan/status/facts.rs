//! What `conclude` is given in addition to the outcome, and what it comes to.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;

use crate::plan::checks::CheckReport;
use crate::plan::deletion::ReleaseOutcome;
use crate::plan::disposition::{Delay, Mode};
use crate::plan::events::EventRecord;
use crate::plan::outage::PlatformHealth;
use crate::plan::rewrites::Rewrites;
use crate::plan::seen::Seen;
use crate::resources::condition::{self, ConditionChange, ConditionUpdate, merge};
use crate::resources::platform::Support;
use crate::resources::status::{Compared, TenantStatus};
use crate::resources::{ConditionStatus, ConditionType, Reason, SpecHash, Tenant, annotation};
use crate::settings::Trigger;

/// The message of Accepted.
pub(super) const SPEC_ACCEPTED: &str = "The spec is valid and its references resolve";

/// What `conclude` needs in addition to the outcome.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'f> {
    /// The Tenant that the pass was about.
    pub tenant: &'f Tenant,
    /// The hash of its spec and Secrets; `None` when the spec was invalid.
    pub hash: Option<&'f SpecHash>,
    /// What the pass saw of the tenant.
    pub seen: &'f Seen,
    /// The time of the pass.
    pub now: Timestamp,
    /// How long a missing reference may be on its way.
    pub reference_grace: Duration,
    /// Whether the numbers of license usage are due.
    pub refresh_licenses: bool,
    /// Whether passes have come to nothing for so long that it has to be said.
    pub contended: bool,
    /// What the platform did not keep of this spec.
    pub rewrites: &'f Rewrites,
    /// What is known of its Platform.
    pub platform: PlatformHealth<'f>,
    /// How the environment that answered names itself; `None` where it does not, or was not asked.
    pub environment: Option<&'f str>,
    /// The support links of the Platform.
    pub support: Option<&'f Support>,
    /// What is known of the checks; `None` where this pass does not know what to check.
    pub checked: Option<&'f CheckReport>,
    /// Hash of what else a status depends on; `None` where that is not known.
    pub context: Option<&'f str>,
    /// The triggers that the platform took in this pass, also where it stopped after that.
    pub fired: &'f [(Trigger, bool)],
}

/// What a pass comes to.
#[derive(Clone, Debug)]
pub struct Conclusion {
    /// The new status; `None` when it is as it was.
    pub status: Option<TenantStatus>,
    /// What a Tenant in sync was compared with now, also where that is not written.
    pub compared: Option<Compared>,
    /// How the Tenant was released: the finalizer comes off.
    pub release_outcome: Option<ReleaseOutcome>,
    /// The events to record.
    pub events: Vec<EventRecord>,
    /// When to look again.
    pub delay: Delay,
}

/// Whether a change puts the wait for another reason in place of the one before.
fn is_another_wait(before: &Condition, change: &ConditionChange) -> bool {
    let ConditionChange::Set(update) = change else { return false };
    let reconciling = ConditionType::Reconciling;
    before.type_ == reconciling.as_str()
        && update.condition_type == reconciling
        && before.reason != update.reason.as_str()
}

impl Facts<'_> {
    /// The status before this pass, if there was one.
    pub(super) fn previous(&self) -> Option<&TenantStatus> {
        self.tenant.status.as_ref()
    }

    pub(super) fn generation(&self) -> i64 {
        self.tenant.metadata.generation.unwrap_or_default()
    }

    /// Whether a condition held before this pass.
    pub(super) fn was(&self, condition_type: ConditionType) -> Option<ConditionStatus> {
        condition::status(&self.previous()?.conditions, condition_type)
    }

    /// Whether the spec is what was applied. One that was taken back to that was never judged in this generation: what was said of
    /// the other one is not true of it.
    pub(super) fn is_live(&self) -> bool {
        self.is_applied() && self.was(ConditionType::Accepted) != Some(ConditionStatus::False)
    }

    /// Whether the spec and its Secrets are those that were applied.
    pub(super) fn is_applied(&self) -> bool {
        let applied = self.previous().and_then(|status| status.applied.as_ref());
        applied.is_some_and(|applied| Some(&applied.hash) == self.hash)
    }

    /// Whether this generation has waited for this reason for so long that what is missing is not on its way any more. A condition
    /// keeps its time while its status stays, also for another reason: the later of two counts.
    pub(super) fn is_overdue(&self, falsified: ConditionType, reason: Reason) -> bool {
        let Some(previous) = self.previous() else { return false };
        let same = |condition_type| {
            let before = condition::find(&previous.conditions, condition_type);
            before.filter(|before| before.reason == reason.as_str())
        };
        if same(ConditionType::Stalled).is_some() {
            return previous.observed_generation == self.generation();
        }
        let (Some(working), Some(falsified)) = (same(ConditionType::Reconciling), same(falsified)) else {
            return false;
        };
        let since = working.last_transition_time.0.max(falsified.last_transition_time.0);
        Duration::try_from(self.now.duration_since(since)).is_ok_and(|waited| waited >= self.reference_grace)
    }

    /// The previous status, now speaking of this generation with these conditions.
    pub(super) fn status(&self, changes: Vec<ConditionChange>) -> TenantStatus {
        let mut previous = self.previous().cloned().unwrap_or_default();
        // A wait for something else has a time of its own.
        previous.conditions.retain(|before| !changes.iter().any(|change| is_another_wait(before, change)));
        TenantStatus {
            observed_generation: self.generation(),
            conditions: merge(&previous.conditions, changes, self.generation(), self.now, self.support),
            compared: None,
            ..previous
        }
    }

    /// The previous status, now speaking of this generation: nothing else is known.
    pub(super) fn unchanged(&self) -> TenantStatus {
        self.status(ConditionType::ALL.map(ConditionChange::Keep).to_vec())
    }

    /// The token of the request for a pass that this pass answers.
    pub(super) fn handled(&self) -> Option<String> {
        let before = self.previous().and_then(|status| status.last_handled_reconcile_at.clone());
        annotation::reconcile_token(self.tenant).or(before)
    }

    /// The token of the request to repeat all checks that was last done.
    pub(super) fn repeated(&self) -> Option<String> {
        let before = self.previous().and_then(|status| status.last_handled_check_at.clone());
        self.checked.and_then(|checked| checked.repeated.clone()).or(before)
    }

    /// The request to quote in a message. While the message would be the same but for it, the one that was quoted stays: every
    /// answer has another id, and that alone is no news.
    pub(super) fn quoted(&self, refused: Option<&str>, ready: &ConditionUpdate) -> Option<String> {
        let refused = refused?;
        let said = self.previous().and_then(|status| condition::find(&status.conditions, ConditionType::Ready));
        let quoted = self.previous().and_then(|status| status.refused_request_id.as_ref()).filter(|quoted| {
            let same = ConditionUpdate { request_id: Some((*quoted).clone()), ..ready.clone() }.render(self.support);
            said.is_some_and(|said| said.message == same)
        });
        Some(quoted.cloned().unwrap_or_else(|| refused.to_owned()))
    }
}

/// Reconciling or Stalled, never both, with the words of Ready.
pub(super) fn mode_update(mode: Mode, ready: &ConditionUpdate) -> Option<ConditionUpdate> {
    let condition_type = match mode {
        Mode::Reconciling => ConditionType::Reconciling,
        Mode::Stalled => ConditionType::Stalled,
        Mode::Settled => return None,
    };
    Some(ConditionUpdate { condition_type, status: ConditionStatus::True, ..ready.clone() })
}

//! What is known of one check, and what an answer changes about it. Pure: the time is an argument.
//!
//! - An answer that says nothing (an outage, a request to slow down, an error page) does not replace what was found for the same
//!   query, for as long as `kept`: an outage of Microsoft is not news about every Tenant.
//! - A refusal (403, a wrong credential) is reported at once as Unknown: a person has to act.
//! - "Not there" is believed only after `lag`: what was made or granted minutes ago is not visible everywhere.
//! - What passed is checked again after `every`; everything else sooner, and then less and less often. A missing grant is looked for
//!   more often than the rest: people give it and wait.
//! - A check that a person asked to repeat is due at once, and owed until there is an answer that says something.

use std::time::{Duration, Instant};

use crate::controller::options::CheckTiming;
use crate::microsoft::verdict::{self, CheckReason, Judgment, Verdict};
use crate::resources::status::CheckStatus;
use crate::resources::{CheckName, CheckResult, Reason, bounds};
use crate::text::shorten;

/// The answer to a query.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) verdict: Verdict,
    /// How long Microsoft asks to wait.
    pub(super) retry_after: Option<Duration>,
}

/// What is known of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CheckState {
    pub(super) name: CheckName,
    /// The hash of the query. An edit that changes it makes another check.
    pub(super) input: String,
    /// As the status of the Tenant reports it.
    pub(super) reported: CheckStatus,
    /// When the query is sent next.
    pub(super) due: Instant,
    /// When the last answer came that says something.
    answered: Option<Instant>,
    /// Until when "not there" may only mean "not yet".
    lag_ends: Option<Instant>,
    /// Answers in a row that were not Passed.
    attempts: u32,
    /// Whether a person asked to repeat it, and no answer says something since.
    pub(super) owed: bool,
}

impl CheckState {
    /// A check that was never made; it is due at once.
    pub(super) fn new(name: CheckName, input: String, now: Instant) -> Self {
        let reported = status(name, CheckResult::Unknown, Reason::Pending.as_str(), "The check has not run yet.");
        Self { name, input, reported, due: now, answered: None, lag_ends: None, attempts: 0, owed: false }
    }

    /// A check after a restart of the operator. What the status says of it for the same spec stands until its turn comes, so
    /// that a restart with many Tenants is no storm of queries. `share`, from 0 to 1, spreads the turns of the Tenants.
    pub(super) fn restored(self, before: Option<&CheckStatus>, share: f64, timing: &CheckTiming) -> Self {
        let Some(before) = before.filter(|before| was_asked(before)) else { return self };
        let reason = before.reason.as_deref().and_then(CheckReason::parse);
        let interval = match before.result {
            CheckResult::Passed => timing.every,
            CheckResult::Failed | CheckResult::Unknown => longest(reason, timing),
        };
        let now = self.due;
        Self {
            reported: before.clone(),
            due: now + interval.mul_f64(share),
            answered: Some(now),
            lag_ends: Some(now),
            ..self
        }
    }

    /// Repeats the check at once, since a person asked for it.
    pub(super) fn repeat(&mut self, now: Instant) {
        (self.due, self.attempts, self.owed) = (now, 0, true);
    }

    /// Takes an answer in. Returns whether what is reported changed.
    pub(super) fn learn(&mut self, answer: Answer, now: Instant, timing: &CheckTiming) -> bool {
        let Answer { verdict, retry_after } = answer;
        self.attempts = if verdict.reason.judgment() == Judgment::Passed { 0 } else { self.attempts.saturating_add(1) };
        let interval = match self.attempts {
            0 => timing.every,
            attempts => retry(attempts, timing).min(longest(Some(verdict.reason), timing)),
        };
        self.due = now + interval.max(retry_after.unwrap_or_default());
        if verdict.reason.says_nothing() {
            if self.answered.is_some_and(|at| now.duration_since(at) < timing.kept) {
                return false;
            }
        } else {
            self.answered = Some(now);
            self.owed = false;
        }
        // The first answer starts the lag, so that a group that never existed is reported as missing in the end.
        let lag_ends = *self.lag_ends.get_or_insert(now + timing.lag);
        let result = match verdict.reason.judgment() {
            Judgment::Passed => CheckResult::Passed,
            Judgment::Failed if verdict.reason.may_be_lag() && now < lag_ends => CheckResult::Unknown,
            Judgment::Failed => CheckResult::Failed,
            Judgment::Unknown => CheckResult::Unknown,
        };
        let reported = status(self.name, result, verdict.reason.as_str(), &verdict.message);
        let changed = self.reported != reported;
        self.reported = reported;
        changed
    }
}

/// The states after a plan that may be another one: a check whose query is the same keeps its state, any other begins as new.
/// Where nothing is known of the Tenant, the checks begin as `begun`.
pub(super) fn carry_over(known: Option<&[CheckState]>, begun: CheckState, now: Instant) -> CheckState {
    let Some(known) = known else { return begun };
    let same = known.iter().find(|state| state.name == begun.name && state.input == begun.input);
    same.cloned().unwrap_or_else(|| CheckState::new(begun.name, begun.input, now))
}

/// From an answer to the next query, after so many answers in a row that were not Passed.
fn retry(attempts: u32, timing: &CheckTiming) -> Duration {
    timing.retry_first.saturating_mul(1 << attempts.saturating_sub(1).min(16))
}

/// The longest wait after an answer that was not Passed.
fn longest(reason: Option<CheckReason>, timing: &CheckTiming) -> Duration {
    match reason.is_some_and(CheckReason::is_missing_grant) {
        true => timing.retry_grant_most.min(timing.retry_most),
        false => timing.retry_most,
    }
}

/// Whether what a status says of a check is an answer of Microsoft.
fn was_asked(status: &CheckStatus) -> bool {
    let reason = status.reason.as_deref().and_then(Reason::parse);
    !matches!(
        reason,
        Some(Reason::Pending | Reason::NotConfigured | Reason::PartnerTenantUnknown | Reason::OtherPartner)
    )
}

/// The grant of a permission does not stay Passed while Microsoft refuses what it permits.
pub(super) fn not_contradicted(checks: &mut [CheckStatus]) {
    let refused = CheckReason::PresenceRefused.as_str();
    let is_refused =
        |check: &CheckStatus| check.name == CheckName::PresenceTest && check.reason.as_deref() == Some(refused);
    if !checks.iter().any(is_refused) {
        return;
    }
    let verdict = verdict::presence_grant_contradicted();
    let stands =
        |check: &&mut CheckStatus| check.name == CheckName::PresenceGrant && check.result == CheckResult::Passed;
    for grant in checks.iter_mut().filter(stands) {
        *grant = status(grant.name, CheckResult::Unknown, verdict.reason.as_str(), &verdict.message);
    }
}

/// A check as a status has it.
pub(super) fn status(name: CheckName, result: CheckResult, reason: &str, message: &str) -> CheckStatus {
    CheckStatus { name, result, reason: Some(reason.to_owned()), message: Some(shorten(message, bounds::MESSAGE)) }
}

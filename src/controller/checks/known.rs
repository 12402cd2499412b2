//! What is known of one check, and what an answer changes about it. Pure: the time is an argument.
//!
//! - What says nothing (an outage, a request to slow down, an error page) does not replace what was said for the same question,
//!   for as long as `kept`: an outage of Microsoft is not news about every Tenant.
//! - A refusal (403, a wrong credential) is said at once as Unknown: somebody has to act.
//! - "Not there" is believed only after `lag`: what was made or granted minutes ago is not seen everywhere.
//! - What passed is looked at again after `every`; everything else sooner, and more and more rarely.

use std::time::{Duration, Instant};

use crate::controller::context::CheckTiming;
use crate::microsoft::verdict::{Outcome, Verdict};
use crate::plan::checks::{PENDING, result};
use crate::resources::status::CheckStatus;

/// What a question came to.
pub(super) struct Answer {
    pub(super) verdict: Verdict,
    /// How long Microsoft asks to wait.
    pub(super) after: Option<Duration>,
}

/// What is known of one check.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) name: &'static str,
    /// The hash of the question.
    pub(super) input: String,
    /// What a status says of it.
    pub(super) said: CheckStatus,
    /// When it is looked at next.
    pub(super) due: Instant,
    /// When it was last answered.
    answered: Option<Instant>,
    /// Until when "not there" may only mean "not yet".
    lag_ends: Option<Instant>,
    /// Looks in a row that it did not pass.
    attempts: u32,
}

impl Known {
    /// A question that was never asked.
    pub(super) fn new(name: &'static str, input: String, now: Instant) -> Self {
        let said = status(name, result::UNKNOWN, PENDING, "It has not been looked at yet.");
        Self { name, input, said, due: now, answered: None, lag_ends: None, attempts: 0 }
    }

    /// A question that was asked before this operator started: what was said of it stands until `due`.
    pub(super) fn remembered(name: &'static str, input: String, said: CheckStatus, now: Instant, due: Instant) -> Self {
        Self { said, due, answered: Some(now), lag_ends: Some(now), ..Self::new(name, input, now) }
    }

    /// Takes an answer in. True when it is news.
    pub(super) fn learn(&mut self, answer: Answer, now: Instant, timing: &CheckTiming) -> bool {
        let Answer { verdict, after } = answer;
        self.attempts = if verdict.outcome == Outcome::Passed { 0 } else { self.attempts.saturating_add(1) };
        let wait = match self.attempts {
            0 => timing.every,
            attempts => timing.retry_first.saturating_mul(1 << (attempts - 1).min(16)).min(timing.retry_most),
        };
        self.due = now + wait.max(after.unwrap_or_default());
        if verdict.says_nothing() && self.answered.is_some_and(|at| now.duration_since(at) < timing.kept) {
            return false;
        }
        if !verdict.says_nothing() {
            self.answered = Some(now);
        }
        let lag_ends = *self.lag_ends.get_or_insert(now + timing.lag);
        let early = verdict.may_be_lag() && now < lag_ends;
        let said = match verdict.outcome {
            Outcome::Passed => result::PASSED,
            Outcome::Failed if early => result::UNKNOWN,
            Outcome::Failed => result::FAILED,
            Outcome::Unknown => result::UNKNOWN,
        };
        let said = status(self.name, said, verdict.reason, &verdict.message);
        let news = self.said != said;
        self.said = said;
        news
    }
}

/// A check as a status has it.
pub(super) fn status(name: &str, result: &str, reason: &str, message: &str) -> CheckStatus {
    CheckStatus {
        name: name.to_owned(),
        result: result.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.chars().take(1024).collect()),
    }
}

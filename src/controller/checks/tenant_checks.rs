//! The checks of one Tenant: what is known of each, which one is being asked, and what the Tenant was not woken for yet. Pure:
//! the time is an argument.
//!
//! Passes see what a Tenant was woken for, and nothing in between: a pass that comes for another reason would write one answer of
//! several, and the wake would cost another write.

use std::time::{Duration, Instant};

use kube::runtime::reflector::ObjectRef;

use super::check_state::{Answer, CheckState, carry_over};
use super::credentials::AppCredentials;
use super::filter_pauses::FilterPauses;
use super::rate_limits::{RateLimits, rate_limit_key};
use crate::controller::options::CheckTiming;
use crate::microsoft::{CheckReason, verdict};
use crate::plan::Check;
use crate::resources::{CachedTenant, CheckName, CheckResult};

/// A Tenant whose reported checks changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::controller) struct Wake {
    pub(in crate::controller) uid: String,
    pub(in crate::controller) tenant: ObjectRef<CachedTenant>,
}

/// A check as a pass plans it, with the state in which it begins where nothing is known of its Tenant.
pub(super) struct PlannedCheck {
    pub(super) check: Check,
    pub(super) begun: CheckState,
}

/// What a pass wants of the checks of its Tenant.
pub(super) struct Wanted {
    pub(super) planned: Vec<PlannedCheck>,
    /// The request to repeat all, by its token, while the status does not echo it.
    pub(super) repeat: Option<String>,
}

/// What passes see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) states: Vec<CheckState>,
    /// The token of the last request to repeat all that is done.
    pub(super) repeated: Option<String>,
}

/// Distinguishes queries, so that a late answer is not taken for that of the query that replaced it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct QueryId(pub(super) u64);

/// The checks of one Tenant.
pub(super) struct TenantChecks {
    wake: Wake,
    /// In the order of the plan: of two that are due since the same moment, the first is asked first.
    checks: Vec<TrackedCheck>,
    /// At most one, so that no Tenant takes all slots of its Platform.
    asking: Option<Asking>,
    /// When the last query ended: the next one queues behind Tenants that wait for longer.
    idle_since: Instant,
    /// Since when there is something that the Tenant was not woken for.
    news_since: Option<Instant>,
    /// The last request to repeat all, by its token.
    repeat: Option<String>,
    shown: Shown,
}

struct TrackedCheck {
    check: Check,
    /// Kept, because finding it may mean parsing a connection string.
    rate_limit_key: Option<String>,
    state: CheckState,
    /// Until when it is not asked, also if it is due.
    paused: Option<Instant>,
}

/// The query under way.
struct Asking {
    id: QueryId,
    check: CheckName,
    input: String,
}

impl TenantChecks {
    pub(super) fn new(wake: Wake, wanted: Wanted, pauses: &FilterPauses, now: Instant) -> Self {
        let Wanted { planned, repeat } = wanted;
        let checks = planned.into_iter().map(|planned| tracked(planned.check, planned.begun)).collect();
        let shown = Shown::default();
        let mut new = Self { wake, checks, asking: None, idle_since: now, news_since: None, repeat: None, shown };
        new.shown.states = new.states();
        new.pause(pauses);
        // Nothing is being asked yet.
        let _none = new.repeat(repeat, now);
        new
    }

    /// Takes over a plan that may be another one. Returns the query whose answer no longer counts.
    pub(super) fn follow(&mut self, wanted: Wanted, pauses: &FilterPauses, now: Instant) -> Option<QueryId> {
        let Wanted { planned, repeat } = wanted;
        let (known, shown) = (self.states(), self.shown.states.clone());
        let owes = known.iter().any(|state| state.owed);
        (self.checks, self.shown.states) = planned
            .into_iter()
            .map(|PlannedCheck { check, begun }| {
                let shown = carry_over(Some(&shown), begun.clone(), now);
                let mut state = carry_over(Some(&known), begun, now);
                // What is planned while a request is open belongs to it.
                state.owed |= owes && !known.contains(&state);
                (tracked(check, state), shown)
            })
            .unzip();
        self.pause(pauses);
        let checks = &self.checks;
        let replaced = self.asking.take_if(|asking| !checks.iter().any(|tracked| asking.is_for(tracked)));
        let outdated = self.repeat(repeat, now);
        self.settle(now);
        replaced.map(|asking| asking.id).or(outdated)
    }

    /// Takes over until when filters are not tried.
    pub(super) fn pause(&mut self, pauses: &FilterPauses) {
        self.checks.iter_mut().for_each(|tracked| tracked.paused = pauses.until(&tracked.check.query));
    }

    /// Repeats all for a request that is new. What is being asked was asked before it: returns the query whose answer no longer counts.
    /// A filter that was tried a moment ago is left out.
    fn repeat(&mut self, token: Option<String>, now: Instant) -> Option<QueryId> {
        let token = token.filter(|token| self.repeat.as_ref() != Some(token))?;
        self.repeat = Some(token);
        let open = self.checks.iter_mut().filter(|tracked| tracked.paused.is_none_or(|until| until <= now));
        open.for_each(|tracked| tracked.state.repeat(now));
        self.asking.take().map(|asking| asking.id)
    }

    /// A request is done once nothing is owed, which is news.
    fn settle(&mut self, now: Instant) {
        let open = self.repeat.is_some() && self.shown.repeated != self.repeat;
        if open && !self.checks.iter().any(|tracked| tracked.state.owed) {
            self.news_since.get_or_insert(now);
        }
    }

    /// What passes see of it.
    pub(super) fn shown(&self) -> Shown {
        self.shown.clone()
    }

    /// Takes another app into account at once. Returns the query that is under way as the app before.
    pub(super) fn app_changed(&mut self, now: Instant) -> Option<QueryId> {
        self.checks.iter_mut().filter(|tracked| tracked.check.needs_app()).for_each(|tracked| tracked.state.due = now);
        let checks = &self.checks;
        let outdated =
            |asking: &mut Asking| checks.iter().any(|tracked| asking.is_for(tracked) && tracked.check.needs_app());
        self.asking.take_if(outdated).map(|asking| asking.id)
    }

    pub(super) fn uid(&self) -> &str {
        &self.wake.uid
    }

    /// The query under way.
    pub(super) fn asking(&self) -> Option<QueryId> {
        self.asking.as_ref().map(|asking| asking.id)
    }

    fn states(&self) -> Vec<CheckState> {
        self.checks.iter().map(|tracked| tracked.state.clone()).collect()
    }

    /// Since when the next query waits, or from when on it will. Nothing while one is under way.
    pub(super) fn turn(&self, app: &AppCredentials) -> Option<Instant> {
        if self.asking.is_some() {
            return None;
        }
        self.next_due(app).map(|due| due.max(self.idle_since))
    }

    /// Begins the query that is due for longest.
    pub(super) fn begin(&mut self, id: QueryId) -> Option<Check> {
        // Of several that are due since the same moment `min_by_key` takes the first.
        let next = self.checks.iter().min_by_key(|tracked| tracked.due())?;
        self.asking = Some(Asking { id, check: next.state.name, input: next.state.input.clone() });
        Some(next.check.clone())
    }

    /// Takes in the answer to the query under way. Returns the rate limit that is used up, and for how long.
    pub(super) fn answered(
        &mut self,
        answer: Answer,
        now: Instant,
        timing: &CheckTiming,
    ) -> Option<(String, Duration)> {
        let asking = self.asking.take()?;
        self.idle_since = now;
        let tracked = self.checks.iter_mut().find(|tracked| asking.is_for(tracked))?;
        let limit = tracked.rate_limit_key.clone().zip(answer.retry_after);
        let refused = answer.verdict.reason == CheckReason::PresenceRefused;
        if tracked.state.learn(answer, now, timing) {
            self.news_since.get_or_insert(now);
            if refused {
                self.look_at_the_grant(now);
            }
        }
        self.settle(now);
        limit
    }

    /// Reading a presence is refused since now: the grant may have been taken back.
    fn look_at_the_grant(&mut self, now: Instant) {
        let stands =
            |state: &CheckState| state.name == CheckName::PresenceGrant && state.reported.result == CheckResult::Passed;
        let grant = self.checks.iter_mut().filter(|tracked| stands(&tracked.state));
        grant.for_each(|tracked| tracked.state.due = now);
    }

    /// Answers the checks that are due and need no query: those that need the app while there is none, and those whose rate limit
    /// is used up.
    pub(super) fn answer_unasked(
        &mut self,
        app: &AppCredentials,
        limits: &RateLimits,
        now: Instant,
        timing: &CheckTiming,
    ) {
        if self.waits_for_app(app) {
            return;
        }
        let asking = self.asking.as_ref();
        let due = self
            .checks
            .iter_mut()
            .filter(|tracked| tracked.due() <= now && !asking.is_some_and(|asking| asking.is_for(tracked)));
        let mut any = false;
        for tracked in due {
            let Some(answer) = tracked.unasked(app, limits, now) else { continue };
            any = true;
            if tracked.state.learn(answer, now, timing) {
                self.news_since.get_or_insert(now);
            }
        }
        if any {
            self.settle(now);
        }
    }

    /// When the Tenant is woken for its news: at once where nothing else is due, since nothing more comes soon; else after
    /// `gather`, so that one status write takes several answers and one that does not come holds back none.
    pub(super) fn wake_at(&self, app: &AppCredentials, now: Instant, gather: Duration) -> Option<Instant> {
        let since = self.news_since?;
        let more = self.asking.is_some() || self.next_due(app).is_some_and(|due| due <= now);
        Some(if more { since + gather } else { now })
    }

    /// The Tenant to wake, if it is time.
    pub(super) fn take_wake(&mut self, app: &AppCredentials, now: Instant, gather: Duration) -> Option<Wake> {
        let at = self.wake_at(app, now, gather)?;
        (at <= now).then(|| {
            self.news_since = None;
            self.shown.states = self.states();
            if !self.checks.iter().any(|tracked| tracked.state.owed) {
                self.shown.repeated.clone_from(&self.repeat);
            }
            self.wake.clone()
        })
    }

    fn next_due(&self, app: &AppCredentials) -> Option<Instant> {
        if self.waits_for_app(app) {
            return None;
        }
        self.checks.iter().map(TrackedCheck::due).min()
    }

    /// Until it is known as which app to ask, a Tenant that needs one asks nothing, so that one status write takes all answers.
    fn waits_for_app(&self, app: &AppCredentials) -> bool {
        matches!(app, AppCredentials::Unread) && self.checks.iter().any(|tracked| tracked.check.needs_app())
    }
}

impl TrackedCheck {
    /// When the query is sent next.
    fn due(&self) -> Instant {
        self.paused.map_or(self.state.due, |until| until.max(self.state.due))
    }

    fn unasked(&self, app: &AppCredentials, limits: &RateLimits, now: Instant) -> Option<Answer> {
        if let (true, AppCredentials::Missing(verdict)) = (self.check.needs_app(), app) {
            return Some(Answer { verdict: verdict.clone(), retry_after: None });
        }
        let rest = limits.remaining(self.rate_limit_key.as_deref()?, now)?;
        Some(Answer { verdict: verdict::throttled(rest), retry_after: Some(rest) })
    }
}

impl Asking {
    fn is_for(&self, tracked: &TrackedCheck) -> bool {
        self.check == tracked.state.name && self.input == tracked.state.input
    }
}

fn tracked(check: Check, state: CheckState) -> TrackedCheck {
    TrackedCheck { rate_limit_key: rate_limit_key(&check.query), check, state, paused: None }
}

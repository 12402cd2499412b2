//! The checks of all Tenants of one Platform: whose turn it is, how many at the same time, how fast, and as which app. Pure: it
//! makes no call, and the time is an argument.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::watch;

use super::check_state::Answer;
use super::credentials::AppCredentials;
use super::filter_pauses::{FilterPauses, searched};
use super::rate_limits::RateLimits;
use super::tenant_checks::{QueryId, Shown, TenantChecks, Wake, Wanted};
use crate::controller::options::CheckTiming;
use crate::microsoft::Graph;
use crate::plan::Check;

/// Queries of one Platform at the same time. A Tenant has at most one of them.
const SLOTS: usize = 4;

/// What is known of the checks of each Tenant, by namespace and name, for passes to read without waiting.
pub(super) type Snapshot = HashMap<String, TenantSnapshot>;

/// What is known of the checks of one Tenant.
pub(super) struct TenantSnapshot {
    pub(super) uid: String,
    pub(super) shown: Shown,
}

/// The checks of one Platform.
pub(super) struct PlatformChecks {
    timing: CheckTiming,
    app: AppCredentials,
    tenants: BTreeMap<String, TenantChecks>,
    limits: RateLimits,
    filter_pauses: FilterPauses,
    /// When the next query may begin, by the pace.
    next_start: Option<Instant>,
    last_query: u64,
    snapshot: watch::Sender<Snapshot>,
}

/// What is to be done now.
pub(super) struct Work {
    pub(super) ask: Vec<Ask>,
    pub(super) wake: Vec<Wake>,
    /// When there is more to do, unless something happens before.
    pub(super) next: Option<Instant>,
}

/// A query that begins.
pub(super) struct Ask {
    pub(super) id: QueryId,
    /// Namespace and name of the Tenant.
    pub(super) tenant: String,
    pub(super) check: Check,
    pub(super) graph: Option<Arc<Graph>>,
}

impl PlatformChecks {
    pub(super) fn new(timing: CheckTiming, snapshot: watch::Sender<Snapshot>) -> Self {
        Self {
            timing,
            app: AppCredentials::Unread,
            tenants: BTreeMap::new(),
            limits: RateLimits::default(),
            filter_pauses: FilterPauses::default(),
            next_start: None,
            last_query: 0,
            snapshot,
        }
    }

    /// Asks for a Tenant what its plan says. Returns the query whose answer no longer counts.
    pub(super) fn follow(&mut self, key: String, wake: Wake, wanted: Wanted, now: Instant) -> Option<QueryId> {
        let pauses = &self.filter_pauses;
        let known = self.tenants.get_mut(&key).filter(|tenant| tenant.uid() == wake.uid);
        let replaced = match known {
            Some(tenant) => tenant.follow(wanted, pauses, now),
            // Another Tenant of the same name inherits nothing.
            None => {
                let tenant = TenantChecks::new(wake, wanted, pauses, now);
                self.tenants.insert(key.clone(), tenant).and_then(|before| before.asking())
            }
        };
        self.publish(&key);
        replaced
    }

    /// Asks nothing more for a Tenant. Returns the query whose answer no longer counts.
    pub(super) fn cancel(&mut self, key: &str) -> Option<QueryId> {
        let tenant = self.tenants.remove(key)?;
        self.publish(key);
        tenant.asking()
    }

    /// The app as which Microsoft is asked.
    pub(super) fn app(&self) -> &AppCredentials {
        &self.app
    }

    /// Asks as another app from now on. Returns the queries whose answers no longer count.
    pub(super) fn change_app(&mut self, app: AppCredentials, now: Instant) -> Vec<QueryId> {
        if self.app == app {
            return vec![];
        }
        match std::mem::replace(&mut self.app, app) {
            // The first reading is no change: what was found before a restart of the operator stands until its turn comes.
            AppCredentials::Unread => vec![],
            AppCredentials::App { .. } | AppCredentials::Missing(_) => {
                self.tenants.values_mut().filter_map(|tenant| tenant.app_changed(now)).collect()
            }
        }
    }

    /// Takes in an answer, unless it no longer counts.
    pub(super) fn answered(&mut self, id: QueryId, answer: Answer, now: Instant) {
        let asked = self.tenants.iter_mut().find(|(_, tenant)| tenant.asking() == Some(id));
        let Some((_, tenant)) = asked else { return };
        if let Some((limited, retry_after)) = tenant.answered(answer, now, &self.timing) {
            self.limits.add(limited, retry_after, now);
        }
    }

    /// What is to be done now. Passes see the answers before they are woken for them.
    pub(super) fn work(&mut self, now: Instant) -> Work {
        self.answer_unasked(now);
        let ask = std::iter::from_fn(|| self.begin(now)).collect();
        let gather = self.timing.gather;
        let woken = self
            .tenants
            .iter_mut()
            .filter_map(|(key, tenant)| tenant.take_wake(&self.app, now, gather).map(|wake| (key.clone(), wake)));
        let (woken, wake): (Vec<String>, Vec<Wake>) = woken.unzip();
        woken.iter().for_each(|key| self.publish(key));
        let wakes = self.tenants.values().filter_map(|tenant| tenant.wake_at(&self.app, now, gather));
        let start = self.next_turn().map(|(at, _)| at);
        Work { ask, wake, next: wakes.chain(start).min() }
    }

    fn answer_unasked(&mut self, now: Instant) {
        let Self { tenants, app, limits, timing, .. } = self;
        tenants.values_mut().for_each(|tenant| tenant.answer_unasked(app, limits, now, timing));
    }

    /// Begins the next query, if one may begin.
    fn begin(&mut self, now: Instant) -> Option<Ask> {
        let (_, key) = self.next_turn().filter(|(at, _)| *at <= now)?;
        let id = QueryId(self.last_query + 1);
        let check = self.tenants.get_mut(&key)?.begin(id)?;
        self.last_query = id.0;
        self.next_start = Some(now + self.timing.pace);
        if let Some(entra_tenant) = searched(&check.query) {
            self.filter_pauses.add(entra_tenant, self.timing.filter_pause, now);
            let pauses = &self.filter_pauses;
            self.tenants.values_mut().for_each(|tenant| tenant.pause(pauses));
        }
        let graph = self.app.graph().filter(|_| check.needs_app());
        Some(Ask { id, tenant: key, check, graph })
    }

    /// Which Tenant is next, and from when on: the one that waits for longest, so that none with many checks, or with some that
    /// hang, holds up another for longer than one query.
    fn next_turn(&self) -> Option<(Instant, String)> {
        let asking = self.tenants.values().filter(|tenant| tenant.asking().is_some()).count();
        if asking >= SLOTS {
            return None;
        }
        let turns = self.tenants.iter().filter_map(|(key, tenant)| Some((tenant.turn(&self.app)?, key)));
        let (turn, key) = turns.min_by_key(|(turn, _)| *turn)?;
        Some((self.next_start.map_or(turn, |start| start.max(turn)), key.clone()))
    }

    fn publish(&self, key: &str) {
        let known = self.tenants.get(key);
        let known = known.map(|tenant| TenantSnapshot { uid: tenant.uid().to_owned(), shown: tenant.shown() });
        self.snapshot.send_modify(|snapshot| {
            match known {
                Some(known) => drop(snapshot.insert(key.to_owned(), known)),
                None => drop(snapshot.remove(key)),
            };
        });
    }
}

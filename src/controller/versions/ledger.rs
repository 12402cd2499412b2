//! What is known of each tenant of one platform: with which versions a pass, or the list, last saw it, and whether anything happened
//! since. Pure: the time is an argument.
//!
//! A change that is told while a pass is under way may be that pass's own. If it wrote, it is taken for that, and so is one that
//! comes after it: the next list shows whether another writer was there, too.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use super::marks::{Listing, Mark, mark};
use crate::admin_api::Versions;
use crate::settings::TenantId;

/// A Tenant whose tenant changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Woken {
    pub(crate) uid: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

/// What a pass saw and did.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    /// When it began to look.
    pub(crate) began: Instant,
    /// What it saw.
    pub(crate) saw: Saw,
    /// Whether it changed something.
    pub(crate) wrote: bool,
    /// The Tenant to wake, where the tenant is its.
    pub(crate) tenant: Option<Woken>,
}

/// What a pass saw of its tenant.
#[derive(Clone, Debug)]
pub(crate) enum Saw {
    /// Nothing that is known.
    Nothing,
    /// It did without a look.
    Same,
    /// That it had these versions, at the beginning of the look or after a write.
    Versions(Versions),
}

/// What a pass expects of a tenant: that it had these versions at some moment in the last `within`.
#[derive(Clone, Copy)]
pub(super) struct Expected {
    pub(super) id: TenantId,
    pub(super) mark: Mark,
    pub(super) within: Duration,
}

/// What is known of all tenants of a platform.
#[derive(Default)]
pub(super) struct Ledger {
    entries: HashMap<TenantId, Entry>,
    /// Those that are woken later, since they were woken a moment ago.
    later: BTreeSet<(Instant, TenantId)>,
    feed: Option<Feed>,
}

/// Up to when the change feed is known.
#[derive(Clone, Copy)]
struct Feed {
    /// What changed before this moment it does not tell.
    begun: Instant,
    /// When it last answered.
    answered: Instant,
}

#[derive(Default)]
struct Entry {
    /// What it was last seen with, and not before which moment.
    seen: Option<(Mark, Instant)>,
    /// Since when it may be another.
    changed: Option<Instant>,
    /// Whether a pass is under way.
    busy: bool,
    /// Until when the next change that is told is taken for ours.
    echo: Option<Instant>,
    /// Whether the list leaves it out, although passes see it.
    unlisted: bool,
    /// When it was last woken by the feed.
    woken: Option<Instant>,
    tenant: Option<Box<Woken>>,
}

/// How long what is known counts.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// After an answer of the feed.
    pub(super) feed: Duration,
    /// After the beginning of a list, or of a look.
    pub(super) list: Duration,
    /// Between two times that the feed wakes a Tenant whose pass then has nothing to do.
    pub(super) pause: Duration,
    /// Between a write and the time when the feed tells it.
    pub(super) echo: Duration,
}

impl Ledger {
    /// Forgets what was seen: it may have been of other tenants.
    pub(super) fn distrust(&mut self, now: Instant) {
        self.feed = None;
        for entry in self.entries.values_mut() {
            (entry.seen, entry.changed, entry.echo) = (None, Some(now), None);
        }
    }

    /// The feed begins to tell.
    pub(super) fn feed_begins(&mut self, now: Instant) {
        self.feed = Some(Feed { begun: now, answered: now });
    }

    /// The feed does not tell everything any more.
    pub(super) fn feed_ends(&mut self) {
        self.feed = None;
    }

    pub(super) fn begin(&mut self, id: TenantId) {
        self.entries.entry(id).or_default().busy = true;
    }

    /// The end of a pass. Returns the Tenant, if something may have happened that the pass did not see.
    pub(super) fn end(&mut self, id: TenantId, look: Look, bounds: &Bounds, now: Instant) -> Option<Woken> {
        let Look { began, saw, wrote, tenant } = look;
        let entry = self.entries.entry(id).or_default();
        entry.busy = false;
        entry.tenant = tenant.map(Box::new);
        let told = entry.changed.filter(|at| *at >= began);
        let is_seen = match saw {
            Saw::Versions(versions) => {
                (entry.seen, entry.changed) = (Some((mark(&versions), began)), None);
                true
            }
            Saw::Same => true,
            Saw::Nothing => false,
        };
        if wrote {
            // Told already, or about to be.
            (entry.echo, entry.woken) = (told.is_none().then(|| now + bounds.echo), None);
            return None;
        }
        entry.changed = entry.changed.or(told);
        entry.tenant.as_deref().filter(|_| told.is_some() && is_seen).cloned()
    }

    pub(super) fn forget(&mut self, id: TenantId) {
        self.entries.remove(&id);
    }

    /// The feed named these tenants. Returns the Tenants to look at now.
    pub(super) fn changed(&mut self, ids: impl Iterator<Item = TenantId>, bounds: &Bounds, now: Instant) -> Vec<Woken> {
        if let Some(feed) = &mut self.feed {
            feed.answered = now;
        }
        let mut woken = vec![];
        for id in ids {
            // No Tenant manages it.
            let Some(entry) = self.entries.get_mut(&id) else { continue };
            if entry.echo.take().is_some_and(|until| now < until) {
                continue;
            }
            entry.changed = Some(now);
            if entry.busy {
                continue;
            }
            let free = entry.woken.map_or(now, |at| at + bounds.pause);
            if free > now {
                self.later.insert((free, id));
                continue;
            }
            entry.woken = Some(now);
            woken.extend(entry.tenant.as_deref().cloned());
        }
        woken
    }

    /// The Tenants whose turn it is by now, of those that had to wait.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Woken> {
        let mut woken = vec![];
        while let Some((at, id)) = self.later.first().copied().filter(|(at, _)| *at <= now) {
            self.later.remove(&(at, id));
            // It may have had its turn already.
            let waits = |entry: &&mut Entry| entry.changed.is_some() && entry.woken.is_none_or(|woken| woken < at);
            let Some(entry) = self.entries.get_mut(&id).filter(waits) else { continue };
            entry.woken = Some(now);
            woken.extend(entry.tenant.as_deref().filter(|_| !entry.busy).cloned());
        }
        woken
    }

    /// When the next one has its turn.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.later.first().map(|(at, _)| *at)
    }

    /// A whole list, which was begun at this moment. Returns the Tenants to look at.
    pub(super) fn listed(&mut self, listing: Listing, began: Instant) -> Vec<Woken> {
        let mut woken = vec![];
        let unlisted = self.entries.iter_mut().filter(|(id, _)| !listing.contains_key(id));
        for (_, entry) in unlisted {
            // Once: where a look finds it all the same, the list is not to be believed.
            let is_news = entry.seen.is_some_and(|(_, at)| at < began) && !std::mem::replace(&mut entry.unlisted, true);
            if is_news {
                entry.changed = Some(began);
                woken.extend(entry.tenant.as_deref().filter(|_| !entry.busy).cloned());
            }
        }
        for (id, listed) in listing {
            let entry = self.entries.entry(id).or_default();
            entry.unlisted = false;
            match entry.seen {
                // A later look knows better.
                Some((_, at)) if at >= began => {}
                Some((seen, _)) if seen == listed => {
                    entry.seen = Some((seen, began));
                    entry.changed = entry.changed.filter(|at| *at >= began);
                }
                Some(_) => {
                    entry.changed = Some(began);
                    woken.extend(entry.tenant.as_deref().filter(|_| !entry.busy).cloned());
                }
                None => {
                    entry.seen = Some((listed, began));
                    entry.changed = entry.changed.filter(|at| *at >= began);
                }
            }
        }
        woken
    }

    /// Whether a tenant is as expected.
    pub(super) fn is_unchanged(&self, expected: Expected, bounds: &Bounds, now: Instant) -> bool {
        let Expected { id, mark, within } = expected;
        let Some(entry) = self.entries.get(&id).filter(|entry| entry.changed.is_none()) else { return false };
        let Some((_, at)) = entry.seen.filter(|(seen, _)| *seen == mark) else { return false };
        let known = |since: Instant, bound: Duration| now.saturating_duration_since(since) <= bound.min(within);
        let told = self.feed.filter(|feed| at >= feed.begun);
        known(at, bounds.list) || told.is_some_and(|feed| known(feed.answered, bounds.feed))
    }
}

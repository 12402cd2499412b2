//! Which object is next. Pure: the time is an argument.
//!
//! Each object has one slot: it waits, or its pass runs. What wakes it while its pass runs makes one more pass afterwards. An object that
//! waits for several reasons waits in the most urgent lane, and until the earliest time.
//!
//! The lanes of a Platform are served in their order, but none is passed over for longer than its patience. A Platform without a pass
//! comes first, so each has one independent of the others; then the most urgent lane of all counts, and then who has fewer passes.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::lane::Lane;
use super::share::{Room, Share, Turn};
use crate::admin_api::CallOutcome;

/// The objects that wait, and those whose pass runs.
#[derive(Debug)]
pub(crate) struct Lanes<K> {
    /// Passes at the same time.
    most: usize,
    slots: HashMap<K, Slot>,
    /// Objects that are due at a time that has not come.
    later: BTreeMap<Turn, K>,
    shares: BTreeMap<Arc<str>, Share<K>>,
    running: usize,
    /// The number of the object that came last, and of the last pass.
    number: u64,
    /// Nothing was due before: until then another replica made the passes.
    began: Option<Instant>,
}

/// Why, for which Platform and when an object is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) lane: Lane,
    /// The Platform whose limit counts; empty where none does.
    pub(crate) platform: Arc<str>,
    pub(crate) due: Instant,
}

/// An object whose pass begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job<K> {
    pub(crate) key: K,
    pub(crate) lane: Lane,
    /// The Platform whose limit counts.
    pub(crate) platform: Arc<str>,
    pub(crate) due: Instant,
    pub(crate) waited: Duration,
}

/// The length of a lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Depth {
    /// Objects that are due.
    pub(crate) waiting: usize,
    /// How long the one has been due that has waited longest.
    pub(crate) oldest: Duration,
}

#[derive(Debug)]
struct Slot {
    lane: Lane,
    platform: Arc<str>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Later(Turn),
    Due(Turn),
    /// With what came meanwhile.
    Runs(Option<Wish>),
}

impl Wish {
    /// Both in one: the more urgent lane, the earlier time, and the Platform that was named last.
    fn with(self, later: Self) -> Self {
        Self { lane: self.lane.min(later.lane), due: self.due.min(later.due), platform: later.platform }
    }
}

impl<K: Clone + Eq + Hash> Lanes<K> {
    /// So many passes may run at the same time.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            slots: HashMap::new(),
            later: BTreeMap::new(),
            shares: BTreeMap::new(),
            running: 0,
            number: 0,
            began: None,
        }
    }

    /// An object is due.
    pub(crate) fn enqueue(&mut self, key: K, wish: Wish) {
        match self.slots.get_mut(&key) {
            None => self.insert(key, wish),
            Some(Slot { stage: Stage::Runs(again), .. }) => {
                *again = Some(match again.take() {
                    Some(before) => before.with(wish),
                    None => wish,
                });
            }
            Some(Slot { stage: Stage::Later(_) | Stage::Due(_), .. }) => {
                let Some(before) = self.take(&key) else { return };
                let platform = before.platform.clone();
                self.insert(key, before.with(wish));
                self.leave(&platform);
            }
        }
    }

    /// The object whose pass begins now.
    pub(crate) fn next(&mut self, now: Instant) -> Option<Job<K>> {
        self.ripen(now);
        let (platform, lane) = self.choose(now)?;
        self.number += 1;
        let (turn, key) = self.shares.get_mut(&platform)?.begin(lane, self.number, now)?;
        self.running += 1;
        if let Some(slot) = self.slots.get_mut(&key) {
            slot.stage = Stage::Runs(None);
        }
        Some(Job { key, lane, platform, due: turn.due, waited: self.waited(turn.due, now) })
    }

    /// The pass over an object ended, and this is the next, unless what came meanwhile is sooner.
    pub(crate) fn done<Q>(&mut self, key: &Q, next: Option<Wish>)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        if !self.slots.get(key).is_some_and(|slot| matches!(slot.stage, Stage::Runs(_))) {
            return;
        }
        let Some((key, Slot { platform, stage: Stage::Runs(again), .. })) = self.slots.remove_entry(key) else {
            return;
        };
        self.running -= 1;
        if let Some(share) = self.shares.get_mut(&platform) {
            share.running -= 1;
        }
        let wish = match (next, again) {
            (Some(next), Some(again)) => Some(next.with(again)),
            (next, again) => next.or(again),
        };
        if let Some(wish) = wish {
            self.insert(key, wish);
        }
        self.leave(&platform);
    }

    /// What came while the pass over an object ran was only what the pass itself wrote.
    pub(crate) fn settle<Q>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        if let Some(Slot { stage: Stage::Runs(again), .. }) = self.slots.get_mut(key) {
            *again = None;
        }
    }

    /// An object is gone. Where its pass runs, that ends by itself.
    pub(crate) fn forget<Q>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.settle(key);
        if let Some(Wish { platform, .. }) = self.take(key) {
            self.leave(&platform);
        }
    }

    /// A call of a platform ended. Returns whether something may begin that could not before.
    pub(crate) fn learn(&mut self, platform: &str, outcome: CallOutcome, took: Duration, now: Instant) -> bool {
        let Some(share) = self.shares.get_mut(platform) else { return false };
        if let CallOutcome::Throttled { after } = outcome {
            share.rest(now + after);
        }
        let before = share.limit.passes();
        share.limit.learn(outcome, took, now) && before < share.limit.passes()
    }

    /// When `next` has to be asked again, where nothing else happens.
    pub(crate) fn wakes(&self, now: Instant) -> Option<Instant> {
        let later = self.later.first_key_value().map(|(turn, _)| turn.due);
        let rests = self.shares.values().filter_map(Share::wakes).filter(|until| *until > now);
        later.into_iter().chain(rests).min()
    }

    /// Nothing was due before.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.began = Some(now);
    }

    /// The length of a lane.
    pub(crate) fn depth(&self, lane: Lane, now: Instant) -> Depth {
        let ripe = self.later.iter().take_while(|(turn, _)| turn.due <= now);
        let of_lane = ripe.filter(|(_, key)| self.slots.get(key).is_some_and(|slot| slot.lane == lane));
        let later = of_lane.map(|(turn, _)| turn.due);
        let due = self.shares.values().flat_map(|share| share.turns(lane));
        due.chain(later).fold(Depth::default(), |depth, due| Depth {
            waiting: depth.waiting + 1,
            oldest: depth.oldest.max(self.waited(due, now)),
        })
    }

    /// How many passes may run over the Tenants of a Platform.
    pub(crate) fn limit(&self, platform: &str) -> usize {
        self.shares.get(platform).map_or(self.most, |share| share.limit.passes())
    }

    fn waited(&self, due: Instant, now: Instant) -> Duration {
        now.saturating_duration_since(self.began.map_or(due, |began| due.max(began)))
    }

    fn insert(&mut self, key: K, wish: Wish) {
        let Wish { lane, platform, due } = wish;
        self.number += 1;
        let turn = Turn { due, number: self.number };
        // One name for all objects of a Platform.
        let platform = self.shares.get_key_value(&platform).map_or(platform, |(known, _)| known.clone());
        let most = self.most;
        self.shares.entry(platform.clone()).or_insert_with(|| Share::new(most)).objects += 1;
        self.later.insert(turn, key.clone());
        self.slots.insert(key, Slot { lane, platform, stage: Stage::Later(turn) });
    }

    /// Takes out an object that waits; it has to leave its Platform yet.
    fn take<Q>(&mut self, key: &Q) -> Option<Wish>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        let turn = match self.slots.get(key)?.stage {
            Stage::Later(turn) | Stage::Due(turn) => turn,
            Stage::Runs(_) => return None,
        };
        let Slot { lane, platform, .. } = self.slots.remove(key)?;
        self.later.remove(&turn);
        if let Some(share) = self.shares.get_mut(&platform) {
            share.remove(lane, turn);
        }
        Some(Wish { lane, platform, due: turn.due })
    }

    /// One object less of a Platform. What was learned of one without any is forgotten.
    fn leave(&mut self, platform: &Arc<str>) {
        let Some(share) = self.shares.get_mut(platform) else { return };
        share.objects -= 1;
        if share.objects == 0 {
            self.shares.remove(platform);
        }
    }

    /// Moves what has become due into the lanes.
    fn ripen(&mut self, now: Instant) {
        while let Some(first) = self.later.first_entry().filter(|first| first.key().due <= now) {
            let (turn, key) = first.remove_entry();
            let Some(slot) = self.slots.get_mut(&key) else { continue };
            slot.stage = Stage::Due(turn);
            if let Some(share) = self.shares.get_mut(&slot.platform) {
                share.insert(slot.lane, turn, key);
            }
        }
    }

    /// The Platform and the lane whose first object is next.
    fn choose(&self, now: Instant) -> Option<(Arc<str>, Lane)> {
        let room = Room { most: self.most, running: self.running, platforms: self.shares.len() };
        let ready = self.shares.iter().filter_map(|(platform, share)| {
            let lane = share.next(room, now)?;
            // What a lane is owed is as urgent as anything.
            let urgency = if share.running == 0 || share.is_owed(lane) { Lane::Edit } else { lane };
            Some(((share.running > 0, urgency, share.running, share.served), platform, lane))
        });
        ready.min_by_key(|(rank, ..)| *rank).map(|(_, platform, lane)| (platform.clone(), lane))
    }
}

//! What is due of one Platform, by lane, and which lane is next. Pure: the time is an argument.

use std::array::from_fn;
use std::collections::BTreeMap;
use std::time::Instant;

use super::lane::{LANES, Lane};
use super::limit::Limit;

/// The place of an object in a lane: by when it is due, and then by when it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Turn {
    pub(super) due: Instant,
    pub(super) number: u64,
}

/// How much room there is for further passes, over all Platforms.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    /// Passes that may run in all.
    pub(super) most: usize,
    /// Passes that run.
    pub(super) running: usize,
    /// Platforms with objects.
    pub(super) platforms: usize,
}

/// What is due of one Platform.
#[derive(Debug)]
pub(super) struct Share<K> {
    due: [BTreeMap<Turn, K>; LANES],
    /// Objects that wait or run.
    pub(super) objects: usize,
    pub(super) running: usize,
    pub(super) limit: Limit,
    /// Until when only what is asked for begins: the platform wants to be left alone.
    rests: Option<Instant>,
    /// How many passes of more urgent lanes began since the last one of each lane.
    passed_over: [u32; LANES],
    /// The number of its last pass, among all.
    pub(super) served: u64,
}

impl Room {
    /// What a Platform with passes leaves to the others. The first pass of a Platform needs one place only, so a platform that hangs
    /// keeps no other waiting.
    fn for_others(self, running: usize) -> usize {
        let part = |of: usize| self.most.div_ceil(of).min(self.most - 1);
        match self.platforms {
            0 | 1 => 0,
            platforms if running < self.most / platforms => part(8),
            _ => part(4),
        }
    }
}

impl<K> Share<K> {
    pub(super) fn new(most: usize) -> Self {
        Self {
            due: from_fn(|_| BTreeMap::new()),
            objects: 0,
            running: 0,
            limit: Limit::up_to(most),
            rests: None,
            passed_over: [0; LANES],
            served: 0,
        }
    }

    /// An object is due.
    pub(super) fn insert(&mut self, lane: Lane, turn: Turn, key: K) {
        self.due[lane.index()].insert(turn, key);
    }

    /// An object is not due any more.
    pub(super) fn remove(&mut self, lane: Lane, turn: Turn) {
        self.due[lane.index()].remove(&turn);
    }

    /// Only what is asked for begins until then.
    pub(super) fn rest(&mut self, until: Instant) {
        self.rests = self.rests.max(Some(until));
    }

    /// The lane whose first object is next, if one may begin.
    pub(super) fn next(&self, room: Room, now: Instant) -> Option<Lane> {
        let waits = || Lane::ALL.into_iter().filter(|lane| self.waits(*lane, now));
        let owed = waits().find(|lane| self.is_owed(*lane) && self.may_begin(*lane, room));
        owed.or_else(|| waits().find(|lane| self.may_begin(*lane, room)))
    }

    /// Takes the first object of a lane, whose pass begins.
    pub(super) fn begin(&mut self, lane: Lane, number: u64, now: Instant) -> Option<(Turn, K)> {
        let first = self.due[lane.index()].pop_first()?;
        for other in Lane::ALL.into_iter().filter(|other| *other > lane) {
            if self.waits(other, now) {
                self.passed_over[other.index()] += 1;
            }
        }
        self.passed_over[lane.index()] = 0;
        self.running += 1;
        self.served = number;
        Some(first)
    }

    /// Whether the next pass of a lane is one that it must get.
    pub(super) fn is_owed(&self, lane: Lane) -> bool {
        self.passed_over[lane.index()] >= lane.patience()
    }

    /// When something may begin that waits for nothing but the time.
    pub(super) fn wakes(&self) -> Option<Instant> {
        let waits = Lane::ALL.into_iter().any(|lane| lane.is_background() && !self.due[lane.index()].is_empty());
        self.rests.filter(|_| waits)
    }

    /// The objects of a lane, the first of them first.
    pub(super) fn turns(&self, lane: Lane) -> impl Iterator<Item = Instant> + '_ {
        self.due[lane.index()].keys().map(|turn| turn.due)
    }

    fn waits(&self, lane: Lane, now: Instant) -> bool {
        let rests = lane.is_background() && self.rests.is_some_and(|until| now < until);
        !self.due[lane.index()].is_empty() && !rests
    }

    fn may_begin(&self, lane: Lane, room: Room) -> bool {
        let free = room.most.saturating_sub(room.running);
        if self.running == 0 {
            return free > 0;
        }
        // A lane that waits for what it is owed waits for no more room.
        let leaves_room = lane.is_background() && !self.is_owed(lane);
        let limit = self.limit.passes();
        let limit = match (leaves_room, lane.has_spare()) {
            (true, _) => limit - limit / 8,
            (false, true) => limit + 1,
            (false, false) => limit,
        };
        let for_urgent = if leaves_room { room.most / 8 } else { 0 };
        self.running < limit && free > room.for_others(self.running) + for_urgent
    }
}

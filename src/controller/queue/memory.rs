//! What is remembered of an object between passes. Nothing here is needed to be right: after a restart it is built again.
//!
//! Its main use: a status write comes back as a watch event. An object whose fingerprint did not change and that is not due
//! needs no pass, so the echo costs nothing.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::next::Next;
use crate::cluster::Epoch;
use crate::resources::{FINALIZER, GROUP};

/// How long an object may be due before it counts as gone, and between sweeps of those that are.
const SWEEP: Duration = Duration::from_secs(3600);

/// The fingerprint of an object without a pass.
const NEVER: u64 = 0;

/// What is remembered of each object, by its UID. `N` is what passes note for the next one.
pub(crate) struct Memory<N> {
    state: Mutex<State<N>>,
    epoch: Epoch,
}

struct State<N> {
    slots: HashMap<String, Slot<N>>,
    swept: Option<Instant>,
}

struct Slot<N> {
    fingerprint: u64,
    due: Instant,
    entry: Entry<N>,
}

/// What a pass is given, and gives back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry<N> {
    /// Moves when the object is marked due, also while a pass is under way.
    marks: u64,
    /// Passes in a row that failed.
    pub(crate) attempts: u32,
    pub(crate) notes: N,
}

impl<N> Default for Memory<N> {
    fn default() -> Self {
        Self::of(&Epoch::default())
    }
}

impl<N> Memory<N> {
    /// What is remembered counts until the API server goes back to an older state.
    pub(crate) fn of(epoch: &Epoch) -> Self {
        Self { state: Mutex::new(State { slots: HashMap::new(), swept: None }), epoch: epoch.clone() }
    }
}

impl<N: Clone + Default> Memory<N> {
    /// How long until the object is due; `None` when a pass is due or the object changed.
    pub(crate) fn wait(&self, meta: &ObjectMeta, now: Instant) -> Option<Duration> {
        let state = self.state();
        let slot = state.slots.get(meta.uid.as_deref()?).filter(|slot| slot.fingerprint == self.fingerprint(meta))?;
        slot.due.checked_duration_since(now).filter(|wait| !wait.is_zero())
    }

    /// Whether the object is another than the last pass saw; `None` where there was none.
    pub(crate) fn has_changed(&self, meta: &ObjectMeta) -> Option<bool> {
        let state = self.state();
        let slot = state.slots.get(meta.uid.as_deref()?).filter(|slot| slot.fingerprint != NEVER)?;
        Some(slot.fingerprint != self.fingerprint(meta))
    }

    /// What is remembered.
    pub(crate) fn get(&self, meta: &ObjectMeta) -> Entry<N> {
        let state = self.state();
        let slot = meta.uid.as_deref().and_then(|uid| state.slots.get(uid));
        slot.map(|slot| slot.entry.clone()).unwrap_or_default()
    }

    /// Remembers the end of a pass that saw the object as `meta`.
    pub(crate) fn store(&self, meta: &ObjectMeta, entry: Entry<N>, next: Next, now: Instant) {
        let Some(uid) = meta.uid.clone() else { return };
        let mut state = self.state();
        let marks = state.slots.get(&uid).map_or(entry.marks, |slot| slot.entry.marks);
        // Marked during the pass, which may have read what has changed since: it is due again.
        let due = if marks == entry.marks { next.due } else { now };
        let entry = Entry { marks, attempts: next.attempts, ..entry };
        state.slots.insert(uid, Slot { fingerprint: self.fingerprint(meta), due, entry });
        state.sweep(now);
    }

    /// Makes an object due now.
    pub(crate) fn mark_due(&self, uid: &str, now: Instant) {
        let mut state = self.state();
        let new = || Slot { fingerprint: NEVER, due: now, entry: Entry::default() };
        state.slots.entry(uid.to_owned()).or_insert_with(new).mark_due(now);
    }

    /// Makes every object due now.
    pub(crate) fn mark_all_due(&self, now: Instant) {
        self.state().slots.values_mut().for_each(|slot| slot.mark_due(now));
    }

    fn state(&self) -> MutexGuard<'_, State<N>> {
        // A panic in a pass leaves whole entries behind.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fingerprint(&self, meta: &ObjectMeta) -> u64 {
        fingerprint(meta, self.epoch.number())
    }
}

impl<N> Slot<N> {
    fn mark_due(&mut self, now: Instant) {
        self.due = now;
        self.entry.marks += 1;
    }
}

impl<N> State<N> {
    /// Drops, once an hour, the objects that have been due for an hour: they are gone, since others get their pass.
    fn sweep(&mut self, now: Instant) {
        if self.swept.is_some_and(|at| now < at + SWEEP) {
            return;
        }
        self.swept = Some(now);
        self.slots.retain(|_, slot| now < slot.due + SWEEP);
    }
}

/// Everything about an object's metadata that a pass depends on: not its resourceVersion, which a status write moves. In another
/// epoch the same generation may be of another spec.
fn fingerprint(meta: &ObjectMeta, epoch: u64) -> u64 {
    let mut hasher = DefaultHasher::new();
    epoch.hash(&mut hasher);
    meta.generation.hash(&mut hasher);
    meta.deletion_timestamp.is_some().hash(&mut hasher);
    meta.finalizers.iter().flatten().any(|name| name == FINALIZER).hash(&mut hasher);
    for (name, value) in meta.annotations.iter().flatten().filter(|(name, _)| name.starts_with(GROUP)) {
        (name, value).hash(&mut hasher);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn object(generation: i64) -> ObjectMeta {
        ObjectMeta {
            uid: Some("u".into()),
            generation: Some(generation),
            resource_version: Some("1".into()),
            ..ObjectMeta::default()
        }
    }

    fn in_a_minute(now: Instant) -> Next {
        Next { due: now + MINUTE, attempts: 0 }
    }

    #[test]
    fn an_echo_waits_and_a_change_does_not() {
        let (memory, now) = (Memory::<()>::default(), Instant::now());
        assert_eq!(None, memory.wait(&object(1), now), "an object that was never seen is due");
        let woken = Memory::<()>::default();
        woken.mark_due("u", now);
        assert_eq!(None, woken.has_changed(&object(1)), "nor is it known how it was");
        memory.store(&object(1), Entry::default(), in_a_minute(now), now);
        let echo = ObjectMeta { resource_version: Some("2".into()), ..object(1) };
        assert_eq!(Some(MINUTE), memory.wait(&echo, now));
        assert_eq!(None, memory.wait(&object(2), now), "a new generation is a change");
        assert_eq!([Some(false), Some(true)], [1, 2].map(|generation| memory.has_changed(&object(generation))));
        let stripped = ObjectMeta { finalizers: Some(vec![FINALIZER.into()]), ..object(1) };
        assert_eq!(None, memory.wait(&stripped, now), "so is our finalizer");
        assert_eq!(None, memory.wait(&echo, now + MINUTE), "and the interval ends");
        memory.mark_due("u", now);
        assert_eq!(None, memory.wait(&echo, now), "and it can be woken");
    }

    #[test]
    fn a_wake_during_a_pass_is_not_lost() {
        let (memory, now) = (Memory::<()>::default(), Instant::now());
        let first = memory.get(&object(1));
        memory.mark_due("u", now);
        memory.store(&object(1), first, in_a_minute(now), now);
        assert_eq!(None, memory.wait(&object(1), now));
        let second = memory.get(&object(1));
        memory.store(&object(1), second, in_a_minute(now), now);
        assert_eq!(Some(MINUTE), memory.wait(&object(1), now));
    }

    #[test]
    fn what_is_gone_is_forgotten_within_hours() {
        let (memory, now) = (Memory::<()>::default(), Instant::now());
        let other = ObjectMeta { uid: Some("other".into()), ..object(1) };
        memory.store(&object(1), Entry::default(), in_a_minute(now), now);
        memory.store(&other, Entry::default(), in_a_minute(now), now);
        let known = || memory.state().slots.len();
        assert_eq!(2, known());
        for hours in 1..=2 {
            let later = now + SWEEP * hours;
            memory.store(&other, Entry::default(), in_a_minute(later), later);
        }
        assert_eq!(1, known(), "the other is still reconciled");
    }
}

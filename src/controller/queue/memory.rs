//! What is remembered of an object between passes. Nothing here is needed to be right: after a restart it is built again.
//!
//! Its main use: a status write comes back as a watch event. An object whose fingerprint did not change and that is not due
//! needs no pass, so the echo costs nothing.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::plan::Rewrites;
use crate::resources::{FINALIZER, GROUP, SpecHash};

#[derive(Default)]
pub(crate) struct Memory(Mutex<HashMap<String, Entry>>);

#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    fingerprint: u64,
    due: Option<Instant>,
    /// Moves when somebody wakes the object, also while a pass is under way.
    wakes: u64,
    /// The resource versions that the writes of the last pass replaced. The watch may still hold one of them.
    pub(crate) replaced: Vec<String>,
    /// Passes in a row that failed.
    pub(crate) attempts: u32,
    /// For which hash the platform did not keep what it was given, and what it made of it.
    pub(crate) rewrites: Option<(SpecHash, Rewrites)>,
    /// When it was last given something that it did not keep.
    pub(crate) rewritten: Option<Instant>,
    /// When licence usage was last taken over.
    pub(crate) licenses: Option<Instant>,
    /// When orphans are looked for next.
    pub(crate) orphans: Option<Instant>,
}

impl Entry {
    fn mark_due(&mut self) {
        self.due = None;
        self.wakes += 1;
    }

    /// Whether an object is from before the writes of the last pass.
    pub(crate) fn is_outdated(&self, meta: &ObjectMeta) -> bool {
        self.replaced.iter().any(|version| Some(version) == meta.resource_version.as_ref())
    }

    /// What the platform did not keep of the settings of this hash. After `retry` it is worth another attempt.
    pub(crate) fn rewrites_of(&self, hash: Option<&SpecHash>, retry: Duration) -> Rewrites {
        let known = self.rewrites.as_ref().filter(|(of, _)| Some(of) == hash);
        let mut rewrites = known.map(|(_, rewrites)| rewrites.clone()).unwrap_or_default();
        if self.rewritten.is_some_and(|at| at.elapsed() >= retry) {
            rewrites.left.clear();
        }
        rewrites
    }
}

impl Memory {
    /// How long to wait until the object is due; `None` when a pass is due or the object changed.
    pub(crate) fn wait(&self, meta: &ObjectMeta, now: Instant) -> Option<Duration> {
        let entries = self.entries();
        let entry = entries.get(meta.uid.as_deref()?)?;
        let due = entry.due.filter(|_| entry.fingerprint == fingerprint(meta))?;
        due.checked_duration_since(now).filter(|wait| !wait.is_zero())
    }

    /// What is remembered.
    pub(crate) fn get(&self, meta: &ObjectMeta) -> Entry {
        meta.uid.as_deref().and_then(|uid| self.entries().get(uid).cloned()).unwrap_or_default()
    }

    /// Remembers the end of a pass that saw the object as `meta` and looks again after `wait`.
    pub(crate) fn store(&self, meta: &ObjectMeta, entry: Entry, now: Instant, wait: Duration) {
        let Some(uid) = meta.uid.clone() else { return };
        let mut entries = self.entries();
        let wakes = entries.get(&uid).map_or(entry.wakes, |known| known.wakes);
        // Woken during the pass, which may have read what has changed since: it is due again.
        let due = (wakes == entry.wakes).then_some(now + wait);
        entries.insert(uid, Entry { fingerprint: fingerprint(meta), due, wakes, ..entry });
        // Objects that went without a farewell are never due again; drop them when the map has grown.
        if entries.len().is_power_of_two() {
            entries.retain(|_, entry| entry.due.is_none_or(|due| due + Duration::from_secs(3600) > now));
        }
    }

    /// Makes an object due now.
    pub(crate) fn mark_due(&self, uid: &str) {
        self.entries().entry(uid.to_owned()).or_default().mark_due();
    }

    /// Makes every object due now.
    pub(crate) fn mark_all_due(&self) {
        self.entries().values_mut().for_each(Entry::mark_due);
    }

    /// Forgets an object that is gone.
    pub(crate) fn forget(&self, meta: &ObjectMeta) {
        if let Some(uid) = &meta.uid {
            self.entries().remove(uid);
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        // A panic in a pass leaves whole entries behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything about an object's metadata that a pass depends on: not its resourceVersion, which a status write moves.
fn fingerprint(meta: &ObjectMeta) -> u64 {
    let mut hasher = DefaultHasher::new();
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

    fn object(generation: i64) -> ObjectMeta {
        ObjectMeta {
            uid: Some("u".into()),
            generation: Some(generation),
            resource_version: Some("1".into()),
            ..ObjectMeta::default()
        }
    }

    #[test]
    fn an_echo_waits_and_a_change_does_not() {
        let (memory, now) = (Memory::default(), Instant::now());
        assert_eq!(memory.wait(&object(1), now), None, "an object that was never seen is due");
        memory.store(&object(1), Entry::default(), now, Duration::from_secs(60));
        let echo = ObjectMeta { resource_version: Some("2".into()), ..object(1) };
        assert_eq!(memory.wait(&echo, now), Some(Duration::from_secs(60)));
        assert_eq!(memory.wait(&object(2), now), None, "a new generation is a change");
        let stripped = ObjectMeta { finalizers: Some(vec![FINALIZER.into()]), ..object(1) };
        assert_eq!(memory.wait(&stripped, now), None, "so is our finalizer");
        assert_eq!(memory.wait(&echo, now + Duration::from_secs(61)), None, "and the interval ends");
        memory.mark_due("u");
        assert_eq!(memory.wait(&echo, now), None, "and it can be woken");
    }

    #[test]
    fn a_wake_during_a_pass_is_not_lost() {
        let (memory, now) = (Memory::default(), Instant::now());
        let first = memory.get(&object(1));
        memory.mark_due("u");
        memory.store(&object(1), first, now, Duration::from_secs(60));
        assert_eq!(memory.wait(&object(1), now), None);
        let second = memory.get(&object(1));
        memory.store(&object(1), second, now, Duration::from_secs(60));
        assert_eq!(memory.wait(&object(1), now), Some(Duration::from_secs(60)));
    }
}

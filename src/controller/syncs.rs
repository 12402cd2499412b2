//! When each Tenant was last found equal to its tenant or made so, and how long an edit of it takes. For metrics alone: nothing is
//! decided by it, and after a restart it begins again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::core::ObjectMeta;

/// What is known of each Tenant, by UID.
#[derive(Default)]
pub(super) struct Syncs(Mutex<HashMap<String, Sync>>);

#[derive(Clone, Copy, Debug)]
pub(super) struct Sync {
    /// When the operator first saw it.
    pub(super) seen: Timestamp,
    /// When a pass last found it equal to its tenant, or made it so.
    pub(super) last: Option<Timestamp>,
    /// Whether the last pass found something in the way that its status names: then people act, and no sync is late.
    pub(super) stopped: bool,
    /// The generation that was seen last, and since when it is on its way; `None` once it is live.
    generation: i64,
    changing: Option<Instant>,
}

impl Syncs {
    /// A Tenant was seen, whose spec is live up to a generation.
    pub(super) fn saw(&self, meta: &ObjectMeta, live: Option<i64>, now: Instant) {
        let Some(uid) = meta.uid.clone() else { return };
        let generation = meta.generation.unwrap_or_default();
        let changing = live.is_none_or(|live| live < generation).then_some(now);
        let new = Sync { seen: Timestamp::now(), last: None, stopped: false, generation, changing };
        let mut syncs = self.syncs();
        let sync = syncs.entry(uid).or_insert(new);
        if sync.generation < generation {
            // An edit of an edit that is not live yet: what people wait for is the newer one.
            (sync.generation, sync.changing) = (generation, Some(now));
        }
        if live.is_some_and(|live| live >= sync.generation) {
            // Another operator did it.
            sync.changing = None;
        }
    }

    /// A pass found a Tenant equal to its tenant, or made it so.
    pub(super) fn synced(&self, meta: &ObjectMeta, now: Timestamp) {
        let mut syncs = self.syncs();
        let sync = meta.uid.as_ref().and_then(|uid| syncs.get_mut(uid));
        sync.into_iter().for_each(|sync| (sync.last, sync.stopped) = (Some(now), false));
    }

    /// A pass found something in the way.
    pub(super) fn stopped(&self, meta: &ObjectMeta) {
        let mut syncs = self.syncs();
        let sync = meta.uid.as_ref().and_then(|uid| syncs.get_mut(uid));
        sync.into_iter().for_each(|sync| sync.stopped = true);
    }

    /// How long a generation was on its way that is live now, the first time.
    pub(super) fn live(&self, meta: &ObjectMeta, now: Instant) -> Option<Duration> {
        let mut syncs = self.syncs();
        let sync = syncs.get_mut(meta.uid.as_deref()?)?;
        let is_newest = meta.generation.unwrap_or_default() >= sync.generation;
        let since = sync.changing.take_if(|_| is_newest)?;
        Some(now.saturating_duration_since(since))
    }

    /// What is known of a Tenant.
    pub(super) fn of(&self, uid: &str) -> Option<Sync> {
        self.syncs().get(uid).copied()
    }

    /// A Tenant is gone.
    pub(super) fn forget(&self, uid: &str) {
        self.syncs().remove(uid);
    }

    fn syncs(&self) -> MutexGuard<'_, HashMap<String, Sync>> {
        // What is in it is set in one step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(generation: i64) -> ObjectMeta {
        ObjectMeta { uid: Some("u".to_owned()), generation: Some(generation), ..ObjectMeta::default() }
    }

    #[test]
    fn an_edit_takes_from_when_it_was_seen_until_it_is_live() {
        let (syncs, start) = (Syncs::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        let took = |generation, seconds| syncs.live(&tenant(generation), at(seconds)).map(|took| took.as_secs());
        assert_eq!(None, took(1, 0), "it was not seen");
        syncs.saw(&tenant(1), None, at(0));
        syncs.saw(&tenant(1), None, at(1));
        assert_eq!(Some(5), took(1, 5));
        assert_eq!(None, took(1, 6), "once");
        syncs.saw(&tenant(1), Some(1), at(7));
        assert_eq!(None, took(1, 8), "an echo of its status");
        syncs.saw(&tenant(2), Some(1), at(10));
        syncs.saw(&tenant(3), Some(1), at(20));
        assert_eq!(None, took(2, 30), "a newer edit is on its way");
        assert_eq!(Some(11), took(3, 31));
        syncs.saw(&tenant(4), Some(3), at(40));
        syncs.saw(&tenant(4), Some(4), at(41));
        assert_eq!(None, took(4, 42), "another operator made it live");
        let restarted = Syncs::default();
        restarted.saw(&tenant(3), Some(3), at(0));
        assert_eq!(None, restarted.live(&tenant(3), at(9)), "it was live before the operator started");
    }

    #[test]
    fn the_last_sync_is_known_until_the_tenant_is_gone() {
        let syncs = Syncs::default();
        syncs.saw(&tenant(1), None, Instant::now());
        let last = || syncs.of("u").map(|sync| sync.last);
        assert_eq!(Some(None), last());
        let now = Timestamp::now();
        syncs.synced(&tenant(1), now);
        assert_eq!(Some(Some(now)), last());
        let is_stopped = || syncs.of("u").is_some_and(|sync| sync.stopped);
        syncs.stopped(&tenant(1));
        assert!(is_stopped());
        syncs.synced(&tenant(1), now);
        assert!(!is_stopped());
        syncs.forget("u");
        assert_eq!(None, last());
    }
}

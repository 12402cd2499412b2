//! Which Tenants a change of a Partner concerns: those that name it. It is announced after the store of Partners holds the change.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use kube::core::ObjectMeta;
use tokio::sync::mpsc::UnboundedReceiver;

use super::subscribers::Subscribers;

/// The Partners as they were last seen, and the subscribers to their changes.
#[derive(Default)]
pub(super) struct PartnerChanges {
    seen: Mutex<HashMap<String, Version>>,
    subscribers: Subscribers<String>,
}

/// What a Tenant depends on: another object, another spec, or its end.
#[derive(Clone, PartialEq, Eq)]
struct Version {
    uid: Option<String>,
    generation: Option<i64>,
}

impl PartnerChanges {
    /// The names of the Partners that change from now on.
    pub(super) fn subscribe(&self) -> UnboundedReceiver<String> {
        self.subscribers.subscribe()
    }

    /// Compares a Partner, which may be gone, with how it was last seen, and notifies the subscribers where it is another. A finalizer
    /// or a status is no change.
    pub(super) fn announce(&self, partner: &ObjectMeta, presence: Presence) {
        let name = partner.name.clone().unwrap_or_default();
        let now = Version { uid: partner.uid.clone(), generation: partner.generation };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let before = match presence {
            Presence::There => seen.insert(name.clone(), now.clone()),
            Presence::Gone => seen.remove(&name).and(None),
        };
        drop(seen);
        if before != Some(now) {
            self.subscribers.announce(&name);
        }
    }
}

/// Whether an object that changed is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    There,
    Gone,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_object_and_another_spec_are_changes() {
        let changes = PartnerChanges::default();
        let mut receiver = changes.subscribe();
        let hold = || Some(vec!["example.com/hold".to_owned()]);
        for (uid, generation, finalizers, presence, expected) in [
            ("u", 1, None, Presence::There, true),
            ("u", 1, hold(), Presence::There, false),
            ("u", 2, None, Presence::There, true),
            ("v", 1, None, Presence::There, true),
            ("v", 1, None, Presence::Gone, true),
            ("v", 1, None, Presence::There, true),
        ] {
            let name = Some("northwind".to_owned());
            let uid = Some(uid.to_owned());
            let meta = ObjectMeta { name, uid, generation: Some(generation), finalizers, ..ObjectMeta::default() };
            changes.announce(&meta, presence);
            assert_eq!(expected, receiver.try_recv().is_ok(), "{meta:?}");
        }
    }
}

//! Which Tenants a change of a Platform concerns. It is announced after the store of Platforms holds the change, so that a pass
//! which it starts decides on the new Platform.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kube::ResourceExt;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::resources::condition;
use crate::resources::{ConditionStatus, ConditionType, Platform, Reason};

/// The Platforms as they were last seen, and the subscribers to their changes.
#[derive(Default)]
pub(super) struct PlatformChanges(Mutex<State>);

#[derive(Default)]
struct State {
    seen: HashMap<String, Seen>,
    subscribers: Vec<UnboundedSender<PlatformChange>>,
}

/// A Platform as it was last seen.
struct Seen {
    uid: Option<String>,
    generation: Option<i64>,
    ready: bool,
    /// Whether its endpoint leads to another environment.
    leads_elsewhere: bool,
}

/// A Platform that changed in a way that Tenants depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PlatformChange {
    /// Its name.
    pub(super) platform: String,
    /// Which of its Tenants.
    pub(super) concerns: Concerns,
}

/// Which Tenants of a Platform a change concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Concerns {
    /// Those that waited for it: it is there, or back.
    Waiting,
    /// All: its spec changed, or the environment that it leads to, or it is gone.
    All,
}

impl PlatformChanges {
    /// The changes from now on.
    pub(super) fn subscribe(&self) -> UnboundedReceiver<PlatformChange> {
        let (sender, receiver) = unbounded_channel();
        self.state().subscribers.push(sender);
        receiver
    }

    /// Compares a Platform that the store holds with how it was last seen, and notifies the subscribers if Tenants are concerned.
    pub(super) fn announce(&self, platform: &Platform) {
        let mut state = self.state();
        let Some(concerns) = state.compare(platform) else { return };
        let change = PlatformChange { platform: platform.name_any(), concerns };
        // A receiver that is gone belonged to a watch that ended.
        state.subscribers.retain(|subscriber| subscriber.send(change.clone()).is_ok());
    }

    /// Notifies the subscribers that a Platform is gone.
    pub(super) fn announce_removed(&self, platform: &Platform) {
        let mut state = self.state();
        state.seen.remove(&platform.name_any());
        let change = PlatformChange { platform: platform.name_any(), concerns: Concerns::All };
        state.subscribers.retain(|subscriber| subscriber.send(change.clone()).is_ok());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Compares a Platform with how it was last seen. `None` means that no Tenant is concerned: it is as it was, or went out of
    /// reach, which each pass finds out by itself.
    fn compare(&mut self, platform: &Platform) -> Option<Concerns> {
        let conditions = platform.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
        let ready = condition::status(conditions, ConditionType::Ready) == Some(ConditionStatus::True);
        let (uid, generation) = (platform.uid(), platform.metadata.generation);
        let leads_elsewhere = condition::find(conditions, ConditionType::Ready)
            .is_some_and(|ready| ready.reason == Reason::PlatformChanged.as_str());
        let now = Seen { uid: uid.clone(), generation, ready, leads_elsewhere };
        let before = self.seen.insert(platform.name_any(), now);
        let Some(before) = before else { return Some(Concerns::Waiting) };
        if (before.uid, before.generation, before.leads_elsewhere) != (uid, generation, leads_elsewhere) {
            return Some(Concerns::All);
        }
        (ready && !before.ready).then_some(Concerns::Waiting)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use serde_json::json;

    use super::*;

    fn platform(uid: &str, generation: i64, ready: &str) -> Platform {
        let ready = json!({
            "type": "Ready", "status": ready, "reason": "R", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"
        });
        let authentication = json!({
            "tokenUrl": "https://login.example/token", "clientId": "system",
            "credentialsSecretRef": { "name": "credentials" }
        });
        serde_json::from_value(json!({
            "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Platform",
            "metadata": { "name": "euwe-01", "uid": uid, "generation": generation },
            "spec": { "endpoint": "https://admin.example", "authentication": authentication },
            "status": { "observedGeneration": generation, "conditions": [ready] }
        }))
        .unwrap()
    }

    #[test]
    fn a_change_concerns_the_tenants_that_depend_on_it() {
        let changes = PlatformChanges::default();
        let mut receiver = changes.subscribe();
        for (what, platform, expected) in [
            ("seen first", platform("u", 1, "False"), Some(Concerns::Waiting)),
            ("still out of reach", platform("u", 1, "False"), None),
            ("back", platform("u", 1, "True"), Some(Concerns::Waiting)),
            ("out of reach again", platform("u", 1, "Unknown"), None),
            ("edited", platform("u", 2, "Unknown"), Some(Concerns::All)),
            ("created again", platform("v", 2, "Unknown"), Some(Concerns::All)),
        ] {
            changes.announce(&platform);
            assert_eq!(expected, receiver.try_recv().ok().map(|change| change.concerns), "{what}");
        }
    }
}

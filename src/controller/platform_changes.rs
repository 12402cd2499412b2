//! Which Tenants a change of a Platform concerns. It is told after the store of Platforms holds the change, so that a pass which
//! it starts decides on the new Platform.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kube::ResourceExt;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::resources::condition;
use crate::resources::{ConditionStatus, ConditionType, Platform};

/// The Platforms as they were last seen, and who is told of their changes.
#[derive(Default)]
pub(super) struct PlatformChanges(Mutex<State>);

#[derive(Default)]
struct State {
    /// Version and readiness of each Platform, by name.
    seen: HashMap<String, (String, bool)>,
    subscribers: Vec<UnboundedSender<PlatformChange>>,
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
    /// All: its spec changed.
    All,
}

impl PlatformChanges {
    /// The changes from now on.
    pub(super) fn subscribe(&self) -> UnboundedReceiver<PlatformChange> {
        let (sender, receiver) = unbounded_channel();
        self.state().subscribers.push(sender);
        receiver
    }

    /// Takes in a Platform that the store holds, and tells the subscribers if its Tenants are concerned.
    pub(super) fn announce(&self, platform: &Platform) {
        let mut state = self.state();
        let Some(concerns) = state.compare(platform) else { return };
        let change = PlatformChange { platform: platform.name_any(), concerns };
        // A receiver that is gone belonged to a watch that ended.
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
        let version = format!("{:?}/{:?}", platform.uid(), platform.metadata.generation);
        match self.seen.insert(platform.name_any(), (version.clone(), ready)) {
            None => Some(Concerns::Waiting),
            Some((before, _)) if before != version => Some(Concerns::All),
            Some((_, false)) if ready => Some(Concerns::Waiting),
            Some(_) => None,
        }
    }
}

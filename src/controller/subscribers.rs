//! Who hears of what Tenants may wait for.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// Who hears of it.
pub(super) struct Subscribers<T>(Mutex<Vec<UnboundedSender<T>>>);

impl<T> Default for Subscribers<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Subscribers<T> {
    /// What happens from now on.
    pub(super) fn subscribe(&self) -> UnboundedReceiver<T> {
        let (sender, receiver) = unbounded_channel();
        self.all().push(sender);
        receiver
    }

    /// Tells all.
    pub(super) fn announce(&self, what: &T) {
        // A receiver that is gone belonged to a watch that ended.
        self.all().retain(|subscriber| subscriber.send(what.clone()).is_ok());
    }

    fn all(&self) -> MutexGuard<'_, Vec<UnboundedSender<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

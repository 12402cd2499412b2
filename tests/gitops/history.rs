//! Every version of one Tenant, as a watch delivers them: what `kubectl wait`, a dashboard or a notification could have
//! seen.

use std::sync::{Arc, Mutex};

use futures::StreamExt;
use kube::ResourceExt;
use kube::runtime::watcher::{Config, Event, watcher};
use nimbus_operator::resources::{ConditionStatus, ConditionType, Tenant, condition};
use tokio::task::JoinHandle;

use crate::support::fixture::{Fixture, NAME};
use crate::support::wait::{PATIENCE, until};

/// A running watch; it ends with this value.
pub struct History {
    seen: Arc<Mutex<Vec<Tenant>>>,
    task: JoinHandle<()>,
}

impl Drop for History {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl History {
    /// Starts to watch the Tenant, which must exist.
    pub async fn of(fixture: &Fixture) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let config = Config::default().fields(&format!("metadata.name={NAME}"));
        let mut events = Box::pin(watcher(fixture.tenants(), config));
        let keep = seen.clone();
        let task = tokio::spawn(async move {
            while let Some(event) = events.next().await {
                match event.expect("the watch goes on") {
                    Event::Apply(tenant) | Event::InitApply(tenant) => keep.lock().unwrap().push(tenant),
                    Event::Init | Event::InitDone | Event::Delete(_) => {}
                }
            }
        });
        let history = Self { seen, task };
        history.reaches(&fixture.get().await).await;
        history
    }

    /// Waits until the watch has delivered a version.
    pub async fn reaches(&self, tenant: &Tenant) {
        let version = tenant.resource_version();
        until("the watch has seen a version", PATIENCE, async || {
            let seen: Vec<_> = self.versions().iter().map(ResourceExt::resource_version).collect();
            if seen.contains(&version) { Ok(()) } else { Err(format!("{seen:?} without {version:?}")) }
        })
        .await;
    }

    /// All versions so far, in order.
    pub fn versions(&self) -> Vec<Tenant> {
        assert!(!self.task.is_finished(), "the watch ended");
        self.seen.lock().unwrap().clone()
    }
}

/// Whether a condition is present and True.
pub fn is_true(tenant: &Tenant, condition_type: ConditionType) -> bool {
    let conditions = tenant.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    condition::status(conditions, condition_type) == Some(ConditionStatus::True)
}

//! What a user who watches the Tenants sees, and when.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use futures::{StreamExt, pin_mut};
use kube::api::{Api, ApiResource, Object};
use kube::runtime::watcher::{self, Event};
use kube::{Client, ResourceExt};
use nimbus_operator::resources::Tenant;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::load::Sent;

/// Everything that the watch does not need stays undecoded.
type Slim = Object<Nothing, Status>;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Nothing {}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    observed_generation: i64,
    conditions: Vec<Condition>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Condition {
    r#type: String,
    status: String,
    reason: String,
    message: String,
}

/// One Tenant.
#[derive(Clone, Debug, Default)]
struct Seen {
    is_ready: bool,
    /// When each generation was first seen Ready.
    ready: HashMap<i64, Instant>,
    /// What Ready says.
    said: String,
}

#[derive(Default)]
struct State {
    tenants: HashMap<String, Seen>,
    ready: usize,
}

/// A running watch; dropping it ends it.
pub struct Watched {
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
    task: tokio::task::JoinHandle<()>,
}

impl Watched {
    /// Watches the Tenants of a namespace.
    pub fn start(client: Client, namespace: &str) -> Self {
        let (state, changed) = (Arc::new(Mutex::new(State::default())), Arc::new(Notify::new()));
        let api: Api<Slim> = Api::namespaced_with(client, namespace, &ApiResource::erase::<Tenant>(&()));
        let (to, wake) = (state.clone(), changed.clone());
        let task = tokio::spawn(async move {
            let events = watcher::watcher(api, watcher::Config::default());
            pin_mut!(events);
            while let Some(event) = events.next().await {
                // A watch that breaks is opened again by the watcher.
                if let Ok(event) = event {
                    to.lock().unwrap_or_else(PoisonError::into_inner).take(event);
                    wake.notify_waiters();
                }
            }
        });
        Self { state, changed, task }
    }

    /// Waits until this many Tenants are Ready in their current generation. Returns when.
    pub async fn until_ready(&self, count: usize, deadline: Duration) -> Result<Instant> {
        self.until(deadline, |state| state.ready >= count).await
    }

    /// Waits until there are no Tenants. Returns when.
    pub async fn until_gone(&self, deadline: Duration) -> Result<Instant> {
        self.until(deadline, |state| state.tenants.is_empty()).await
    }

    /// Waits until what was sent is Ready. Returns the milliseconds that each took.
    pub async fn latencies(&self, sent: &[Sent], deadline: Duration) -> Result<Vec<f64>> {
        let all = |state: &State| sent.iter().all(|sent| state.ready_at(&sent.name, sent.generation).is_some());
        self.until(deadline, all).await?;
        let state = self.state();
        let took = |sent: &Sent| {
            let at = state.ready_at(&sent.name, sent.generation)?;
            Some(at.saturating_duration_since(sent.at).as_secs_f64() * 1000.0)
        };
        Ok(sent.iter().filter_map(took).collect())
    }

    async fn until(&self, deadline: Duration, met: impl Fn(&State) -> bool) -> Result<Instant> {
        let started = Instant::now();
        loop {
            let changed = self.changed.notified();
            {
                let state = self.state();
                if met(&state) {
                    return Ok(Instant::now());
                }
                if started.elapsed() > deadline {
                    let waiting = state.tenants.iter().find(|(_, seen)| !seen.is_ready);
                    bail!("after {deadline:?}: {} of {} Ready; {waiting:?}", state.ready, state.tenants.len());
                }
            }
            // Woken by an event; looks again in any case, for the deadline.
            let _ = tokio::time::timeout(Duration::from_secs(1), changed).await;
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    /// When this generation of a Tenant, or a later one, was first seen Ready.
    fn ready_at(&self, name: &str, generation: i64) -> Option<Instant> {
        let times = &self.tenants.get(name)?.ready;
        times.iter().filter(|(seen, _)| **seen >= generation).map(|(_, at)| *at).min()
    }

    fn take(&mut self, event: Event<Slim>) {
        match event {
            Event::Init | Event::InitDone => {}
            Event::Apply(tenant) | Event::InitApply(tenant) => self.apply(&tenant),
            Event::Delete(tenant) => {
                let gone = self.tenants.remove(&tenant.name_any());
                self.ready -= usize::from(gone.is_some_and(|seen| seen.is_ready));
            }
        }
    }

    fn apply(&mut self, tenant: &Slim) {
        let status = tenant.status.clone().unwrap_or_default();
        let ready = status.conditions.iter().find(|condition| condition.r#type == "Ready");
        let is_true = ready.is_some_and(|ready| ready.status == "True");
        let is_ready = is_true && tenant.metadata.generation == Some(status.observed_generation);
        let seen = self.tenants.entry(tenant.name_any()).or_default();
        self.ready = self.ready + usize::from(is_ready) - usize::from(seen.is_ready);
        seen.is_ready = is_ready;
        if is_true {
            seen.ready.entry(status.observed_generation).or_insert_with(Instant::now);
        }
        seen.said = ready.map(|ready| format!("{} {}", ready.reason, ready.message)).unwrap_or_default();
    }
}

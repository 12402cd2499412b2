//! The way of one Platform to Microsoft: as which app, how many checks at the same time, how fast, and to whom not for a while.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep_until, timeout};
use url::Url;
use uuid::Uuid;

use super::ask::{ask, rate_limit_key};
use super::known::Answer;
use crate::controller::connect::is_safe;
use crate::controller::context::CheckTiming;
use crate::microsoft::verdict::{self, Verdict};
use crate::microsoft::{Acs, App, Credential, Graph, Options};
use crate::plan::Check;
use crate::resources::platform::Microsoft;

/// Checks of one Platform at the same time. A Tenant has at most one of them.
const SLOTS: usize = 4;

/// The way of one Platform to Microsoft.
pub(super) struct Lane {
    way: watch::Sender<Way>,
    /// How often it changed.
    changes: AtomicU64,
    slots: Semaphore,
    /// When the next check may begin.
    next: Mutex<Instant>,
    /// Who asked to be left alone until when.
    closed: Mutex<HashMap<String, Instant>>,
}

/// As which app Microsoft is asked.
#[derive(Clone)]
pub(super) enum Way {
    /// The credentials were not looked at yet.
    Unread,
    /// As this one.
    App {
        /// What moves when another app, address or credential is meant.
        version: String,
        /// The client.
        graph: Arc<Graph>,
    },
    /// As none.
    NoApp(Verdict),
}

impl Way {
    /// Whether the credentials were looked at.
    pub(super) fn is_read(&self) -> bool {
        !matches!(self, Self::Unread)
    }

    fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unread, Self::Unread) => true,
            (Self::App { version: one, .. }, Self::App { version: other, .. }) => one == other,
            (Self::NoApp(one), Self::NoApp(other)) => one == other,
            _ => false,
        }
    }
}

impl Lane {
    pub(super) fn new() -> Self {
        Self {
            way: watch::Sender::new(Way::Unread),
            changes: AtomicU64::new(0),
            slots: Semaphore::new(SLOTS),
            next: Mutex::new(Instant::now()),
            closed: Mutex::default(),
        }
    }

    /// Takes the present way; whoever follows it is told when it is another one.
    pub(super) fn take(&self, way: Way) {
        self.way.send_if_modified(|before| {
            let another = !before.is(&way);
            if another {
                *before = way;
                self.changes.fetch_add(1, Ordering::AcqRel);
            }
            another
        });
    }

    /// The version of the present app.
    pub(super) fn version(&self) -> Option<String> {
        match &*self.way.borrow() {
            Way::App { version, .. } => Some(version.clone()),
            Way::Unread | Way::NoApp(_) => None,
        }
    }

    /// How often the way changed.
    pub(super) fn change(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Rings when there is another way.
    pub(super) fn follow(&self) -> watch::Receiver<Way> {
        self.way.subscribe()
    }

    /// Asks, when it is its turn.
    pub(super) async fn ask(&self, wanted: &Check, acs: &Acs, timing: &CheckTiming) -> Answer {
        let graph = match self.graph(wanted).await {
            Ok(graph) => graph,
            Err(verdict) => return Answer { verdict, after: None },
        };
        let _slot = self.slots.acquire().await;
        sleep_until(self.turn(timing.pace).into()).await;
        let rate_limit_key = rate_limit_key(&wanted.query);
        if let Some(after) = rate_limit_key.as_deref().and_then(|rate_limit_key| self.closed_for(rate_limit_key)) {
            return Answer { verdict: verdict::throttled(after), after: Some(after) };
        }
        let answer = timeout(timing.deadline, ask(&wanted.query, graph.as_deref(), acs)).await;
        let answer = answer.unwrap_or_else(|_| Answer { verdict: verdict::out_of_time(), after: None });
        if let (Some(rate_limit_key), Some(after)) = (rate_limit_key, answer.after) {
            self.lock_closed().insert(rate_limit_key, Instant::now() + after);
        }
        answer
    }

    /// The client for a question that needs the app, once it is known whether there is one.
    async fn graph(&self, wanted: &Check) -> Result<Option<Arc<Graph>>, Verdict> {
        if !wanted.needs_app() {
            return Ok(None);
        }
        let mut way = self.way.subscribe();
        // The sender is in `self`, so that there is always an end to the wait.
        let way = way.wait_for(Way::is_read).await.map(|way| way.clone());
        match way {
            Ok(Way::App { graph, .. }) => Ok(Some(graph)),
            Ok(Way::NoApp(verdict)) => Err(verdict),
            Ok(Way::Unread) | Err(_) => Err(verdict::not_configured()),
        }
    }

    /// When the next check may begin; the one after it begins later.
    fn turn(&self, pace: Duration) -> Instant {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = (*next).max(Instant::now());
        *next = turn + pace;
        turn
    }

    fn closed_for(&self, rate_limit_key: &str) -> Option<Duration> {
        let now = Instant::now();
        let mut closed = self.lock_closed();
        closed.retain(|_, until| *until > now);
        closed.get(rate_limit_key).map(|until| until.duration_since(now))
    }

    fn lock_closed(&self) -> std::sync::MutexGuard<'_, HashMap<String, Instant>> {
        self.closed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What moves when another app, address or credential is meant.
pub(super) fn version(microsoft: &Microsoft, credentials: &str) -> String {
    let app = microsoft.nimbus_app.as_ref().map_or("", |app| app.client_id.as_str());
    [microsoft.login(), microsoft.graph(), app, credentials].join("\n")
}

/// The way as an app with a credential.
pub(super) fn way(
    microsoft: &Microsoft,
    client_id: Uuid,
    credential: Credential,
    version: String,
    call: Duration,
) -> Way {
    let invalid =
        || Way::NoApp(verdict::no_credentials("spec.microsoft of the Platform names an address that cannot be used"));
    let (Some(login), Some(graph)) = (url(microsoft.login()), url(microsoft.graph())) else { return invalid() };
    let app = App { client_id, credential };
    let options = Options { login, graph, app, ca_bundle: None, deadline: call };
    Graph::new(options).map_or_else(|_| invalid(), |graph| Way::App { version, graph: Arc::new(graph) })
}

/// An address that may be called.
pub(super) fn url(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(is_safe)
}

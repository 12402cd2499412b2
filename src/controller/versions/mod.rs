//! Which tenants of each platform are as the passes over their Tenants left them, so that a pass may do without a look.
//!
//! ```text
//! passes ── Begin, End, Ask, Forget ──▶ router ──▶ worker ── list, change feed ──▶ platform
//!    ▲                                               │
//!    └────────────── answers, wakes ─────────────────┘
//! ```
//! A worker is the task of one Platform and owns what is known: nothing is shared under a lock, and a platform that hangs delays only
//! its own Tenants. At its start it reads the list of all tenants with their versions once; after that the change feed names those
//! that change, and the list comes again from time to time, since a feed may miss something. A platform without a feed has the list
//! alone, and one without either is looked at by each pass, as ever.
//!
//! Whatever is not known means a look, and nothing else: that a list or a feed does not name a tenant never means that it is absent.

mod ledger;
mod listing;
mod marks;
mod requests;
mod router;
mod worker;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

pub(super) use self::ledger::{Look, Saw, Woken};
use self::router::{Directed, Router};
use self::worker::{Message, Setup};
use super::options::Options;
use super::subscribers::Subscribers;
use crate::admin_api::{Client, Versions};
use crate::settings::TenantId;

/// What is known of the versions of all tenants, as passes see it.
pub(super) struct TenantVersions {
    /// `None` where only passes look.
    messages: Option<UnboundedSender<Directed>>,
    wakes: Arc<Subscribers<Woken>>,
    /// Holds the router. With this handle it ends, and with it every task.
    _router: JoinSet<()>,
}

/// The platform that a pass asks, by the UID of its Platform, and the way there.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) platform: String,
    pub(super) client: Arc<Client>,
}

impl TenantVersions {
    pub(super) fn new(options: &Options) -> Self {
        let (wakes, mut tasks) = (Arc::<Subscribers<Woken>>::default(), JoinSet::new());
        let messages = options.timing.versions.map(|timing| {
            let (messages, inbox) = unbounded_channel();
            let (cluster_id, call) = (options.cluster_id.clone(), options.timing.call);
            let setup = Setup { timing, call, cluster_id: cluster_id.into(), wakes: wakes.clone() };
            tasks.spawn(Router::new(setup).run(inbox));
            messages
        });
        Self { messages, wakes, _router: tasks }
    }

    /// Receives each Tenant whose tenant has changed since its last pass.
    pub(super) fn subscribe(&self) -> UnboundedReceiver<Woken> {
        self.wakes.subscribe()
    }

    /// A pass is about to look at a tenant, or to change it. What is told of it from now on waits for the end of the pass.
    pub(super) fn begin(&self, place: &Place, id: TenantId) {
        self.send(&place.platform, Message::Begin { client: place.client.clone(), id });
    }

    /// That pass is over.
    pub(super) fn end(&self, place: &Place, id: TenantId, look: Look) {
        self.send(&place.platform, Message::End { id, look });
    }

    /// Whether a tenant still has the versions that a pass saw, as of some moment in the last `within`.
    pub(super) async fn is_unchanged(
        &self,
        place: &Place,
        id: TenantId,
        versions: &Versions,
        within: Duration,
    ) -> bool {
        let (answer, answered) = oneshot::channel();
        let client = place.client.clone();
        let expected = ledger::Expected { id, mark: marks::mark(versions), within };
        let question = worker::Question { expected, asked: Instant::now(), answer };
        self.send(&place.platform, Message::Ask { client, question });
        // A task that is gone knows nothing.
        self.messages.is_some() && answered.await.unwrap_or(false)
    }

    /// The Tenant of a tenant is gone.
    pub(super) fn forget(&self, platform: &str, id: TenantId) {
        self.send(platform, Message::Forget { id });
    }

    /// The endpoint of a Platform leads elsewhere: what is known of its tenants may be of others.
    pub(super) fn distrust(&self, platform: &str) {
        self.send(platform, Message::Distrust);
    }

    /// A Platform is deleted.
    pub(super) fn forget_platform(&self, platform: &str) {
        if let Some(messages) = &self.messages {
            drop(messages.send(Directed { platform: platform.to_owned(), message: None }));
        }
    }

    fn send(&self, platform: &str, message: Message) {
        if let Some(messages) = &self.messages {
            // Without a router there is nothing to tell any more.
            drop(messages.send(Directed { platform: platform.to_owned(), message: Some(message) }));
        }
    }
}

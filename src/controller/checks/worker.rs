//! The task of one Platform. It alone changes what is known of the checks of its Tenants, and it never waits for Microsoft: each
//! query is a task of its own.

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::watch;
use tokio::time::sleep_until;

use super::credentials::AppReading;
use super::platform_checks::{PlatformChecks, Snapshot};
use super::queries::Queries;
use super::tenant_checks::{QueryId, Wake, Wanted};
use crate::controller::options::CheckTiming;
use crate::microsoft::Acs;

/// The longest wait at shutdown for what is being asked.
const SHUTDOWN: Duration = Duration::from_secs(10);

/// What the task of a Platform is asked to do. The end of the channel is its shutdown.
pub(super) enum Message {
    /// Check for the Tenant of this key what its plan says.
    Follow { key: String, wake: Wake, wanted: Wanted },
    /// Check nothing more for the Tenant of this key.
    Cancel { key: String },
    /// The app was read.
    App(AppReading),
}

/// What each of these tasks needs.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) acs: Arc<Acs>,
    pub(super) timing: CheckTiming,
    /// How long one call takes at most.
    pub(super) call: Duration,
    pub(super) wakes: UnboundedSender<Wake>,
}

/// Checks for the Tenants of one Platform until there are no more messages. What is being asked then is waited for: an identity
/// that was made for a check has to be deleted again.
pub(super) async fn run(setup: Setup, mut messages: UnboundedReceiver<Message>, snapshot: watch::Sender<Snapshot>) {
    let Setup { acs, timing, call, wakes } = setup;
    let mut checks = PlatformChecks::new(timing, snapshot);
    let mut queries = Queries::default();
    loop {
        let work = checks.work(Instant::now());
        work.ask.into_iter().for_each(|ask| queries.start(ask, acs.clone(), timing.deadline));
        // Without a receiver the operator is gone.
        work.wake.into_iter().for_each(|wake| drop(wakes.send(wake)));
        tokio::select! {
            message = messages.recv() => {
                let Some(message) = message else { break };
                queries.forget(take(&mut checks, message, call));
                // `work` goes through all Tenants, so the messages of many passes at once are taken in together.
                while let Ok(message) = messages.try_recv() {
                    queries.forget(take(&mut checks, message, call));
                }
            }
            (id, answer) = queries.next() => checks.answered(id, answer, Instant::now()),
            () = until(work.next) => {}
        }
    }
    queries.finish(timing.deadline.min(SHUTDOWN)).await;
}

/// Takes a message in. Returns the queries whose answers no longer count.
fn take(checks: &mut PlatformChecks, message: Message, call: Duration) -> Vec<QueryId> {
    let now = Instant::now();
    match message {
        Message::Follow { key, wake, wanted } => checks.follow(key, wake, wanted, now).into_iter().collect(),
        Message::Cancel { key } => checks.cancel(&key).into_iter().collect(),
        Message::App(reading) => {
            let app = checks.app().after(reading, call);
            checks.change_app(app, now)
        }
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time.into()).await,
        None => pending().await,
    }
}

//! The task of one Platform. It alone changes what is known of the tenants, and has at most one request to the platform under way.

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::oneshot;
use tokio::time::sleep_until;
use tracing::{debug, info};

use super::ledger::{Bounds, Expected, Ledger, Look, Woken};
use super::listing::{NoListing, listing};
use super::marks::Listing;
use super::requests::{Request, Requests, Told};
use crate::admin_api::{ApiError, Changes, Client};
use crate::controller::options::VersionTiming;
use crate::controller::subscribers::Subscribers;
use crate::settings::TenantId;

/// What the task of a Platform is told. The end of the channel is its shutdown.
pub(super) enum Message {
    /// A pass begins.
    Begin { client: Arc<Client>, id: TenantId },
    /// A pass is over.
    End { id: TenantId, look: Look },
    /// A pass wants to know whether it may do without a look.
    Ask { client: Arc<Client>, question: Question },
    /// The Tenant is gone.
    Forget { id: TenantId },
    /// The endpoint leads elsewhere.
    Distrust,
}

/// Whether a tenant is as it was.
pub(super) struct Question {
    pub(super) expected: Expected,
    pub(super) asked: Instant,
    pub(super) answer: oneshot::Sender<bool>,
}

/// What each of these tasks needs.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) timing: VersionTiming,
    /// The deadline of one call.
    pub(super) call: Duration,
    pub(super) cluster_id: Arc<str>,
    pub(super) wakes: Arc<Subscribers<Woken>>,
}

/// What came of a request.
enum Answer {
    Feed(Result<Changes, ApiError>),
    List(Result<Listing, NoListing>),
}

type UnderWay = (Instant, BoxFuture<'static, Answer>);

struct Worker {
    setup: Setup,
    client: Option<Arc<Client>>,
    requests: Requests,
    under_way: Option<UnderWay>,
    ledger: Ledger,
    /// Those that wait for the first list.
    waiting: Vec<Question>,
}

/// Serves until its channel ends.
pub(super) async fn run(setup: Setup, mut messages: UnboundedReceiver<Message>) {
    let requests = Requests::new(setup.timing, Instant::now());
    let mut worker =
        Worker { setup, client: None, requests, under_way: None, ledger: Ledger::default(), waiting: vec![] };
    loop {
        worker.ask();
        let alarm = worker.alarm();
        tokio::select! {
            message = messages.recv() => match message {
                Some(message) => worker.take(message),
                None => return,
            },
            (began, answer) = answered(&mut worker.under_way) => worker.learn(began, answer),
            () = sleep(alarm) => {}
        }
        worker.serve(Instant::now());
    }
}

async fn answered(under_way: &mut Option<UnderWay>) -> (Instant, Answer) {
    let Some((began, answer)) = under_way else { return pending().await };
    let (began, answer) = (*began, answer.await);
    *under_way = None;
    (began, answer)
}

async fn sleep(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until.into()).await,
        None => pending().await,
    }
}

impl Worker {
    fn bounds(&self) -> Bounds {
        let Setup { timing, call, .. } = &self.setup;
        // One answer may be late, and one may be lost.
        Bounds {
            feed: timing.wait + timing.gap + *call * 2,
            list: timing.list + *call * 2,
            pause: timing.pause,
            echo: *call,
        }
    }

    fn take(&mut self, message: Message) {
        let now = Instant::now();
        match message {
            Message::Begin { client, id } => {
                self.use_client(client, now);
                self.ledger.begin(id);
            }
            Message::End { id, look } => {
                if look.wrote {
                    self.requests.wrote(now);
                }
                let woken = self.ledger.end(id, look, &self.bounds(), now);
                self.wake(woken);
            }
            Message::Ask { client, question } => {
                self.use_client(client, now);
                self.waiting.push(question);
            }
            Message::Forget { id } => self.ledger.forget(id),
            Message::Distrust => {
                // Until a pass finds the way there again.
                self.client = None;
                self.begin_again(now);
            }
        }
    }

    /// Another client has other credentials, or another endpoint.
    fn use_client(&mut self, client: Arc<Client>, now: Instant) {
        if self.client.as_ref().is_some_and(|known| Arc::ptr_eq(known, &client)) {
            return;
        }
        if self.client.replace(client).is_some() {
            self.begin_again(now);
        }
    }

    fn begin_again(&mut self, now: Instant) {
        self.under_way = None;
        self.requests = Requests::new(self.setup.timing, now);
        self.ledger.distrust(now);
    }

    /// Sends the next request, unless one is under way.
    fn ask(&mut self) {
        let (Some(client), None) = (self.client.clone(), &self.under_way) else { return };
        let began = Instant::now();
        let Some(request) = self.requests.next(began) else { return };
        debug!(?request, "asking for changes");
        let Setup { timing, cluster_id, .. } = self.setup.clone();
        let answer = async move {
            match request {
                Request::Beginning => Answer::Feed(client.changes(None, Duration::ZERO).await),
                Request::Changes(cursor) => Answer::Feed(client.changes(Some(&cursor), timing.wait).await),
                Request::List => Answer::List(listing(&client, timing.page, &cluster_id).await),
            }
        };
        self.under_way = Some((began, answer.boxed()));
    }

    fn learn(&mut self, began: Instant, answer: Answer) {
        let (now, bounds) = (Instant::now(), self.bounds());
        match answer {
            Answer::Feed(answer) => match self.requests.told(answer, began, now) {
                Told::Begins => self.ledger.feed_begins(began),
                Told::Changed(ids) => {
                    let ids = ids.iter().filter_map(|id| TenantId::parse(id));
                    let woken = self.ledger.changed(ids, &bounds, now);
                    self.wake(woken);
                }
                Told::Nothing => self.ledger.feed_ends(),
                Told::Silence => {}
            },
            Answer::List(Ok(listing)) => {
                self.requests.listed(Ok(()), now);
                let woken = self.ledger.listed(listing, began);
                self.wake(woken);
            }
            Answer::List(Err(NoListing::Failed(error))) => {
                info!(cause = %error, "no list of tenants; each is looked at");
                self.requests.listed(Err(Some(&error)), now);
            }
            Answer::List(Err(NoListing::Endless)) => {
                info!("the list of tenants does not end; each is looked at");
                self.requests.listed(Err(None), now);
            }
        }
    }

    /// Answers those that need not wait any more, and wakes those whose turn it is.
    fn serve(&mut self, now: Instant) {
        let (bounds, patience) = (self.bounds(), self.setup.call);
        let is_tried = self.requests.is_tried();
        let ledger = &self.ledger;
        let answered = self.waiting.extract_if(.., |question| is_tried || question.asked + patience <= now);
        for Question { expected, answer, asked: _ } in answered {
            // A pass that is gone needs no answer.
            answer.send(is_tried && ledger.is_unchanged(expected, &bounds, now)).ok();
        }
        let woken = self.ledger.due(now);
        self.wake(woken);
    }

    /// When there is something to do without a message.
    fn alarm(&self) -> Option<Instant> {
        let request = self.client.as_ref().filter(|_| self.under_way.is_none()).map(|_| self.requests.wakes());
        let patience = self.waiting.first().map(|question| question.asked + self.setup.call);
        [request, patience, self.ledger.next_due()].into_iter().flatten().min()
    }

    fn wake(&self, woken: impl IntoIterator<Item = Woken>) {
        woken.into_iter().for_each(|woken| self.setup.wakes.announce(&woken));
    }
}

//! Counts the side effects of an operator, and stops everything at one of them.
//!
//! A side effect is a request that may change something, at the API server or at the platform: both proxies share one
//! recorder, so that the number n counts over both. Armed for side effect n, it lets exactly n side effects (or n − 1,
//! before the send) happen: later ones are held from the moment that n arrives, so that a crash leaves the same state
//! behind in every run.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::Method;
use tokio::sync::{oneshot, watch};

/// When everything stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The request was sent and never arrived.
    BeforeSend,
    /// The request was executed, and its response never arrived.
    AfterSend,
    /// The response was delivered, and nothing follows.
    AfterAnswer,
}

impl Moment {
    /// All moments.
    pub const ALL: [Self; 3] = [Self::BeforeSend, Self::AfterSend, Self::AfterAnswer];
}

/// A request that may have changed something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Counted from 1 over all targets.
    pub number: usize,
    /// The name of the upstream.
    pub target: &'static str,
    /// The HTTP method.
    pub method: Method,
    /// The path without the query.
    pub path: String,
    /// The status of the response; nothing if there was none yet.
    pub status: Option<u16>,
}

/// The shared count. Clones count together.
#[derive(Clone)]
pub struct Recorder {
    shared: Arc<Shared>,
}

type IsEffect = dyn Fn(&'static str, &str) -> bool + Send + Sync;

struct Shared {
    is_effect: Box<IsEffect>,
    state: Mutex<State>,
    /// Counts the releases.
    releases: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    effects: Vec<Effect>,
    armed: Option<Armed>,
    is_holding: bool,
    held: usize,
}

struct Armed {
    number: usize,
    moment: Moment,
    reached: oneshot::Sender<()>,
}

/// The decision about a side effect.
pub(super) enum Decision {
    /// Send it under this number, and stop at the given moment.
    Send(usize, ArmedStop),
    /// Let the connection hang and then close it.
    Hold,
}

/// The armed moment of a side effect, if there is one.
pub(super) struct ArmedStop(Option<Armed>);

impl ArmedStop {
    /// Notifies the test if this is the armed moment, and returns whether it is.
    pub(super) fn reaches(&mut self, moment: Moment) -> bool {
        match self.0.take_if(|armed| armed.moment == moment) {
            Some(armed) => {
                // An error means that the test is no longer listening.
                let _ = armed.reached.send(());
                true
            }
            None => false,
        }
    }
}

impl Recorder {
    /// Counts the requests to a (target, path) that `is_effect` accepts; reads never count.
    pub fn new(is_effect: impl Fn(&'static str, &str) -> bool + Send + Sync + 'static) -> Self {
        Self {
            shared: Arc::new(Shared {
                is_effect: Box::new(is_effect),
                state: Mutex::default(),
                releases: watch::Sender::new(0),
            }),
        }
    }

    /// Returns all side effects so far.
    pub fn effects(&self) -> Vec<Effect> {
        self.state().effects.clone()
    }

    /// Returns how many side effects are held since everything stopped.
    pub fn held(&self) -> usize {
        self.state().held
    }

    /// Stops everything at side effect `number`; the receiver resolves when it is reached.
    ///
    /// # Panics
    /// If that side effect has happened already, since the test would wait forever.
    pub fn arm(&self, number: usize, moment: Moment) -> oneshot::Receiver<()> {
        let mut state = self.state();
        let done = state.effects.len();
        assert!(number > done, "effect {number} is past: there were {done}");
        let (reached, receiver) = oneshot::channel();
        state.armed = Some(Armed { number, moment, reached });
        receiver
    }

    /// Resumes everything. Held requests are lost with their connections, as in a crash.
    pub fn release(&self) {
        let mut state = self.state();
        state.armed = None;
        state.is_holding = false;
        state.held = 0;
        self.shared.releases.send_modify(|count| *count += 1);
    }

    pub(super) fn counts(&self, target: &'static str, method: &Method, path: &str) -> bool {
        !matches!(*method, Method::GET | Method::HEAD) && (self.shared.is_effect)(target, path)
    }

    pub(super) fn arrive(&self, target: &'static str, method: &Method, path: &str) -> Decision {
        let mut state = self.state();
        if state.is_holding {
            state.held += 1;
            return Decision::Hold;
        }
        let number = state.effects.len() + 1;
        state.effects.push(Effect { number, target, method: method.clone(), path: path.to_owned(), status: None });
        let armed = state.armed.take_if(|armed| armed.number == number);
        state.is_holding = armed.is_some();
        Decision::Send(number, ArmedStop(armed))
    }

    pub(super) fn answered(&self, number: usize, status: u16) {
        if let Some(effect) = self.state().effects.get_mut(number - 1) {
            effect.status = Some(status);
        }
    }

    /// Returns a future that resolves at the next release after this call.
    pub(super) fn released(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut releases = self.shared.releases.subscribe();
        async move {
            // An error means that the recorder is gone, so there will be no release.
            let _ = releases.changed().await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

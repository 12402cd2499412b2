//! Counts the effects that an operator has on the world, and stops the world at one of them.
//!
//! An effect is a request that may change something, at the API server or at the platform: one
//! recorder stands behind both proxies, so that n counts over both. Armed for effect n, it lets
//! exactly n effects (or n − 1, before the send) happen: later ones are held from the moment that
//! n arrives, so that what a crash leaves behind is the same in every run.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::Method;
use tokio::sync::{oneshot, watch};

/// Where the world stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The request was made and never arrived.
    BeforeSend,
    /// The request was carried out, and its answer never arrived.
    AfterSend,
    /// The answer was given, and nothing follows.
    AfterAnswer,
}

impl Moment {
    /// All of them, for tests that go through every one.
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
    /// The answer of the target; nothing if it was never sent or not answered yet.
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

/// What becomes of an effect that has arrived.
pub(super) enum Verdict {
    /// Send it under this number, and stop where the stop says.
    Send(usize, Stop),
    /// Let the connection hang and then lose it.
    Hold,
}

/// The armed moment of an effect, if it has one, on its way to being reached.
pub(super) struct Stop(Option<Armed>);

impl Stop {
    /// Tells the test if this is the armed moment, and reports whether it is.
    pub(super) fn reaches(&mut self, moment: Moment) -> bool {
        match self.0.take_if(|armed| armed.moment == moment) {
            Some(armed) => {
                // An error says that the test no longer listens.
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

    /// Returns all effects so far.
    pub fn effects(&self) -> Vec<Effect> {
        self.state().effects.clone()
    }

    /// Returns how many effects came after the world stopped, and wait.
    pub fn held(&self) -> usize {
        self.state().held
    }

    /// Stops the world at effect `number`; the receiver resolves when it stands there.
    ///
    /// # Panics
    /// When that effect has been already, which would wait for ever.
    pub fn arm(&self, number: usize, moment: Moment) -> oneshot::Receiver<()> {
        let mut state = self.state();
        let done = state.effects.len();
        assert!(number > done, "effect {number} is past: there were {done}");
        let (reached, receiver) = oneshot::channel();
        state.armed = Some(Armed { number, moment, reached });
        receiver
    }

    /// Lets the world go on. What was held is lost with its connection, as in a crash.
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

    pub(super) fn arrive(&self, target: &'static str, method: &Method, path: &str) -> Verdict {
        let mut state = self.state();
        if state.is_holding {
            state.held += 1;
            return Verdict::Hold;
        }
        let number = state.effects.len() + 1;
        state.effects.push(Effect { number, target, method: method.clone(), path: path.to_owned(), status: None });
        let armed = state.armed.take_if(|armed| armed.number == number);
        state.is_holding = armed.is_some();
        Verdict::Send(number, Stop(armed))
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
            // An error says that the recorder is gone, and then nobody will release.
            let _ = releases.changed().await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

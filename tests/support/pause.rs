//! Pauses the controller at one step of a pass, so that a test can act in between.

use std::sync::{Arc, Mutex, PoisonError, mpsc};

use nimbus_operator::controller::{Observer, Step};
use tokio::sync::oneshot;

/// A step to pause at, set as the observer of a fixture.
#[derive(Clone, Default)]
pub struct Pause(Arc<Mutex<Option<Armed>>>);

struct Armed {
    step: Step,
    reached: oneshot::Sender<()>,
    go_on: mpsc::Receiver<()>,
}

/// A paused pass; dropping this resumes it.
pub struct Paused {
    reached: Option<oneshot::Receiver<()>>,
    _go_on: mpsc::Sender<()>,
}

impl Pause {
    /// The observer that pauses.
    pub fn observer(&self) -> Observer {
        let hold = self.clone();
        Arc::new(move |step, _| {
            let armed = hold.0.lock().unwrap_or_else(PoisonError::into_inner).take_if(|armed| armed.step == step);
            if let Some(Armed { reached, go_on, .. }) = armed {
                // An error means that the test is no longer listening.
                let _ = reached.send(());
                // An error means that the other end was dropped, which is the signal to continue.
                let _ = tokio::task::block_in_place(|| go_on.recv());
            }
        })
    }

    /// Pauses the next pass that reaches a step, before it does anything there.
    pub fn at(&self, step: Step) -> Paused {
        let (reached, is_reached) = oneshot::channel();
        let (_go_on, go_on) = mpsc::channel();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Armed { step, reached, go_on });
        Paused { reached: Some(is_reached), _go_on }
    }
}

impl Paused {
    /// Waits until the pass is paused.
    pub async fn reached(&mut self) {
        let reached = self.reached.take().expect("waited for once");
        tokio::time::timeout(super::wait::PATIENCE, reached).await.expect("the step is reached").expect("by a pass");
    }
}

//! The task in front of those of the Platforms: it starts them and passes messages on.

use std::collections::HashMap;

use tokio::sync::mpsc::error::SendError;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;
use tracing::error;

use super::worker::{self, Message, Setup};

/// For the task of the Platform with this UID; without a message the Platform is gone.
pub(super) struct Directed {
    pub(super) platform: String,
    pub(super) message: Option<Message>,
}

pub(super) struct Router {
    setup: Setup,
    workers: HashMap<String, UnboundedSender<Message>>,
    tasks: JoinSet<()>,
}

impl Router {
    pub(super) fn new(setup: Setup) -> Self {
        Self { setup, workers: HashMap::new(), tasks: JoinSet::new() }
    }

    /// Serves until there is no one any more who could ask.
    pub(super) async fn run(mut self, mut inbox: UnboundedReceiver<Directed>) {
        loop {
            tokio::select! {
                directed = inbox.recv() => match directed {
                    Some(Directed { platform, message: Some(message) }) => self.pass_on(&platform, message),
                    // Without its sender a task ends.
                    Some(Directed { platform, message: None }) => drop(self.workers.remove(&platform)),
                    None => return,
                },
                Some(Err(_)) = self.tasks.join_next() => error!("the task that observes a platform panicked"),
            }
        }
    }

    fn pass_on(&mut self, platform: &str, message: Message) {
        let Some(SendError(message)) = self.worker(platform).send(message).err() else { return };
        // The task panicked. A new one begins with the list.
        self.workers.remove(platform);
        drop(self.worker(platform).send(message));
    }

    fn worker(&mut self, platform: &str) -> &UnboundedSender<Message> {
        self.workers.entry(platform.to_owned()).or_insert_with(|| {
            let (sender, messages) = unbounded_channel();
            self.tasks.spawn(worker::run(self.setup.clone(), messages));
            sender
        })
    }
}

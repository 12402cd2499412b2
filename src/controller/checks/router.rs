//! The task in front of those of the Platforms: it starts them, passes messages on, and passes wakes to the watch of their
//! namespace.

use std::collections::HashMap;

use tokio::sync::mpsc::error::SendError;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::error;

use super::platform_checks::Snapshot;
use super::tenant_checks::Wake;
use super::worker::{self, Setup};

/// What is known of the checks, by the UID of the Platform.
pub(super) type Directory = HashMap<String, watch::Receiver<Snapshot>>;

/// What the router is asked to do.
pub(super) enum Message {
    /// Wake the Tenants of one namespace, or of all, through this channel.
    Subscribe { namespace: Option<String>, wakes: UnboundedSender<Wake> },
    /// For the task of the Platform with this UID.
    Platform { uid: String, message: worker::Message },
    /// Check nothing more for the Tenant of this key, whichever its Platform is.
    Cancel { key: String },
    /// Nothing is checked any more at the Platform with this UID, which is deleted.
    Forget { uid: String },
    /// End everything.
    Stop,
}

pub(super) struct Router {
    setup: Setup,
    workers: HashMap<String, UnboundedSender<worker::Message>>,
    /// The Platform at which a Tenant is checked.
    platform_of: HashMap<String, String>,
    tasks: JoinSet<()>,
    directory: watch::Sender<Directory>,
    subscribers: Vec<(Option<String>, UnboundedSender<Wake>)>,
}

impl Router {
    pub(super) fn new(setup: Setup, directory: watch::Sender<Directory>) -> Self {
        Self {
            setup,
            directory,
            workers: HashMap::new(),
            platform_of: HashMap::new(),
            tasks: JoinSet::new(),
            subscribers: vec![],
        }
    }

    /// Serves until it is stopped, and then until every task has ended.
    pub(super) async fn run(mut self, mut messages: UnboundedReceiver<Message>, mut wakes: UnboundedReceiver<Wake>) {
        loop {
            tokio::select! {
                message = messages.recv() => match message {
                    Some(Message::Subscribe { namespace, wakes }) => self.subscribers.push((namespace, wakes)),
                    Some(Message::Platform { uid, message }) => self.pass_on(uid, message),
                    Some(Message::Cancel { key }) => self.cancel(key),
                    Some(Message::Forget { uid }) => self.forget(&uid),
                    Some(Message::Stop) | None => break,
                },
                Some(wake) = wakes.recv() => self.wake(&wake),
                Some(Err(_)) = self.tasks.join_next() => error!("the task of the checks of a Platform panicked"),
            }
        }
        self.workers.clear();
        while self.tasks.join_next().await.is_some() {}
    }

    /// A Tenant is checked at one Platform. One that was deleted and created again may name another.
    fn pass_on(&mut self, uid: String, message: worker::Message) {
        if let worker::Message::Follow { key, .. } = &message {
            let before = self.platform_of.insert(key.clone(), uid.clone());
            if let Some(before) = before.filter(|before| *before != uid) {
                self.send(before, worker::Message::Cancel { key: key.clone() });
            }
        }
        self.send(uid, message);
    }

    fn cancel(&mut self, key: String) {
        if let Some(uid) = self.platform_of.remove(&key) {
            self.send(uid, worker::Message::Cancel { key });
        }
    }

    /// Without its sender a task ends.
    fn forget(&mut self, uid: &str) {
        self.workers.remove(uid);
        self.platform_of.retain(|_, platform| platform != uid);
        self.directory.send_modify(|directory| drop(directory.remove(uid)));
    }

    fn send(&mut self, uid: String, message: worker::Message) {
        let Some(SendError(message)) = self.worker(&uid).send(message).err() else { return };
        // The task panicked. The next passes tell a new one what to check, and as which app.
        self.workers.remove(&uid);
        drop(self.worker(&uid).send(message));
    }

    /// The task of a Platform, which begins where there is none.
    fn worker(&mut self, uid: &str) -> &UnboundedSender<worker::Message> {
        self.workers.entry(uid.to_owned()).or_insert_with(|| {
            let (sender, messages) = unbounded_channel();
            let (snapshot, known) = watch::channel(Snapshot::default());
            self.directory.send_modify(|directory| drop(directory.insert(uid.to_owned(), known)));
            self.tasks.spawn(worker::run(self.setup.clone(), messages, snapshot));
            sender
        })
    }

    fn wake(&self, wake: &Wake) {
        let namespace = wake.tenant.namespace.as_deref();
        let of = |subscriber: &&(Option<String>, UnboundedSender<Wake>)| {
            subscriber.0.is_none() || subscriber.0.as_deref() == namespace
        };
        // A receiver that is gone was of a watch that ended.
        self.subscribers.iter().filter(of).for_each(|(_, subscriber)| drop(subscriber.send(wake.clone())));
    }
}

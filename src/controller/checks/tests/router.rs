//! Which task a message reaches. No app is read, so nothing is asked.

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::*;
use crate::controller::checks::router::{Directory, Message, Router};
use crate::controller::checks::worker;
use crate::microsoft::Acs;
use crate::telemetry::metrics::Metrics;

struct Routed {
    messages: UnboundedSender<Message>,
    directory: watch::Receiver<Directory>,
}

impl Routed {
    fn start() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let call = Duration::from_secs(1);
        let (wakes, woken) = unbounded_channel();
        let (messages, inbox) = unbounded_channel();
        let (known, directory) = watch::channel(Directory::default());
        let acs = Arc::new(Acs::new(call, vec![], Metrics::default()).unwrap());
        let router = Router::new(worker::Setup { acs, timing: TIMING, call, wakes }, known);
        tokio::spawn(router.run(inbox, woken));
        Self { messages, directory }
    }

    fn send(&self, message: Message) {
        self.messages.send(message).unwrap_or_else(|_| panic!("the router runs"));
    }

    fn follow(&self, platform: &str, tenant: &str) {
        let check = group(1);
        let begun = CheckState::new(check.name, check.input(), Instant::now());
        let planned = vec![PlannedCheck { check, begun }];
        let message = worker::Message::Follow {
            key: tenant.to_owned(),
            wake: wake(tenant),
            wanted: Wanted { planned, repeat: None },
        };
        self.send(Message::Platform { uid: platform.to_owned(), message });
    }

    /// Waits until a Platform checks for exactly these Tenants.
    async fn checks_for(&mut self, platform: &str, expected: &[&str]) {
        let directory = self.directory.wait_for(|directory| directory.contains_key(platform)).await.unwrap();
        let mut snapshot = directory[platform].clone();
        drop(directory);
        let exact = |known: &Snapshot| {
            known.len() == expected.len() && expected.iter().all(|tenant| known.contains_key(*tenant))
        };
        snapshot.wait_for(exact).await.unwrap();
    }
}

#[tokio::test]
async fn each_platform_checks_for_its_own_tenants() {
    let mut routed = Routed::start();
    routed.follow("one", "a");
    routed.follow("one", "b");
    routed.follow("two", "c");
    routed.checks_for("one", &["a", "b"]).await;
    routed.checks_for("two", &["c"]).await;
}

#[tokio::test]
async fn a_tenant_is_checked_at_one_platform_and_cancelled_wherever_it_is() {
    let mut routed = Routed::start();
    routed.follow("one", "a");
    routed.checks_for("one", &["a"]).await;
    routed.follow("two", "a");
    routed.checks_for("two", &["a"]).await;
    routed.checks_for("one", &[]).await;
    routed.send(Message::Cancel { key: "a".to_owned() });
    routed.checks_for("two", &[]).await;
}

#[tokio::test]
async fn a_platform_that_is_forgotten_is_gone_and_can_come_back() {
    let mut routed = Routed::start();
    routed.follow("one", "a");
    routed.checks_for("one", &["a"]).await;
    let snapshot = routed.directory.borrow()["one"].clone();
    routed.send(Message::Forget { uid: "one".to_owned() });
    routed.directory.wait_for(Directory::is_empty).await.unwrap();
    let mut snapshot = snapshot;
    while snapshot.changed().await.is_ok() {}
    routed.follow("one", "b");
    routed.checks_for("one", &["b"]).await;
}

#[tokio::test]
async fn stopping_ends_every_task_before_the_channel() {
    let mut routed = Routed::start();
    routed.follow("one", "a");
    routed.checks_for("one", &["a"]).await;
    let mut snapshot = routed.directory.borrow()["one"].clone();
    snapshot.mark_unchanged();
    routed.send(Message::Stop);
    routed.messages.closed().await;
    assert!(snapshot.changed().await.is_err(), "its owner has ended");
}

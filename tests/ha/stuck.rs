//! A leader that does not work any more, though its process runs: it must not keep the others from the work.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nimbus_operator::controller::{Observer, Options, Step, Timing};
use nimbus_operator::telemetry::server::{Server, Serving};
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::replica::{LEADS, Replica, TIMING, elected, held_by, released, renewed};
use crate::support::audit::Request;
use crate::support::fixture::Fixture;
use crate::support::wait::{PATIENCE, until};

/// Longer than a loaded machine lets a loop wait for its turn.
const STUCK: Duration = Duration::from_secs(6);

/// Blocks the thread that comes to it, until this is dropped.
struct Block {
    begin: Option<oneshot::Sender<()>>,
    _go_on: mpsc::Sender<()>,
}

/// The other end of a [`Block`].
struct Blocked {
    begin: oneshot::Receiver<()>,
    go_on: mpsc::Receiver<()>,
}

fn block() -> (Block, Blocked) {
    let ((begin, begins), (_go_on, go_on)) = (oneshot::channel(), mpsc::channel());
    (Block { begin: Some(begin), _go_on }, Blocked { begin: begins, go_on })
}

impl Blocked {
    /// Blocks the task that polls it and nothing else, once the block begins. It never ends.
    async fn task(self) {
        // An error means that the block was dropped, as at the end of it.
        drop(self.begin.await);
        // An error means that the block was dropped, which is the signal to go on.
        _ = tokio::task::block_in_place(|| self.go_on.recv());
        std::future::pending().await
    }

    /// An observer that blocks the thread of the first pass that comes to a step after the block began.
    fn observer(self, at: Step, reached: oneshot::Sender<()>) -> Observer {
        let armed = Mutex::new(Some((self, reached)));
        Arc::new(move |step, _| {
            let mut armed = armed.lock().unwrap_or_else(PoisonError::into_inner);
            let begun = armed.as_mut().is_some_and(|(blocked, _)| step == at && blocked.begin.try_recv().is_ok());
            let Some((blocked, reached)) = armed.take_if(|_| begun) else { return };
            drop(armed);
            // An error means that the test does not listen any more.
            _ = reached.send(());
            _ = blocked.go_on.recv();
        })
    }
}

/// A replica within the process of the test, and its probes.
fn watched(fixture: &Fixture, observer: Observer) -> (Options, SocketAddr, Serving) {
    let timing = Timing { stuck: STUCK, ..fixture.options().timing };
    let options = Options { timing, observer, ..elected(fixture, "first") };
    let server = Server::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = server.address();
    let serving = server.start(options.telemetry.clone()).unwrap();
    (options, address, serving)
}

async fn livez(address: SocketAddr) -> (u16, String) {
    let answer = reqwest::get(format!("http://{address}/livez")).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn is_dead(address: SocketAddr) {
    until("its liveness probe fails", PATIENCE, async || match livez(address).await {
        (503, said) if said.contains("[-]loop failed: it has not run for") => Ok(()),
        (status, said) => Err(format!("{status} {said}")),
    })
    .await;
}

async fn company(fixture: &Fixture, name: &str) {
    fixture.patch(json!({ "spec": { "general": { "companyName": name } } })).await;
}

/// The election has a task of its own, which would renew the Lease without end.
#[tokio::test(flavor = "multi_thread")]
async fn leader_whose_loop_is_stuck_gives_up_the_lease() {
    let fixture = Fixture::new("stuck-loop").await;
    released(&fixture).await;
    let (mut block, blocked) = block();
    let (options, address, _serving) = watched(&fixture, Arc::new(|_, _| {}));
    let first = fixture.start_beside(options, blocked.task());
    fixture.connected().await;
    let second = Replica::start(&fixture, "second", TIMING).await;
    second.logs("standing by").await;
    fixture.create(json!({})).await;
    fixture.ready().await;
    assert_eq!((200, "ok".to_owned()), livez(address).await);

    block.begin.take().unwrap().send(()).unwrap();
    renewed(&fixture, "first").await;
    company(&fixture, "While the loop is stuck").await;
    is_dead(address).await;
    second.leads().await;
    fixture.ready().await;

    drop(block);
    let said = first.failed().await;
    assert!(said.contains("lost the Lease") && said.contains("because the operator is stuck"), "{said}");
    held_by(&fixture, "second").await;
    let effects = fixture.platform.effects(0).await.unwrap();
    assert_eq!(2, effects.len(), "one creation and one edit: {effects:?}");
}

/// The runtime of an operator with one thread. Dropping a runtime waits, which an asynchronous test must not.
struct OneThread(Option<Runtime>);

impl OneThread {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        Self(Some(runtime.unwrap()))
    }
}

impl Drop for OneThread {
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

/// Blocks the one thread of a leader, right before a step of a pass: nothing of it runs, neither its loop nor its renewals. Its probes have
/// a thread of their own. When another leads and has done the work, the thread goes on where it stood. Returns what the pass wrote to the
/// Tenant then, refused or not, and all writes to the platform.
async fn blocked_until_another_leads(name: &str, step: Step) -> (Vec<Request>, usize) {
    let fixture = Fixture::new(name).await;
    released(&fixture).await;
    let ((mut block, blocked), (reached, is_reached)) = (block(), oneshot::channel());
    let (options, address, _serving) = watched(&fixture, blocked.observer(step, reached));
    let runtime = OneThread::new();
    let first = {
        let _within = runtime.0.as_ref().unwrap().enter();
        fixture.start_with(options)
    };
    fixture.connected().await;
    let second = Replica::start(&fixture, "second", TIMING).await;
    second.logs("standing by").await;
    fixture.create(json!({})).await;
    fixture.ready().await;

    block.begin.take().unwrap().send(()).unwrap();
    company(&fixture, "While the runtime is blocked").await;
    tokio::time::timeout(PATIENCE, is_reached).await.expect("a pass comes to the step").unwrap();
    assert!(!second.process.log().contains(LEADS), "the first still leads");
    second.leads().await;
    fixture.ready().await;
    is_dead(address).await;

    let mark = fixture.audit().mark().await.unwrap();
    drop(block);
    let said = first.failed().await;
    assert!(said.contains("lost the Lease"), "{said}");
    let calls = fixture.platform.log_after(0).await.unwrap();
    let writes = calls.iter().filter(|seen| seen.call.contains("/v1/tenants") && !seen.call.starts_with("GET "));
    (fixture.tenant_writes(mark).await.unwrap(), writes.count())
}

#[tokio::test(flavor = "multi_thread")]
async fn leader_that_was_blocked_before_a_write_to_the_platform_is_replaced_and_does_not_make_it() {
    let (to_kubernetes, to_platform) = blocked_until_another_leads("stuck-execute", Step::Execute).await;
    assert_eq!(2, to_platform, "one creation and one edit, and none that was refused");
    assert!(to_kubernetes.is_empty(), "{to_kubernetes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn leader_that_was_blocked_before_its_status_write_is_replaced_and_does_not_make_it() {
    let (to_kubernetes, to_platform) = blocked_until_another_leads("stuck-conclude", Step::Conclude).await;
    assert_eq!(2, to_platform, "one creation and one edit");
    assert!(to_kubernetes.is_empty(), "{to_kubernetes:?}");
}

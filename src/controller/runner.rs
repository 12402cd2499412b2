//! Runs the passes over the objects of a kind: takes in what changes and what is woken, asks the queue which object is next, and tells it
//! when a pass ended. What a pass decides is no concern of this file.
//!
//! A change that a pass itself brings about, as its status write does, makes no further pass.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::{BoxStream, select_all};
use kube::runtime::reflector::ObjectRef;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::sleep_until;
use tracing::Instrument;

use super::arrivals::Arrival;
use super::context::Context;
use super::passed::{PassResult, Passed};
use super::queue::{Job, Key, Lane, Queue, Wish};
use super::reconciled::{Reconciled, pass, retry};
use crate::cluster::NotWritten;

/// What is taken in at once.
const CHUNK: usize = 64;

/// A kind whose objects wait in a queue.
pub(super) trait Queued: Reconciled + Send + Sync + Sized + 'static {
    /// Its queue.
    fn queue(context: &Context) -> &Queue;

    /// The word of the metrics for a lane of its queue.
    fn word(lane: Lane) -> &'static str;

    /// Why a change of it makes it due.
    fn lane(&self, context: &Context) -> Lane;

    /// Why something else that it depends on makes it due.
    fn lane_of_wake(&self) -> Lane;

    /// How long until it is due, where the last pass saw it as it is; `None` where it changed since, or was woken.
    fn wait(&self, context: &Context, now: Instant) -> Option<Duration>;

    /// Makes a pass.
    fn reconcile(object: Arc<Self>, context: Arc<Context>) -> impl Future<Output = Result<Passed, NotWritten>> + Send;

    /// The outcome of a pass could not be written.
    fn was_not_written(&self, context: &Context);

    /// An object is gone.
    fn is_gone(key: &str, context: &Context);
}

/// Runs passes for as long as something may arrive. `find` says what the watches hold.
///
/// A replica that stands by fills its queue only.
pub(super) async fn run<K: Queued>(
    context: &Arc<Context>,
    arrivals: Vec<BoxStream<'static, Arrival<K>>>,
    find: impl Fn(&ObjectRef<K>) -> Option<Arc<K>>,
) {
    let mut arrivals = select_all(arrivals).ready_chunks(CHUNK);
    let mut runner: Runner<'_, K, _> = Runner { context, find, passes: JoinSet::new(), running: HashMap::new() };
    let queue = K::queue(context);
    let mut begun = false;
    loop {
        let may_begin = begun && !context.passes.are_ending() && !context.leadership.is_over();
        if may_begin {
            runner.begin_passes();
        }
        let wakes = queue.wakes(Instant::now()).filter(|_| may_begin);
        tokio::select! {
            arrived = arrivals.next() => match arrived {
                Some(arrived) => arrived.into_iter().for_each(|arrival| runner.take_in(arrival)),
                None => return,
            },
            Some(ended) = runner.passes.join_next_with_id() => runner.end(ended),
            () = context.leadership.begun(), if !begun => begun = true,
            () = sleep_until(wakes.unwrap_or_else(Instant::now).into()), if wakes.is_some() => {}
            () = queue.risen() => {}
        }
    }
}

struct Runner<'c, K: Queued, Find> {
    context: &'c Arc<Context>,
    find: Find,
    /// The passes that run; they end with this.
    passes: JoinSet<Passed>,
    running: HashMap<Id, Running<K>>,
}

/// A pass that runs.
struct Running<K> {
    key: Key,
    lane: Lane,
    object: Arc<K>,
}

impl<K: Queued, Find: Fn(&ObjectRef<K>) -> Option<Arc<K>>> Runner<'_, K, Find> {
    fn queue(&self) -> &Queue {
        K::queue(self.context)
    }

    fn take_in(&self, arrival: Arrival<K>) {
        let now = Instant::now();
        let (object, is_change) = match arrival {
            Arrival::Changed(object) => (ObjectRef::from_obj(&*object), true),
            Arrival::Woken(object) => (object, false),
        };
        let key = key_of(&object);
        let Some(object) = (self.find)(&object) else { return self.forget(&key) };
        // What a pass wrote itself changes nothing.
        let wait = object.wait(self.context, now);
        let lane = match (wait, is_change) {
            (Some(_), _) => Lane::Resync,
            (None, true) => object.lane(self.context),
            (None, false) => object.lane_of_wake(),
        };
        self.queue().enqueue(key, self.wish(&object, lane, now + wait.unwrap_or_default()));
    }

    fn forget(&self, key: &str) {
        self.queue().forget(key);
        K::is_gone(key, self.context);
    }

    fn wish(&self, object: &K, lane: Lane, due: Instant) -> Wish {
        // One that is not there has no limit, and there is no end of names.
        let platform = object.platform().filter(|name| self.context.platforms.holds(name));
        Wish { lane, platform: Arc::from(platform.unwrap_or_default()), due }
    }

    fn begin_passes(&mut self) {
        while let Some(job) = self.queue().next(Instant::now()) {
            self.begin(job);
        }
    }

    fn begin(&mut self, job: Job<Key>) {
        let Some(object) = (self.find)(&reference(&job.key)) else {
            self.queue().done(&job.key, None);
            return self.forget(&job.key);
        };
        let wish = self.wish(&object, job.lane, job.due);
        // Its Platform came, or went, since it is due.
        if wish.platform != job.platform {
            return self.queue().done(&job.key, Some(wish));
        }
        let context = self.context.clone();
        context.options.telemetry.metrics.waited(K::word(job.lane), job.waited);
        let running = Running { key: job.key, lane: job.lane, object: object.clone() };
        let task = self.passes.spawn(pass(K::reconcile, object, context).in_current_span());
        self.running.insert(task.id(), running);
    }

    fn end(&mut self, ended: Result<(Id, Passed), JoinError>) {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let Some(Running { key, lane, object }) = self.running.remove(&id) else { return };
        let passed = ended.map_or_else(|_| self.panicked(&object), |(_, passed)| passed);
        if passed.result == PassResult::Unwritten {
            object.was_not_written(self.context);
        }
        let now = Instant::now();
        let Some(object) = (self.find)(&reference(&key)) else {
            self.queue().done(&key, None);
            return self.forget(&key);
        };
        // All that came meanwhile is what this pass saw or wrote.
        if object.wait(self.context, now).is_some() {
            self.queue().settle(&key);
        }
        let next = passed.wait.map(|wait| self.wish(&object, lane_after(lane, passed.result), now + wait));
        self.queue().done(&key, next);
    }

    /// A panic ends neither the watch nor other passes.
    fn panicked(&self, object: &Arc<K>) -> Passed {
        let result = PassResult::Unwritten;
        self.context.options.telemetry.metrics.reconciled(K::CONTROLLER, result.as_str());
        Passed::again(result, retry(&**object, &NotWritten("reconciliation panicked"), self.context))
    }
}

/// The lane of the next pass. What was asked for stays urgent until it is done, or until something else has to be done for it.
fn lane_after(lane: Lane, result: PassResult) -> Lane {
    match result {
        PassResult::Deleting
        | PassResult::Unavailable
        | PassResult::Raced
        | PassResult::Failed
        | PassResult::Unwritten => lane,
        PassResult::Succeeded
        | PassResult::Released
        | PassResult::Stopped
        | PassResult::Suspended
        | PassResult::Skipped => Lane::Resync,
    }
}

fn key_of<K: Reconciled>(object: &ObjectRef<K>) -> Key {
    Arc::from(format!("{}/{}", object.namespace.as_deref().unwrap_or_default(), object.name))
}

fn reference<K: Reconciled>(key: &str) -> ObjectRef<K> {
    match key.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() => ObjectRef::new(name).within(namespace),
        Some((_, name)) => ObjectRef::new(name),
        None => ObjectRef::new(key),
    }
}

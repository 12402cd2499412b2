//! The events of a watch that lists again where it cannot trust its resource version.
//!
//! kube goes on from the last resource version that it saw. Where the API server was restored from a backup meanwhile, that version lies
//! in the future, and nothing is delivered until the server gets there. So a watch that failed begins with a list.
//!
//! A list comes as a stream: one object after the other, and no page of them in memory. Where the API server does not stream lists, as
//! before Kubernetes 1.34, or where something between cuts the stream short, the list is read in pages.

use std::fmt::Debug;
use std::time::Duration;

use futures::stream::{BoxStream, Stream, StreamExt, unfold};
use kube::runtime::watcher::{Config, Error, Event, Result, watcher};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tracing::debug;

use super::epoch::Epoch;

type Events<K> = BoxStream<'static, Result<Event<K>>>;

/// How a list is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// As the beginning of the watch.
    Stream,
    /// Page by page, before the watch.
    Pages,
}

/// How far a watch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Nothing was answered yet.
    Begun,
    Listing,
    /// The list is complete.
    Watching,
}

/// The events of a kind. After `life` the API server ends the watch in order, and kube goes on with another one.
pub(super) fn events<K>(
    api: Api<K>,
    epoch: &Epoch,
    life: Duration,
) -> impl Stream<Item = Result<Event<K>>> + Send + 'static
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    // To the API server, none at all means as long as it likes.
    let seconds = u32::try_from(life.as_secs()).unwrap_or(u32::MAX).max(1);
    let config = Config::default().timeout(seconds);
    let begin = move |reading| {
        let config = match reading {
            Reading::Stream => config.clone().streaming_lists(),
            Reading::Pages => config.clone(),
        };
        watcher(api.clone(), config).boxed()
    };
    relisting(begin, epoch.lists())
}

/// Begins a new watch after one that failed, and whenever `lists` moves.
fn relisting<K: Send + 'static>(
    begin: impl Fn(Reading) -> Events<K> + Send + 'static,
    lists: watch::Receiver<u64>,
) -> impl Stream<Item = Result<Event<K>>> + Send + 'static {
    let events = begin(Reading::Stream);
    let relisting = Relisting { events, begin, lists, reading: Reading::Stream, stage: Stage::Begun };
    unfold(relisting, |mut relisting| async move { Some((relisting.next().await?, relisting)) })
}

struct Relisting<K, Begin> {
    events: Events<K>,
    begin: Begin,
    lists: watch::Receiver<u64>,
    reading: Reading,
    stage: Stage,
}

impl<K, Begin: Fn(Reading) -> Events<K>> Relisting<K, Begin> {
    async fn next(&mut self) -> Option<Result<Event<K>>> {
        loop {
            let event = tokio::select! {
                biased;
                // An error means that the cluster is gone, and then nothing asks for a list any more.
                Ok(()) = self.lists.changed() => {
                    self.restart(self.reading);
                    continue;
                }
                event = self.events.next() => event?,
            };
            if !self.is_unstreamed(&event) {
                self.take_in(&event);
                return Some(event);
            }
            debug!("a list cannot be read as a stream; it is read in pages");
            self.restart(Reading::Pages);
        }
    }

    /// Whether an event means that the list does not come as a stream.
    fn is_unstreamed(&self, event: &Result<Event<K>>) -> bool {
        let is_unstreamed = match event {
            // kube begins again by itself where a stream ends before the list is complete.
            Ok(Event::Init) => self.stage == Stage::Listing,
            Err(error) => self.stage != Stage::Watching && is_refused(error),
            Ok(Event::InitApply(_) | Event::InitDone | Event::Apply(_) | Event::Delete(_)) => false,
        };
        self.reading == Reading::Stream && is_unstreamed
    }

    fn take_in(&mut self, event: &Result<Event<K>>) {
        match event {
            Ok(Event::Init) => self.stage = Stage::Listing,
            // The next list may be streamed again: by then the API server may be another one.
            Ok(Event::InitDone) => (self.stage, self.reading) = (Stage::Watching, Reading::Stream),
            Ok(Event::InitApply(_) | Event::Apply(_) | Event::Delete(_)) => {}
            Err(error) if fails(error) => match self.stage {
                Stage::Listing => self.restart(Reading::Pages),
                Stage::Begun | Stage::Watching => self.restart(self.reading),
            },
            Err(_) => {}
        }
    }

    fn restart(&mut self, reading: Reading) {
        (self.events, self.reading, self.stage) = ((self.begin)(reading), reading, Stage::Begun);
    }
}

/// Whether a watch failed, which was not listing pages anyway.
fn fails(error: &Error) -> bool {
    match error {
        Error::InitialListFailed(_) => false,
        Error::WatchStartFailed(_) | Error::WatchError(_) | Error::WatchFailed(_) | Error::NoResourceVersion => true,
    }
}

/// Whether the API server refuses to stream a list: it does not know how, or something between takes the version for an expired one.
fn is_refused(error: &Error) -> bool {
    let code = match error {
        Error::WatchStartFailed(kube::Error::Api(status)) | Error::WatchFailed(kube::Error::Api(status)) => status.code,
        Error::WatchError(status) => status.code,
        Error::InitialListFailed(_) | Error::WatchStartFailed(_) | Error::WatchFailed(_) | Error::NoResourceVersion => {
            return false;
        }
    };
    [400, 410, 422].contains(&code)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures::stream::{iter, pending};
    use kube::core::Status;

    use super::*;

    /// How the lists were read.
    type Readings = Arc<Mutex<Vec<Reading>>>;

    /// What a run of watches delivers: each begins with `Init`.
    fn run(watches: Vec<Vec<Result<Event<u8>>>>, lists: watch::Receiver<u64>) -> (Events<u8>, Readings) {
        let (watches, readings) = (Mutex::new(watches.into_iter()), Readings::default());
        let noted = readings.clone();
        let begin = move |reading| {
            noted.lock().unwrap().push(reading);
            iter(watches.lock().unwrap().next().unwrap()).chain(pending()).boxed()
        };
        (relisting(begin, lists).boxed(), readings)
    }

    fn word(event: &Result<Event<u8>>) -> String {
        match event {
            Ok(Event::Apply(number)) => number.to_string(),
            Ok(other) => format!("{other:?}"),
            Err(_) => "failed".to_owned(),
        }
    }

    async fn words(events: &mut Events<u8>, count: usize) -> Vec<String> {
        events.take(count).map(|event| word(&event)).collect().await
    }

    fn status(code: u16) -> Box<Status> {
        Box::new(Status { code, ..Status::default() })
    }

    #[tokio::test]
    async fn a_watch_that_failed_begins_with_a_list() {
        let lists = watch::Sender::new(0);
        let refused = Error::InitialListFailed(kube::Error::Api(status(500)));
        let watches = vec![
            vec![
                Ok(Event::Init),
                Err(refused),
                Ok(Event::InitDone),
                Err(Error::WatchError(status(500))),
                Ok(Event::Apply(1)),
            ],
            vec![Ok(Event::Init), Ok(Event::InitDone), Ok(Event::Apply(2))],
            vec![Ok(Event::Init), Ok(Event::Apply(3))],
        ];
        let (mut events, _) = run(watches, lists.subscribe());
        let expected = ["Init", "failed", "InitDone", "failed", "Init", "InitDone", "2"];
        assert_eq!(expected, *words(&mut events, 7).await, "a list that fails goes on by itself");
        lists.send_modify(|count| *count += 1);
        assert_eq!(["Init", "3"], *words(&mut events, 2).await);
    }

    #[tokio::test]
    async fn a_list_that_is_not_streamed_is_read_in_pages() {
        let lists = watch::Sender::new(0);
        let start = |code| Err(Error::WatchStartFailed(kube::Error::Api(status(code))));
        let paged = || vec![Ok(Event::Init), Ok(Event::InitDone), Err(Error::WatchError(status(500)))];
        for (what, streamed, expected) in [
            ("it is refused", vec![start(422)], vec![]),
            ("it is expired", vec![Ok(Event::Init), Err(Error::WatchError(status(410)))], vec!["Init"]),
            (
                "it ends too soon",
                vec![Ok(Event::Init), Ok(Event::InitApply(1)), Ok(Event::Init)],
                vec!["Init", "InitApply(1)"],
            ),
            ("it breaks", vec![Ok(Event::Init), Err(Error::NoResourceVersion)], vec!["Init", "failed"]),
        ] {
            let (mut events, readings) = run(vec![streamed, paged(), vec![Ok(Event::Init)]], lists.subscribe());
            let expected: Vec<_> = expected.into_iter().chain(["Init", "InitDone", "failed", "Init"]).collect();
            assert_eq!(expected, words(&mut events, expected.len()).await, "{what}");
            assert_eq!([Reading::Stream, Reading::Pages, Reading::Stream], **readings.lock().unwrap(), "{what}");
        }
    }

    #[tokio::test]
    async fn an_api_server_that_is_away_is_asked_for_a_stream_again() {
        let lists = watch::Sender::new(0);
        let start = |code| Err(Error::WatchStartFailed(kube::Error::Api(status(code))));
        let (mut events, readings) =
            run(vec![vec![start(503)], vec![start(404)], vec![Ok(Event::Init)]], lists.subscribe());
        assert_eq!(["failed", "failed", "Init"], *words(&mut events, 3).await);
        assert_eq!([Reading::Stream; 3], **readings.lock().unwrap());
    }
}

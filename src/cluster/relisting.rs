//! The events of a watch that lists again where it cannot trust its resource version.
//!
//! kube goes on from the last resource version that it saw. Where the API server was restored from a backup meanwhile, that version lies
//! in the future, and nothing is delivered until the server gets there. So a watch that failed begins with a list.

use std::fmt::Debug;
use std::time::Duration;

use futures::stream::{BoxStream, Stream, StreamExt, unfold};
use kube::runtime::watcher::{Config, Error, Event, Result, watcher};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use super::epoch::Epoch;

type Events<K> = BoxStream<'static, Result<Event<K>>>;

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
    relisting(move || watcher(api.clone(), config.clone()).boxed(), epoch.lists())
}

/// Begins a new watch after one that failed, and whenever `lists` moves.
fn relisting<K: Send + 'static>(
    begin: impl Fn() -> Events<K> + Send + 'static,
    lists: watch::Receiver<u64>,
) -> impl Stream<Item = Result<Event<K>>> + Send + 'static {
    let events = begin();
    unfold((events, begin, lists), |(mut events, begin, mut lists)| async move {
        let event = loop {
            tokio::select! {
                biased;
                // An error means that the cluster is gone, and then nothing asks for a list any more.
                Ok(()) = lists.changed() => events = begin(),
                event = events.next() => break event?,
            }
        };
        if event.as_ref().is_err_and(fails) {
            events = begin();
        }
        Some((event, (events, begin, lists)))
    })
}

/// Whether a watch failed, which was not listing anyway.
fn fails(error: &Error) -> bool {
    match error {
        Error::InitialListFailed(_) => false,
        Error::WatchStartFailed(_) | Error::WatchError(_) | Error::WatchFailed(_) | Error::NoResourceVersion => true,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use std::sync::Mutex;

    use futures::stream::{iter, pending};
    use kube::core::Status;

    use super::*;

    /// What a run of watches delivers: each begins with `Init`.
    fn run(watches: Vec<Vec<Result<Event<u8>>>>, lists: watch::Receiver<u64>) -> Events<u8> {
        let watches = Mutex::new(watches.into_iter());
        let begin = move || iter(watches.lock().unwrap().next().unwrap()).chain(pending()).boxed();
        relisting(begin, lists).boxed()
    }

    fn word(event: &Result<Event<u8>>) -> String {
        match event {
            Ok(Event::Apply(number)) => number.to_string(),
            Ok(other) => format!("{other:?}"),
            Err(_) => "failed".to_owned(),
        }
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
            vec![Ok(Event::Init), Ok(Event::Apply(2))],
            vec![Ok(Event::Init), Ok(Event::Apply(3))],
        ];
        let mut events = run(watches, lists.subscribe());
        let mut seen = vec![];
        for _ in 0..6 {
            seen.push(word(&events.next().await.unwrap()));
        }
        assert_eq!(["Init", "failed", "InitDone", "failed", "Init", "2"], *seen, "a list that fails goes on by itself");
        lists.send_modify(|count| *count += 1);
        let more = [word(&events.next().await.unwrap()), word(&events.next().await.unwrap())];
        assert_eq!(["Init", "3"], more);
    }
}

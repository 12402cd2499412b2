//! A watch that fails: why, and when it is tried again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use futures::stream::{BoxStream, Stream, StreamExt, unfold};
use kube::runtime::watcher::{Error, Event, Result};
use tokio::time::sleep;

/// The first wait after a failure; it doubles.
const FIRST: Duration = Duration::from_millis(800);
/// An attempt that fails just before the API server is back costs this long, and a new Tenant shall be Ready within 10 s of that.
const LONGEST: Duration = Duration::from_secs(5);
/// The longest wait for a CRD that is missing: its objects shall be served soon after it came back, and asking costs little.
const LONGEST_FOR_CRD: Duration = Duration::from_secs(2);

/// Waits longer after each failure, until an event shows that the watch works again.
pub(super) fn with_backoff<K: Send + 'static>(
    events: impl Stream<Item = Result<Event<K>>> + Send + 'static,
) -> BoxStream<'static, Result<Event<K>>> {
    unfold((events.boxed(), Backoff::default()), |(mut events, mut backoff)| async move {
        if let Some(wait) = backoff.due.take() {
            sleep(shortened(wait, random())).await;
        }
        let event = events.next().await?;
        backoff.take_in(&event);
        Some((event, (events, backoff)))
    })
    .boxed()
}

/// Between three quarters of a wait and the whole: the watches of many operators, which failed at the same moment, do not all come
/// back to the API server at the same moment.
fn shortened(wait: Duration, random: u64) -> Duration {
    wait * 3 / 4 + wait.mul_f64((random % 1024) as f64 / 4096.0)
}

/// Each one has other keys.
fn random() -> u64 {
    RandomState::new().hash_one(())
}

#[derive(Default)]
struct Backoff {
    failures: u32,
    /// How long to wait at most before the next attempt.
    due: Option<Duration>,
}

impl Backoff {
    fn take_in<K>(&mut self, event: &Result<Event<K>>) {
        match event {
            Err(error) => {
                let doubled = FIRST.saturating_mul(1 << self.failures.min(16));
                self.due = Some(match code(error) {
                    // Not a failure: the objects have to be listed again.
                    Some(410) => FIRST,
                    Some(404) => doubled.min(LONGEST_FOR_CRD),
                    Some(_) | None => doubled.min(LONGEST),
                });
                self.failures += 1;
            }
            // A list begins, which may fail.
            Ok(Event::Init) => {}
            Ok(Event::InitApply(_) | Event::InitDone | Event::Apply(_) | Event::Delete(_)) => self.failures = 0,
        }
    }
}

/// The code of the answer, if there was one.
fn code(error: &Error) -> Option<u16> {
    match error {
        Error::InitialListFailed(kube::Error::Api(status))
        | Error::WatchStartFailed(kube::Error::Api(status))
        | Error::WatchFailed(kube::Error::Api(status))
        | Error::WatchError(status) => Some(status.code),
        Error::InitialListFailed(_) | Error::WatchStartFailed(_) | Error::WatchFailed(_) | Error::NoResourceVersion => {
            None
        }
    }
}

/// Why a watch failed. The text of an answer may quote an object, so only its code and its reason, a word of a closed list, are
/// told.
pub(super) fn cause(error: &Error) -> String {
    match error {
        Error::InitialListFailed(error) => format!("listing: {}", answer(error)),
        Error::WatchStartFailed(error) | Error::WatchFailed(error) => format!("watching: {}", answer(error)),
        Error::WatchError(status) => format!("watching: {} {}", status.code, word(&status.reason)),
        Error::NoResourceVersion => "the answer has no resource version".to_owned(),
    }
}

fn answer(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if status.code == 404 => "404 NotFound: is the CRD installed?".to_owned(),
        kube::Error::Api(status) => format!("{} {}", status.code, word(&status.reason)),
        kube::Error::SerdeError(_) => "an answer that cannot be read".to_owned(),
        _ => "no connection, or it broke".to_owned(),
    }
}

fn word(reason: &str) -> &str {
    if reason.bytes().all(|b| b.is_ascii_alphabetic()) { reason } else { "" }
}

#[cfg(test)]
mod tests {
    use futures::stream::iter;
    use kube::core::Status;
    use tokio::time::Instant;

    use super::*;

    fn failed() -> Result<Event<()>> {
        Err(Error::NoResourceVersion)
    }

    #[tokio::test(start_paused = true)]
    async fn each_watch_waits_longer_until_an_event_comes() {
        let started = Instant::now();
        let before = (0..7).flat_map(|_| [Ok(Event::Init), failed()]);
        let after = [Ok(Event::Init), Ok(Event::InitDone), failed(), Ok(Event::Apply(())), failed(), failed()];
        let events = with_backoff(iter(before.chain(after).collect::<Vec<_>>()));
        let at: Vec<_> = events.map(|event| (event.is_err(), started.elapsed().as_millis())).collect().await;
        let failures: Vec<_> = at.into_iter().filter(|(failed, _)| *failed).map(|(_, at)| at).collect();
        let waits: Vec<_> = failures.windows(2).map(|pair| pair[1] - pair[0]).collect();
        // The list that begins after a failure ends no back-off; an event does.
        let most = [800, 1600, 3200, 5000, 5000, 5000, 5000, 800, 800];
        assert_eq!(most.len(), waits.len());
        // The clock of the test has a resolution of 1 ms.
        assert!(waits.iter().zip(most).all(|(wait, most)| (most * 3 / 4..=most + 1).contains(wait)), "{waits:?}");
    }

    #[test]
    fn watches_do_not_come_back_in_step() {
        let wait = Duration::from_secs(4);
        assert_eq!([3000, 3500], [0, 512].map(|random| shortened(wait, random).as_millis()));
        assert!((0..5000).all(|random| (3000..4000).contains(&shortened(wait, random).as_millis())));
        let drawn: std::collections::HashSet<_> = (0..20).map(|_| shortened(wait, random())).collect();
        assert!(drawn.len() > 10, "{drawn:?}");
    }

    #[test]
    fn a_missing_crd_and_an_expired_version_are_tried_again_soon() {
        let mut backoff = Backoff::default();
        let mut wait_after = |code| {
            let status = Box::new(Status { code, ..Status::default() });
            backoff.take_in::<()>(&Err(Error::InitialListFailed(kube::Error::Api(status))));
            backoff.due.unwrap_or_default().as_millis()
        };
        assert_eq!([800, 1600, 2000, 2000], [404, 404, 404, 404].map(&mut wait_after));
        assert_eq!([800, 5000], [410, 500].map(wait_after), "what expired is listed again soon");
    }

    #[test]
    fn a_cause_names_code_and_reason_and_quotes_nothing() {
        let status = |code, reason: &str| {
            let (reason, message) = (reason.to_owned(), "tenants \"secret\" is forbidden".to_owned());
            Box::new(Status { code, reason, message, ..Status::default() })
        };
        for (error, expected) in [
            (Error::InitialListFailed(kube::Error::Api(status(403, "Forbidden"))), "listing: 403 Forbidden"),
            (
                Error::WatchStartFailed(kube::Error::Api(status(404, "NotFound"))),
                "watching: 404 NotFound: is the CRD installed?",
            ),
            (Error::WatchError(status(500, "a 'quoted' object")), "watching: 500 "),
            (Error::WatchFailed(kube::Error::LinesCodecMaxLineLengthExceeded), "watching: no connection, or it broke"),
        ] {
            assert_eq!(expected, cause(&error));
        }
    }
}

//! Waiting for a condition: the one place in the tests where time passes.

use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

use anyhow::{Result, anyhow};
use tokio::time::{Instant, sleep_until, timeout_at};

/// Long enough for a loaded machine; a test whose condition is met does not wait for it.
pub const PATIENCE: Duration = Duration::from_secs(60);

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// Polls `probe` until it answers `Ok` and returns that value.
///
/// # Panics
/// After `deadline`, with `what` and the last `Err`, which describes the observed value.
pub async fn until<T, E, F, Probe>(what: &str, deadline: Duration, probe: Probe) -> T
where
    E: Display,
    F: Future<Output = Result<T, E>>,
    Probe: FnMut() -> F,
{
    match try_until(what, deadline, probe).await {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}

/// As [`until`], with an error instead of a panic.
pub async fn try_until<T, E, F, Probe>(what: &str, deadline: Duration, mut probe: Probe) -> Result<T>
where
    E: Display,
    F: Future<Output = Result<T, E>>,
    Probe: FnMut() -> F,
{
    let end = Instant::now() + deadline;
    let mut pause = FIRST_PAUSE;
    let mut last_seen = "nothing: the first look did not end".to_owned();
    loop {
        // A probe that hangs is bounded too; the reported value is then that of the previous probe.
        match timeout_at(end, probe()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(seen)) => last_seen = seen.to_string(),
            Err(_) => {}
        }
        if Instant::now() + pause >= end {
            return Err(anyhow!("waited {deadline:?} for: {what}; last seen: {last_seen}"));
        }
        sleep_until(Instant::now() + pause).await;
        pause = (pause * 3 / 2).min(LONGEST_PAUSE);
    }
}

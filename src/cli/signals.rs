//! The signals that stop the operator.

use std::future::poll_fn;
use std::task::Poll;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

/// What asks a process to end. There is no configuration to read again, so SIGHUP, as from a terminal that closes, is one of them.
const STOPS: [(&str, SignalKind); 3] =
    [("SIGTERM", SignalKind::terminate()), ("SIGINT", SignalKind::interrupt()), ("SIGHUP", SignalKind::hangup())];

/// Completes on SIGTERM, SIGINT (Ctrl-C) or SIGHUP. A second signal ends the process at once, with 128 and its number as the exit
/// code.
///
/// *Errors*: the signal handlers cannot be installed.
pub fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut signals = Signals::install()?;
    Ok(async move {
        let (name, _) = signals.next().await;
        info!(signal = name, "stopping; a second signal ends the process at once");
        tokio::spawn(async move {
            let (name, number) = signals.next().await;
            warn!(signal = name, "ended at once");
            std::process::exit(128 + number);
        });
    })
}

struct Signals(Vec<(&'static str, SignalKind, Signal)>);

impl Signals {
    fn install() -> std::io::Result<Self> {
        STOPS.into_iter().map(|(name, kind)| Ok((name, kind, signal(kind)?))).collect::<Result<_, _>>().map(Self)
    }

    /// The name and the number of the next one.
    async fn next(&mut self) -> (&'static str, i32) {
        poll_fn(|context| {
            let received = self.0.iter_mut().find_map(|(name, kind, signal)| {
                signal.poll_recv(context).is_ready().then(|| (*name, kind.as_raw_value()))
            });
            received.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}

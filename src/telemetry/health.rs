//! Whether the process works (`/livez`) and whether it is up to its work (`/readyz`).
//!
//! Only what a new process would heal makes it dead: a runtime that is stuck, and a watch that does nothing at all any more. A watch
//! that is refused or finds no server tries again and again, which is a sign of life.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Between two beats of a loop.
const BEAT: Duration = Duration::from_secs(1);
/// What a watch may need beyond its silence to try again: its back-off, a connection that is not taken, and a slow machine.
const SLACK: Duration = Duration::from_secs(60);

/// The health of a process. Cheap to share.
#[derive(Clone, Default)]
pub struct Health(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    phase: Phase,
    loops: BTreeMap<&'static str, Loop>,
    watches: BTreeMap<u64, Watched>,
    /// Of the last watch.
    number: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    /// The start-up checks have not passed yet.
    #[default]
    Starting,
    /// They have, and there are to be this many watches.
    Started { watches: usize },
    /// It stops.
    Stopping,
}

/// Whether the process is up to its work without a watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    Required,
    /// It only brings sooner what is looked for anyway.
    Optional,
}

struct Loop {
    /// When it was last seen to run.
    seen: Instant,
    /// The longest time without a beat.
    most: Duration,
}

struct Watched {
    /// The kind, and the namespace where it is one.
    name: String,
    /// Of its requests. Two watches may have the same.
    path: String,
    need: Need,
    seen: Instant,
    /// The longest time without a sign of life.
    most: Duration,
    synced: bool,
}

/// One check of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What is checked.
    pub name: String,
    /// Why it failed.
    pub failure: Option<String>,
}

impl Health {
    /// Beats for as long as it is polled, in the loop that it stands for, which is stuck after `most` without a beat. It never ends by
    /// itself.
    pub(crate) async fn beat(&self, name: &'static str, most: Duration) {
        let _heart = Heart { health: self, name };
        loop {
            self.state().loops.insert(name, Loop { seen: Instant::now(), most });
            tokio::time::sleep(BEAT).await;
        }
    }

    /// The start-up checks have passed; so many watches follow.
    pub(crate) fn started(&self, watches: usize) {
        self.state().phase = Phase::Started { watches };
    }

    /// The process stops.
    pub(crate) fn stopping(&self) {
        self.state().phase = Phase::Stopping;
    }

    /// Follows a watch of a kind. `path` is that of its requests, `silence` how long a connection of it may be without a byte.
    pub(crate) fn follow(&self, kind: &str, path: &str, silence: Duration, need: Need) -> Pulse {
        let namespace = path.split_once("/namespaces/").and_then(|(_, rest)| rest.split('/').next());
        let name = namespace.map_or_else(|| kind.to_owned(), |namespace| format!("{kind}-{namespace}"));
        let (path, seen, most) = (path.to_owned(), Instant::now(), silence + SLACK);
        let mut state = self.state();
        state.number += 1;
        let number = state.number;
        state.watches.insert(number, Watched { name, path, need, seen, most, synced: false });
        Pulse { health: self.clone(), number }
    }

    /// Notes that something was heard on a connection of the watches whose requests have this path.
    pub(crate) fn heard(&self, path: &str) {
        self.state().watches.values_mut().filter(|watched| watched.path == path).for_each(Watched::is_heard);
    }

    /// Whether a new process would heal something.
    pub fn live(&self, now: Instant) -> Vec<Check> {
        let state = self.state();
        let loops = state.loops.iter().map(|(name, seen)| {
            let failure = silent(now, seen.seen, seen.most).map(|seconds| format!("it has not run for {seconds} s"));
            Check { name: (*name).to_owned(), failure }
        });
        let watches = state.watches.values().map(|watched| {
            let failure = silent(now, watched.seen, watched.most);
            let failure = failure.map(|seconds| format!("no event, bookmark or attempt for {seconds} s"));
            Check { name: format!("watch-{}", watched.name), failure }
        });
        loops.chain(watches).collect()
    }

    /// Whether a loop does not run any more.
    pub(crate) fn is_stuck(&self, now: Instant) -> bool {
        self.state().loops.values().any(|seen| silent(now, seen.seen, seen.most).is_some())
    }

    /// Whether the process is up to its work. A standby is.
    pub fn ready(&self) -> Vec<Check> {
        let state = self.state();
        let check =
            |name: &str, failure: Option<&str>| Check { name: name.to_owned(), failure: failure.map(Into::into) };
        let (started, expected) = match state.phase {
            Phase::Starting => (false, 0),
            Phase::Started { watches } => (true, watches),
            Phase::Stopping => return vec![check("shutdown", Some("the operator is stopping"))],
        };
        let preflight = check("preflight", (!started).then_some("the start-up checks have not passed yet"));
        let required = || state.watches.values().filter(|watched| watched.need == Need::Required);
        let missing = started && required().count() < expected;
        let begun = check("watches", missing.then_some("not every watch has begun"));
        let watches = required().map(|watched| {
            let name = format!("watch-{}", watched.name);
            check(&name, (!watched.synced).then_some("the first list is not complete"))
        });
        [preflight, begun].into_iter().chain(watches).collect()
    }

    /// Lets time pass for every watch.
    #[cfg(test)]
    pub(crate) fn age(&self, by: Duration) {
        self.state().watches.values_mut().for_each(|watched| watched.seen -= by);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What is in it is set in one step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    fn is_heard(&mut self) {
        self.seen = Instant::now();
    }
}

/// For how many seconds there was no sign of life, where that is too long.
fn silent(now: Instant, seen: Instant, most: Duration) -> Option<u64> {
    let silence = now.saturating_duration_since(seen);
    (silence > most).then_some(silence.as_secs())
}

/// A loop that beats. One that ended in order is not stuck.
struct Heart<'h> {
    health: &'h Health,
    name: &'static str,
}

impl Drop for Heart<'_> {
    fn drop(&mut self) {
        self.health.state().loops.remove(self.name);
    }
}

/// A watch that is followed, until it is dropped.
pub(crate) struct Pulse {
    health: Health,
    number: u64,
}

impl Pulse {
    /// The watch did something: an event, or an attempt that failed.
    pub(crate) fn beat(&self) {
        self.health.state().watches.get_mut(&self.number).into_iter().for_each(Watched::is_heard);
    }

    /// Its first list is complete.
    pub(crate) fn synced(&self) {
        self.health.state().watches.get_mut(&self.number).into_iter().for_each(|watched| watched.synced = true);
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.health.state().watches.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const PATH: &str = "/apis/nimbus.luware.com/v1alpha1/tenants";
    const SILENCE: Duration = Duration::from_secs(90);
    const STUCK: Duration = Duration::from_secs(30);

    /// The names of the checks that fail, with why.
    fn failures(checks: Vec<Check>) -> Vec<String> {
        checks.into_iter().filter_map(|check| Some(format!("{}: {}", check.name, check.failure?))).collect()
    }

    fn later(seconds: u64) -> Instant {
        Instant::now() + Duration::from_secs(seconds)
    }

    #[tokio::test]
    async fn a_loop_that_does_not_run_is_dead() {
        let health = Health::default();
        assert_eq!([""; 0], *failures(health.live(later(1000))), "nothing runs yet");
        let mut beat = Box::pin(health.beat("loop", STUCK));
        assert_eq!(None, (&mut beat).now_or_never());
        assert_eq!([""; 0], *failures(health.live(later(29))));
        assert_eq!(["loop: it has not run for 31 s"], *failures(health.live(later(31))));
        drop(beat);
        assert_eq!([""; 0], *failures(health.live(later(31))), "it ended in order");
    }

    #[test]
    fn only_a_watch_that_does_nothing_is_dead() {
        let health = Health::default();
        let pulse = health.follow("Tenant", PATH, SILENCE, Need::Required);
        assert_eq!([""; 0], *failures(health.live(later(149))), "its silence and the slack");
        let dead = ["watch-Tenant: no event, bookmark or attempt for 151 s"];
        assert_eq!(dead, *failures(health.live(later(151))));
        health.heard("/api/v1/secrets");
        assert_eq!(dead, *failures(health.live(later(151))), "another watch");
        health.age(Duration::from_secs(151));
        assert_eq!(dead, *failures(health.live(Instant::now())));
        pulse.beat();
        assert_eq!([""; 0], *failures(health.live(Instant::now())), "an event or an attempt");
        health.age(Duration::from_secs(151));
        health.heard(PATH);
        assert_eq!([""; 0], *failures(health.live(Instant::now())), "a bookmark");
        drop(pulse);
        assert_eq!([""; 0], *failures(health.live(later(1000))), "it ended in order");
    }

    #[tokio::test]
    async fn a_loop_that_does_not_run_is_stuck_for_leader_and_probe_alike() {
        let health = Health::default();
        assert!(!health.is_stuck(later(1000)), "no loop has begun");
        let mut beat = Box::pin(health.beat("loop", STUCK));
        assert_eq!(None, (&mut beat).now_or_never());
        for (seconds, expected) in [(0, false), (29, false), (31, true)] {
            let now = later(seconds);
            assert_eq!(
                (expected, expected),
                (health.is_stuck(now), !failures(health.live(now)).is_empty()),
                "{seconds}"
            );
        }
        drop(beat);
        assert!(!health.is_stuck(later(1000)), "it ended in order");
    }

    #[test]
    fn ready_means_started_and_synced_and_not_stopping() {
        let health = Health::default();
        assert_eq!(["preflight: the start-up checks have not passed yet"], *failures(health.ready()));
        health.started(1);
        assert_eq!(["watches: not every watch has begun"], *failures(health.ready()));
        let _optional = health.follow("Secret", "/api/v1/namespaces/ops/secrets", SILENCE, Need::Optional);
        assert_eq!(["watches: not every watch has begun"], *failures(health.ready()));
        assert_eq!("watch-Secret-ops", health.live(Instant::now())[0].name);
        let pulse = health.follow("Tenant", PATH, SILENCE, Need::Required);
        assert_eq!(["watch-Tenant: the first list is not complete"], *failures(health.ready()));
        pulse.synced();
        assert_eq!([""; 0], *failures(health.ready()));
        health.stopping();
        assert_eq!(["shutdown: the operator is stopping"], *failures(health.ready()));
    }
}

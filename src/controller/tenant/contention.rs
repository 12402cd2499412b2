//! How long the passes over a Tenant have come to nothing because another writer was faster, or because Kubernetes did not answer.
//! One such pass says nothing, since the next one is about to tell. When it goes on, people have to know.

use std::time::{Duration, Instant};

use crate::plan::Stopped;
use crate::plan::stop::StopClass;

/// After so many passes in a row it is no coincidence.
const MOST: u32 = 5;

/// Passes in a row that came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contention {
    passes: u32,
    /// When the first one began.
    since: Instant,
}

impl Contention {
    /// What is known after a pass that began `started` and ended like this; nothing where it came to something.
    pub(crate) fn after<T>(before: Option<Self>, outcome: &Result<T, Stopped>, started: Instant) -> Option<Self> {
        match outcome.as_ref().err()?.stop.class() {
            StopClass::Transient => {
                let Self { passes, since } = before.unwrap_or(Self { passes: 0, since: started });
                Some(Self { passes: passes.saturating_add(1), since })
            }
            StopClass::Unreachable | StopClass::Internal | StopClass::Suspended | StopClass::Verdict => None,
        }
    }

    /// Whether it lasts: by the number of passes, or by the time.
    pub(crate) fn lasts(self, most: Duration, now: Instant) -> bool {
        self.passes >= MOST || now.saturating_duration_since(self.since) >= most
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Stop;

    const HALF_A_MINUTE: Duration = Duration::from_secs(30);

    fn after(passes: u32, now: Instant) -> Option<Contention> {
        let raced = Err::<(), _>(Stop::Raced("settings-changed".to_owned()).into());
        (0..passes).fold(None, |before, _| Contention::after(before, &raced, now))
    }

    #[test]
    fn a_race_lasts_after_five_passes_or_half_a_minute() {
        let now = Instant::now();
        for (passes, seconds, expected) in [(1, 0, false), (4, 29, false), (5, 0, true), (1, 30, true)] {
            let lasts =
                after(passes, now).is_some_and(|race| race.lasts(HALF_A_MINUTE, now + Duration::from_secs(seconds)));
            assert_eq!(lasts, expected, "{passes} passes, {seconds} s");
        }
    }

    #[test]
    fn every_other_end_of_a_pass_ends_it() {
        let now = Instant::now();
        assert_eq!(Contention::after(after(9, now), &Ok(()), now), None);
        assert_eq!(Contention::after(after(9, now), &Err::<(), _>(Stop::Suspended.into()), now), None);
        let silent = Err::<(), _>(Stop::Kubernetes("no response").into());
        assert_eq!(Contention::after(after(1, now), &silent, now), after(2, now), "the same of another kind");
    }
}

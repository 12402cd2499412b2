//! The passes under way. When the operator stops, none begins, and those under way are finished.

use tokio::sync::watch;

/// The passes under way.
#[derive(Default)]
pub(super) struct Passes(watch::Sender<State>);

#[derive(Default)]
struct State {
    under_way: usize,
    stopping: bool,
}

/// A pass under way, until it is dropped.
pub(super) struct UnderWay<'p>(&'p Passes);

impl Passes {
    /// Begins a pass; `None` once the operator stops.
    pub(super) fn begin(&self) -> Option<UnderWay<'_>> {
        let begins = self.0.send_if_modified(|state| {
            state.under_way += usize::from(!state.stopping);
            !state.stopping
        });
        begins.then(|| UnderWay(self))
    }

    /// Whether the operator stops, so that no pass begins any more.
    pub(super) fn are_ending(&self) -> bool {
        self.0.borrow().stopping
    }

    /// Lets no pass begin from now on, and waits for those under way.
    pub(super) async fn finish(&self) {
        self.0.send_modify(|state| state.stopping = true);
        // The sender is `self`, so the wait ends with the last pass only.
        drop(self.0.subscribe().wait_for(|state| state.under_way == 0).await);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|state| state.under_way -= 1);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn no_pass_begins_once_it_stops_and_those_under_way_are_waited_for() {
        let passes = Passes::default();
        assert_eq!(Some(()), passes.finish().now_or_never(), "nothing is under way");
        assert!(passes.begin().is_none());

        let passes = Passes::default();
        let (first, second) = (passes.begin().unwrap(), passes.begin().unwrap());
        let mut finished = Box::pin(passes.finish());
        assert_eq!(None, (&mut finished).now_or_never());
        assert!(passes.begin().is_none());
        drop(first);
        assert_eq!(None, (&mut finished).now_or_never());
        drop(second);
        assert_eq!(Some(()), finished.now_or_never());
    }
}

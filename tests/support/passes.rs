//! Counts the passes of a controller, for what no status shows: a pass that has nothing to write.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nimbus_operator::controller::Step;

use super::fixture::FixtureOn;
use super::wait::{PATIENCE, until};

/// How many passes came to an end.
#[derive(Clone, Default)]
pub struct Passes(Arc<AtomicUsize>);

impl Passes {
    /// Waits until so many more came to an end.
    pub async fn more(&self, expected: usize) {
        let before = self.0.load(Ordering::SeqCst);
        until(&format!("{expected} more passes"), PATIENCE, async || match self.0.load(Ordering::SeqCst) - before {
            made if made < expected => Err(format!("{made}")),
            _ => Ok(()),
        })
        .await;
    }
}

impl FixtureOn<'_> {
    /// Counts the passes of each controller that is started from now on.
    pub fn count_passes(&mut self) -> Passes {
        let passes = Passes::default();
        let counter = passes.clone();
        self.observer = Arc::new(move |step, _| {
            if step == Step::Publish {
                counter.0.fetch_add(1, Ordering::SeqCst);
            }
        });
        passes
    }
}

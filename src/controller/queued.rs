//! The kinds that are queued: in which lane, and what their passes are.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::Resource;

use super::context::Context;
use super::passed::Passed;
use super::queue::{Lane, Queue};
use super::reconciled::Reconciled;
use super::runner::Queued;
use super::{partner, platform, tenant};
use crate::cluster::{Guarded, NotWritten};
use crate::resources::{CachedTenant, Partner, Platform};

impl Queued for CachedTenant {
    fn queue(context: &Context) -> &Queue {
        &context.queues.tenants
    }

    fn word(lane: Lane) -> &'static str {
        lane.as_str()
    }

    fn lane(&self, context: &Context) -> Lane {
        let is_edited = || self.observed_generation != self.meta().generation;
        match self.lane_of_wake() {
            Lane::Drift if context.memory.has_changed(self.meta()).unwrap_or_else(is_edited) => Lane::Edit,
            // It was seen after it was listed, as it was before.
            Lane::Drift => Lane::Resync,
            lane => lane,
        }
    }

    fn lane_of_wake(&self) -> Lane {
        if self.is_undecodable() {
            // It says so, and nothing else.
            Lane::Drift
        } else if self.meta().deletion_timestamp.is_some() {
            Lane::Deletion
        } else if self.is_applied {
            Lane::Drift
        } else {
            Lane::Create
        }
    }

    fn wait(&self, context: &Context, now: Instant) -> Option<Duration> {
        context.memory.wait(self.meta(), now)
    }

    fn reconcile(object: Arc<Self>, context: Arc<Context>) -> impl Future<Output = Result<Passed, NotWritten>> + Send {
        tenant::reconcile(object, context)
    }

    fn was_not_written(&self, context: &Context) {
        context.memory.mark_due(self.meta().uid.as_deref().unwrap_or_default(), Instant::now());
    }

    fn is_gone(key: &str, context: &Context) {
        context.checks.cancel(key);
    }
}

/// A kind of which there are few, whose queue counts as one lane.
macro_rules! few {
    ($kind:ty, $queue:ident, $reconcile:path) => {
        impl Queued for Guarded<$kind> {
            fn queue(context: &Context) -> &Queue {
                &context.queues.$queue
            }

            fn word(_: Lane) -> &'static str {
                Self::CONTROLLER
            }

            fn lane(&self, _: &Context) -> Lane {
                if self.meta().deletion_timestamp.is_some() { Lane::Deletion } else { Lane::Edit }
            }

            fn lane_of_wake(&self) -> Lane {
                Lane::Drift
            }

            /// Its pass looks itself: its finalizer is put back even where nothing else is due.
            fn wait(&self, _: &Context, _: Instant) -> Option<Duration> {
                None
            }

            fn reconcile(
                object: Arc<Self>,
                context: Arc<Context>,
            ) -> impl Future<Output = Result<Passed, NotWritten>> + Send {
                $reconcile(object, context)
            }

            fn was_not_written(&self, _: &Context) {}

            fn is_gone(_: &str, _: &Context) {}
        }
    };
}

few!(Platform, platforms, platform::reconcile);
few!(Partner, partners, partner::reconcile);

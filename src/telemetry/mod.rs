//! What the process says of itself: its log, its health for probes, its metrics, and the HTTP server that shows the last two.
//!
//! Log lines have constant text, values in fields; the span of a pass carries what it is about. This room knows no kind and no
//! rule: others record what they do, where they do it, and it never calls them but for numbers at a scrape.

mod connections;
mod flat;
pub mod health;
pub mod log;
mod log_filter;
pub mod metrics;
pub mod server;

use health::Health;
use metrics::Metrics;

/// What a process records of itself. Cheap to share.
#[derive(Clone, Default)]
pub struct Telemetry {
    /// For probes.
    pub health: Health,
    /// For scrapes.
    pub metrics: Metrics,
}

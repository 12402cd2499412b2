//! What is recorded while it happens: counters, and durations.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::histogram::Histogram;

use super::samples::Labels;
use super::table::{Kind, Metric};

/// Whose value decides whether a series stays.
const PLATFORM: &str = "platform";

/// Counters and durations, by metric and labels.
#[derive(Default)]
pub(super) struct Recorder(Mutex<Recorded>);

#[derive(Clone, Default)]
pub(super) struct Recorded {
    pub(super) counters: BTreeMap<&'static str, BTreeMap<Labels, u64>>,
    pub(super) durations: BTreeMap<&'static str, BTreeMap<Labels, Histogram>>,
}

impl Recorder {
    /// Counts one.
    pub(super) fn count(&self, metric: &'static Metric, labels: Labels) {
        debug_assert_eq!(metric.labels.len(), labels.len(), "{}", metric.name);
        *self.recorded().counters.entry(metric.name).or_default().entry(labels).or_default() += 1;
    }

    /// Records a duration.
    pub(super) fn observe(&self, metric: &'static Metric, labels: Labels, took: Duration) {
        debug_assert_eq!(metric.labels.len(), labels.len(), "{}", metric.name);
        let Kind::Histogram(bounds) = metric.kind else { return };
        let mut recorded = self.recorded();
        let series = recorded.durations.entry(metric.name).or_default();
        series.entry(labels).or_insert_with(|| Histogram::new(bounds.iter().copied())).observe(took.as_secs_f64());
    }

    /// Lets a counter begin with 0, so that its first increment is seen as one.
    pub(super) fn begin(&self, metric: &'static Metric, labels: Labels) {
        self.recorded().counters.entry(metric.name).or_default().entry(labels).or_default();
    }

    /// Drops the series of Platforms that are gone.
    pub(super) fn keep_platforms(&self, table: &[&'static Metric], names: &BTreeSet<String>) {
        let mut recorded = self.recorded();
        for metric in table {
            let Some(at) = metric.labels.iter().position(|label| *label == PLATFORM) else { continue };
            let stays = |labels: &Labels| labels.get(at).is_some_and(|name| names.contains(&**name));
            if let Some(series) = recorded.counters.get_mut(metric.name) {
                series.retain(|labels, _| stays(labels));
            }
            if let Some(series) = recorded.durations.get_mut(metric.name) {
                series.retain(|labels, _| stays(labels));
            }
        }
    }

    pub(super) fn recorded(&self) -> MutexGuard<'_, Recorded> {
        // Numbers are whole after each step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A status code as a label. Every server answers with these; others count by their class, so that no server decides how many
/// series there are.
pub(super) fn code(code: Option<u16>) -> Cow<'static, str> {
    Cow::Borrowed(match code {
        None => "none",
        Some(200) => "200",
        Some(201) => "201",
        Some(202) => "202",
        Some(204) => "204",
        Some(400) => "400",
        Some(401) => "401",
        Some(403) => "403",
        Some(404) => "404",
        Some(409) => "409",
        Some(410) => "410",
        Some(412) => "412",
        Some(422) => "422",
        Some(429) => "429",
        Some(500) => "500",
        Some(502) => "502",
        Some(503) => "503",
        Some(504) => "504",
        Some(code) => match code / 100 {
            1 => "1xx",
            2 => "2xx",
            3 => "3xx",
            4 => "4xx",
            5 => "5xx",
            _ => "other",
        },
    })
}

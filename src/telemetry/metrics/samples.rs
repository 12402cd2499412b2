//! What is collected at a scrape.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::table::Metric;

/// The values of labels, in the order of the metric's.
pub(super) type Labels = Vec<Cow<'static, str>>;

/// What is computed when it is scraped, of objects that are there: what is gone leaves no series behind.
pub trait Source: Send + Sync {
    /// Collects it.
    fn collect(&self, samples: &mut Samples);
}

/// Numbers of this moment.
#[derive(Debug, Default)]
pub struct Samples {
    pub(super) values: BTreeMap<&'static str, BTreeMap<Labels, f64>>,
    pub(super) platforms: Option<BTreeSet<String>>,
    pub(super) stands_by: bool,
}

impl Samples {
    /// Sets a series.
    pub fn set(&mut self, metric: &'static Metric, labels: &[&str], value: f64) {
        *self.series(metric, labels) = value;
    }

    /// Adds to a series, which begins with 0.
    pub fn add(&mut self, metric: &'static Metric, labels: &[&str], value: f64) {
        *self.series(metric, labels) += value;
    }

    /// Raises a series to a value, unless it is higher already.
    pub fn raise(&mut self, metric: &'static Metric, labels: &[&str], value: f64) {
        let series = self.series(metric, labels);
        *series = series.max(value);
    }

    /// This process does not lead at this moment.
    pub fn stand_by(&mut self) {
        self.stands_by = true;
    }

    /// The Platforms that there are. What was recorded of others is dropped.
    pub fn platforms(&mut self, names: BTreeSet<String>) {
        self.platforms = Some(names);
    }

    fn series(&mut self, metric: &'static Metric, labels: &[&str]) -> &mut f64 {
        let labels = labels.iter().map(|label| Cow::Owned((*label).to_owned())).collect();
        self.values.entry(metric.name).or_default().entry(labels).or_default()
    }
}

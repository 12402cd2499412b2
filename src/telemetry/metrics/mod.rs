//! The metrics of the process, in the text format of OpenMetrics 1.0.
//!
//! Requests and passes are counted where they are made. What can be read from what the operator holds anyway is computed when it is
//! scraped: it costs no pass anything, and the series of an object end with it. Labels are words of closed lists and names of
//! objects: no text of a server, no name of a person and nothing secret is among them.

mod process;
mod recorder;
mod samples;
pub mod table;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeCounterValue, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use self::recorder::{Recorded, Recorder, code};
use self::samples::Labels;
pub use self::samples::{Samples, Source};
use self::table::{Kind, Metric, OBJECT, Scope, TABLE};

/// The media type of a scrape.
pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Of the build, where it names it.
const COMMIT: Option<&str> = option_env!("NIMBUS_COMMIT");

/// The metrics of a process. Cheap to share.
#[derive(Clone, Default)]
pub struct Metrics(Arc<State>);

#[derive(Default)]
struct State {
    recorder: Recorder,
    lead: Mutex<Lead>,
    source: Mutex<Option<Weak<dyn Source>>>,
}

/// Whether this process leads, and since when.
#[derive(Clone, Copy)]
struct Lead {
    leads: bool,
    since: Timestamp,
}

impl Default for Lead {
    fn default() -> Self {
        Self { leads: true, since: Timestamp::now() }
    }
}

impl Metrics {
    /// Says whether this process leads. Until it says so, it does.
    pub fn leads(&self, leads: bool) {
        *self.0.lead.lock().unwrap_or_else(PoisonError::into_inner) = Lead { leads, since: Timestamp::now() };
    }

    /// Since when this process leads.
    pub(crate) fn leads_since(&self) -> Timestamp {
        self.lead().since
    }

    fn lead(&self) -> Lead {
        *self.0.lead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Collects from this source at each scrape, for as long as it is there.
    pub(crate) fn collect_from(&self, source: &Arc<dyn Source>) {
        *self.0.source.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::downgrade(source));
    }

    /// A pass of a controller.
    pub(crate) fn reconciled(&self, controller: &'static str, result: &'static str) {
        self.0.recorder.count(&table::RECONCILE, vec![Cow::Borrowed(controller), Cow::Borrowed(result)]);
    }

    /// How long it took.
    pub(crate) fn took(&self, controller: &'static str, result: &'static str, took: Duration) {
        let labels = vec![Cow::Borrowed(controller), Cow::Borrowed(result)];
        self.0.recorder.observe(&table::RECONCILE_DURATION, labels, took);
    }

    /// A pass began this long after its object was due.
    pub(crate) fn waited(&self, lane: &'static str, wait: Duration) {
        self.0.recorder.observe(&table::QUEUE_WAIT, vec![Cow::Borrowed(lane)], wait);
    }

    /// A new generation of a Tenant is live this long after it was seen.
    pub(crate) fn changed(&self, took: Duration) {
        self.0.recorder.observe(&table::TENANT_CHANGE_DURATION, vec![], took);
    }

    /// A pass corrected drift.
    pub(crate) fn drift_corrected(&self, platform: &str) {
        self.0.recorder.count(&table::DRIFT_CORRECTED, vec![Cow::Owned(platform.to_owned())]);
    }

    /// A platform accepted a confirmed deletion.
    pub(crate) fn deletion_confirmed(&self, platform: &str) {
        self.0.recorder.count(&table::CONFIRMED_DELETIONS, vec![Cow::Owned(platform.to_owned())]);
    }

    /// A request to the Kubernetes API.
    pub(crate) fn kubernetes(&self, verb: &'static str, resource: String, status: Option<u16>, took: Duration) {
        let labels = vec![Cow::Borrowed(verb), Cow::Owned(resource), code(status)];
        self.0.recorder.count(&table::KUBERNETES_REQUESTS, labels);
        self.0.recorder.observe(&table::KUBERNETES_REQUEST_DURATION, vec![Cow::Borrowed(verb)], took);
    }

    /// The requests to a platform.
    pub fn platform(&self, platform: &str) -> PlatformRequests {
        PlatformRequests { metrics: self.clone(), platform: platform.to_owned() }
    }

    /// A request to a service of Microsoft.
    pub(crate) fn microsoft(&self, service: &'static str, status: Option<u16>, took: Duration) {
        let service = Cow::Borrowed(service);
        self.0.recorder.count(&table::MICROSOFT_REQUESTS, vec![service.clone(), code(status)]);
        self.0.recorder.observe(&table::MICROSOFT_REQUEST_DURATION, vec![service], took);
    }

    /// A scrape.
    pub fn render(&self) -> String {
        let mut registry = Registry::default();
        registry.register_collector(Box::new(self.clone()));
        let mut text = String::new();
        // Writing to a string does not fail.
        encode(&mut text, &registry).map(|()| text).unwrap_or_default()
    }

    /// Collects what is computed at a scrape.
    fn samples(&self) -> Samples {
        let mut samples = Samples::default();
        process::collect(&mut samples);
        let source = self.0.source.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(source) = source.and_then(|source| source.upgrade()) {
            source.collect(&mut samples);
        }
        let leads = self.lead().leads && !samples.stands_by;
        samples.set(&table::LEADER, &[], f64::from(u8::from(leads)));
        if !leads {
            let of_process =
                |name: &&str| TABLE.iter().any(|metric| metric.name == *name && metric.scope == Scope::Process);
            samples.values.retain(|name, _| of_process(name));
        }
        if let Some(platforms) = &samples.platforms {
            self.0.recorder.keep_platforms(TABLE, platforms);
            for platform in platforms {
                for metric in [&table::CONFIRMED_DELETIONS, &table::DRIFT_CORRECTED] {
                    self.0.recorder.begin(metric, vec![Cow::Owned(platform.clone())]);
                }
            }
        }
        samples
    }
}

/// The requests to one platform.
#[derive(Clone)]
pub struct PlatformRequests {
    metrics: Metrics,
    platform: String,
}

impl PlatformRequests {
    /// A request, by the template of its path.
    pub(crate) fn record(&self, method: &str, route: &str, status: Option<u16>, took: Duration) {
        let owned = |text: &str| Cow::Owned(text.to_owned());
        let request = vec![owned(&self.platform), owned(method), owned(route)];
        let recorder = &self.metrics.0.recorder;
        recorder.count(&table::PLATFORM_REQUESTS, [request.clone(), vec![code(status)]].concat());
        recorder.observe(&table::PLATFORM_REQUEST_DURATION, request, took);
    }
}

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let samples = self.samples();
        // A copy: no pass waits until all is written.
        let recorded = self.0.recorder.recorded().clone();
        for metric in TABLE {
            encode_metric(&mut encoder, metric, &samples, &recorded)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

/// Writes a metric, unless it has no series.
fn encode_metric(
    encoder: &mut DescriptorEncoder<'_>,
    metric: &'static Metric,
    samples: &Samples,
    recorded: &Recorded,
) -> fmt::Result {
    let Metric { name, help, kind, .. } = *metric;
    let computed = samples.values.get(name);
    match kind {
        Kind::Info => {
            let labels = [("version", env!("CARGO_PKG_VERSION")), ("commit", COMMIT.unwrap_or("unknown"))];
            encoder.encode_descriptor(name, help, None, MetricType::Info)?.encode_info(&labels)
        }
        Kind::Gauge => {
            let Some(series) = computed else { return Ok(()) };
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            series.iter().try_for_each(|(labels, value)| {
                labeled(&mut family, metric, labels, |series| series.encode_gauge(value))
            })
        }
        Kind::Counter => {
            let counted = recorded.counters.get(name).filter(|series| !series.is_empty());
            if computed.is_none() && counted.is_none() {
                return Ok(());
            }
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            computed
                .into_iter()
                .flatten()
                .try_for_each(|(labels, value)| labeled(&mut family, metric, labels, |series| count(series, value)))?;
            counted
                .into_iter()
                .flatten()
                .try_for_each(|(labels, value)| labeled(&mut family, metric, labels, |series| count(series, value)))
        }
        Kind::Histogram(_) => {
            let series = recorded.durations.get(name).filter(|series| !series.is_empty());
            let Some(series) = series else { return Ok(()) };
            let mut family = encoder.encode_descriptor(name, help, None, MetricType::Histogram)?;
            if let Some(durations) = series.get(&Labels::new()) {
                return durations.encode(family);
            }
            series
                .iter()
                .try_for_each(|(labels, durations)| durations.encode(family.encode_family(&pairs(metric, labels))?))
        }
    }
}

fn count(series: &mut MetricEncoder<'_>, value: &impl EncodeCounterValue) -> fmt::Result {
    series.encode_counter::<NoLabelSet, _, u64>(value, None)
}

/// Writes one series of a metric.
fn labeled(
    family: &mut MetricEncoder<'_>,
    metric: &Metric,
    labels: &Labels,
    write: impl FnOnce(&mut MetricEncoder<'_>) -> fmt::Result,
) -> fmt::Result {
    if labels.is_empty() {
        return write(family);
    }
    write(&mut family.encode_family(&pairs(metric, labels))?)
}

/// The labels with their names.
fn pairs<'l>(metric: &Metric, labels: &'l Labels) -> Vec<(&'static str, &'l str)> {
    let names = metric.labels.iter().chain(&OBJECT);
    names.zip(labels).map(|(name, value)| (*name, &**value)).collect()
}

#[cfg(test)]
mod tests;

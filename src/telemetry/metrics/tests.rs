use std::collections::BTreeSet;
use std::time::Duration;

use super::*;

/// A fleet with one Platform.
struct Fleet(&'static str);

impl Source for Fleet {
    fn collect(&self, samples: &mut Samples) {
        samples.platforms(BTreeSet::from([self.0.to_owned()]));
        samples.set(&table::PLATFORM_UP, &[self.0], 1.0);
        samples.add(&table::TENANT_CONDITION, &["Ready", "True", "Succeeded"], 1.0);
        samples.add(&table::TENANT_CONDITION, &["Ready", "True", "Succeeded"], 1.0);
        samples.set(&table::TENANT_CONDITION, &["Ready", "False", "Drifted", "a \"quoted\" one", "line\nbreak"], 1.0);
        samples.raise(&table::QUEUE_OLDEST_AGE, &["tenant"], 2.0);
        samples.raise(&table::QUEUE_OLDEST_AGE, &["tenant"], 1.0);
    }
}

fn lines(metrics: &Metrics, name: &str) -> Vec<String> {
    metrics.render().lines().filter(|line| line.starts_with(name)).map(ToOwned::to_owned).collect()
}

#[test]
fn series_are_written_as_open_metrics_has_them() {
    let metrics = Metrics::default();
    for took in [Duration::from_millis(20), Duration::from_secs(500)] {
        metrics.reconciled("tenant", "succeeded");
        metrics.took("tenant", "succeeded", took);
    }
    let source: Arc<dyn Source> = Arc::new(Fleet("east"));
    metrics.collect_from(&source);
    let text = metrics.render();
    let expected = [
        "# HELP nimbus_reconcile Passes over an object, by what they came to.",
        "# TYPE nimbus_reconcile counter",
        "nimbus_reconcile_total{controller=\"tenant\",result=\"succeeded\"} 2",
        "nimbus_reconcile_duration_seconds_count{controller=\"tenant\",result=\"succeeded\"} 2",
        "nimbus_reconcile_duration_seconds_bucket{le=\"0.025\",controller=\"tenant\",result=\"succeeded\"} 1",
        "nimbus_reconcile_duration_seconds_bucket{le=\"+Inf\",controller=\"tenant\",result=\"succeeded\"} 2",
        "nimbus_leader 1.0",
        "nimbus_queue_oldest_age_seconds{lane=\"tenant\"} 2.0",
        "nimbus_tenant_condition{type=\"Ready\",status=\"True\",reason=\"Succeeded\"} 2.0",
        "nimbus_tenant_condition{type=\"Ready\",status=\"False\",reason=\"Drifted\",namespace=\"a \\\"quoted\\\" one\",name=\"line\\nbreak\"} 1.0",
    ];
    for line in expected {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
    let build = format!("nimbus_build_info{{version=\"{}\",commit=\"", env!("CARGO_PKG_VERSION"));
    assert!(text.contains(&build) && text.ends_with("# EOF\n"), "{text}");
    assert!(!text.contains("nimbus_platform_requests"), "a metric without series is left out");
}

#[test]
fn the_series_of_a_platform_end_with_it() {
    let metrics = Metrics::default();
    let (east, west) = (metrics.platform("east"), metrics.platform("west"));
    for platform in [&east, &west] {
        platform.record("GET", "/v1/capabilities", Some(200), Duration::ZERO);
    }
    metrics.deletion_confirmed("west");
    assert_eq!(2, lines(&metrics, "nimbus_platform_requests_total").len(), "nothing is known of Platforms yet");
    let source: Arc<dyn Source> = Arc::new(Fleet("east"));
    metrics.collect_from(&source);
    let text = metrics.render();
    assert!(!text.contains("west"), "{text}");
    // An answer that was under way.
    west.record("GET", "/v1/capabilities", None, Duration::ZERO);
    let request =
        "nimbus_platform_requests_total{platform=\"east\",method=\"GET\",route=\"/v1/capabilities\",code=\"200\"} 1";
    assert_eq!([request], *lines(&metrics, "nimbus_platform_requests_total"));
    assert_eq!(["nimbus_drift_corrected_total{platform=\"east\"} 0"], *lines(&metrics, "nimbus_drift_corrected_total"));
}

#[test]
fn a_standby_says_nothing_of_the_fleet() {
    let metrics = Metrics::default();
    let source: Arc<dyn Source> = Arc::new(Fleet("east"));
    metrics.collect_from(&source);
    metrics.leads(false);
    assert_eq!(["nimbus_leader 0.0"], *lines(&metrics, "nimbus_leader"));
    assert_eq!([""; 0], *lines(&metrics, "nimbus_tenant_condition"));
    assert_eq!(1, lines(&metrics, "process_open_fds").len(), "what the process says of itself stays");
    metrics.leads(true);
    assert_eq!(2, lines(&metrics, "nimbus_tenant_condition").len());
    drop(source);
    assert_eq!([""; 0], *lines(&metrics, "nimbus_tenant_condition"), "the controller ended");
}

#[test]
fn no_server_decides_how_many_series_there_are() {
    let codes: BTreeSet<_> = (0..=u16::MAX).map(|status| code(Some(status))).collect();
    assert!(codes.len() < 30, "{codes:?}");
    for (status, expected) in
        [(Some(200), "200"), (Some(418), "4xx"), (Some(599), "5xx"), (Some(999), "other"), (None, "none")]
    {
        assert_eq!(expected, code(status));
    }
}

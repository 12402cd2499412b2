//! All metrics. Nothing is exported that does not stand here; `docs/metrics.md` is made of this table, and rules and dashboards are
//! checked against it.

/// What a metric is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A number that only grows; it is scraped with the suffix `_total`.
    Counter,
    /// A number of this moment.
    Gauge,
    /// Durations, with these upper bounds in seconds.
    Histogram(&'static [f64]),
    /// Facts, as labels; it is scraped with the suffix `_info`.
    Info,
}

/// Who exports a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Each process, of itself.
    Process,
    /// Only the process that leads, of the objects that it serves: what two say would be counted twice.
    Fleet,
    /// The same, and only with `--metrics-per-tenant`.
    Tenant,
}

/// A metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// Its name without the suffix of its kind.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Who exports it.
    pub scope: Scope,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

/// The labels of the object, which follow those of a metric that is also exported per Tenant.
pub const OBJECT: [&str; 2] = ["namespace", "name"];

const PASSES: Kind = Kind::Histogram(&[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0]);
const CALLS: Kind = Kind::Histogram(&[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0]);
const WAITS: Kind = Kind::Histogram(&[0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0]);
const CHANGES: Kind = Kind::Histogram(&[0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0]);

impl Metric {
    const fn new(name: &'static str, kind: Kind, labels: &'static [&'static str], help: &'static str) -> Self {
        Self { name, kind, scope: Scope::Process, labels, help }
    }

    const fn of(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }

    /// The name of its samples; a histogram has those with the suffixes `_bucket`, `_sum` and `_count`.
    pub fn scraped(&self) -> String {
        match self.kind {
            Counter => format!("{}_total", self.name),
            Info => format!("{}_info", self.name),
            Gauge | Kind::Histogram(_) => self.name.to_owned(),
        }
    }
}

/// A static for each metric, and the table of all.
macro_rules! metrics {
    ($($constant:ident = $metric:expr;)+) => {
        $(
            #[doc = concat!("`", stringify!($constant), "` of the table.")]
            pub static $constant: Metric = $metric;
        )+

        /// All metrics, in the order of a scrape.
        pub static TABLE: &[&Metric] = &[$(&$constant,)+];
    };
}

use Kind::{Counter, Gauge, Info};
use Metric as M;
use Scope::{Fleet, Tenant};

metrics! {
    BUILD = M::new("nimbus_build", Info, &["version", "commit"], "Version and commit of the operator; the commit is 'unknown' where the build did not name it.");
    LEADER = M::new("nimbus_leader", Gauge, &[], "1 while this operator reconciles, 0 while it is a standby.");
    POLICIES_ENFORCED = M::new("nimbus_policies_enforced", Gauge, &[], "1 while the admission policies are in force, 0 while they are not; absent with --without-policies and before the first look.").of(Fleet);

    RECONCILE = M::new("nimbus_reconcile", Counter, &["controller", "result"], "Passes over an object, by what they came to.");
    RECONCILE_DURATION = M::new("nimbus_reconcile_duration_seconds", PASSES, &["controller", "result"], "Duration of a pass over an object that was not skipped.");
    QUEUE_DEPTH = M::new("nimbus_queue_depth", Gauge, &["lane"], "Objects that are due and whose pass has not begun: Tenants by why they are due (edit, deletion, create, drift, resync), all Platforms (platform) and all Partners (partner).").of(Fleet);
    QUEUE_OLDEST_AGE = M::new("nimbus_queue_oldest_age_seconds", Gauge, &["lane"], "How long the object has been due that has waited longest, 0 where none waits.").of(Fleet);
    QUEUE_WAIT = M::new("nimbus_queue_wait_seconds", WAITS, &["lane"], "From when an object was due until its pass began.");
    TENANT_CHANGE_DURATION = M::new("nimbus_tenant_change_duration_seconds", CHANGES, &[], "From when the operator saw a new generation of a Tenant until it is live on the platform.");

    PLATFORM_REQUESTS = M::new("nimbus_platform_requests", Counter, &["platform", "method", "route", "code"], "Requests to platforms, by status code; 'none' where no answer came, a class such as '4xx' for rare codes.");
    PLATFORM_REQUEST_DURATION = M::new("nimbus_platform_request_duration_seconds", CALLS, &["platform", "method", "route"], "Until the head of the answer of a platform, or until there was none.");
    PLATFORM_UP = M::new("nimbus_platform_up", Gauge, &["platform"], "1 while the platform answers and accepts the credentials, 0 while it does not.").of(Fleet);
    PLATFORM_CONCURRENCY = M::new("nimbus_platform_concurrency", Gauge, &["platform"], "How many passes may run over the Tenants of a Platform at the same time; fewer than --concurrency while the platform throttles, fails or is slower than usual.").of(Fleet);
    PLATFORM_CONDITION = M::new("nimbus_platform_condition", Gauge, &["platform", "type", "status", "reason"], "1 for each condition of a Platform as it is.").of(Fleet);
    ORPHANS = M::new("nimbus_orphans", Gauge, &["platform"], "Tenants on the platform that have the owner stamp of this cluster and no Tenant object.").of(Fleet);
    CONFIRMED_DELETIONS = M::new("nimbus_confirmed_deletions", Counter, &["platform"], "Confirmed deletions that the platform accepted.");
    DRIFT_CORRECTED = M::new("nimbus_drift_corrected", Counter, &["platform"], "Passes that corrected settings which had been changed on the platform.");

    TENANTS = M::new("nimbus_tenants", Gauge, &[], "Tenants that this operator serves, without those that cannot be decoded.").of(Fleet);
    TENANTS_UNDECODABLE = M::new("nimbus_tenants_undecodable", Gauge, &[], "Tenants that cannot be decoded.").of(Fleet);
    TENANTS_DELETING = M::new("nimbus_tenants_deleting", Gauge, &[], "Tenants that are being deleted.").of(Fleet);
    TENANTS_DELETING_OLDEST_AGE = M::new("nimbus_tenants_deleting_oldest_age_seconds", Gauge, &[], "Age of the oldest deletion of a Tenant that has not ended, 0 where there is none.").of(Fleet);
    TENANTS_SCRIPT_PENDING = M::new("nimbus_tenants_script_pending", Gauge, &[], "Tenants with changes that wait for a run of the provisioning script.").of(Fleet);
    TENANTS_SYNC_OVERDUE = M::new("nimbus_tenants_sync_overdue", Gauge, &[], "Tenants whose last successful sync is older than twice their sync interval; suspended ones, those being deleted, and those that something stops which their status names do not count.").of(Fleet);
    TENANTS_SYNC_OLDEST_AGE = M::new("nimbus_tenants_sync_oldest_age_seconds", Gauge, &[], "Age of the oldest last successful sync of these; one without a sync counts from when this operator first saw it.").of(Fleet);
    TENANT_CONDITION = M::new("nimbus_tenant_condition", Gauge, &["type", "status", "reason"], "Tenants with this condition. With --metrics-per-tenant a 1 for each Tenant, with its namespace and name.").of(Fleet);
    TENANT_CONDITION_OLDEST_AGE = M::new("nimbus_tenant_condition_oldest_age_seconds", Gauge, &["type", "status"], "How long the Tenant has had this condition that has had it longest.").of(Fleet);
    TENANT_CHECKS = M::new("nimbus_tenant_checks", Gauge, &["check", "result"], "Results of the checks in the status of Tenants.").of(Fleet);
    TENANT_LAST_SYNC = M::new("nimbus_tenant_last_sync_timestamp_seconds", Gauge, &OBJECT, "When a pass last found the tenant equal to the spec or made it so; absent before the first time since the start.").of(Tenant);
    TENANT_LICENSES_USED = M::new("nimbus_tenant_licenses_used", Gauge, &["namespace", "name", "kind"], "Licenses in use; kinds that the operator does not know are one, 'other'.").of(Tenant);
    TENANT_LICENSES_CONTINGENT = M::new("nimbus_tenant_licenses_contingent", Gauge, &["namespace", "name", "kind"], "Licenses purchased.").of(Tenant);

    KUBERNETES_REQUESTS = M::new("nimbus_kubernetes_requests", Counter, &["verb", "resource", "code"], "Requests to the Kubernetes API; a watch counts when it is opened.");
    KUBERNETES_REQUEST_DURATION = M::new("nimbus_kubernetes_request_duration_seconds", CALLS, &["verb"], "Until the head of the answer of the Kubernetes API, or until there was none.");
    MICROSOFT_REQUESTS = M::new("nimbus_microsoft_requests", Counter, &["service", "code"], "Requests of checks to Microsoft Entra (login), Microsoft Graph (graph) and Azure Communication Services (acs).");
    MICROSOFT_REQUEST_DURATION = M::new("nimbus_microsoft_request_duration_seconds", CALLS, &["service"], "Until the head of the answer of Microsoft, or until there was none.");

    PROCESS_CPU = M::new("process_cpu_seconds", Counter, &[], "User and system CPU time.");
    PROCESS_MEMORY = M::new("process_resident_memory_bytes", Gauge, &[], "Resident memory.");
    PROCESS_OPEN_FDS = M::new("process_open_fds", Gauge, &[], "Open file descriptors.");
    PROCESS_MAX_FDS = M::new("process_max_fds", Gauge, &[], "Most file descriptors that may be open.");
    PROCESS_START = M::new("process_start_time_seconds", Gauge, &[], "Start of the process, as a Unix timestamp.");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn is_name(text: &str) -> bool {
        let fits = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        fits && text.starts_with(|c: char| c.is_ascii_lowercase()) && !text.contains("__") && !text.ends_with('_')
    }

    #[test]
    fn names_follow_the_conventions() {
        let names: BTreeSet<_> = TABLE.iter().map(|metric| metric.name).collect();
        assert_eq!(TABLE.len(), names.len(), "a name twice");
        for metric in TABLE {
            let Metric { name, kind, labels, help, .. } = metric;
            assert!(is_name(name) && (name.starts_with("nimbus_") || name.starts_with("process_")), "{name}");
            for suffix in ["_total", "_info", "_count", "_sum", "_bucket", "_created"] {
                assert!(!name.ends_with(suffix), "{name}: the kind adds its suffix");
            }
            for unit in ["_ms", "_milliseconds", "_minutes", "_hours", "_kb", "_megabytes", "_percent"] {
                assert!(!name.contains(unit), "{name}: base units only");
            }
            if let Kind::Histogram(bounds) = kind {
                assert!(name.ends_with("_seconds") && bounds.is_sorted(), "{name}");
            }
            let unique: BTreeSet<_> = labels.iter().collect();
            assert_eq!(unique.len(), labels.len(), "{name}");
            for label in *labels {
                assert!(is_name(label) && !["le", "quantile", "job", "instance"].contains(label), "{name}: {label}");
            }
            assert!(help.ends_with('.') && !help.contains(['\n', '\\', '"']), "{name}: {help}");
        }
    }
}

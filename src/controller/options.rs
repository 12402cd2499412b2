//! How this operator is run: its options and every duration.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

/// How this operator is run.
#[derive(Clone)]
pub struct Options {
    /// The namespaces whose Tenants are reconciled; empty means all.
    pub namespaces: Vec<String>,
    /// Where the credentials of Platforms are.
    pub operator_namespace: String,
    /// Names this cluster in the stamps on the platform. Two clusters must never share one.
    pub cluster_id: String,
    /// Which Platforms are served, by their `spec.instance`.
    pub instance: String,
    /// Passes at the same time.
    pub concurrency: u16,
    /// Origins beside Azure's own that a connection string may name, for a sandbox or a proxy. Whoever may edit a Tenant writes
    /// connection strings, so this is for whoever runs the operator to say, and for nobody else.
    pub trusted_acs: Vec<Url>,
    /// The token by which this operator logs in as the Nimbus app where a Platform names no Secret.
    pub federated_token_file: Option<PathBuf>,
    /// Every duration.
    pub timing: Timing,
    /// Told of each step of each pass.
    pub observer: Observer,
}

/// Every duration of the operator, with the values for production.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Instead of the sync interval of each Tenant; `None` takes what the Tenant says.
    pub sync: Option<Duration>,
    /// First wait after a failure; it doubles.
    pub backoff_first: Duration,
    /// Longest wait after a failure.
    pub backoff_most: Duration,
    /// Longest wait for a missing reference.
    pub reference_most: Duration,
    /// Between looks at a tenant that is being deleted.
    pub deletion_poll: Duration,
    /// Between looks at a tenant whose provisioning script has to run.
    pub script_poll: Duration,
    /// Between looks at a Platform that is ready.
    pub platform_check: Duration,
    /// Between probes of a Platform that is not.
    pub platform_retry: Duration,
    /// One call of the platform or of Kubernetes.
    pub call: Duration,
    /// One release of a tenant whose namespace ends.
    pub release_in_ending_namespace: Duration,
    /// One release of a tenant.
    pub release: Duration,
    /// One whole pass, without its status write.
    pub pass: Duration,
    /// Between takings over of licence usage.
    pub licenses: Duration,
    /// Between attempts to write once more what the platform does not keep.
    pub rewrites: Duration,
    /// Between looks for tenants without a Tenant; the first comes after a tenth of it.
    pub orphans: Duration,
    /// The checks of Microsoft's side.
    pub checks: CheckTiming,
}

/// The durations of the checks of Microsoft's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckTiming {
    /// Between looks at what passed.
    pub every: Duration,
    /// First wait for another look at what did not pass; it doubles.
    pub retry_first: Duration,
    /// Longest wait for another look at what did not pass.
    pub retry_most: Duration,
    /// How long "not there" may only mean that it is not seen everywhere yet.
    pub lag: Duration,
    /// How long what was found stands while Microsoft cannot be asked.
    pub kept: Duration,
    /// How long news waits for more, so that one write tells all.
    pub gather: Duration,
    /// Between the beginnings of two checks of one Platform.
    pub pace: Duration,
    /// One whole check.
    pub deadline: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            sync: None,
            backoff_first: Duration::from_secs(2),
            backoff_most: Duration::from_secs(300),
            reference_most: Duration::from_secs(30),
            deletion_poll: Duration::from_secs(30),
            script_poll: Duration::from_secs(300),
            platform_check: Duration::from_secs(60),
            platform_retry: Duration::from_secs(30),
            call: Duration::from_secs(30),
            release_in_ending_namespace: Duration::from_secs(5),
            release: Duration::from_secs(60),
            pass: Duration::from_secs(120),
            licenses: Duration::from_secs(900),
            rewrites: Duration::from_secs(86_400),
            orphans: Duration::from_secs(3600),
            checks: CheckTiming::default(),
        }
    }
}

impl Default for CheckTiming {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(6 * 3600),
            retry_first: Duration::from_secs(30),
            retry_most: Duration::from_secs(1800),
            lag: Duration::from_secs(300),
            kept: Duration::from_secs(24 * 3600),
            gather: Duration::from_secs(2),
            pace: Duration::from_millis(100),
            deadline: Duration::from_secs(60),
        }
    }
}

/// A step of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the steps are named in the module documentation")]
pub enum Step {
    Resolve,
    Validate,
    Observe,
    Plan,
    Execute,
    Conclude,
    Publish,
}

/// Told of each step of each pass, with `namespace/name` of the Tenant.
pub type Observer = Arc<dyn Fn(Step, &str) + Send + Sync>;

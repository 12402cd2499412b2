//! How this operator is run: its options and every duration.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use url::Url;

use crate::cluster::Deadlines;
use crate::lease::LeaseTiming;
use crate::telemetry::Telemetry;

/// How this operator is run.
#[derive(Clone)]
pub struct Options {
    /// The namespaces whose Tenants are reconciled; empty means all.
    pub namespaces: Vec<String>,
    /// Where the credentials of Platforms are.
    pub operator_namespace: String,
    /// The namespaces whose Secrets are watched, by their metadata. Elsewhere those in use are looked at from time to time.
    pub watch_secrets: Vec<String>,
    /// Names this cluster in the stamps on the platform. Two clusters must never share one.
    pub cluster_id: String,
    /// Which Platforms are served, by their `spec.instance`.
    pub instance: String,
    /// Passes at the same time.
    pub concurrency: u16,
    /// Origins, apart from Azure's own, that a connection string may name, for a sandbox or a proxy. Editors of Tenants write
    /// connection strings, so only the person who runs the operator may extend this.
    pub trusted_acs: Vec<Url>,
    /// Origins, apart from Microsoft's own, that a Platform may name for the log-in and for Microsoft Graph. The client secret of the
    /// Nimbus app, or the operator's federated token, is sent there.
    pub trusted_login: Vec<Url>,
    /// Whether tenants are written although nothing enforces who may change which field.
    pub without_policies: bool,
    /// The token by which this operator logs in as the Nimbus app where a Platform names no Secret.
    pub federated_token_file: Option<PathBuf>,
    /// How it is decided which of several replicas writes; `None` where there is only one.
    pub leader_election: Option<LeaderElection>,
    /// Every duration.
    pub timing: Timing,
    /// The local clock, by which the limit of deletions is counted and confirmations are judged.
    pub clock: Clock,
    /// What is recorded of this process.
    pub telemetry: Telemetry,
    /// Whether there are metrics of each Tenant, by namespace and name.
    pub metrics_per_tenant: bool,
    /// Told of each step of each pass.
    pub observer: Observer,
}

/// How it is decided which of several replicas writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaderElection {
    /// Names this process in the Lease. No other process may have it, not even a later one of the same pod.
    pub identity: String,
    /// Its durations.
    pub timing: LeaseTiming,
}

/// Every duration of the operator, with the values for production.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Replaces the sync interval of every Tenant; `None` uses that of the Tenant.
    pub sync: Option<Duration>,
    /// First wait after a failure; it doubles.
    pub backoff_first: Duration,
    /// Longest wait after a failure.
    pub backoff_most: Duration,
    /// Longest wait for a missing reference, or after a lost race.
    pub reference_most: Duration,
    /// How long a missing reference may be on its way, e.g. from the same commit; after that a human has to act.
    pub reference_grace: Duration,
    /// Between looks at the metadata of a Secret in use. One without a usable value is looked at twice as often.
    pub secrets: Duration,
    /// Between reads of a tenant that is being deleted.
    pub deletion_poll: Duration,
    /// Between reads of a tenant whose provisioning script has to run.
    pub script_poll: Duration,
    /// Between passes over a Platform that is ready.
    pub platform_check: Duration,
    /// Between looks at the admission policies.
    pub policies: Duration,
    /// Between probes of a Platform that is not.
    pub platform_retry: Duration,
    /// One call of the platform or of Kubernetes.
    pub call: Duration,
    /// A connection to Kubernetes, until it is there.
    pub connect: Duration,
    /// One release of a tenant whose namespace is terminating.
    pub release_in_ending_namespace: Duration,
    /// One release of a tenant.
    pub release: Duration,
    /// From the last look at a Tenant to the answer to a call that its confirmation unlocks.
    pub last_look: Duration,
    /// Passes in a row that come to nothing, before it is said.
    pub race: Duration,
    /// One whole pass, without its status write.
    pub pass: Duration,
    /// Between updates of license usage in the status.
    pub licenses: Duration,
    /// Between changes of the totals of Tenants in the status of a Platform or Partner.
    pub totals: Duration,
    /// Between further attempts to write what the platform does not keep.
    pub rewrites: Duration,
    /// Between searches for tenants without a Tenant; the first one starts after a tenth of it.
    pub orphans: Duration,
    /// At start, for an API server that is out of reach.
    pub reach: Duration,
    /// At the end, for the passes under way.
    pub drain: Duration,
    /// The loop of the watches and queues without a sign of life, before it is stuck. Between two signs there is a second.
    pub stuck: Duration,
    /// A watch without an event or a bookmark, before it is broken off. It ends in order three seconds before that.
    pub silence: Duration,
    /// The checks with Microsoft.
    pub checks: CheckTiming,
    /// How a platform is asked which tenants changed; `None` where each pass looks at its tenant.
    pub versions: Option<VersionTiming>,
}

/// How a platform is asked which tenants changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionTiming {
    /// Tenants in one page of the list.
    pub page: u16,
    /// Between lists of a platform without a change feed.
    pub list: Duration,
    /// The same of one with a feed, which may miss something.
    pub list_beside_feed: Duration,
    /// How long the feed waits for a change, in whole seconds.
    pub wait: Duration,
    /// Between the beginnings of two requests to the feed.
    pub gap: Duration,
    /// Between two times that the feed wakes the same Tenant, unless its pass had something to write.
    pub pause: Duration,
    /// After a request that failed.
    pub retry: Duration,
    /// Until a platform without list or feed is asked for it again.
    pub absent: Duration,
}

impl Timing {
    /// How long the API server may take.
    pub fn deadlines(&self) -> Deadlines {
        Deadlines { call: self.call, connect: self.connect, silence: self.silence }
    }
}

/// The durations of the checks with Microsoft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckTiming {
    /// Between repetitions of a check that passed.
    pub every: Duration,
    /// First wait before a check that did not pass is repeated; it doubles.
    pub retry_first: Duration,
    /// Longest wait before a check that did not pass is repeated.
    pub retry_most: Duration,
    /// The same where a grant is missing.
    pub retry_grant_most: Duration,
    /// How long "not found" may only mean that a new object is not visible everywhere yet.
    pub lag: Duration,
    /// How long a result is kept while Microsoft does not answer.
    pub kept: Duration,
    /// Between two trials of a search filter in one Entra tenant, however often the filter is edited.
    pub filter_pause: Duration,
    /// How long a new result waits for others, so that one write reports all.
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
            reference_grace: Duration::from_secs(300),
            secrets: Duration::from_secs(50),
            deletion_poll: Duration::from_secs(30),
            script_poll: Duration::from_secs(300),
            platform_check: Duration::from_secs(60),
            policies: Duration::from_secs(60),
            platform_retry: Duration::from_secs(25),
            call: Duration::from_secs(30),
            connect: Duration::from_secs(10),
            release_in_ending_namespace: Duration::from_secs(5),
            release: Duration::from_secs(60),
            last_look: Duration::from_secs(15),
            race: Duration::from_secs(30),
            pass: Duration::from_secs(120),
            licenses: Duration::from_secs(900),
            totals: Duration::from_secs(60),
            rewrites: Duration::from_secs(86_400),
            orphans: Duration::from_secs(3600),
            reach: Duration::from_secs(60),
            drain: Duration::from_secs(20),
            stuck: Duration::from_secs(30),
            silence: Duration::from_secs(90),
            checks: CheckTiming::default(),
            versions: Some(VersionTiming::default()),
        }
    }
}

impl Default for VersionTiming {
    fn default() -> Self {
        Self {
            page: 500,
            list: Duration::from_secs(300),
            list_beside_feed: Duration::from_secs(1800),
            wait: Duration::from_secs(50),
            gap: Duration::from_secs(5),
            pause: Duration::from_secs(300),
            retry: Duration::from_secs(10),
            absent: Duration::from_secs(3600),
        }
    }
}

impl Default for CheckTiming {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(6 * 3600),
            retry_first: Duration::from_secs(30),
            retry_most: Duration::from_secs(1800),
            retry_grant_most: Duration::from_secs(300),
            lag: Duration::from_secs(300),
            kept: Duration::from_secs(24 * 3600),
            filter_pause: Duration::from_secs(600),
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

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Told of each step of each pass, with `namespace/name` of the Tenant.
pub type Observer = Arc<dyn Fn(Step, &str) + Send + Sync>;

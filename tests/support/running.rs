//! The real controller in the process of a test, with short durations.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Result;
use nimbus_operator::cluster::Cluster;
use nimbus_operator::controller::{self, CheckTiming, Timing, VersionTiming};
use nimbus_operator::telemetry::Telemetry;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::fixture::FixtureOn;
use super::proxy::Proxy;
use super::wait::PATIENCE;

/// The controller of a test; dropping it aborts it.
pub struct Operator {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<Result<()>>,
}

impl Operator {
    /// Waits until it has ended because of an error, and returns what it says.
    pub async fn failed(mut self) -> String {
        let ended = tokio::time::timeout(PATIENCE, &mut self.task).await.expect("the controller ends");
        ended.expect("the controller ends in order").expect_err("it ends with an error").to_string()
    }

    /// Stops it after running passes have finished.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        (&mut self.task).await.expect("the controller ends in order").expect("and without an error");
    }
}

impl Drop for Operator {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Short where tests wait, long where they must not have an effect.
pub(super) fn timing() -> Timing {
    Timing {
        backoff_first: Duration::from_millis(100),
        backoff_most: Duration::from_secs(2),
        reference_most: Duration::from_millis(500),
        secrets: Duration::from_secs(3600),
        deletion_poll: Duration::from_millis(200),
        platform_retry: Duration::from_millis(300),
        call: Duration::from_secs(10),
        // Tests that count what each pass asks, or edit the platform behind the operator's back, do without.
        versions: None,
        checks: CheckTiming {
            retry_first: Duration::from_secs(3600),
            retry_most: Duration::from_secs(3600),
            lag: Duration::ZERO,
            filter_pause: Duration::ZERO,
            gather: Duration::from_millis(200),
            pace: Duration::ZERO,
            ..CheckTiming::default()
        },
        ..Timing::default()
    }
}

/// No test lasts that long.
pub const NEVER: Duration = Duration::from_secs(24 * 3600);

/// After a failure only a change brings a pass.
pub fn never_retry(timing: &mut Timing) {
    [timing.backoff_first, timing.backoff_most, timing.reference_most] = [NEVER; 3];
}

/// How a platform is asked which tenants changed, in tests of that. The list comes once, unless a test sets another time.
pub fn observing() -> VersionTiming {
    VersionTiming {
        page: 20,
        list: Duration::from_secs(3600),
        list_beside_feed: Duration::from_secs(3600),
        wait: Duration::from_secs(1),
        gap: Duration::from_millis(50),
        pause: Duration::ZERO,
        retry: Duration::from_millis(200),
        absent: Duration::from_secs(3600),
    }
}

impl FixtureOn<'_> {
    pub fn options(&self) -> controller::Options {
        controller::Options {
            namespaces: vec![self.env.namespace.clone()],
            operator_namespace: self.env.operator_namespace.clone(),
            watch_secrets: vec![],
            cluster_id: "test".into(),
            instance: self.env.instance.clone(),
            concurrency: 8,
            trusted_acs: self.trusted_acs.clone(),
            trusted_login: vec![self.platform.url().parse().expect("a URL")],
            without_policies: !self.env.control_plane.has_policies(),
            federated_token_file: None,
            leader_election: None,
            timing: self.timing,
            clock: Arc::new(jiff::Timestamp::now),
            telemetry: Telemetry::default(),
            metrics_per_tenant: false,
            observer: self.observer.clone(),
        }
    }

    /// Starts the controller.
    pub fn start(&self) -> Operator {
        self.start_with(self.options())
    }

    /// Starts the controller with other options.
    pub fn start_with(&self, options: controller::Options) -> Operator {
        self.start_as(self.config(), options)
    }

    fn config(&self) -> kube::Config {
        self.env.control_plane.config(&self.env.operator_user).expect("the operator has a user")
    }

    /// Starts the controller with a proxy in place of the API server.
    pub fn start_through(&self, proxy: &Proxy) -> Operator {
        self.start_through_with(proxy, self.options())
    }

    /// The same with other options.
    pub fn start_through_with(&self, proxy: &Proxy, options: controller::Options) -> Operator {
        let mut config = self.config();
        config.cluster_url = proxy.url().parse().expect("a URL");
        self.start_as(config, options)
    }

    fn start_as(&self, config: kube::Config, options: controller::Options) -> Operator {
        let (stop, stopped) = oneshot::channel::<()>();
        let task = self.run(config, options, async {
            drop(stopped.await);
        });
        Operator { stop: Some(stop), task }
    }

    /// Starts the controller with a future of the test in its main task: the one that it waits for to stop.
    pub fn start_beside(
        &self,
        options: controller::Options,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Operator {
        Operator { stop: None, task: self.run(self.config(), options, shutdown) }
    }

    fn run(
        &self,
        config: kube::Config,
        options: controller::Options,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> JoinHandle<Result<()>> {
        super::log::listen();
        self.started.store(true, Ordering::Relaxed);
        let cluster =
            Cluster::connect(config, options.timing.deadlines(), options.telemetry.clone()).expect("a client");
        tokio::spawn(controller::run(cluster, options, shutdown))
    }
}

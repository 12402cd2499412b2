//! `nimbus-operator run`: the controller.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, ensure};
use clap::Args;
use tracing::info;
use url::Url;

use super::leader_election::LeaderElectionArgs;
use crate::cluster::Cluster;
use crate::controller::{self, Options, Timing};
use crate::resources::platform::DEFAULT_INSTANCE;
use crate::settings::endpoint;
use crate::telemetry::Telemetry;
use crate::telemetry::log::Filter;
use crate::telemetry::server::{Server, Serving};

/// Reconcile Tenants until stopped by SIGTERM, SIGHUP or Ctrl-C.
///
/// Connects to Kubernetes with KUBECONFIG, ~/.kube/config or the service account of the pod. Before it starts, it checks CRDs,
/// permissions and namespaces, and names everything that is missing. A signal stops it within 20 seconds, a second one at once.
#[derive(Debug, Args)]
pub struct Run {
    /// Namespaces to reconcile Tenants in; repeat or separate with commas. Default: all namespaces.
    #[arg(long = "namespace", short = 'n', env = "NIMBUS_NAMESPACES", value_delimiter = ',', num_args = 1.., value_name = "NS")]
    pub namespaces: Vec<String>,

    /// Identifies this cluster in the owner stamps on the platform. Must be unique per cluster and must never change: the
    /// operator uses it to recognize its own tenants.
    #[arg(long, env = "NIMBUS_CLUSTER_ID", value_name = "ID", value_parser = cluster_id)]
    pub cluster_id: String,

    /// Serve only Platforms with this spec.instance.
    #[arg(long, env = "NIMBUS_INSTANCE", default_value = DEFAULT_INSTANCE, value_name = "NAME")]
    pub instance: String,

    /// Namespace of the credentials Secrets of Platforms.
    #[arg(long, env = "POD_NAMESPACE", default_value = "nimbus-system", value_name = "NS")]
    pub operator_namespace: String,

    /// Namespaces whose Secrets are watched, so that a changed Secret is used at once and not within a minute; repeat or separate
    /// with commas. Only metadata is watched. Requires list and watch of Secrets there, which also tells their names.
    #[arg(long = "watch-secrets", env = "NIMBUS_WATCH_SECRETS", value_delimiter = ',', num_args = 1.., value_name = "NS")]
    pub watch_secrets: Vec<String>,

    /// Maximum concurrent reconciles.
    #[arg(long, env = "NIMBUS_CONCURRENCY", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=512), value_name = "N")]
    pub concurrency: u16,

    /// Additional origin that connection strings of Tenants may use in checks, such as a sandbox or a proxy; Azure's own are
    /// always allowed. Every user who can edit a Tenant can make the operator call it.
    #[arg(long = "trusted-acs-origin", env = "NIMBUS_TRUSTED_ACS_ORIGINS", value_delimiter = ',', value_name = "URL", value_parser = origin)]
    pub trusted_acs_origins: Vec<Url>,

    /// Additional origin that Platforms may use for the Microsoft log-in and for Microsoft Graph, such as a sandbox; Microsoft's own
    /// are always allowed. The credentials of the Nimbus app are sent there.
    #[arg(long = "trusted-login-origin", env = "NIMBUS_TRUSTED_LOGIN_ORIGINS", value_delimiter = ',', value_name = "URL", value_parser = origin)]
    pub trusted_login_origins: Vec<Url>,

    /// Write tenants even if the admission policies are not in force. Then every user who can edit a Tenant can change every field.
    #[arg(long, env = "NIMBUS_WITHOUT_POLICIES")]
    pub without_policies: bool,

    /// File with the operator's federated token, used to log in as the Nimbus app if a Platform sets no credentials Secret.
    #[arg(long, env = "AZURE_FEDERATED_TOKEN_FILE", value_name = "FILE")]
    pub federated_token_file: Option<PathBuf>,

    /// Leader election.
    #[command(flatten)]
    pub leader_election: LeaderElectionArgs,

    /// Serve the probes /livez and /readyz and the metrics /metrics on this address, without TLS and without authentication.
    /// Default: nothing is served.
    #[arg(long, env = "NIMBUS_LISTEN", value_name = "ADDR:PORT", value_parser = address)]
    pub listen: Option<SocketAddr>,

    /// Export metrics of each Tenant, labeled with its namespace and name: some thirty series for each.
    #[arg(long, env = "NIMBUS_METRICS_PER_TENANT")]
    pub metrics_per_tenant: bool,

    /// File whose content replaces the log filter while the operator runs, e.g. a key of a ConfigMap. Read every few seconds; while it is
    /// missing or empty, --log counts.
    #[arg(long, env = "NIMBUS_LOG_FILTER_FILE", value_name = "FILE")]
    pub log_filter_file: Option<PathBuf>,
}

impl Run {
    /// Runs the controller until a signal stops it.
    ///
    /// *Errors*: the address to listen on is taken, Kubernetes is not reachable, or what the start-up checks found.
    pub async fn execute(self, filter: Filter) -> anyhow::Result<()> {
        let shutdown = super::stop_signal()?;
        let telemetry = Telemetry::default();
        let _serving = self.listen.map(|address| serve(address, &telemetry)).transpose()?;
        // It ends with the process.
        if let Some(file) = &self.log_filter_file {
            drop(tokio::spawn(filter.follow(file.clone())));
        }
        let (cluster, options) = self.connect(telemetry).await?;
        controller::run(cluster, options, shutdown).await
    }

    /// Connects to Kubernetes; what the arguments say.
    ///
    /// *Errors*: Kubernetes cannot be connected to, or arguments contradict each other.
    pub(super) async fn connect(self, telemetry: Telemetry) -> anyhow::Result<(Cluster, Options)> {
        let config = kube::Config::infer()
            .await
            .context("loading the Kubernetes configuration: set KUBECONFIG, or run in a pod")?;
        let config = without_environment_proxy(config);
        let timing = Timing::default();
        let cluster =
            Cluster::connect(config, timing.deadlines(), telemetry.clone()).context("connecting to Kubernetes")?;
        // An environment variable that is empty names no namespace.
        let named = |names: Vec<String>| names.into_iter().filter(|name| !name.is_empty()).collect();
        let leader_election = self.leader_election.options()?;
        let options = Options {
            namespaces: named(self.namespaces),
            watch_secrets: named(self.watch_secrets),
            operator_namespace: self.operator_namespace,
            cluster_id: self.cluster_id,
            instance: self.instance,
            concurrency: self.concurrency,
            trusted_acs: self.trusted_acs_origins,
            trusted_login: self.trusted_login_origins,
            without_policies: self.without_policies,
            federated_token_file: self.federated_token_file,
            leader_election,
            timing,
            clock: Arc::new(jiff::Timestamp::now),
            telemetry,
            metrics_per_tenant: self.metrics_per_tenant,
            observer: Arc::new(|step, tenant| tracing::trace!(?step, tenant, "step")),
        };
        Ok((cluster, options))
    }
}

/// Serves probes and metrics from now on: before the start-up checks, so that these can be probed, too.
fn serve(address: SocketAddr, telemetry: &Telemetry) -> anyhow::Result<Serving> {
    let taken = || format!("--listen {address}: cannot listen on this address");
    let server = Server::bind(address).with_context(taken)?;
    info!(address = %server.address(), "serving probes and metrics");
    server.start(telemetry.clone()).with_context(taken)
}

/// An address to listen on.
fn address(text: &str) -> anyhow::Result<SocketAddr> {
    text.parse().context("must be an IP address and a port, e.g. '0.0.0.0:8080' or '[::]:8080'")
}

/// The API server is called directly, as from a pod: kube takes a proxy of the environment with a kubeconfig only, and does not
/// compare the API server with `NO_PROXY`.
fn without_environment_proxy(mut config: kube::Config) -> kube::Config {
    // One that the kubeconfig names is meant, also where the environment has the same.
    if !kube::config::Kubeconfig::read().is_ok_and(|kubeconfig| names_a_proxy(&kubeconfig)) {
        config.proxy_url = None;
    }
    config
}

/// Whether the cluster of the current context has a proxy of its own.
fn names_a_proxy(kubeconfig: &kube::config::Kubeconfig) -> bool {
    let current = kubeconfig.contexts.iter().find(|context| Some(&context.name) == kubeconfig.current_context.as_ref());
    let cluster = current.and_then(|context| context.context.as_ref()).map(|context| &context.cluster);
    let named = kubeconfig.clusters.iter().find(|named| Some(&named.name) == cluster);
    named.and_then(|named| named.cluster.as_ref()).is_some_and(|cluster| cluster.proxy_url.is_some())
}

/// An origin is a scheme, a host and a port.
fn origin(text: &str) -> anyhow::Result<Url> {
    let url = Url::parse(text)?;
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    ensure!(
        bare && endpoint::is_safe(&url),
        "must be an https URL without a path, e.g. 'https://acs-proxy.example'; http is allowed for loopback only"
    );
    Ok(url)
}

/// A cluster ID is a path segment of the owner stamp.
fn cluster_id(text: &str) -> anyhow::Result<String> {
    let fits = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b));
    let ends = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    ensure!(
        fits && text.len() <= 63 && ends(text.as_bytes().first()) && ends(text.as_bytes().last()),
        "must be 1 to 63 lowercase letters, digits, '-' or '.', and start and end with a letter or digit, e.g. 'prod-euwe'"
    );
    Ok(text.to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use super::*;

    #[test]
    fn only_the_proxy_of_the_current_cluster_is_meant() {
        let kubeconfig = |current: &str| {
            let yaml = format!(
                "current-context: {current}\n\
                 contexts: [{{name: a, context: {{cluster: direct, user: u}}}}, {{name: b, context: {{cluster: far, user: u}}}}]\n\
                 clusters: [{{name: direct, cluster: {{server: 'https://a'}}}}, \
                 {{name: far, cluster: {{server: 'https://b', proxy-url: 'http://proxy:3128'}}}}]"
            );
            kube::config::Kubeconfig::from_yaml(&yaml).unwrap()
        };
        assert_eq!([false, true, false], ["a", "b", "c"].map(|current| names_a_proxy(&kubeconfig(current))));
    }
}

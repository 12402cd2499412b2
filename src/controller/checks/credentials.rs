//! As which app Microsoft is asked: what the Platform names, and what its Secret holds.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use url::Url;
use uuid::Uuid;

use crate::cluster::Cluster;
use crate::controller::credentials::{Unread, client_secret};
use crate::controller::options::Options;
use crate::microsoft::verdict::{self, Verdict};
use crate::microsoft::{App, Credential, Graph, GraphConfig, TrustedLogins};
use crate::resources::platform::{Microsoft, NimbusApp};
use crate::settings::endpoint;
use crate::telemetry::metrics::Metrics;

/// What the person who runs the operator gives to every Platform.
pub(super) struct Given {
    federated_token_file: Option<PathBuf>,
    trusted: TrustedLogins,
    /// Where the requests to Microsoft are counted.
    metrics: Metrics,
}

impl Given {
    pub(super) fn of(options: &Options) -> Self {
        let federated_token_file = options.federated_token_file.clone();
        let trusted = TrustedLogins::with(options.trusted_login.clone());
        Self { federated_token_file, trusted, metrics: options.telemetry.metrics.clone() }
    }

    /// The app that the Platform names, if the operator has credentials for it.
    pub(super) fn configured<'p>(&self, microsoft: &'p Microsoft) -> Option<&'p NimbusApp> {
        let has_token = self.federated_token_file.is_some();
        microsoft.nimbus_app.as_ref().filter(|app| app.credentials_secret_ref.is_some() || has_token)
    }

    /// Where the Platform logs in and asks.
    ///
    /// *Errors*: why nothing may be sent there.
    pub(super) fn addresses(&self, microsoft: &Microsoft) -> Result<Addresses, Verdict> {
        let address = |field: &str, text: &str| {
            let url = Url::parse(text).ok().filter(endpoint::is_address);
            let url = url
                .ok_or_else(|| verdict::no_credentials("an address in spec.microsoft of the Platform is not https"))?;
            if self.trusted.contain(&url) {
                return Ok(url);
            }
            let origin = url.origin().ascii_serialization();
            Err(verdict::no_credentials(&format!(
                "spec.microsoft.{field} of the Platform is not an address of Microsoft, and the operator does not trust it; the \
                 person who runs the operator can allow it with --trusted-login-origin {origin}"
            )))
        };
        let login = address("loginBaseUrl", microsoft.login())?;
        Ok(Addresses { login, graph: address("graphBaseUrl", microsoft.graph())? })
    }
}

/// Where a Platform logs in and asks.
pub(super) struct Addresses {
    pub(super) login: Url,
    pub(super) graph: Url,
}

/// As which app Microsoft is asked.
#[derive(Clone)]
pub(super) enum AppCredentials {
    /// Not read since the operator started.
    Unread,
    /// As this one.
    App {
        /// Moves with the app, its addresses and its credential.
        version: String,
        graph: Arc<Graph>,
    },
    /// As none, for this reason.
    Missing(Verdict),
}

/// What reading a Platform and its Secret found.
pub(super) enum AppReading {
    Found(Box<FoundApp>),
    Missing(Verdict),
    /// Kubernetes did not answer.
    Unanswered(Verdict),
}

impl AppReading {
    pub(super) fn is_found(&self) -> bool {
        match self {
            Self::Found(_) => true,
            Self::Missing(_) | Self::Unanswered(_) => false,
        }
    }
}

/// An app with its credential.
pub(super) struct FoundApp {
    addresses: Addresses,
    app: App,
    version: String,
    metrics: Metrics,
}

impl AppCredentials {
    /// What they are after a reading.
    pub(super) fn after(&self, reading: AppReading, call: Duration) -> Self {
        match (self, reading) {
            // The client stays with its app, since it holds the tokens.
            (Self::App { version, .. }, AppReading::Found(found)) if *version == found.version => self.clone(),
            // What could be read a minute ago stands while Kubernetes does not answer.
            (Self::App { .. }, AppReading::Unanswered(_)) => self.clone(),
            (_, AppReading::Found(found)) => found.connect(call),
            (_, AppReading::Missing(verdict) | AppReading::Unanswered(verdict)) => Self::Missing(verdict),
        }
    }

    /// The client, if there is an app.
    pub(super) fn graph(&self) -> Option<Arc<Graph>> {
        match self {
            Self::App { graph, .. } => Some(graph.clone()),
            Self::Unread | Self::Missing(_) => None,
        }
    }
}

/// A client of the same app, addresses and credential is the same.
impl PartialEq for AppCredentials {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unread, Self::Unread) => true,
            (Self::App { version, .. }, Self::App { version: other, .. }) => version == other,
            (Self::Missing(verdict), Self::Missing(other)) => verdict == other,
            (Self::Unread | Self::App { .. } | Self::Missing(_), _) => false,
        }
    }
}

impl FoundApp {
    fn connect(self, call: Duration) -> AppCredentials {
        let Self { addresses: Addresses { login, graph }, app, version, metrics } = self;
        let graph = Graph::new(GraphConfig { login, graph, app, ca_bundle: None, deadline: call, metrics });
        graph.map_or_else(
            |no_trust| AppCredentials::Missing(verdict::no_credentials(&no_trust.to_string())),
            |graph| AppCredentials::App { version, graph: Arc::new(graph) },
        )
    }
}

/// Reads the app of a Platform and its credential.
pub(super) async fn read(
    cluster: &Cluster,
    operator_namespace: &str,
    microsoft: &Microsoft,
    given: &Given,
) -> AppReading {
    let app = given.configured(microsoft);
    let app = app.and_then(|app| Some((app, Uuid::try_parse(app.client_id.as_str()).ok()?)));
    let Some((app, client_id)) = app else { return AppReading::Missing(verdict::not_configured()) };
    let addresses = match given.addresses(microsoft) {
        Ok(addresses) => addresses,
        Err(verdict) => return AppReading::Missing(verdict),
    };
    let (credential_version, credential) = match (&app.credentials_secret_ref, &given.federated_token_file) {
        (Some(reference), _) => match client_secret(cluster, operator_namespace, &reference.name).await {
            Ok((version, secret)) => (version.to_string(), Credential::Secret(secret)),
            Err(unread) => return unread_secret(unread, &unread.describe(operator_namespace, &reference.name)),
        },
        (None, Some(file)) => ("federated".to_owned(), Credential::FederatedTokenFile(file.clone())),
        (None, None) => return AppReading::Missing(verdict::not_configured()),
    };
    let version = [microsoft.login(), microsoft.graph(), app.client_id.as_str(), &credential_version].join("\n");
    let app = App { client_id, credential };
    AppReading::Found(Box::new(FoundApp { addresses, app, version, metrics: given.metrics.clone() }))
}

fn unread_secret(unread: Unread, what: &str) -> AppReading {
    let verdict = verdict::no_credentials(what);
    match unread {
        Unread::Unanswered => AppReading::Unanswered(verdict),
        Unread::NotFound | Unread::Forbidden | Unread::NoKey | Unread::NoText | Unread::Empty => {
            AppReading::Missing(verdict)
        }
    }
}

//! Clients of platforms, one per Platform, shared by all its Tenants.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::ResourceExt;
use kube::runtime::reflector::ObjectRef;
use secrecy::SecretString;
use tokio::sync::Notify;
use url::Url;

use super::credentials::{Unread, client_secret};
use super::options::Options;
use super::platform_changes::PlatformChanges;
use super::queue::Queue;
use crate::admin_api::{CaBundle, Client, ClientConfig, Listener, NoTrust, Untrusting};
use crate::cluster::{Cluster, Guarded, Refusal, Store};
use crate::lease::Leadership;
use crate::resources::platform::PlatformSpec;
use crate::resources::{Platform, Reason, SecretVersion};
use crate::settings::endpoint;
use crate::telemetry::metrics::Metrics;

/// The Platforms that are watched, and their clients.
pub(super) struct Platforms {
    cluster: Cluster,
    store: Store<Guarded<Platform>>,
    operator_namespace: String,
    /// The deadline of one call of a platform.
    call: Duration,
    leadership: Leadership,
    metrics: Metrics,
    /// Learns from each call how many passes a platform bears.
    queue: Arc<Queue>,
    clients: Mutex<HashMap<String, Connection>>,
    /// Rung when a platform is found to be out of reach.
    pub(super) alarm: Arc<Notify>,
    pub(super) changes: PlatformChanges,
}

#[derive(Clone)]
struct Connection {
    /// The Platform's spec that it was made from.
    spec: Arc<PlatformSpec>,
    credentials: SecretVersion,
    client: Arc<Client>,
}

impl Connection {
    /// Whether it leads where a Platform says. Not by the generation, which a deletion moves, too: a Platform that waits for its
    /// last Tenants must stay usable, also when its credentials are gone already.
    fn leads_to(&self, platform: &Platform) -> bool {
        let (was, now) = (&self.spec, &platform.spec);
        was.endpoint == now.endpoint && was.ca_bundle == now.ca_bundle && was.authentication == now.authentication
    }
}

/// Why there is no client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NoClient {
    pub(super) reason: Reason,
    pub(super) what: String,
}

impl Platforms {
    pub(super) fn new(
        cluster: Cluster,
        store: Store<Guarded<Platform>>,
        options: &Options,
        leadership: Leadership,
        queue: Arc<Queue>,
    ) -> Self {
        Self {
            cluster,
            store,
            operator_namespace: options.operator_namespace.clone(),
            call: options.timing.call,
            leadership,
            metrics: options.telemetry.metrics.clone(),
            queue,
            clients: Mutex::default(),
            alarm: Arc::new(Notify::new()),
            changes: PlatformChanges::default(),
        }
    }

    /// The Platform of a name. Where the watch has not seen it yet, it is read: it may be a second old.
    pub(super) async fn find(&self, name: &str) -> Result<Option<Arc<Platform>>, Refusal> {
        if let Some(guarded) = self.store.get(&ObjectRef::new(name)) {
            return decoded(&guarded).map(Some);
        }
        match self.cluster.cluster_scoped::<Guarded<Platform>>().get(name).await {
            Ok(guarded) => decoded(&guarded).map(Some),
            Err(Refusal::NotFound) => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// The Platforms of every instance, without those that cannot be decoded; `None` until the watch has had its first list.
    pub(super) fn all(&self) -> Option<Vec<Arc<Platform>>> {
        self.store
            .is_listed()
            .then(|| self.store.state().iter().filter_map(|guarded| guarded.0.as_ref().ok().cloned()).collect())
    }

    /// Whether the watch holds a Platform of this name.
    pub(super) fn holds(&self, name: &str) -> bool {
        self.store.get(&ObjectRef::new(name)).is_some()
    }

    /// The client of a Platform as it was last connected; connects where that has not happened for what it says now.
    pub(super) async fn client(&self, platform: &Platform) -> Result<Arc<Client>, NoClient> {
        ensure_known(platform)?;
        let known = self.connection(platform);
        match known.filter(|known| known.leads_to(platform)) {
            Some(known) => Ok(known.client),
            None => self.connect(platform).await,
        }
    }

    /// Reads the credentials and makes a client, unless they are those of the client that there is.
    pub(super) async fn connect(&self, platform: &Platform) -> Result<Arc<Client>, NoClient> {
        ensure_known(platform)?;
        let (credentials, client_secret) = self.credentials(platform).await?;
        if let Some(known) =
            self.connection(platform).filter(|known| known.leads_to(platform) && known.credentials == credentials)
        {
            return Ok(known.client);
        }
        let authentication = &platform.spec.authentication;
        let config = ClientConfig {
            url: url("spec.endpoint", &platform.spec.endpoint)?,
            token_url: url("spec.authentication.tokenUrl", &authentication.token_url)?,
            client_id: authentication.client_id.clone(),
            client_secret,
            scope: authentication.scope.clone(),
            ca_bundle: platform.spec.ca_bundle.clone(),
            token_ca_bundle: authentication.ca_bundle.clone(),
            deadline: self.call,
            leadership: self.leadership.clone(),
            requests: self.metrics.platform(&platform.name_any()),
            listener: self.listener(platform.name_any()),
        };
        let client = Client::new(config, self.alarm.clone()).map_err(no_trust)?;
        let spec = Arc::new(platform.spec.clone());
        let connection = Connection { spec, credentials, client: Arc::new(client) };
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        // Passes that begin together connect together. They get one client, with one token and one answer to what it may do.
        let fits = |known: &&Connection| known.leads_to(platform) && known.credentials == connection.credentials;
        if let Some(known) = clients.get(&key(platform)).filter(fits) {
            return Ok(known.client.clone());
        }
        let client = connection.client.clone();
        clients.insert(key(platform), connection);
        Ok(client)
    }

    /// What the clock of a platform shows, as far as it told.
    pub(super) fn time_of(&self, platform: &Platform) -> Option<Timestamp> {
        self.connection(platform)?.client.platform_time()
    }

    fn listener(&self, platform: String) -> Listener {
        let queue = self.queue.clone();
        Listener::new(move |outcome, took| queue.learn(&platform, outcome, took, Instant::now()))
    }

    fn connection(&self, platform: &Platform) -> Option<Connection> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).get(&key(platform)).cloned()
    }

    /// The version and the value of the client's secret.
    async fn credentials(&self, platform: &Platform) -> Result<(SecretVersion, SecretString), NoClient> {
        let name = &platform.spec.authentication.credentials_secret_ref.name;
        let secret = client_secret(&self.cluster, &self.operator_namespace, name).await;
        secret.map_err(|unread| {
            let reason = match unread {
                Unread::NotFound | Unread::Forbidden | Unread::NoKey | Unread::NoText | Unread::Empty => {
                    Reason::CredentialsNotFound
                }
                Unread::Unanswered => Reason::Unreachable,
            };
            NoClient { reason, what: unread.describe(&self.operator_namespace, name) }
        })
    }
}

/// How a Platform is to be called may be among what is not known of it.
fn ensure_known(platform: &Platform) -> Result<(), NoClient> {
    let unknown = &platform.spec.unknown;
    if unknown.is_empty() {
        return Ok(());
    }
    Err(NoClient { reason: Reason::OperatorTooOld, what: unknown.sentence("The Platform") })
}

fn decoded(guarded: &Guarded<Platform>) -> Result<Arc<Platform>, Refusal> {
    let Ok(platform) = &guarded.0 else { return Err(Refusal::Unanswered("the Platform cannot be decoded")) };
    Ok(platform.clone())
}

fn key(platform: &Platform) -> String {
    platform.uid().unwrap_or_default()
}

fn no_trust(Untrusting { bundle, cause }: Untrusting) -> NoClient {
    let setting = match bundle {
        CaBundle::Api => "spec.caBundle",
        CaBundle::Login => "spec.authentication.caBundle",
    };
    match cause {
        NoTrust::Bundle => {
            NoClient { reason: Reason::InvalidPlatform, what: format!("{setting} is not a list of PEM certificates") }
        }
        NoTrust::System => NoClient { reason: Reason::Unreachable, what: format!("{setting} is not set, and {cause}") },
    }
}

fn url(setting: &str, text: &str) -> Result<Url, NoClient> {
    // An object may have been stored under a laxer CRD.
    Url::parse(text).ok().filter(endpoint::is_address).ok_or_else(|| NoClient {
        reason: Reason::InvalidPlatform,
        what: format!("{setting} must be {}", endpoint::ALLOWED),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bundle_that_is_set_is_blamed() {
        let said = |bundle, cause| {
            let NoClient { reason, what } = no_trust(Untrusting { bundle, cause });
            (reason, what)
        };
        assert_eq!(
            (Reason::InvalidPlatform, "spec.caBundle is not a list of PEM certificates".to_owned()),
            said(CaBundle::Api, NoTrust::Bundle)
        );
        let (reason, what) = said(CaBundle::Login, NoTrust::System);
        assert_eq!(Reason::Unreachable, reason);
        assert!(what.starts_with("spec.authentication.caBundle is not set, and the system has no CA"), "{what}");
    }
}

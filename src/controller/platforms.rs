//! Clients of platforms, one per Platform, shared by all its Tenants.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use k8s_openapi::api::core::v1::Secret;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::{Api, ResourceExt};
use secrecy::SecretString;
use tokio::sync::Notify;
use url::Url;

use super::context::{Context, Refusal};
use super::platform::Guarded;
use super::platform_changes::PlatformChanges;
use crate::admin_api::{Client, Endpoint};
use crate::resources::platform::PlatformSpec;
use crate::resources::{Platform, Reason, SecretVersion};
use crate::settings::endpoint;

/// The key of the client's secret in the credentials Secret.
const CLIENT_SECRET: &str = "client-secret";

/// The Platforms that are watched, and their clients.
pub(super) struct Platforms {
    store: Store<Guarded>,
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
    /// Whether it leads where a Platform says. Not by the generation, which a deletion moves too: whoever waits for its last
    /// Tenants must still be able to ask, also when the credentials are gone already.
    fn leads_to(&self, platform: &Platform) -> bool {
        let (was, now) = (&self.spec, &platform.spec);
        was.endpoint == now.endpoint && was.ca_bundle == now.ca_bundle && was.authentication == now.authentication
    }
}

/// Why there is no client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoClient {
    pub(super) reason: Reason,
    pub(super) what: &'static str,
}

impl Platforms {
    pub(super) fn new(store: Store<Guarded>) -> Self {
        Self { store, clients: Mutex::default(), alarm: Arc::new(Notify::new()), changes: PlatformChanges::default() }
    }

    /// The Platform of a name. Where the watch has not seen it yet, it is read: it may be a second old.
    pub(super) async fn find(&self, context: &Context, name: &str) -> Result<Option<Arc<Platform>>, Refusal> {
        if let Some(guarded) = self.store.get(&ObjectRef::new(name)) {
            return match &guarded.0 {
                Ok(platform) => Ok(Some(Arc::new(platform.clone()))),
                Err(_) => Err(Refusal::Unknown("the Platform cannot be read")),
            };
        }
        match context.kubernetes(Api::<Platform>::all(context.client.clone()).get(name)).await {
            Ok(platform) => Ok(Some(Arc::new(platform))),
            Err(Refusal::NotFound) => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    /// The client of a Platform as it was last connected; connects where that has not happened for what it says now.
    pub(super) async fn client(&self, context: &Context, platform: &Platform) -> Result<Arc<Client>, NoClient> {
        let known = self.connection(platform);
        match known.filter(|known| known.leads_to(platform)) {
            Some(known) => Ok(known.client),
            None => self.connect(context, platform).await,
        }
    }

    /// Reads the credentials and makes a client, unless they are those of the client that there is.
    pub(super) async fn connect(&self, context: &Context, platform: &Platform) -> Result<Arc<Client>, NoClient> {
        let (credentials, client_secret) = credentials(context, platform).await?;
        if let Some(known) =
            self.connection(platform).filter(|known| known.leads_to(platform) && known.credentials == credentials)
        {
            return Ok(known.client);
        }
        let not_pem =
            NoClient { reason: Reason::InvalidPlatform, what: "spec.caBundle is not a list of PEM certificates" };
        // A text without any certificate is read as an empty list, with which nobody would be trusted.
        if platform.spec.ca_bundle.as_ref().is_some_and(|bundle| !bundle.contains("-----BEGIN CERTIFICATE-----")) {
            return Err(not_pem);
        }
        let authentication = &platform.spec.authentication;
        let endpoint = Endpoint {
            url: url(&platform.spec.endpoint)?,
            token_url: url(&authentication.token_url)?,
            client_id: authentication.client_id.clone(),
            client_secret,
            scope: authentication.scope.clone(),
            ca_bundle: platform.spec.ca_bundle.clone(),
            deadline: context.options.timing.call,
        };
        let client = Client::new(endpoint, self.alarm.clone()).map_err(|_| not_pem)?;
        let spec = Arc::new(platform.spec.clone());
        let connection = Connection { spec, credentials, client: Arc::new(client) };
        let client = connection.client.clone();
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).insert(key(platform), connection);
        Ok(client)
    }

    fn connection(&self, platform: &Platform) -> Option<Connection> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).get(&key(platform)).cloned()
    }
}

fn key(platform: &Platform) -> String {
    platform.uid().unwrap_or_default()
}

/// The version and the value of the client's secret.
async fn credentials(context: &Context, platform: &Platform) -> Result<(SecretVersion, SecretString), NoClient> {
    let name = &platform.spec.authentication.credentials_secret_ref.name;
    let missing = |what| NoClient { reason: Reason::CredentialsNotFound, what };
    secret_text(context, name).await.map_err(|unread| match unread {
        Unread::NotFound => {
            missing("the Secret of spec.authentication.credentialsSecretRef is not in the operator's namespace")
        }
        Unread::Forbidden => {
            missing("the operator may not read the Secret of spec.authentication.credentialsSecretRef")
        }
        Unread::Unanswered => {
            NoClient { reason: Reason::Unreachable, what: "the credentials Secret could not be read" }
        }
        Unread::NoText => missing("the credentials Secret has no text under the key client-secret"),
    })
}

/// Why a Secret of credentials has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    NotFound,
    Forbidden,
    Unanswered,
    NoText,
}

/// The version and the value of a client's secret in the operator's namespace.
pub(super) async fn secret_text(context: &Context, name: &str) -> Result<(SecretVersion, SecretString), Unread> {
    let secrets = Api::<Secret>::namespaced(context.client.clone(), &context.options.operator_namespace);
    let secret = context.kubernetes(secrets.get(name)).await.map_err(|refusal| match refusal {
        Refusal::NotFound => Unread::NotFound,
        Refusal::Forbidden => Unread::Forbidden,
        Refusal::Conflict | Refusal::Unknown(_) => Unread::Unanswered,
    })?;
    let version = SecretVersion::of(&secret.metadata);
    let value = secret
        .data
        .as_ref()
        .and_then(|data| data.get(CLIENT_SECRET))
        .and_then(|value| std::str::from_utf8(&value.0).ok());
    let value = value.map(str::trim_end).filter(|value| !value.is_empty());
    Ok((version, value.ok_or(Unread::NoText)?.into()))
}

fn url(text: &str) -> Result<Url, NoClient> {
    let invalid = |what| NoClient { reason: Reason::InvalidPlatform, what };
    let url = Url::parse(text).map_err(|_| invalid("spec.endpoint or spec.authentication.tokenUrl is not a URL"))?;
    if endpoint::is_safe(&url) {
        return Ok(url);
    }
    // An object may have been stored under a laxer CRD.
    Err(invalid("spec.endpoint and spec.authentication.tokenUrl must be https; http is for loopback only"))
}

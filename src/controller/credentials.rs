//! Secrets of credentials, which are in the operator's namespace.

use k8s_openapi::api::core::v1::Secret;
use secrecy::SecretString;

use crate::cluster::{Cluster, Refusal};
use crate::resources::SecretVersion;

/// The key of the client's secret in the credentials Secret.
const CLIENT_SECRET: &str = "client-secret";

/// Why a Secret of credentials has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    NotFound,
    Forbidden,
    Unanswered,
    NoText,
}

impl Unread {
    /// A clause for people.
    pub(super) fn describe(self, namespace: &str, name: &str) -> String {
        match self {
            Self::NotFound => format!("Secret {namespace}/{name} not found"),
            Self::Forbidden => format!("the operator may not get Secret {namespace}/{name}"),
            Self::Unanswered => format!("the API server does not answer for Secret {namespace}/{name}"),
            Self::NoText => format!("Secret {namespace}/{name} has no text under key {CLIENT_SECRET}"),
        }
    }
}

/// The version and the value of a client's secret.
pub(super) async fn client_secret(
    cluster: &Cluster,
    operator_namespace: &str,
    name: &str,
) -> Result<(SecretVersion, SecretString), Unread> {
    let secrets = cluster.namespaced::<Secret>(operator_namespace);
    let secret = secrets.get(name).await.map_err(|refusal| match refusal {
        Refusal::NotFound => Unread::NotFound,
        Refusal::Forbidden(_) => Unread::Forbidden,
        Refusal::Conflict | Refusal::Invalid(_) | Refusal::Unanswered(_) => Unread::Unanswered,
    })?;
    let value = secret.data.as_ref().and_then(|data| data.get(CLIENT_SECRET));
    let value = value.and_then(|value| std::str::from_utf8(&value.0).ok());
    let value = value.map(str::trim_end).filter(|value| !value.is_empty());
    Ok((SecretVersion::of(&secret.metadata), value.ok_or(Unread::NoText)?.into()))
}

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
    NoKey,
    NoText,
    Empty,
}

impl Unread {
    /// A clause for people.
    pub(super) fn describe(self, namespace: &str, name: &str) -> String {
        match self {
            Self::NotFound => format!("Secret {namespace}/{name} not found"),
            Self::Forbidden => format!("the operator may not get Secret {namespace}/{name}"),
            Self::Unanswered => format!("the API server does not answer for Secret {namespace}/{name}"),
            Self::NoKey => format!("Secret {namespace}/{name} does not have the key {CLIENT_SECRET}"),
            Self::NoText => format!("key {CLIENT_SECRET} of Secret {namespace}/{name} is not text in UTF-8"),
            Self::Empty => format!("key {CLIENT_SECRET} of Secret {namespace}/{name} is empty"),
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
        Refusal::Conflict | Refusal::Invalid(_) | Refusal::Unanswered(_) | Refusal::NotLeader => Unread::Unanswered,
    })?;
    let text = text(secret.data.as_ref().and_then(|data| data.get(CLIENT_SECRET)).map(|value| value.0.as_slice()))?;
    Ok((SecretVersion::of(&secret.metadata), text.into()))
}

/// The text of a value, without the line break that `echo` leaves behind it.
fn text(value: Option<&[u8]>) -> Result<&str, Unread> {
    let text = std::str::from_utf8(value.ok_or(Unread::NoKey)?).map_err(|_| Unread::NoText)?.trim_end();
    if text.is_empty() { Err(Unread::Empty) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_none_says_why() {
        for (value, expected) in [
            (Some(b"word\n".as_slice()), Ok("word")),
            (None, Err(Unread::NoKey)),
            (Some(b"\xff"), Err(Unread::NoText)),
            (Some(b" \n"), Err(Unread::Empty)),
        ] {
            assert_eq!(text(value), expected, "{value:?}");
        }
    }

    #[test]
    fn every_cause_names_the_secret() {
        let causes =
            [Unread::NotFound, Unread::Forbidden, Unread::Unanswered, Unread::NoKey, Unread::NoText, Unread::Empty];
        let mut said = causes.map(|unread| unread.describe("nimbus-system", "platform"));
        assert!(said.iter().all(|text| text.contains("Secret nimbus-system/platform")), "{said:?}");
        said.sort_unstable();
        assert!(said.windows(2).all(|two| two[0] != two[1]), "{said:?}");
    }
}

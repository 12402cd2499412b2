//! Which state of a Secret is meant.

use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

/// The uid and the resourceVersion of a Secret: another one after each change, and after the Secret is replaced by one of the
/// same name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretVersion(String);

impl SecretVersion {
    /// The version of the Secret with this metadata.
    pub fn of(meta: &ObjectMeta) -> Self {
        let [uid, version] = [&meta.uid, &meta.resource_version].map(|part| part.as_deref().unwrap_or_default());
        Self(format!("{uid}/{version}"))
    }

    /// The version of the value under one key.
    pub fn of_key(&self, key: &str) -> String {
        format!("{self}/{key}")
    }

    /// As a status records it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SecretVersion {
    fn from(recorded: &str) -> Self {
        Self(recorded.to_owned())
    }
}

impl fmt::Display for SecretVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

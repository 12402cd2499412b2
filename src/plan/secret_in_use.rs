//! The Secrets that a Tenant uses, as its last pass saw them. A Secret that is seen otherwise later is a reason for another pass, and
//! one that is seen the same is none.

use super::resolved::{Resolved, ResolvedSecret, SecretState};
use super::widget_key::Publication;
use crate::resources::{SecretVersion, Tenant};

/// A Secret that a Tenant uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretInUse {
    /// Its name.
    pub name: String,
    /// What the pass saw of it.
    pub state: SecretState,
    /// Whether the pass could use it.
    pub usable: bool,
}

impl SecretInUse {
    /// The Secrets that the spec names.
    pub fn all(resolved: &Resolved) -> Vec<Self> {
        let of = |secret: &ResolvedSecret| Self {
            name: secret.name.clone(),
            state: secret.state.clone(),
            usable: secret.found.is_ok(),
        };
        resolved.secrets.iter().map(of).collect()
    }

    /// The Secret that holds the widget key. One that could not be written is no case of this: the Tenant looks again by itself.
    pub fn published(key: &Publication) -> Option<Self> {
        let Publication::Published { secret, secret_version, version: _ } = key else { return None };
        Some(Self { name: secret.clone(), state: SecretState::There(secret_version.clone()), usable: true })
    }

    /// The same, as the status says it.
    pub fn recorded(tenant: &Tenant) -> Option<Self> {
        let key = tenant.status.as_ref()?.widget_key.as_ref()?;
        let version = SecretVersion::from(key.secret_version.as_deref()?);
        Some(Self { name: key.secret_name.clone()?, state: SecretState::There(version), usable: true })
    }

    /// Whether another pass may see something else.
    pub fn differs_from(&self, now: &SecretState) -> bool {
        self.state != *now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_seen_otherwise_is_a_change() {
        let there = |version: &str| SecretState::There(version.into());
        let states = [there("u/1"), there("u/2"), there("v/1"), SecretState::Missing, SecretState::Forbidden];
        for before in &states {
            let secret = SecretInUse { name: "acs".into(), state: before.clone(), usable: true };
            for now in &states {
                assert_eq!(before != now, secret.differs_from(now), "{before:?} {now:?}");
            }
        }
    }
}

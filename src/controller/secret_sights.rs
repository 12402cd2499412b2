//! What the watches of Secrets saw while passes were under way. Which Secrets a Tenant uses is known when its pass ends; a Secret that
//! changes after the pass read it and before that would wake no Tenant.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::plan::SecretState;
use crate::plan::secret_in_use::SecretInUse;

/// The Secrets that the watches saw lately.
pub(super) struct SecretSights {
    /// By namespace and name.
    seen: Mutex<HashMap<(String, String), (Instant, SecretState)>>,
    /// How long a pass takes at most.
    pass: Duration,
}

impl SecretSights {
    /// No sights so far. A pass takes `pass` at most.
    pub(super) fn new(pass: Duration) -> Self {
        Self { seen: Mutex::default(), pass }
    }

    /// Notes what a watch saw. It comes before the look at which Tenants use the Secret, as a pass stores that before it asks here.
    pub(super) fn note(&self, secret: (String, String), state: SecretState, now: Instant) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        // Twice, since a pass also stores and publishes.
        seen.retain(|_, (at, _)| now < *at + self.pass * 2);
        seen.insert(secret, (now, state));
    }

    /// Whether one of the Secrets of a Tenant was seen otherwise since its pass began.
    pub(super) fn changed(&self, namespace: &str, used: &[SecretInUse], since: Instant) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let sight = |secret: &SecretInUse| seen.get(&(namespace.to_owned(), secret.name.clone()));
        !seen.is_empty()
            && used
                .iter()
                .any(|secret| sight(secret).is_some_and(|(at, state)| *at >= since && secret.differs_from(state)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASS: Duration = Duration::from_secs(60);

    fn used(name: &str, version: &str) -> Vec<SecretInUse> {
        vec![SecretInUse { name: name.to_owned(), state: SecretState::There(version.into()), usable: true }]
    }

    #[test]
    fn change_during_a_pass_is_noticed_at_its_end() {
        let (sights, began) = (SecretSights::new(PASS), Instant::now());
        let acs = || ("contoso".to_owned(), "acs".to_owned());
        sights.note(acs(), SecretState::There("u/2".into()), began);
        assert!(sights.changed("contoso", &used("acs", "u/1"), began));
        assert!(!sights.changed("contoso", &used("acs", "u/2"), began), "the pass read it after the change");
        assert!(!sights.changed("contoso", &used("other", "u/1"), began));
        assert!(!sights.changed("northwind", &used("acs", "u/1"), began));
        assert!(!sights.changed("contoso", &used("acs", "u/1"), began + PASS), "a later pass read it itself");
        sights.note(acs(), SecretState::Missing, began + PASS);
        assert!(sights.changed("contoso", &used("acs", "u/2"), began));
    }

    #[test]
    fn sights_from_before_any_pass_are_forgotten() {
        let (sights, now) = (SecretSights::new(PASS), Instant::now());
        for name in ["a", "b"] {
            sights.note(("contoso".into(), name.into()), SecretState::Missing, now);
        }
        sights.note(("contoso".into(), "c".into()), SecretState::Missing, now + PASS * 2);
        assert_eq!(1, sights.seen.lock().unwrap().len());
    }
}

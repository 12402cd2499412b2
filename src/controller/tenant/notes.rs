//! What the passes over a Tenant note for the next one.

use std::time::{Duration, Instant};

use super::contention::Contention;
use crate::plan::secret_in_use::SecretInUse;
use crate::plan::{Conclusion, Rewrites, Seen, Stopped};
use crate::resources::status::Compared;
use crate::resources::{SpecHash, Tenant};

/// What the passes over a Tenant note for the next one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    /// For which hash the platform did not keep what it was given, and what it made of it.
    pub(crate) rewrites: Option<(SpecHash, Rewrites)>,
    /// When it was last given something that it did not keep.
    pub(crate) rewritten: Option<Instant>,
    /// The Secrets that it uses, as the last pass saw them.
    pub(crate) secrets: Vec<SecretInUse>,
    /// How long passes have come to nothing.
    pub(crate) contention: Option<Contention>,
    /// When license usage was last taken over.
    pub(crate) licenses: Option<Instant>,
    /// What the last pass compared with, where the status does not say it, and the version of the Tenant that has that status.
    pub(crate) compared: Option<Box<(Compared, Option<String>)>>,
}

impl Notes {
    /// Takes over what the status remembers, after a restart. It counts as given just now: restarts alone are no reason to write.
    pub(crate) fn recall(&mut self, tenant: &Tenant, now: Instant) {
        if self.rewrites.is_none() {
            self.rewrites = Rewrites::remembered(tenant);
            self.rewritten = self.rewrites.is_some().then_some(now);
        }
    }

    /// Counts a pass that began `started` and ended like this. Returns whether passes have come to nothing for so long that it has to
    /// be said.
    pub(crate) fn are_contended<T>(&mut self, outcome: &Result<T, Stopped>, started: Instant, most: Duration) -> bool {
        self.contention = Contention::after(self.contention, outcome, started);
        self.contention.is_some_and(|race| race.lasts(most, Instant::now()))
    }

    /// Whether a pass that began `started` and ended like this takes over license usage. It counts as done where the pass saw that
    /// the tenant is ours.
    pub(crate) fn refresh_licenses<T>(
        &mut self,
        (outcome, seen): (&Result<T, Stopped>, &Seen),
        every: Duration,
        started: Instant,
    ) -> bool {
        let refreshes = self.licenses.is_none_or(|at| at.elapsed() >= every);
        if refreshes && (outcome.is_ok() || seen.ours().is_some()) {
            self.licenses = Some(started);
        }
        refreshes
    }

    /// What the last pass over a Tenant compared with, as long as its status is the one of then.
    pub(crate) fn compared_with(&self, tenant: &Tenant) -> Option<Box<Compared>> {
        let (compared, version) = self.compared.as_deref()?;
        (*version == tenant.metadata.resource_version).then(|| Box::new(compared.clone()))
    }

    /// What is to be noted after a pass that comes to this. What is written, or was written before, need not be.
    pub(crate) fn compared_after(
        &self,
        tenant: &Tenant,
        conclusion: &Conclusion,
    ) -> Option<Box<(Compared, Option<String>)>> {
        match (&conclusion.status, &conclusion.compared) {
            (Some(_), _) => None,
            (None, None) => self.compared.clone(),
            (None, Some(compared)) => {
                let recorded = tenant.status.as_ref().and_then(|status| status.compared.as_ref());
                let version = || tenant.metadata.resource_version.clone();
                (recorded != Some(compared)).then(|| Box::new((compared.clone(), version())))
            }
        }
    }

    /// What the platform did not keep of the settings of this hash. After `retry` it is worth another attempt.
    pub(crate) fn rewrites_of(&self, hash: Option<&SpecHash>, retry: Duration) -> Rewrites {
        let known = self.rewrites.as_ref().filter(|(of, _)| Some(of) == hash);
        let mut rewrites = known.map(|(_, rewrites)| rewrites.clone()).unwrap_or_default();
        if self.rewritten.is_some_and(|at| at.elapsed() >= retry) {
            rewrites.left = None;
        }
        rewrites
    }
}

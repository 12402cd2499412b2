//! What a pass knows of its Tenant.

use std::sync::Arc;
use std::time::Instant;

use kube::ResourceExt;

use super::begun::Begun;
use super::notes::Notes;
use crate::controller::checks::Subject;
use crate::controller::context::Context;
use crate::controller::options::Step;
use crate::controller::queue::phase;
use crate::plan::secret_in_use::SecretInUse;
use crate::plan::{CheckPlan, Done, Observation, Outcome, Rewrites, Seen, Stopped};
use crate::resources::status::Compared;
use crate::resources::{Platform, SpecHash, Tenant};
use crate::settings::Trigger;

/// What a pass knows of its Tenant.
pub(crate) struct Pass {
    /// As it was last read or written.
    pub(crate) tenant: Arc<Tenant>,
    /// Its Platform, if there is one.
    pub(crate) platform: Option<Arc<Platform>>,
    /// Its namespace and name.
    pub(crate) key: String,
    /// The hash of its spec and Secrets.
    pub(crate) hash: Option<SpecHash>,
    /// How the environment that answers names itself, where it does.
    pub(crate) environment: Option<String>,
    /// What the platform last answered about its tenant; `None` where it was not asked.
    pub(crate) observation: Option<Observation>,
    /// What of that a status says, where the pass stopped or deletes.
    pub(crate) seen: Seen,
    /// What is to be checked with Microsoft; nothing unless the tenant is ours.
    pub(crate) check_plan: Option<CheckPlan>,
    pub(crate) rewrites: Rewrites,
    /// The triggers that the platform took.
    pub(crate) fired: Vec<(Trigger, bool)>,
    /// The Secrets that its spec names; `None` where they were not read.
    pub(crate) secrets: Option<Vec<SecretInUse>>,
    /// What the last pass compared with, where the status does not say it.
    pub(crate) noted: Option<Box<Compared>>,
    /// Hash of what else its status depends on.
    pub(crate) context: Option<String>,
    /// The look that the observer of the platform knows of.
    pub(crate) begun: Option<Begun>,
}

impl Pass {
    pub(crate) fn new(tenant: Arc<Tenant>, platform: Option<Arc<Platform>>) -> Self {
        Self {
            key: tenant_key(&tenant),
            tenant,
            platform,
            hash: None,
            environment: None,
            observation: None,
            seen: Seen::Nothing,
            check_plan: None,
            rewrites: Rewrites::default(),
            fired: vec![],
            secrets: None,
            noted: None,
            context: None,
            begun: None,
        }
    }

    /// Whether the Tenant is of the generation that was seen, and still to be kept if it was.
    pub(crate) fn is_of(&self, seen: &Tenant) -> bool {
        let (now, seen) = (&self.tenant.metadata, &seen.metadata);
        now.generation == seen.generation && now.deletion_timestamp.is_some() == seen.deletion_timestamp.is_some()
    }

    /// The app that handles chats, where the Platform names one.
    pub(crate) fn chat_app(&self) -> Option<&str> {
        let microsoft = self.platform.as_ref()?.spec.microsoft.as_ref()?;
        microsoft.chat_app_client_id.as_ref().map(|id| id.as_str())
    }

    /// The Tenant as its checks see it.
    pub(crate) fn subject(&self) -> Subject<'_> {
        Subject {
            tenant: &self.tenant,
            platform: self.platform.as_deref(),
            hash: self.hash.as_ref(),
            phase: phase(&self.tenant.uid().unwrap_or_default()),
        }
    }

    /// Notes the Secrets that it uses, and that of the widget key as it was left.
    fn note_secrets(&mut self, outcome: &Result<Outcome, Stopped>, notes: &mut Notes) {
        let Some(named) = self.secrets.take() else { return };
        let published = match outcome {
            Ok(Outcome::Live(live)) => SecretInUse::published(&live.side_effects.key),
            Ok(Outcome::Unchanged) => SecretInUse::recorded(&self.tenant),
            Ok(Outcome::Deleting(_) | Outcome::Released(_)) | Err(_) => None,
        };
        notes.secrets = named.into_iter().chain(published).collect();
    }

    /// Notes what the next passes have to know.
    pub(crate) fn note(&mut self, outcome: &Result<Outcome, Stopped>, notes: &mut Notes) {
        self.note_rewrites(outcome, notes);
        self.note_secrets(outcome, notes);
    }

    /// Notes writes whose value the platform did not keep.
    fn note_rewrites(&self, outcome: &Result<Outcome, Stopped>, notes: &mut Notes) {
        let Ok(Outcome::Live(live)) = outcome else { return };
        if live.done != Done::Nothing {
            notes.rewritten = Some(Instant::now());
        }
        notes.rewrites = self.hash.clone().map(|hash| (hash, self.rewrites.after(live.done, &live.difference)));
    }
}

/// Tells a test that a pass comes to a step.
pub(super) fn step(context: &Context, pass: &Pass, step: Step) {
    (context.options.observer)(step, &pass.key);
}

/// `namespace/name`.
pub(crate) fn tenant_key(tenant: &Tenant) -> String {
    format!("{}/{}", tenant.namespace().unwrap_or_default(), tenant.name_any())
}

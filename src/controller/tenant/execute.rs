//! `execute`: carries out a plan. The finalizer is written before the platform is; the answer proves that the Tenant is as it was
//! seen, and the pass goes on.

use super::delete::delete;
use super::finalizer::{ensure_finalizers, ensure_unchanged};
use super::observe::canonical;
use super::pass::Pass;
use super::widget_key;
use super::writer::{Saved, Writer};
use crate::admin_api::{ApiError, Client, Creation, TenantDocument, Write};
use crate::cluster::Cluster;
use crate::controller::in_use::InUse;
use crate::controller::options::Timing;
use crate::plan::deletion::DeletionPlan;
use crate::plan::diff::diff;
use crate::plan::{Difference, Done, Intent, Observation, Outcome, Plan, Resolved, SideEffects, Stop};

/// What carrying out a plan needs.
pub(crate) struct Executor<'e> {
    pub(crate) cluster: &'e Cluster,
    pub(crate) in_use: &'e InUse,
    pub(crate) timing: &'e Timing,
    pub(crate) client: Result<&'e Client, ApiError>,
    pub(crate) resolved: &'e Resolved,
}

impl Executor<'_> {
    /// Carries out a plan.
    ///
    /// *Errors*: why the spec is not live.
    pub(crate) async fn execute(
        self,
        pass: &mut Pass,
        intent: &Intent,
        observation: Observation,
        plan: Plan,
    ) -> Result<Outcome, Stop> {
        match (intent, plan) {
            (Intent::Delete(_), Plan::Delete(plan)) => {
                if matches!(plan, DeletionPlan::Delete(_)) {
                    ensure_unchanged(self.cluster, &pass.tenant).await?;
                }
                delete(self.cluster, self.timing, self.client, pass, plan).await
            }
            (Intent::Delete(_), _) | (_, Plan::Delete(_)) => Err(Stop::Bug("the plan does not fit the intent")),
            (Intent::Apply(desired), plan) => {
                let client = self.client.map_err(Stop::Unavailable)?;
                let (id, stamp) = (desired.tenant_id.to_string(), pass.stamp.to_string());
                let writer = Writer { client, desired, resolved: self.resolved, id, stamp };
                ensure_finalizers(self.cluster, self.in_use, pass).await?;
                let mut saved = writer.save(observation, plan).await?;
                writer.fire(&mut saved).await?;
                saved.side_effects.key = widget_key::publish(self.cluster, &pass.tenant, &writer, &saved).await?;
                let Saved { document, settings: _, done, difference, side_effects } = saved;
                Ok(Outcome::Live { document, done, difference, side_effects })
            }
        }
    }
}

impl Writer<'_> {
    async fn save(&self, observation: Observation, plan: Plan) -> Result<Saved, Stop> {
        let write = Write { id: self.id.as_str(), owner: &self.stamp };
        let nothing = SideEffects::default();
        match (plan, observation) {
            (Plan::Create { recreate, rotation, difference }, _) => {
                let creation = Creation { settings: difference.to_creation(), recreate, rotation };
                let created = self.client.create(write, creation).await;
                self.live(created.map_err(|error| self.refused(error))?, Done::Created, &difference, nothing)
            }
            (Plan::Nothing { difference }, Observation::Exists { document, settings, .. }) => {
                Ok(Saved { document, settings, done: Done::Nothing, difference, side_effects: nothing })
            }
            (Plan::Save { claim, recorded, edited, difference }, Observation::Exists { document, .. }) => {
                let side_effects = self.record(&document, &recorded).await?;
                if claim {
                    self.client.claim(write).await.map_err(|error| self.refused(error))?;
                }
                let done = match (claim, edited) {
                    (true, _) => Done::Adopted,
                    (false, true) => Done::Applied,
                    (false, false) => Done::Corrected,
                };
                if difference.is_empty() {
                    return self.live(*document, done, &difference, side_effects);
                }
                let saved = self.client.patch(write, &document.settings_version, difference.to_body()).await;
                self.live(saved.map_err(|error| self.refused(error))?, done, &difference, side_effects)
            }
            _ => Err(Stop::Bug("the plan does not fit what was observed")),
        }
    }

    /// Compares the platform's answer with what was wanted: an answer of success is no proof of it.
    fn live(
        &self,
        document: TenantDocument,
        done: Done,
        written: &Difference,
        side_effects: SideEffects,
    ) -> Result<Saved, Stop> {
        let settings =
            canonical(&document.settings).ok_or_else(|| Stop::Unavailable(self.client.malformed_settings()))?;
        let sent = written.sealed_after(&document.settings);
        let difference = diff(self.desired, &self.resolved.secrets, &sent, &settings, &document.restricted_paths);
        Ok(Saved { document: Box::new(document), settings, done, difference, side_effects })
    }
}

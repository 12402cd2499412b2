//! `execute`: carries out a plan and returns what was done. It decides nothing; what it reads before a write only guards that write.
//!
//! The finalizer is written before the platform is; the answer proves that the Tenant is as it was seen, and the pass goes on.

use std::sync::Arc;
use std::time::Duration;

use super::finalizer::{CHANGED, ensure_finalizers};
use super::resolve::References;
use super::second_look::SecondLook;
use super::widget_key::{prove, publish};
use super::writer::Writer;
use crate::admin_api::Client;
use crate::cluster::Cluster;
use crate::controller::in_use::InUse;
use crate::controller::options::Clock;
use crate::plan::after_save::FollowUp;
use crate::plan::observation::Progress;
use crate::plan::{ApplyPlan, Live, Outcome, SideEffects, Stop};
use crate::resources::Tenant;
use crate::settings::Trigger;

/// What carrying out a plan needs.
pub(crate) struct Executor<'e> {
    pub(crate) cluster: &'e Cluster,
    pub(crate) in_use: &'e InUse,
    pub(crate) client: &'e Client,
    pub(crate) references: &'e References,
    /// As it was decided on.
    pub(crate) tenant: &'e Arc<Tenant>,
    /// The local clock.
    pub(crate) clock: &'e Clock,
    /// From the last look before a call that a confirmation unlocks to its answer.
    pub(crate) last_look: Duration,
}

/// What was done.
pub(crate) struct Executed {
    /// The Tenant as it was last written.
    pub(crate) tenant: Arc<Tenant>,
    /// What was achieved, or why the spec is not live.
    pub(crate) outcome: Result<Outcome, Stop>,
    /// How far it came.
    pub(crate) progress: Progress,
    /// The triggers that the platform took, also where it came no further.
    pub(crate) fired: Vec<(Trigger, bool)>,
}

impl Executor<'_> {
    /// Carries out the plan for a Tenant that stays.
    pub(crate) async fn execute(&self, plan: ApplyPlan) -> Executed {
        let stopped = |tenant: &Arc<Tenant>, stop| Executed {
            tenant: tenant.clone(),
            outcome: Err(stop),
            progress: Progress::Nothing,
            fired: vec![],
        };
        let tenant = match ensure_finalizers(self.cluster, self.in_use, self.references, self.tenant).await {
            Ok(tenant) => tenant,
            Err(stop) => return stopped(self.tenant, stop),
        };
        // Edited or deleted since it was read: nothing may be done for an older spec.
        if tenant.metadata.generation != self.tenant.metadata.generation || tenant.metadata.deletion_timestamp.is_some()
        {
            return stopped(&tenant, Stop::Raced(CHANGED.to_owned()));
        }
        let (mut progress, mut side_effects) = (Progress::Nothing, SideEffects::default());
        let outcome = self.apply(&tenant, plan, &mut progress, &mut side_effects).await.map(Outcome::Live);
        Executed { tenant, outcome, progress, fired: side_effects.fired }
    }

    async fn apply(
        &self,
        tenant: &Tenant,
        plan: ApplyPlan,
        progress: &mut Progress,
        side_effects: &mut SideEffects,
    ) -> Result<Live, Stop> {
        let ApplyPlan { target, claim, write, done, after, confirmed_on } = plan;
        let Self { cluster, client, clock, last_look: most, .. } = *self;
        let partner = self.references.partner.as_ref();
        let look = |day| SecondLook { cluster, tenant, partner, day, clock, client, most };
        let writer = Writer::new(self.client, &target).looking(confirmed_on.map(look));
        if let Some(claim) = &claim {
            side_effects.fired = writer.take_over(claim).await?;
            *progress = Progress::Claimed;
        }
        let (saved, difference) = writer.save(write, &after).await?;
        *progress = Progress::Saved(saved.clone());
        let follow_up = after.follow_up(&saved);
        let follow_up = match follow_up.to_prove().cloned() {
            Some(target) => follow_up.proved(prove(self.cluster, tenant, &writer, target).await?),
            None => follow_up,
        };
        let FollowUp { fire, waiting, publish: publication } = follow_up;
        let seen = &saved.document.settings_version;
        let refused = writer.fire(fire, seen, &mut side_effects.fired).await?;
        side_effects.waiting = [waiting, refused].concat();
        side_effects.key = publish(self.cluster, tenant, &writer, publication, side_effects).await?;
        Ok(Live { document: saved.document, done, difference, side_effects: side_effects.clone() })
    }
}

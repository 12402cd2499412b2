//! What every pass needs: the cluster, the options, and what is remembered between passes.

use std::sync::Arc;
use std::time::Instant;

use jiff::civil::Date;

use super::checks::Checks;
use super::enforcement::Enforcement;
use super::fleet::Fleet;
use super::former_cluster::FormerClusters;
use super::in_use::InUse;
use super::options::Options;
use super::partner_changes::PartnerChanges;
use super::passes::Passes;
use super::platform::deletion_slots::DeletionSlots;
use super::platform::notes::PlatformNotes;
use super::platforms::Platforms;
use super::queue::{Memory, Queue};
use super::refusals::Refusals;
use super::secret_sights::SecretSights;
use super::subscribers::Subscribers;
use super::syncs::Syncs;
use super::tenant::notes::Notes;
use super::totals::{Sight, Totals};
use super::unwritten::Unwritten;
use super::versions::TenantVersions;
use crate::cluster::{Cluster, Guarded, Store};
use crate::lease::Leadership;
use crate::plan::confirmation;
use crate::resources::{Platform, Stamp};
use crate::settings::TenantId;

/// Platforms, and Partners, that are reconciled at the same time.
const FEW: usize = 4;

/// What every pass needs.
pub(super) struct Context {
    pub(super) cluster: Cluster,
    pub(super) options: Options,
    /// Whether this replica writes.
    pub(super) leadership: Leadership,
    pub(super) enforcement: Enforcement,
    pub(super) platforms: Platforms,
    pub(super) in_use: InUse,
    pub(super) fleet: Fleet,
    pub(super) deletion_slots: DeletionSlots,
    pub(super) totals: Totals,
    pub(super) former_clusters: FormerClusters,
    pub(super) memory: Memory<Notes>,
    pub(super) platform_memory: Memory<PlatformNotes>,
    pub(super) partner_changes: PartnerChanges,
    pub(super) secret_sights: SecretSights,
    /// The tenants whose Tenant was let go: another Tenant of the same tenant may wait for that.
    pub(super) releases: Subscribers<TenantId>,
    pub(super) checks: Checks,
    pub(super) versions: TenantVersions,
    pub(super) passes: Passes,
    pub(super) queues: Queues,
    pub(super) syncs: Syncs,
    pub(super) unwritten: Unwritten,
    pub(super) refusals: Refusals,
}

/// What waits for its pass, by kind.
pub(super) struct Queues {
    /// The clients of platforms report to it.
    pub(super) tenants: Arc<Queue>,
    pub(super) platforms: Queue,
    pub(super) partners: Queue,
}

impl Queues {
    fn of(options: &Options) -> Self {
        let tenants = Arc::new(Queue::new(usize::from(options.concurrency)));
        Self { tenants, platforms: Queue::new(FEW), partners: Queue::new(FEW) }
    }

    /// Nothing was due before: until then another replica made the passes.
    pub(super) fn begin(&self, now: Instant) {
        [&*self.tenants, &self.platforms, &self.partners].into_iter().for_each(|queue| queue.begin(now));
    }
}

impl Context {
    /// *Errors*: the system has no certificate to trust.
    pub(super) fn new(
        cluster: Cluster,
        options: Options,
        platforms: Store<Guarded<Platform>>,
        leadership: Leadership,
    ) -> Result<Self, crate::microsoft::NoTrust> {
        let queues = Queues::of(&options);
        Ok(Self {
            checks: Checks::new(&options, &leadership)?,
            versions: TenantVersions::new(&options),
            enforcement: Enforcement::new(&options),
            platforms: Platforms::new(cluster.clone(), platforms, &options, leadership.clone(), queues.tenants.clone()),
            in_use: InUse::of(&options.instance),
            fleet: Fleet::of(&options),
            memory: Memory::of(cluster.epoch()),
            platform_memory: Memory::of(cluster.epoch()),
            deletion_slots: DeletionSlots::default(),
            totals: Totals::new(options.timing.totals),
            former_clusters: FormerClusters::default(),
            secret_sights: SecretSights::new(options.timing.pass),
            cluster,
            options,
            leadership,
            partner_changes: PartnerChanges::default(),
            releases: Subscribers::default(),
            passes: Passes::default(),
            queues,
            syncs: Syncs::default(),
            unwritten: Unwritten::default(),
            refusals: Refusals::default(),
        })
    }

    /// The Tenants that this operator knows.
    pub(super) fn sight(&self) -> Sight<'_> {
        Sight { watched: &self.options.namespaces, fleet: &self.fleet }
    }

    /// The day on which the confirmations of a Tenant on a Platform are judged.
    pub(super) fn today(&self, platform: Option<&Platform>) -> Date {
        let theirs = platform.and_then(|platform| self.platforms.time_of(platform));
        confirmation::day((self.options.clock)(), theirs)
    }

    /// Our stamp on a tenant of the platform.
    pub(super) fn stamp(&self, namespace: &str, name: &str) -> Stamp {
        Stamp::new(&self.options.cluster_id, namespace, name)
    }
}

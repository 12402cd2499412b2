//! The breaker for mass deletions: so many confirmed deletions per hour and Platform. Only time unlocks it.
//!
//! A slot is taken in the status of the Platform *before* the platform is asked, by a write that is guarded by the version:
//! neither a restart nor a second operator gets around it, and a slot that was taken for nothing errs to the safe side. Nor does a
//! Platform that is created again: see `deletion_slots`.

use std::time::Duration;

use jiff::Timestamp;
use kube::ResourceExt;
use serde_json::json;

use super::deletion_slots::{DeletionSlots, HOUR, to_list};
use crate::cluster::{Cluster, Patch, Refusal};
use crate::controller::context::Context;
use crate::controller::fleet::Fleet;
use crate::resources::Platform;
use crate::resources::platform::ConfirmedDeletion;

/// Others delete at the same time; more losses in a row than this are no coincidence.
const TRIES: u32 = 5;

/// Whether a deletion may be asked for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// It may.
    Taken,
    /// Not before this much time has passed.
    Wait(Duration),
}

/// The breaker, with all that counts.
#[derive(Clone, Copy)]
pub(crate) struct Breaker<'b> {
    cluster: &'b Cluster,
    fleet: &'b Fleet,
    slots: &'b DeletionSlots,
}

impl<'b> Breaker<'b> {
    pub(crate) fn of(context: &'b Context) -> Self {
        Self { cluster: &context.cluster, fleet: &context.fleet, slots: &context.deletion_slots }
    }

    /// Takes a slot for the deletion of one tenant, or finds the one that it has: each further attempt is the same deletion.
    pub(crate) async fn take(&self, platform: &str, tenant_id: &str) -> Result<Slot, Refusal> {
        let platforms = self.cluster.cluster_scoped::<Platform>();
        for _ in 0..TRIES {
            let fresh = platforms.get(platform).await?;
            // Tenants that are not listed yet may count.
            let tenants = self.fleet.of_platform(platform).ok_or(Refusal::Conflict)?;
            let mut status = fresh.status.unwrap_or_default();
            let limit = fresh.spec.confirmed_deletions_per_hour();
            let now = Timestamp::now();
            let past = self.slots.join(platform, &status.confirmed_deletions, &tenants, now);
            match decide(&past, tenant_id, limit, now) {
                Decision::Has => return Ok(Slot::Taken),
                Decision::Wait(wait) => return Ok(Slot::Wait(wait)),
                Decision::Take(slots) => status.confirmed_deletions = slots,
            }
            match platforms.patch_status(Patch::of_version(&fresh.metadata).status(json!(status))).await {
                Err(Refusal::Conflict) => {}
                Err(refusal) => return Err(refusal),
                Ok(_) => {
                    self.slots.join(platform, &status.confirmed_deletions, &[], now);
                    return Ok(Slot::Taken);
                }
            }
        }
        Err(Refusal::Conflict)
    }

    /// What the status of a Platform lists: also what it lacks since it was created again.
    pub(super) fn listed(&self, platform: &Platform) -> Vec<ConfirmedDeletion> {
        let listed = platform.status.as_ref().map(|status| status.confirmed_deletions.clone()).unwrap_or_default();
        let name = platform.name_any();
        let tenants = self.fleet.of_platform(&name).unwrap_or_default();
        let joined = self.slots.join(&name, &listed, &tenants, Timestamp::now());
        to_list(listed, joined)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Decision {
    /// The tenant has a slot already.
    Has,
    /// The slots with one for the tenant.
    Take(Vec<ConfirmedDeletion>),
    /// How long until there is one for it.
    Wait(Duration),
}

/// The slots of the last hour stand in a queue, oldest first, and as many as the limit says may go: those that were taken
/// under a higher limit wait too.
fn decide(past: &[ConfirmedDeletion], tenant_id: &str, limit: usize, now: Timestamp) -> Decision {
    // What cannot be read is taken for a deletion of just now: unknown never means that there was none.
    let slots = past.iter().map(|slot| (slot.at.parse::<Timestamp>().unwrap_or(now), slot.tenant_id.as_str()));
    let mut recent: Vec<_> = slots.filter(|(at, _)| now.duration_since(*at) < HOUR).collect();
    recent.sort_unstable();
    let own = recent.iter().position(|(_, id)| *id == tenant_id);
    let ahead = own.unwrap_or(recent.len());
    if ahead >= limit {
        let last_in_the_way = recent.get(ahead - limit).map_or(now, |(at, _)| *at);
        let wait = Duration::try_from(HOUR - now.duration_since(last_in_the_way)).unwrap_or(Duration::from_secs(60));
        return Decision::Wait(wait.max(Duration::from_secs(1)));
    }
    if own.is_some() {
        return Decision::Has;
    }
    recent.push((now, tenant_id));
    let slot = |(at, id): &(Timestamp, &str)| ConfirmedDeletion { tenant_id: (*id).to_owned(), at: at.to_string() };
    Decision::Take(recent.iter().map(slot).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn taken(past: &[ConfirmedDeletion], tenant_id: &str, limit: usize, seconds: i64) -> Vec<ConfirmedDeletion> {
        match decide(past, tenant_id, limit, at(seconds)) {
            Decision::Take(slots) => slots,
            other => panic!("{other:?}"),
        }
    }

    fn wait(seconds: u64) -> Decision {
        Decision::Wait(Duration::from_secs(seconds))
    }

    /// Slots of a, b and c, a second apart.
    fn three() -> Vec<ConfirmedDeletion> {
        let ids = [("a", 0), ("b", 1), ("c", 2)];
        ids.into_iter().fold(vec![], |slots, (id, second)| taken(&slots, id, 3, second))
    }

    #[test]
    fn only_time_unlocks() {
        let slots = three();
        assert_eq!(decide(&slots, "d", 3, at(10)), wait(3590));
        assert_eq!(decide(&slots, "d", 3, at(3599)), wait(1));
        let later = taken(&slots, "d", 3, 3600);
        assert_eq!(later.iter().map(|slot| slot.tenant_id.as_str()).collect::<Vec<_>>(), ["b", "c", "d"]);
        assert_eq!(
            decide(&slots, "d", 1, at(10)),
            wait(3592),
            "a lower limit waits for the youngest that is in the way"
        );
        assert_eq!(decide(&[], "a", 0, at(0)), wait(3600), "none at all is a limit too");
    }

    #[test]
    fn a_tenant_that_has_a_slot_needs_no_other() {
        let slots = three();
        for id in ["a", "b", "c"] {
            assert_eq!(decide(&slots, id, 3, at(3599)), Decision::Has);
        }
        assert_eq!(decide(&slots, "a", 1, at(10)), Decision::Has);
        assert_eq!(decide(&slots, "b", 1, at(10)), wait(3590), "it was taken under a higher limit");
        assert_eq!(decide(&slots, "a", 0, at(10)), wait(3590), "the brake stops what goes on, too");
        assert_eq!(taken(&slots, "a", 3, 3600).len(), 3, "after an hour it is another deletion");
    }

    #[test]
    fn what_cannot_be_read_counts() {
        let slot = ConfirmedDeletion { tenant_id: "a".into(), at: "yesterday".into() };
        assert_eq!(decide(&[slot], "b", 1, at(0)), wait(3600));
    }
}

//! The breaker for mass deletions: so many confirmed deletions per hour and Platform, and so many of them for the tenants of one
//! partner, which must not use up what all share. Only time unlocks it.
//!
//! A slot is taken in the status of the Platform *before* the platform is asked, by a write that is guarded by the version:
//! neither a restart nor a second operator gets around it, and a slot that was taken for nothing errs to the safe side. Nor does a
//! Platform that is created again: see `deletion_slots`.

use std::cmp::Reverse;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use kube::ResourceExt;
use serde_json::json;

use super::deletion_slots::{Counted, DeletionSlots, HOUR, Moment, to_list};
use crate::cluster::{Cluster, Patch, Refusal};
use crate::controller::context::Context;
use crate::controller::fleet::Fleet;
use crate::controller::options::Clock;
use crate::controller::platforms::Platforms;
use crate::plan::Target;
use crate::plan::deletion::DeletionLimit;
use crate::resources::Platform;
use crate::resources::platform::{ConfirmedDeletion, PlatformSpec};

/// Others delete at the same time; more losses in a row than this are no coincidence.
const TRIES: u32 = 5;

/// Whether a deletion may be asked for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    /// It may.
    Taken,
    /// Not before this much time has passed, by this limit.
    Wait(DeletionLimit, Duration),
}

/// The breaker, with all that counts.
#[derive(Clone, Copy)]
pub(crate) struct Breaker<'b> {
    cluster: &'b Cluster,
    fleet: &'b Fleet,
    platforms: &'b Platforms,
    slots: &'b DeletionSlots,
    clock: &'b Clock,
}

impl<'b> Breaker<'b> {
    pub(crate) fn of(context: &'b Context) -> Self {
        Self {
            cluster: &context.cluster,
            fleet: &context.fleet,
            platforms: &context.platforms,
            slots: &context.deletion_slots,
            clock: &context.options.clock,
        }
    }

    /// Takes a slot for the deletion of one tenant, or finds the one that it has: each further attempt is the same deletion.
    /// `partner_id` is that of the platform; empty where the tenant has no partner.
    pub(crate) async fn take(&self, target: &Target, partner_id: &str) -> Result<Slot, Refusal> {
        let platforms = self.cluster.cluster_scoped::<Platform>();
        let (platform, tenant_id) = (target.platform.as_str(), target.tenant.to_string());
        let wanted = Wanted { tenant_id: &tenant_id, partner_id };
        for _ in 0..TRIES {
            let fresh = platforms.get(platform).await?;
            // Tenants that are not listed yet may count.
            let tenants = self.fleet.of_platform(platform).ok_or(Refusal::Conflict)?;
            let now = self.now(&fresh);
            let mut status = fresh.status.unwrap_or_default();
            let past = self.slots.join(platform, &status.confirmed_deletions, &tenants, now);
            match decide(&past, wanted, Limits::of(&fresh.spec), now.latest) {
                Decision::Has => return Ok(Slot::Taken),
                Decision::Wait(limit, wait) => return Ok(Slot::Wait(limit, wait)),
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
        let counted = self.slots.join(&name, &listed, &tenants, self.now(platform));
        to_list(listed, counted)
    }

    /// Both the local clock and that of the platform: time has passed only where both say so. One that is wrong, on the host or on the
    /// platform, unlocks nothing, whether it is ahead or back and whenever that is corrected.
    fn now(&self, platform: &Platform) -> Moment {
        let local = (self.clock)();
        let theirs = self.platforms.time_of(platform).unwrap_or(local);
        Moment { earliest: theirs.min(local), latest: theirs.max(local), at: Instant::now() }
    }
}

/// A deletion that needs a slot.
#[derive(Clone, Copy)]
struct Wanted<'w> {
    tenant_id: &'w str,
    /// Empty without a partner.
    partner_id: &'w str,
}

/// How many slots there are.
#[derive(Clone, Copy)]
struct Limits {
    per_hour: usize,
    per_hour_and_partner: usize,
}

impl Limits {
    fn of(spec: &PlatformSpec) -> Self {
        Self {
            per_hour: spec.confirmed_deletions_per_hour(),
            per_hour_and_partner: spec.confirmed_deletions_per_hour_and_partner(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Decision {
    /// The tenant has a slot already.
    Has,
    /// The slots with one for the tenant.
    Take(Vec<ConfirmedDeletion>),
    /// How long until there is one for it, and by which limit.
    Wait(DeletionLimit, Duration),
}

/// The slots of the last hour stand in a queue, oldest first, and as many as the limit says may go: those that were taken
/// under a higher limit wait too. The slots of a partner stand in another one. A new one is `recorded` as of this time.
fn decide(past: &[Counted], wanted: Wanted<'_>, limits: Limits, recorded: Timestamp) -> Decision {
    let mut recent: Vec<_> =
        past.iter().filter(|counted| counted.age < HOUR).map(|Counted { slot, age }| (*age, slot)).collect();
    recent.sort_by_key(|(age, slot)| (Reverse(*age), slot.tenant_id.as_str()));
    // One that an earlier operator counted may be of any partner.
    let counts = |slot: &ConfirmedDeletion| slot.partner_id.as_deref().is_none_or(|id| id == wanted.partner_id);
    let of_partner: Vec<_> = recent.iter().filter(|(_, slot)| counts(slot)).copied().collect();
    let per_partner = if wanted.partner_id.is_empty() { usize::MAX } else { limits.per_hour_and_partner };
    let waits = [
        (DeletionLimit::Partner, wait(&of_partner, wanted.tenant_id, per_partner)),
        (DeletionLimit::Platform, wait(&recent, wanted.tenant_id, limits.per_hour)),
    ];
    let longest = waits.into_iter().filter_map(|(limit, wait)| Some((limit, wait?))).max_by_key(|(_, wait)| *wait);
    if let Some((limit, wait)) = longest {
        return Decision::Wait(limit, wait);
    }
    if recent.iter().any(|(_, slot)| slot.tenant_id == wanted.tenant_id) {
        return Decision::Has;
    }
    let before = recent.iter().map(|(_, slot)| (*slot).clone());
    let new = ConfirmedDeletion {
        tenant_id: wanted.tenant_id.to_owned(),
        at: recorded.to_string(),
        partner_id: Some(wanted.partner_id.to_owned()),
    };
    Decision::Take(before.chain([new]).collect())
}

/// How long a tenant waits for its turn in a queue, if it has to.
fn wait(queue: &[(SignedDuration, &ConfirmedDeletion)], tenant_id: &str, limit: usize) -> Option<Duration> {
    let ahead = queue.iter().position(|(_, slot)| slot.tenant_id == tenant_id).unwrap_or(queue.len());
    let age = queue.get(ahead.checked_sub(limit)?).map_or(SignedDuration::ZERO, |(age, _)| *age);
    let wait = Duration::try_from(HOUR - age).unwrap_or(Duration::from_secs(60));
    Some(wait.max(Duration::from_secs(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    /// A tenant without a partner, for which one limit counts.
    fn decided(past: &[ConfirmedDeletion], tenant_id: &str, per_hour: usize, seconds: i64) -> Decision {
        let limits = Limits { per_hour, per_hour_and_partner: 0 };
        decide(&counted(past, seconds), Wanted { tenant_id, partner_id: "" }, limits, at(seconds))
    }

    /// By a clock that goes right.
    fn counted(past: &[ConfirmedDeletion], seconds: i64) -> Vec<Counted> {
        let age = |slot: &ConfirmedDeletion| at(seconds).duration_since(slot.at.parse().unwrap());
        past.iter().map(|slot| Counted { slot: slot.clone(), age: age(slot) }).collect()
    }

    fn taken(past: &[ConfirmedDeletion], tenant_id: &str, limit: usize, seconds: i64) -> Vec<ConfirmedDeletion> {
        slots(decided(past, tenant_id, limit, seconds))
    }

    fn slots(decision: Decision) -> Vec<ConfirmedDeletion> {
        match decision {
            Decision::Take(slots) => slots,
            other => panic!("{other:?}"),
        }
    }

    fn wait(seconds: u64) -> Decision {
        Decision::Wait(DeletionLimit::Platform, Duration::from_secs(seconds))
    }

    /// Slots of a, b and c, a second apart.
    fn three() -> Vec<ConfirmedDeletion> {
        let ids = [("a", 0), ("b", 1), ("c", 2)];
        ids.into_iter().fold(vec![], |slots, (id, second)| taken(&slots, id, 3, second))
    }

    #[test]
    fn only_time_unlocks() {
        let slots = three();
        assert_eq!(decided(&slots, "d", 3, 10), wait(3590));
        assert_eq!(decided(&slots, "d", 3, 3599), wait(1));
        let later = taken(&slots, "d", 3, 3600);
        assert_eq!(later.iter().map(|slot| slot.tenant_id.as_str()).collect::<Vec<_>>(), ["b", "c", "d"]);
        assert_eq!(decided(&slots, "d", 1, 10), wait(3592), "a lower limit waits for the youngest that is in the way");
        assert_eq!(decided(&[], "a", 0, 0), wait(3600), "none at all is a limit too");
    }

    #[test]
    fn a_tenant_that_has_a_slot_needs_no_other() {
        let slots = three();
        for id in ["a", "b", "c"] {
            assert_eq!(decided(&slots, id, 3, 3599), Decision::Has);
        }
        assert_eq!(decided(&slots, "a", 1, 10), Decision::Has);
        assert_eq!(decided(&slots, "b", 1, 10), wait(3590), "it was taken under a higher limit");
        assert_eq!(decided(&slots, "a", 0, 10), wait(3590), "the brake stops what goes on, too");
        assert_eq!(taken(&slots, "a", 3, 3600).len(), 3, "after an hour it is another deletion");
    }

    #[test]
    fn a_partner_uses_up_its_own_limit_and_no_more() {
        let limits = Limits { per_hour: 4, per_hour_and_partner: 2 };
        let decided = |past: &[ConfirmedDeletion], tenant_id: &str, partner_id: &str, seconds| {
            decide(&counted(past, seconds), Wanted { tenant_id, partner_id }, limits, at(seconds))
        };
        let by_partner = |seconds| Decision::Wait(DeletionLimit::Partner, Duration::from_secs(seconds));
        let one = slots(decided(&[], "a", "north", 0));
        let two = slots(decided(&one, "b", "north", 60));
        assert_eq!(two[1].partner_id.as_deref(), Some("north"));
        assert_eq!(decided(&two, "c", "north", 100), by_partner(3500));
        assert_eq!(decided(&two, "a", "north", 100), Decision::Has);
        let three = slots(decided(&two, "d", "south", 100));
        let four = slots(decided(&three, "e", "", 100));
        assert_eq!(decided(&four, "f", "south", 100), wait(3500), "all are used up, for each partner");
        assert_eq!(decided(&four, "c", "north", 100), wait(3500), "of two equal waits that of the whole is named");
        assert_eq!(slots(decided(&four, "c", "north", 3600)).len(), 4, "a went, and b is one of the partner");
        let lower = Limits { per_hour_and_partner: 0, ..limits };
        let stopped = decide(&counted(&two, 100), Wanted { tenant_id: "a", partner_id: "north" }, lower, at(100));
        assert_eq!(stopped, by_partner(3500), "the brake stops what goes on, too");
        let free = decide(&[], Wanted { tenant_id: "a", partner_id: "" }, lower, at(0));
        assert_eq!(slots(free).len(), 1, "without a partner only the whole counts");
    }

    #[test]
    fn what_an_older_operator_counted_may_be_of_any_partner() {
        let limits = Limits { per_hour: 4, per_hour_and_partner: 1 };
        let old = ConfirmedDeletion { tenant_id: "a".into(), at: at(0).to_string(), partner_id: None };
        let wanted = Wanted { tenant_id: "b", partner_id: "north" };
        let waits = Decision::Wait(DeletionLimit::Partner, Duration::from_secs(3590));
        assert_eq!(decide(&counted(std::slice::from_ref(&old), 10), wanted, limits, at(10)), waits);
        let none = ConfirmedDeletion { partner_id: Some(String::new()), ..old };
        assert_eq!(
            slots(decide(&counted(&[none], 10), wanted, limits, at(10))).len(),
            2,
            "one without a partner is not"
        );
    }
}

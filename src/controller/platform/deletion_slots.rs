//! What counts against the limit of deletions, by the name of the Platform: also after its object was removed and created again,
//! which loses the status that lists it.
//!
//! Time is that of this process, which no clock sets ahead or back. The clock decides only how old a slot is that this process did not
//! see before. A slot is recorded by the later of two clocks and its age is judged by the earlier: neither a clock that is wrong nor one
//! that is corrected makes it older. One that is still to come by either counts from now.
//!
//! Three sources are joined: the status, the memory of this process, and the Tenants that wait for their deletion to end. What
//! only the status knew, of Tenants that are gone, is lost where the Platform and this process went at the same time.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};
use kube::Resource;

use crate::resources::CachedTenant;
use crate::resources::platform::ConfirmedDeletion;

pub(super) const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The deletions that were requested, by tenant.
type Slots = BTreeMap<String, Taken>;

/// A deletion that was requested.
#[derive(Clone)]
struct Taken {
    /// When, as the status says it.
    at: Timestamp,
    /// For which partner, as far as that is known.
    partner_id: Option<String>,
    /// How old it was when this process first saw it.
    age: SignedDuration,
    first_seen: Instant,
}

/// Now, by two clocks and by the time of this process.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    /// By the earlier one.
    pub(super) earliest: Timestamp,
    /// By the later one.
    pub(super) latest: Timestamp,
    pub(super) at: Instant,
}

/// A deletion that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) slot: ConfirmedDeletion,
    pub(super) age: SignedDuration,
}

impl Taken {
    /// One that is seen for the first time.
    fn new(at: Timestamp, partner_id: Option<String>, now: Moment) -> Self {
        let at = at.min(now.latest);
        let age = now.earliest.duration_since(at).max(SignedDuration::ZERO);
        Self { at, partner_id, age, first_seen: now.at }
    }

    fn age(&self, now: Moment) -> SignedDuration {
        let since = SignedDuration::try_from(now.at.saturating_duration_since(self.first_seen));
        self.age.saturating_add(since.unwrap_or(SignedDuration::MAX))
    }
}

/// The deletions that this process knows of, by Platform.
#[derive(Default)]
pub(crate) struct DeletionSlots(Mutex<HashMap<String, Slots>>);

impl DeletionSlots {
    /// The deletions of the last hour: those that the status of a Platform lists, that were remembered, and that its Tenants wait
    /// for. All of them are remembered.
    pub(super) fn join(
        &self,
        platform: &str,
        listed: &[ConfirmedDeletion],
        tenants: &[Arc<CachedTenant>],
        now: Moment,
    ) -> Vec<Counted> {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut slots = memory.remove(platform).unwrap_or_default();
        slots.values_mut().for_each(|taken| taken.at = now.latest.min(taken.at));
        for slot in listed {
            let at = slot.at.parse::<Timestamp>().ok().filter(|at| *at <= now.latest);
            let known = slots.remove(&slot.tenant_id);
            let partner_id = slot.partner_id.clone().or_else(|| known.as_ref()?.partner_id.clone());
            let taken = match known {
                // What cannot be read, or is still to come since a clock was wrong, counts from when it was first seen.
                Some(known) if at.is_none_or(|at| at <= known.at) => Taken { partner_id, ..known },
                Some(_) | None => Taken::new(at.unwrap_or(now.latest), partner_id, now),
            };
            slots.insert(slot.tenant_id.clone(), taken);
        }
        for (id, at, partner_id) in tenants.iter().filter_map(|tenant| requested(tenant)) {
            slots.entry(id).or_insert_with(|| Taken::new(at, Some(partner_id), now));
        }
        slots.retain(|_, taken| taken.age(now) < HOUR);
        let counted = slots.iter().map(|(id, taken)| Counted {
            slot: ConfirmedDeletion {
                tenant_id: id.clone(),
                at: taken.at.to_string(),
                partner_id: taken.partner_id.clone(),
            },
            age: taken.age(now),
        });
        let counted = counted.collect();
        if !slots.is_empty() {
            memory.insert(platform.to_owned(), slots);
        }
        counted
    }
}

/// What a status lists from now on: what it lists, unless something that counts is missing.
pub(super) fn to_list(listed: Vec<ConfirmedDeletion>, counted: Vec<Counted>) -> Vec<ConfirmedDeletion> {
    let mut slots = counted.into_iter().map(|counted| counted.slot);
    if slots.clone().all(|slot| listed.contains(&slot)) { listed } else { slots.by_ref().collect() }
}

/// The deletion that a Tenant waits for, when it was requested, and for which partner. An earlier operator did not record the time:
/// then it was not before the Tenant was deleted.
fn requested(tenant: &CachedTenant) -> Option<(String, Timestamp, String)> {
    let deletion = tenant.deletion.as_deref()?;
    let at = match deletion.requested_at {
        Some(at) => at,
        None => tenant.meta().deletion_timestamp.as_ref()?.0,
    };
    Some((deletion.tenant_id.to_string(), at, deletion.partner_id.to_string()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "44444444-0d3e-4f5a-8b7c-9d0e1f2a3b4c";

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    /// What counts, for slots without their ages.
    struct Slots {
        slots: DeletionSlots,
        began: Instant,
    }

    impl Slots {
        fn new() -> Self {
            Self { slots: DeletionSlots::default(), began: Instant::now() }
        }

        /// By a clock that goes right.
        fn join(
            &self,
            platform: &str,
            listed: &[ConfirmedDeletion],
            tenants: &[Arc<CachedTenant>],
            seconds: u64,
        ) -> Vec<ConfirmedDeletion> {
            let now = at(i64::try_from(seconds).unwrap());
            self.counted(platform, listed, tenants, (now, now, seconds))
                .into_iter()
                .map(|counted| counted.slot)
                .collect()
        }

        fn counted(
            &self,
            platform: &str,
            listed: &[ConfirmedDeletion],
            tenants: &[Arc<CachedTenant>],
            (earliest, latest, passed): (Timestamp, Timestamp, u64),
        ) -> Vec<Counted> {
            let at = self.began + std::time::Duration::from_secs(passed);
            self.slots.join(platform, listed, tenants, Moment { earliest, latest, at })
        }
    }

    fn ages(counted: &[Counted]) -> Vec<i64> {
        counted.iter().map(|counted| counted.age.as_secs()).collect()
    }

    fn slot(tenant_id: &str, seconds: i64) -> ConfirmedDeletion {
        ConfirmedDeletion { tenant_id: tenant_id.into(), at: at(seconds).to_string(), partner_id: Some("north".into()) }
    }

    fn leaving(requested_at: Option<i64>) -> Arc<CachedTenant> {
        let requested_at = requested_at.map(|seconds| at(seconds).to_string());
        Arc::new(
            serde_json::from_value(json!({
                "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Tenant",
                "metadata": { "name": "contoso", "deletionTimestamp": at(0).to_string() },
                "spec": {
                    "platformRef": { "name": "euwe-01" },
                    "general": { "name": "C", "o365Domain": "c.onmicrosoft.com", "tenantId": ID }
                },
                "status": {
                    "platformTenant": { "id": ID, "partner": "north" },
                    "deletion": { "servicesPending": 0, "scriptPending": true, "requestedAt": requested_at }
                }
            }))
            .unwrap(),
        )
    }

    #[test]
    fn a_platform_that_is_created_again_has_its_slots() {
        let slots = Slots::new();
        assert_eq!(slots.join("east", &[slot("a", 0)], &[], 1), [slot("a", 0)]);
        assert_eq!(slots.join("east", &[], &[], 2), [slot("a", 0)], "its status is empty");
        assert_eq!(slots.join("west", &[], &[], 2), [], "another has none");
        assert_eq!(slots.join("east", &[slot("b", 3)], &[], 3), [slot("a", 0), slot("b", 3)]);
        assert_eq!(slots.join("east", &[], &[], 3600), [slot("b", 3)], "after an hour it does not count");
        assert_eq!(slots.join("east", &[slot("b", 4000)], &[], 4000), [slot("b", 4000)], "the later one counts");
    }

    #[test]
    fn tenants_know_their_deletions() {
        let joined = |tenant| Slots::new().join("east", &[], &[tenant], 3700);
        assert_eq!(joined(leaving(Some(200))), [slot(ID, 200)]);
        assert_eq!(joined(leaving(Some(9000))), [slot(ID, 3700)], "a clock was wrong");
        assert_eq!(joined(leaving(None)), [], "it was deleted more than an hour ago");
        let listed = [slot(ID, 199)];
        let joined = Slots::new().join("east", &listed, &[leaving(Some(200))], 300);
        assert_eq!(joined, listed, "what is listed is not listed otherwise");
    }

    #[test]
    fn the_partner_of_a_slot_stays_known() {
        let slots = Slots::new();
        let of_older = [ConfirmedDeletion { partner_id: None, ..slot("a", 0) }];
        assert_eq!(slots.join("east", &of_older, &[], 1), of_older, "by an older one");
        assert_eq!(slots.join("east", &[slot("a", 0)], &[], 2), [slot("a", 0)]);
        assert_eq!(slots.join("east", &of_older, &[], 3), [slot("a", 0)], "an older one wrote the status again");
    }

    #[test]
    fn what_is_still_to_come_counts_from_now() {
        let slots = Slots::new();
        let listed = [slot("a", 86_400), ConfirmedDeletion { at: "yesterday".into(), ..slot("b", 0) }];
        assert_eq!(slots.join("east", &listed, &[], 0), [slot("a", 0), slot("b", 0)]);
        assert_eq!(slots.join("east", &listed, &[], 60), [slot("a", 0), slot("b", 0)], "and not from each look");
        let counted = slots.counted("east", &listed, &[], (at(61), at(61), 61));
        assert_eq!(ages(&counted), [61, 61], "also by their age");
        assert_eq!(to_list(listed.to_vec(), counted), [slot("a", 0), slot("b", 0)]);
        let set_back = slots.counted("east", &[], &[], (at(-86_400), at(-86_400), 62));
        assert_eq!(ages(&set_back), [62, 62]);
        assert_eq!(to_list(vec![], set_back), [slot("a", -86_400), slot("b", -86_400)], "set back");
    }

    /// A day ahead nothing is unlocked, and a day back nothing is held up for longer.
    #[test]
    fn no_clock_changes_the_time_of_this_process() {
        let slots = Slots::new();
        let mut listed = vec![slot("a", 0)];
        for (shown, passed) in [(10, 10), (86_400, 60), (-86_400, 120), (180, 180), (86_400 * 365, 3599)] {
            let counted = slots.counted("east", &listed, &[], (at(shown), at(shown), passed));
            assert_eq!(ages(&counted), [i64::try_from(passed).unwrap()], "{shown} {passed}");
            listed = to_list(listed, counted);
        }
        assert_eq!(slots.counted("east", &listed, &[], (at(3600), at(3600), 3600)), []);
    }

    /// Of two clocks one is right: what was deleted counts for an hour also where the operator is started again, by then with another
    /// clock that is wrong.
    #[test]
    fn no_clock_that_is_wrong_or_corrected_makes_a_slot_older() {
        let day = 86_400;
        for before in [-day, 0, day] {
            let (earliest, latest) = (at(before.min(0)), at(before.max(0)));
            let listed = [ConfirmedDeletion { at: latest.to_string(), ..slot("a", 0) }];
            let slots = Slots::new();
            let counted = slots.counted("east", &listed, &[], (earliest, latest, 1));
            assert_eq!(to_list(listed.to_vec(), counted), listed, "{before}: it stays as it was recorded");
            for after in [-day, 0, day] {
                let (earliest, latest) = (at(after.min(0) + 3000), at(after.max(0) + 3000));
                let counted = Slots::new().counted("east", &listed, &[], (earliest, latest, 0));
                assert!(ages(&counted).iter().all(|age| *age <= 3000), "{before} {after}: {counted:?}");
                assert_eq!(counted.len(), 1, "{before} {after}");
            }
        }
    }

    #[test]
    fn a_status_is_written_only_for_what_it_lacks() {
        let listed = vec![slot("a", 0), slot("b", 3000)];
        let counted = || vec![Counted { slot: slot("b", 3000), age: SignedDuration::from_secs(700) }];
        assert_eq!(to_list(listed.clone(), counted()), listed, "what has passed is no news");
        assert_eq!(to_list(vec![], counted()), [slot("b", 3000)]);
    }
}

//! What counts against the limit of deletions, by the name of the Platform: also after its object was removed and created again,
//! which loses the status that lists it.
//!
//! Three sources are joined: the status, the memory of this process, and the Tenants that wait for their deletion to end. What
//! only the status knew, of Tenants that are gone, is lost where the Platform and this process went at the same time.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::resources::Tenant;
use crate::resources::platform::ConfirmedDeletion;
use crate::settings::TenantId;

pub(super) const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The deletions that were requested, by tenant.
type Slots = BTreeMap<String, Timestamp>;

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
        tenants: &[Arc<Tenant>],
        now: Timestamp,
    ) -> Vec<ConfirmedDeletion> {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut slots = memory.remove(platform).unwrap_or_default();
        slots.values_mut().for_each(|at| *at = now.min(*at));
        for slot in listed {
            let at = slot.at.parse::<Timestamp>().ok().filter(|at| *at <= now);
            // What cannot be read, or is still to come since a clock was wrong, counts from when it was first seen.
            let first_seen = slots.get(&slot.tenant_id).copied();
            let at = at.map_or(first_seen.unwrap_or(now), |at| first_seen.map_or(at, |seen| seen.max(at)));
            slots.insert(slot.tenant_id.clone(), at);
        }
        for (id, at) in tenants.iter().filter_map(|tenant| requested(tenant)) {
            slots.entry(id).or_insert(at.min(now));
        }
        slots.retain(|_, at| now.duration_since(*at) < HOUR);
        let joined = slots.iter().map(|(id, at)| ConfirmedDeletion { tenant_id: id.clone(), at: at.to_string() });
        let joined = joined.collect();
        if !slots.is_empty() {
            memory.insert(platform.to_owned(), slots);
        }
        joined
    }
}

/// What a status lists from now on: what it lists, unless something that counts is missing.
pub(super) fn to_list(listed: Vec<ConfirmedDeletion>, joined: Vec<ConfirmedDeletion>) -> Vec<ConfirmedDeletion> {
    if joined.iter().all(|slot| listed.contains(slot)) { listed } else { joined }
}

/// The deletion that a Tenant waits for, and when it was requested. An earlier operator did not record that: then it was not
/// before the Tenant was deleted.
fn requested(tenant: &Tenant) -> Option<(String, Timestamp)> {
    let status = tenant.status.as_ref()?;
    let recorded = status.deletion.as_ref()?.requested_at.as_deref();
    let at = match recorded.and_then(|at| at.parse().ok()) {
        Some(at) => at,
        None => tenant.metadata.deletion_timestamp.as_ref()?.0,
    };
    Some((TenantId::parse(&status.platform_tenant.as_ref()?.id)?.to_string(), at))
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

    fn slot(tenant_id: &str, seconds: i64) -> ConfirmedDeletion {
        ConfirmedDeletion { tenant_id: tenant_id.into(), at: at(seconds).to_string() }
    }

    fn leaving(requested_at: Option<i64>) -> Arc<Tenant> {
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
                    "platformTenant": { "id": ID },
                    "deletion": { "servicesPending": 0, "scriptPending": true, "requestedAt": requested_at }
                }
            }))
            .unwrap(),
        )
    }

    #[test]
    fn a_platform_that_is_created_again_has_its_slots() {
        let slots = DeletionSlots::default();
        assert_eq!(slots.join("east", &[slot("a", 0)], &[], at(1)), [slot("a", 0)]);
        assert_eq!(slots.join("east", &[], &[], at(2)), [slot("a", 0)], "its status is empty");
        assert_eq!(slots.join("west", &[], &[], at(2)), [], "another has none");
        assert_eq!(slots.join("east", &[slot("b", 3)], &[], at(3)), [slot("a", 0), slot("b", 3)]);
        assert_eq!(slots.join("east", &[], &[], at(3600)), [slot("b", 3)], "after an hour it does not count");
        assert_eq!(slots.join("east", &[slot("b", 4000)], &[], at(4000)), [slot("b", 4000)], "the later one counts");
    }

    #[test]
    fn tenants_know_their_deletions() {
        let joined = |tenant| DeletionSlots::default().join("east", &[], &[tenant], at(3700));
        assert_eq!(joined(leaving(Some(200))), [slot(ID, 200)]);
        assert_eq!(joined(leaving(Some(9000))), [slot(ID, 3700)], "a clock was wrong");
        assert_eq!(joined(leaving(None)), [], "it was deleted more than an hour ago");
        let listed = [slot(ID, 199)];
        let joined = DeletionSlots::default().join("east", &listed, &[leaving(Some(200))], at(300));
        assert_eq!(joined, listed, "what is listed is not listed otherwise");
    }

    #[test]
    fn what_is_still_to_come_counts_from_now() {
        let slots = DeletionSlots::default();
        let listed = [slot("a", 86_400), ConfirmedDeletion { tenant_id: "b".into(), at: "yesterday".into() }];
        assert_eq!(slots.join("east", &listed, &[], at(0)), [slot("a", 0), slot("b", 0)]);
        assert_eq!(slots.join("east", &listed, &[], at(60)), [slot("a", 0), slot("b", 0)], "and not from each look");
        assert_eq!(to_list(listed.to_vec(), slots.join("east", &listed, &[], at(61))), [slot("a", 0), slot("b", 0)]);
        assert_eq!(slots.join("east", &[], &[], at(-86_400)), [slot("a", -86_400), slot("b", -86_400)], "set back");
    }

    #[test]
    fn a_status_is_written_only_for_what_it_lacks() {
        let listed = vec![slot("a", 0), slot("b", 3000)];
        assert_eq!(to_list(listed.clone(), vec![slot("b", 3000)]), listed, "what has passed is no news");
        assert_eq!(to_list(vec![], vec![slot("b", 3000)]), [slot("b", 3000)]);
    }
}

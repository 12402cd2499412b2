//! The breaker for mass deletions: so many confirmed deletions per hour and Platform. Only time unlocks it.
//!
//! A slot is taken in the status of the Platform *before* the platform is asked, by a write that is guarded by the version:
//! neither a restart nor a second operator gets around it, and a slot that was taken for nothing errs to the safe side.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::FIELD_MANAGER;
use super::context::{Context, Refusal};
use crate::resources::Platform;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// Others delete at the same time; more losses in a row than this are no coincidence.
const TRIES: u32 = 5;

/// Whether a deletion may be asked for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// It may.
    Taken,
    /// Not before this much time has passed.
    Wait(Duration),
}

/// Takes a slot for one deletion.
pub(super) async fn take(context: &Context, platform: &Platform) -> Result<Slot, Refusal> {
    let api = Api::<Platform>::all(context.client.clone());
    for _ in 0..TRIES {
        let fresh = context.kubernetes(api.get(&platform.name_any())).await?;
        let past = fresh.status.as_ref().map(|status| status.confirmed_deletions.as_slice()).unwrap_or_default();
        let slots = match decide(past, fresh.spec.confirmed_deletions_per_hour(), Timestamp::now()) {
            Ok(slots) => slots,
            Err(wait) => return Ok(Slot::Wait(wait)),
        };
        let mut status = serde_json::to_value(fresh.status.clone().unwrap_or_default()).unwrap_or_default();
        status["confirmedDeletions"] = json!(slots);
        let steps = json!([
            { "op": "test", "path": "/metadata/resourceVersion", "value": fresh.resource_version() },
            { "op": "add", "path": "/status", "value": status },
        ]);
        let patch: json_patch::Patch = serde_json::from_value(steps).map_err(|_| Refusal::Unknown("no patch"))?;
        let params = PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
        match context.kubernetes(api.patch_status(&platform.name_any(), &params, &Patch::Json::<()>(patch))).await {
            Err(Refusal::Conflict) => {}
            outcome => return outcome.map(|_| Slot::Taken),
        }
    }
    Err(Refusal::Conflict)
}

/// The slots with one more, or how long until the oldest one is free again.
fn decide(past: &[String], limit: usize, now: Timestamp) -> Result<Vec<String>, Duration> {
    // What cannot be read is taken for a deletion of just now: unknown never means that there was none.
    let times = past.iter().map(|text| text.parse::<Timestamp>().unwrap_or(now));
    let mut recent: Vec<Timestamp> = times.filter(|at| now.duration_since(*at) < HOUR).collect();
    recent.sort_unstable();
    if recent.len() >= limit {
        let oldest = recent.len().checked_sub(limit).and_then(|index| recent.get(index)).copied().unwrap_or(now);
        let wait = HOUR - now.duration_since(oldest);
        return Err(Duration::try_from(wait).unwrap_or(Duration::from_secs(60)).max(Duration::from_secs(1)));
    }
    recent.push(now);
    Ok(recent.iter().map(ToString::to_string).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn only_time_unlocks() {
        let mut slots = vec![];
        for second in 0..3 {
            slots = decide(&slots, 3, at(second)).unwrap();
        }
        assert_eq!(decide(&slots, 3, at(10)), Err(Duration::from_secs(3590)));
        assert_eq!(decide(&slots, 3, at(3599)), Err(Duration::from_secs(1)));
        let later = decide(&slots, 3, at(3600)).unwrap();
        assert_eq!(later.len(), 3, "the oldest is forgotten");
        assert_eq!(
            decide(&slots, 1, at(3601)),
            Err(Duration::from_secs(1)),
            "a lower limit waits for the youngest that fits"
        );
        assert_eq!(decide(&[], 0, at(0)), Err(Duration::from_secs(3600)), "none at all is a limit too");
    }

    #[test]
    fn what_cannot_be_read_counts() {
        assert!(decide(&["yesterday".into()], 1, at(0)).is_err());
    }
}

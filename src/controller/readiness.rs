//! How the log tells whether an object is ready.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use tracing::{info, warn};

use crate::resources::{ConditionStatus, ConditionType, condition};

/// Logs a written status: as a warning where Ready turned False, or is False for another reason than before.
pub(super) fn log_ready(before: &[Condition], now: &[Condition]) {
    let Some(ready) = condition::find(now, ConditionType::Ready) else { return };
    let same = |before: &Condition| before.status == ready.status && before.reason == ready.reason;
    let was_so = condition::find(before, ConditionType::Ready).is_some_and(same);
    let is_false = ready.status == ConditionStatus::False.as_str();
    let (status, reason, cause) = (&ready.status, &ready.reason, &ready.message);
    if is_false && !was_so {
        warn!(ready = status, reason, cause, "not ready");
    } else {
        info!(ready = status, reason, cause, "status written");
    }
}

//! The Email section of the Modalities tab.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::mapping::{Check, spec_leaf};
use crate::settings::value::Count;
use crate::settings::wire::WireLeaf;

/// Email tasks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmailSpec {
    /// "Max concurrent Email Tasks": the most email tasks per service that can be scheduled or in progress at the same time.
    /// Acts at once; further tasks wait until the backlog is below the limit, running ones are left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrent_tasks_per_service: Option<Count<1, 200>>,
}

/// The Email section on the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the members are those of the spec")]
pub struct EmailWire {
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub max_concurrent_tasks_per_service: WireLeaf<i32>,
}

/// Where the section stands below `spec`.
pub const SECTION: &str = "modalities.email";
/// The leaves of the section.
pub const LEAVES: &[&Leaf] =
    &[&Leaf::value("modalities.email.maxConcurrentTasksPerService", Tenant).default("50").example("100")];

/// What the vendor's manual says of each, for the reference.
pub const MANUAL: &[(&str, &str)] =
    &[("modalities.email.maxConcurrentTasksPerService", "Default 50 / Min 1 / Max 200")];

impl EmailSpec {
    /// The section in the platform's words.
    pub fn to_wire(&self, check: &mut Check) -> EmailWire {
        let Self { max_concurrent_tasks_per_service } = self;
        let mut at = check.section("modalities.email");
        EmailWire {
            max_concurrent_tasks_per_service: at.leaf("maxConcurrentTasksPerService", max_concurrent_tasks_per_service),
        }
    }
}

impl From<&EmailWire> for EmailSpec {
    fn from(wire: &EmailWire) -> Self {
        let EmailWire { max_concurrent_tasks_per_service } = wire;
        Self { max_concurrent_tasks_per_service: spec_leaf(max_concurrent_tasks_per_service) }
    }
}

/// The examples of [`LEAVES`] in the platform's words, by hand.
#[cfg(test)]
pub(in crate::settings) fn golden() -> serde_json::Value {
    serde_json::json!({ "modalities": { "email": { "maxConcurrentTasksPerService": 100 } } })
}

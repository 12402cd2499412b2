//! The External Task section of the Modalities tab.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::mapping::{Check, spec_leaf};
use crate::settings::value::Count;
use crate::settings::wire::WireLeaf;

/// External tasks, which Power Automate creates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalTaskSpec {
    /// "Max concurrent External Tasks per Service": the most external tasks per service that can be scheduled or in progress
    /// at the same time. At the limit a further task is discarded with a flow error. Acts at once; running tasks are left
    /// alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrent_tasks_per_service: Option<Count<1, 50>>,
}

/// The External Task section on the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the members are those of the spec")]
pub struct ExternalTaskWire {
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub max_concurrent_tasks_per_service: WireLeaf<i32>,
}

/// Where the section stands below `spec`.
pub const SECTION: &str = "modalities.externalTask";
/// The leaves of the section.
pub const LEAVES: &[&Leaf] =
    &[&Leaf::value("modalities.externalTask.maxConcurrentTasksPerService", Tenant).default("20").example("30")];

/// What the vendor's manual says of each, for the reference.
pub const MANUAL: &[(&str, &str)] =
    &[("modalities.externalTask.maxConcurrentTasksPerService", "Default 20 / Min 1 / Max 50")];

impl ExternalTaskSpec {
    /// The section in the platform's words.
    pub fn to_wire(&self, check: &mut Check) -> ExternalTaskWire {
        let Self { max_concurrent_tasks_per_service } = self;
        let mut at = check.section("modalities.externalTask");
        ExternalTaskWire {
            max_concurrent_tasks_per_service: at.leaf("maxConcurrentTasksPerService", max_concurrent_tasks_per_service),
        }
    }
}

impl From<&ExternalTaskWire> for ExternalTaskSpec {
    fn from(wire: &ExternalTaskWire) -> Self {
        let ExternalTaskWire { max_concurrent_tasks_per_service } = wire;
        Self { max_concurrent_tasks_per_service: spec_leaf(max_concurrent_tasks_per_service) }
    }
}

/// The examples of [`LEAVES`] in the platform's words, by hand.
#[cfg(test)]
pub(in crate::settings) fn golden() -> serde_json::Value {
    serde_json::json!({ "modalities": { "externalTask": { "maxConcurrentTasksPerService": 30 } } })
}

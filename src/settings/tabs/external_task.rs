//! The External Task section of the Modalities tab.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::value::Count;

/// External tasks, which Power Automate creates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalTaskSpec {
    /// "Max concurrent External Tasks per Service": maximum number of external tasks per service that are scheduled or
    /// in progress at the same time. At the limit, a new task is discarded with a flow error. Takes effect immediately;
    /// running tasks are not affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrent_tasks_per_service: Option<Count<1, 50>>,
}

/// Where the section stands below `spec`.
pub const SECTION: &str = "modalities.externalTask";
pub(in crate::settings) const LEAVES: &[&Leaf] =
    &[&Leaf::value::<Count<1, 50>>("modalities.externalTask.maxConcurrentTasksPerService", Tenant)
        .default("20")
        .example("30")
        .manual("Default 20 / Min 1 / Max 50")];

//! The Email section of the Modalities tab.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::value::Count;

/// Email tasks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EmailSpec {
    /// "Max concurrent Email Tasks": maximum number of email tasks per service that are scheduled or in progress at the
    /// same time. Takes effect immediately; new tasks wait until the number is below the limit, running tasks are not
    /// affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrent_tasks_per_service: Option<Count<1, 200>>,
}

/// Where the section stands below `spec`.
pub const SECTION: &str = "modalities.email";
pub(in crate::settings) const LEAVES: &[&Leaf] =
    &[&Leaf::value::<Count<1, 200>>("modalities.email.maxConcurrentTasksPerService", Tenant)
        .default("50")
        .example("100")
        .manual("Default 50 / Min 1 / Max 200")];

//! How many Tenants there are, and how many of them need attention.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Numbers of Tenants. A Tenant can count in several of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TenantTotals {
    /// All.
    pub total: i64,
    /// Those whose Ready is not True.
    pub not_ready: i64,
    /// Those whose provisioning script has to be run.
    pub script_pending: i64,
    /// Those with more licenses in use than purchased.
    pub overused: i64,
    /// Those whose subscription does not let them work (TenantActive is False).
    pub out_of_service: i64,
}

//! What every write to the platform needs, and what a failed one means.

use serde_json::Value;

use crate::admin_api::{ApiError, Client, ProblemType, TenantDocument};
use crate::plan::{Desired, Difference, Done, Resolved, SideEffects, Stop};

/// What a write needs.
pub(crate) struct Writer<'w> {
    pub(crate) client: &'w Client,
    pub(crate) desired: &'w Desired,
    pub(crate) resolved: &'w Resolved,
    pub(crate) id: String,
    pub(crate) stamp: String,
}

/// The settings as they were saved.
pub(crate) struct Saved {
    /// The platform's last answer.
    pub(crate) document: Box<TenantDocument>,
    /// Its settings in the canonical spelling.
    pub(crate) settings: Value,
    pub(crate) done: Done,
    /// What still differs.
    pub(crate) difference: Difference,
    pub(crate) side_effects: SideEffects,
}

impl Writer<'_> {
    /// What a failed write means.
    pub(crate) fn refused(&self, error: ApiError) -> Stop {
        match error {
            ApiError::Refused(problem) => match problem.problem_type {
                ProblemType::SettingsChanged
                | ProblemType::TenantExists
                | ProblemType::TenantDeleted
                | ProblemType::TenantNotFound => Stop::Raced,
                ProblemType::OwnedByOther => {
                    Stop::OwnedByOther { stamp: problem.owner.unwrap_or_else(|| "an unnamed owner".to_owned()) }
                }
                ProblemType::TenantDeleting => Stop::TenantDeleting,
                _ => Stop::Rejected(problem),
            },
            error => Stop::Unavailable(error),
        }
    }
}

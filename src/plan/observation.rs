//! What `observe` found.

use std::sync::Arc;

use serde_json::Value;

use super::widget_secret::WidgetSecret;
use crate::admin_api::{ApiError, TenantDocument};
use crate::settings::wire;

/// What was observed of a Tenant that stays.
#[derive(Clone, Debug)]
pub struct Observed {
    /// What the platform says about the tenant.
    pub tenant: Observation,
    /// What is there under the name of the Secret of the widget key; `None` where it does not matter.
    pub widget_secret: Option<WidgetSecret>,
}

/// What the platform says about the tenant. Unknown never means absent.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// There is a tenant.
    Exists {
        /// How it is.
        snapshot: Snapshot,
        /// Whose it is.
        owner: Owner,
    },
    /// There is none.
    Absent {
        /// Pointers that our credentials may not write.
        restricted: Vec<String>,
    },
    /// There was one, and it was deleted.
    Tombstone {
        /// The id of that deletion.
        deletion_id: String,
        /// Pointers that our credentials may not write.
        restricted: Vec<String>,
    },
    /// It could not be found out.
    Unknown(ApiError),
}

/// How far the execution of a plan came.
#[derive(Clone, Debug, Default)]
pub enum Progress {
    /// Nothing was written.
    #[default]
    Nothing,
    /// The tenant was taken over.
    Claimed,
    /// The settings were saved, and this was the answer.
    Saved(Snapshot),
}

impl Observation {
    /// What is known after an execution that came this far, if anything.
    pub fn after(before: Option<Self>, progress: Progress) -> Option<Self> {
        match (before, progress) {
            (_, Progress::Saved(snapshot)) => Some(Self::Exists { snapshot, owner: Owner::Ours }),
            (Some(Self::Exists { snapshot, .. }), Progress::Claimed) => {
                Some(Self::Exists { snapshot, owner: Owner::Ours })
            }
            (before, Progress::Nothing | Progress::Claimed) => before,
        }
    }
}

/// A tenant as the platform described it at one moment. A copy shares it.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Everything about it.
    pub document: Arc<TenantDocument>,
    /// Its settings in the canonical spelling; members that are not known to this version stay as they are.
    pub settings: Arc<Value>,
}

impl Snapshot {
    /// Reads a document; `None` where its settings are not what the contract says.
    pub fn read(document: Arc<TenantDocument>) -> Option<Self> {
        let settings = Arc::new(wire::canonicalize(&document.settings).ok()?);
        Some(Self { document, settings })
    }
}

/// Whose stamp a tenant has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// Ours.
    Ours,
    /// None, but ours was the last one: a re-created Tenant or a restored cluster must not lock itself out.
    OursLast,
    /// None, or that of a Tenant of this cluster that is gone.
    Free,
    /// Another's.
    Other(String),
}

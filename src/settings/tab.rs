//! The tabs of the *Tenant Administration* view.

use serde::{Deserialize, Serialize};

/// A tab of the *Tenant Administration* view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the variants are the tabs' names in the seed")]
pub enum Tab {
    General,
    Contact,
    Partner,
    DataPrivacy,
    Provisioning,
    Extensions,
    Modalities,
    Licenses,
}

impl Tab {
    /// The tab that a path below `spec` belongs to; `None` for the head of the spec.
    pub fn of(path: &str) -> Option<Self> {
        Some(match path.split('.').next()? {
            "general" => Self::General,
            "contact" => Self::Contact,
            "partner" => Self::Partner,
            "dataPrivacy" => Self::DataPrivacy,
            "provisioning" => Self::Provisioning,
            "extensions" => Self::Extensions,
            "modalities" => Self::Modalities,
            "licenses" => Self::Licenses,
            _ => return None,
        })
    }

    /// The tab's name in the status.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::General => "General",
            Self::Contact => "Contact",
            Self::Partner => "Partner",
            Self::DataPrivacy => "DataPrivacy",
            Self::Provisioning => "Provisioning",
            Self::Extensions => "Extensions",
            Self::Modalities => "Modalities",
            Self::Licenses => "Licenses",
        }
    }
}

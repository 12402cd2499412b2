//! The types and statuses of conditions, as the API spells them.

/// What a condition speaks of, in the order in which a status lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConditionType {
    /// The spec of this generation is live on the platform.
    Ready,
    /// The spec is valid and its references resolve.
    Accepted,
    /// Every managed setting equals the platform.
    Synced,
    /// Working on it; only when true.
    Reconciling,
    /// Needs a human; only when true.
    Stalled,
    /// A technical change waits for the provisioning script.
    ScriptExecutionPending,
    /// More licenses are in use than the contingent has.
    LicenseOveruse,
    /// The tenant's subscription lets it work.
    TenantActive,
    /// The worst of `status.checks`.
    ChecksPassed,
}

impl ConditionType {
    /// All of them, in order.
    pub const ALL: [Self; 9] = [
        Self::Ready,
        Self::Accepted,
        Self::Synced,
        Self::Reconciling,
        Self::Stalled,
        Self::ScriptExecutionPending,
        Self::LicenseOveruse,
        Self::TenantActive,
        Self::ChecksPassed,
    ];

    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Accepted => "Accepted",
            Self::Synced => "Synced",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
            Self::ScriptExecutionPending => "ScriptExecutionPending",
            Self::LicenseOveruse => "LicenseOveruse",
            Self::TenantActive => "TenantActive",
            Self::ChecksPassed => "ChecksPassed",
        }
    }
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the API's own words")]
pub enum ConditionStatus {
    True,
    False,
    Unknown,
}

impl ConditionStatus {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::True, Self::False, Self::Unknown];

    /// The word of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }

    /// The status of a stored condition. The API server lets no other word pass.
    pub(super) fn parse(word: &str) -> Self {
        match word {
            "True" => Self::True,
            "False" => Self::False,
            _ => Self::Unknown,
        }
    }
}

impl From<bool> for ConditionStatus {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

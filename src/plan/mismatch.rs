//! Why the Partner of a spec does not stand for the partner that a tenant has on the platform.

/// Why nothing is known of a Partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoPartner {
    /// There is none of that name.
    Missing,
    /// It is there, and this version cannot decode it.
    Undecodable,
    /// It was not read, or could not be read.
    Unread,
}

/// Why the Partner of a spec does not stand for the partner that the tenant has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// Nothing is known of the Partner.
    Unresolved(NoPartner),
    /// The Partner says more than this version knows.
    TooNew,
    /// The Partner does not count on the Platform.
    NotCounted,
    /// The Partner says which tenants may be named with it, and this is none of them.
    NotListed,
    /// The platform names another partner, or none.
    Other,
    /// The platform names a partner, and the spec none.
    NotNamed,
}

impl Mismatch {
    /// Whether the Partner may stand for the tenant all the same: what is not known is no.
    pub fn is_unknown(self) -> bool {
        match self {
            Self::Unresolved(_) | Self::TooNew => true,
            Self::NotCounted | Self::NotListed | Self::Other | Self::NotNamed => false,
        }
    }

    /// What happened, for within a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Unresolved(NoPartner::Missing) => "the Partner of spec.partner was not found",
            Self::Unresolved(NoPartner::Undecodable) => {
                "this version of the operator cannot decode the Partner of spec.partner"
            }
            Self::Unresolved(NoPartner::Unread) => "the Partner of spec.partner cannot be read",
            Self::TooNew => "the Partner of spec.partner has what this version of the operator does not know",
            Self::NotCounted => "spec.platforms of the Partner does not name the Platform",
            Self::NotListed => "spec.tenantIds of the Partner does not name the tenant",
            Self::Other => "the partner of the tenant on the platform is not that of spec.partner",
            Self::NotNamed => "the tenant has a partner on the platform and spec.partner names none",
        }
    }
}

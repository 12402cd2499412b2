//! The roles of clients of the admin API, and the tenants that they can access.
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The role in a client's token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Role {
    System,
    Partner,
    Tenant,
}

impl Role {
    pub(crate) const NAMES: [&str; 3] = ["system", "partner", "tenant"];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Partner => "partner",
            Self::Tenant => "tenant",
        }
    }

    /// Returns the role of this name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::System, Self::Partner, Self::Tenant].into_iter().find(|role| role.name() == name)
    }
}

/// The client behind a request.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub role: Role,
    /// The partner of a partner client.
    pub partner: Option<String>,
    /// The tenants granted to a tenant client.
    pub tenants: BTreeSet<String>,
}

/// What exists under the id of a tenant, as far as access depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject<'a> {
    /// A tenant, or the tombstone of one, with its partner.
    Managed(Option<&'a str>),
    /// Nothing. Partner clients may learn that, because they create tenants.
    Absent,
}

impl Caller {
    /// True if this client may access the tenant `id`.
    pub(crate) fn has_access(&self, id: &str, subject: Subject<'_>) -> bool {
        match (self.role, subject) {
            (Role::System, _) | (Role::Partner, Subject::Absent) => true,
            (Role::Partner, Subject::Managed(partner)) => self.partner.is_some() && self.partner.as_deref() == partner,
            (Role::Tenant, _) => self.tenants.contains(id),
        }
    }
}

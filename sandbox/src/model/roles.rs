//! Who a client of the admin API is, and which tenants it reaches.
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
    /// The partner for which a partner client speaks.
    pub partner: Option<String>,
    /// The tenants granted to a tenant client.
    pub tenants: BTreeSet<String>,
}

impl Caller {
    /// True if this client may see the tenant `id` that `partner` looks after.
    ///
    /// A tenant that does not exist belongs to nobody (`exists` is false): system and partner clients may learn so,
    /// because they create tenants.
    pub(crate) fn reaches(&self, id: &str, partner: Option<&str>, exists: bool) -> bool {
        match self.role {
            Role::System => true,
            Role::Partner if exists => self.partner.is_some() && self.partner.as_deref() == partner,
            Role::Partner => true,
            Role::Tenant => self.tenants.contains(id),
        }
    }
}

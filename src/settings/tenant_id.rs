//! Which tenant is meant.

use std::fmt;

use uuid::Uuid;

use super::format::{Guid, canonicalize};

/// The id of a tenant, which is that of its Entra tenant. Capitals mean nothing: it is shown and sent in lower case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(Uuid);

impl TenantId {
    /// The id that a text spells; `None` for anything but a GUID with hyphens, which must not get into a URL.
    pub fn parse(text: &str) -> Option<Self> {
        canonicalize::<Guid>(text).and_then(|guid| Uuid::try_parse(&guid).ok()).map(Self)
    }

    /// The Entra tenant.
    pub const fn entra_tenant(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling_and_is_never_empty() {
        let id = TenantId::parse("6F1B2A9C-0d3e-4f5a-8b7c-9d0e1f2a3b4c").map(|id| id.to_string());
        assert_eq!(id.as_deref(), Some("6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c"));
        for other in
            ["", "contoso", "{6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c}", "6f1b2a9c0d3e4f5a8b7c9d0e1f2a3b4c", "../x"]
        {
            assert_eq!(TenantId::parse(other), None, "{other}");
        }
    }
}

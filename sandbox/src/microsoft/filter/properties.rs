//! Which property of a user can be filtered, and how: Microsoft's table of advanced query capabilities.

/// What a filter operator requires of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Support {
    Default,
    /// The header `ConsistencyLevel: eventual` and `$count=true`.
    Advanced,
    No,
}

use Support::{Advanced as A, Default as D, No};

#[derive(Debug)]
pub(super) struct Property {
    name: &'static str,
    /// True for a list, which is filtered by `any`.
    pub collection: bool,
    pub equal: Support,
    pub within: Support,
    pub starts_with: Support,
    pub ends_with: Support,
    pub not_equal: Support,
    pub at_least: Support,
    pub at_most: Support,
    pub null: Support,
}

/// A row of the table: eq, in, startsWith, ne and not, ge, le, null.
const fn row(name: &'static str, support: [Support; 7]) -> Property {
    let [equal, within, starts_with, not_equal, at_least, at_most, null] = support;
    Property { name, collection: false, equal, within, starts_with, ends_with: No, not_equal, at_least, at_most, null }
}

impl Property {
    const fn ends(self) -> Self {
        Self { ends_with: A, ..self }
    }

    const fn list(self) -> Self {
        Self { collection: true, ..self }
    }
}

const PLAIN: [Support; 7] = [D, D, D, A, D, D, A];
const ADVANCED: [Support; 7] = [A; 7];

static PROPERTIES: &[Property] = &[
    row("displayName", [D, D, D, A, No, No, A]),
    row("userType", [D, D, No, A, No, No, A]),
    row("givenName", PLAIN),
    row("surname", PLAIN),
    row("department", PLAIN),
    row("city", [D, D, D, A, D, No, A]),
    row("country", PLAIN),
    row("state", PLAIN),
    row("mailNickname", PLAIN),
    row("jobTitle", [D, D, No, A, D, D, A]),
    row("mail", [D, D, D, A, D, D, No]).ends(),
    row("otherMails", [D, D, D, A, D, D, No]).ends().list(),
    row("proxyAddresses", [D, No, D, A, D, D, No]).ends().list(),
    row("usageLocation", [D, D, D, A, D, D, No]),
    row("imAddresses", [D, No, D, A, D, D, No]).list(),
    row("userPrincipalName", [D, D, D, A, No, D, No]).ends(),
    row("accountEnabled", [D, No, No, A, A, A, No]),
    row("companyName", ADVANCED),
    row("mobilePhone", ADVANCED),
    row("officeLocation", ADVANCED),
    row("postalCode", ADVANCED),
    row("streetAddress", ADVANCED),
    row("preferredLanguage", ADVANCED),
    row("onPremisesSamAccountName", [A, A, A, A, A, A, No]),
    row("employeeType", [A, A, A, A, A, A, No]),
    row("onPremisesExtensionAttributes", [A, A, No, A, A, A, No]),
    row("businessPhones", [D, No, No, No, No, No, No]).list(),
    row("assignedLicenses", [D, No, No, No, No, No, No]).list(),
    row("assignedPlans", [D, No, No, No, No, No, No]).list(),
    row("employeeId", [D, No, D, A, No, A, A]),
];

/// Returns the names of all properties.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    PROPERTIES.iter().map(|property| property.name)
}

/// Returns the property at the start of a path; only the extension attributes have members.
pub(super) fn property(path: &str) -> Option<&'static Property> {
    let (head, below) = path.split_once('/').map_or((path, None), |(head, below)| (head, Some(below)));
    let found = PROPERTIES.iter().find(|property| property.name == head)?;
    (below.is_some() == (head == "onPremisesExtensionAttributes")).then_some(found)
}

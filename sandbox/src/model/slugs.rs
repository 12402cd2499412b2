//! The closed lists of refusals: slugs of problems, codes of invalid fields.
//!
//! Both are published in the OpenAPI document; a client may match on them exhaustively.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slug {
    MalformedRequest,
    Unauthenticated,
    NotPermitted,
    FieldNotPermitted,
    TenantNotFound,
    TenantDeleted,
    WidgetKeyNotSet,
    RouteNotFound,
    MethodNotAllowed,
    OwnedByOther,
    TenantDeleting,
    SectionOff,
    InvitationPending,
    CursorExpired,
    TenantExists,
    SettingsChanged,
    OwnerChanged,
    UnsupportedMediaType,
    InvalidSettings,
    InvalidRequest,
    ConfirmationRequired,
    SettingsVersionRequired,
    ExpectedOwnerRequired,
    TooManyRequests,
    Internal,
    Unavailable,
}

/// Name, status and meaning of each slug, in the order of the enum.
static SLUGS: [(Slug, &str, u16, &str); 26] = [
    (Slug::MalformedRequest, "malformed-request", 400, "not JSON, or a malformed parameter or header"),
    (Slug::Unauthenticated, "unauthenticated", 401, "no token, or it is unknown or expired"),
    (Slug::NotPermitted, "not-permitted", 403, "not permitted for this role, or a tenant that it cannot access"),
    (
        Slug::FieldNotPermitted,
        "field-not-permitted",
        403,
        "the listed fields are restricted for this role; nothing was saved",
    ),
    (Slug::TenantNotFound, "tenant-not-found", 404, "there is no such tenant"),
    (
        Slug::TenantDeleted,
        "tenant-deleted",
        404,
        "the tenant was deleted, `deletionId` names the tombstone; 409 for a PUT",
    ),
    (Slug::WidgetKeyNotSet, "widget-key-not-set", 404, "Interact was never switched on"),
    (Slug::RouteNotFound, "route-not-found", 404, "there is no such route"),
    (Slug::MethodNotAllowed, "method-not-allowed", 405, "the route has no such method"),
    (Slug::OwnedByOther, "owned-by-other", 409, "`owner` holds the stamp of the tenant"),
    (Slug::TenantDeleting, "tenant-deleting", 409, "the deletion of the tenant has begun"),
    (Slug::SectionOff, "section-off", 409, "the section of this trigger is switched off"),
    (
        Slug::InvitationPending,
        "invitation-pending",
        409,
        "the primary account has not accepted its invitation; the token stays unused",
    ),
    (Slug::CursorExpired, "cursor-expired", 410, "read the full list and start from now"),
    (Slug::TenantExists, "tenant-exists", 412, "the tenant exists already"),
    (Slug::SettingsChanged, "settings-changed", 412, "`settingsVersion` has moved since `Nimbus-Settings-Version`"),
    (Slug::OwnerChanged, "owner-changed", 412, "the stamp is another one by now than `Nimbus-Expected-Owner`"),
    (Slug::UnsupportedMediaType, "unsupported-media-type", 415, "the media type of the body is not supported"),
    (Slug::InvalidSettings, "invalid-settings", 422, "the listed fields are wrong; nothing was saved"),
    (Slug::InvalidRequest, "invalid-request", 422, "the listed members of the body are wrong"),
    (Slug::ConfirmationRequired, "confirmation-required", 422, "deletion needs `confirm=YES`"),
    (
        Slug::SettingsVersionRequired,
        "settings-version-required",
        428,
        "the header `Nimbus-Settings-Version` is missing",
    ),
    (Slug::ExpectedOwnerRequired, "expected-owner-required", 428, "the header `Nimbus-Expected-Owner` is missing"),
    (Slug::TooManyRequests, "too-many-requests", 429, "wait as `Retry-After` says"),
    (Slug::Internal, "internal", 500, "the platform failed; nothing was saved"),
    (Slug::Unavailable, "unavailable", 503, "wait as `Retry-After` says"),
];

impl Slug {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        SLUGS.iter().map(|row| row.0)
    }

    pub(crate) fn name(self) -> &'static str {
        SLUGS[self as usize].1
    }

    pub(crate) fn status(self) -> u16 {
        SLUGS[self as usize].2
    }

    pub(crate) fn about(self) -> &'static str {
        SLUGS[self as usize].3
    }

    /// Returns the slug of this name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::all().find(|slug| slug.name() == name)
    }
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Code {
    UnknownField,
    WrongType,
    OutOfRange,
    TooLong,
    Empty,
    BadFormat,
    NotAllowed,
    Required,
    NotClearable,
    Fixed,
    SealedForm,
    SameAccount,
    Restricted,
    UnknownReference,
}

/// Name and meaning of each code, in the order of the enum.
static CODES: [(Code, &str, &str); 14] = [
    (Code::UnknownField, "unknown-field", "unknown member"),
    (Code::WrongType, "wrong-type", "wrong JSON type"),
    (Code::OutOfRange, "out-of-range", "below `min` or above `max`"),
    (Code::TooLong, "too-long", "more than `max` characters"),
    (Code::Empty, "empty", "empty text; null clears the field"),
    (Code::BadFormat, "bad-format", "not in the format of the field"),
    (Code::NotAllowed, "not-allowed", "not one of the allowed values"),
    (Code::Required, "required", "the value is missing after the merge"),
    (Code::NotClearable, "not-clearable", "null is not accepted here"),
    (Code::Fixed, "fixed", "the value never changes"),
    (Code::SealedForm, "sealed-form", "a sealed field is written as `{\"value\": …}`"),
    (Code::SameAccount, "same-account", "primary and secondary account are the same"),
    (Code::Restricted, "restricted", "not permitted for this role"),
    (Code::UnknownReference, "unknown-reference", "the id refers to nothing that exists"),
];

impl Code {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        CODES.iter().map(|row| row.0)
    }

    pub(crate) fn name(self) -> &'static str {
        CODES[self as usize].1
    }

    pub(crate) fn about(self) -> &'static str {
        CODES[self as usize].2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_in_the_order_of_their_enum() {
        assert!(SLUGS.iter().enumerate().all(|(index, row)| row.0 as usize == index));
        assert!(CODES.iter().enumerate().all(|(index, row)| row.0 as usize == index));
    }

    #[test]
    fn slugs_are_found_by_their_name() {
        for slug in Slug::all() {
            assert_eq!(Some(slug), Slug::parse(slug.name()));
        }
    }
}

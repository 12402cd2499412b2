//! How this platform says no: `application/problem+json` with a slug and a list of bad fields.
//!
//! Slugs and codes are closed lists, published in the OpenAPI document. No text for people is in them: the caller
//! writes its own. A pointer is RFC 6901 into `settings`; for a request without settings it is into the body.
use serde_json::{Map, Value, json};

/// The kinds of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slug {
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
    UnsupportedMediaType,
    InvalidSettings,
    InvalidRequest,
    ConfirmationRequired,
    SettingsVersionRequired,
    TooManyRequests,
    Internal,
    Unavailable,
}

impl Slug {
    pub(super) const ALL: [Self; 24] = [
        Self::MalformedRequest,
        Self::Unauthenticated,
        Self::NotPermitted,
        Self::FieldNotPermitted,
        Self::TenantNotFound,
        Self::TenantDeleted,
        Self::WidgetKeyNotSet,
        Self::RouteNotFound,
        Self::MethodNotAllowed,
        Self::OwnedByOther,
        Self::TenantDeleting,
        Self::SectionOff,
        Self::InvitationPending,
        Self::CursorExpired,
        Self::TenantExists,
        Self::SettingsChanged,
        Self::UnsupportedMediaType,
        Self::InvalidSettings,
        Self::InvalidRequest,
        Self::ConfirmationRequired,
        Self::SettingsVersionRequired,
        Self::TooManyRequests,
        Self::Internal,
        Self::Unavailable,
    ];

    /// Name, status and meaning: the row of this slug in the document.
    pub(super) const fn row(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::MalformedRequest => (
                "malformed-request",
                400,
                "not JSON, or a parameter or header is not of its form",
            ),
            Self::Unauthenticated => (
                "unauthenticated",
                401,
                "no token, or it is unknown or expired",
            ),
            Self::NotPermitted => (
                "not-permitted",
                403,
                "not for this role, or out of its reach",
            ),
            Self::FieldNotPermitted => (
                "field-not-permitted",
                403,
                "the listed fields are restricted for this role; nothing was saved",
            ),
            Self::TenantNotFound => ("tenant-not-found", 404, "there is no such tenant"),
            Self::TenantDeleted => (
                "tenant-deleted",
                404,
                "the tenant was deleted, `deletionId` names the tombstone; 409 when a PUT meets one",
            ),
            Self::WidgetKeyNotSet => ("widget-key-not-set", 404, "Interact was never switched on"),
            Self::RouteNotFound => ("route-not-found", 404, "there is no such route"),
            Self::MethodNotAllowed => ("method-not-allowed", 405, "the route has no such method"),
            Self::OwnedByOther => (
                "owned-by-other",
                409,
                "`owner` holds the stamp of the tenant",
            ),
            Self::TenantDeleting => (
                "tenant-deleting",
                409,
                "the deletion of the tenant has begun",
            ),
            Self::SectionOff => (
                "section-off",
                409,
                "the section of this trigger is switched off",
            ),
            Self::InvitationPending => (
                "invitation-pending",
                409,
                "the primary account has not accepted; the token is not used up",
            ),
            Self::CursorExpired => (
                "cursor-expired",
                410,
                "read the list in full and start from now",
            ),
            Self::TenantExists => ("tenant-exists", 412, "a tenant is created once"),
            Self::SettingsChanged => ("settings-changed", 412, "`settingsVersion` has moved"),
            Self::UnsupportedMediaType => (
                "unsupported-media-type",
                415,
                "the body is not of a type listed",
            ),
            Self::InvalidSettings => (
                "invalid-settings",
                422,
                "the listed fields are wrong; nothing was saved",
            ),
            Self::InvalidRequest => (
                "invalid-request",
                422,
                "the listed members of the body are wrong",
            ),
            Self::ConfirmationRequired => {
                ("confirmation-required", 422, "deletion needs `confirm=YES`")
            }
            Self::SettingsVersionRequired => (
                "settings-version-required",
                428,
                "the header `Nimbus-Settings-Version` is missing",
            ),
            Self::TooManyRequests => ("too-many-requests", 429, "wait as `Retry-After` says"),
            Self::Internal => ("internal", 500, "the platform failed; nothing was saved"),
            Self::Unavailable => ("unavailable", 503, "wait as `Retry-After` says"),
        }
    }

    pub(super) const fn name(self) -> &'static str {
        self.row().0
    }

    pub(super) const fn status(self) -> u16 {
        self.row().1
    }

    /// Returns the slug of this name.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|slug| slug.name() == name)
    }
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Code {
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
}

impl Code {
    pub(super) const ALL: [Self; 13] = [
        Self::UnknownField,
        Self::WrongType,
        Self::OutOfRange,
        Self::TooLong,
        Self::Empty,
        Self::BadFormat,
        Self::NotAllowed,
        Self::Required,
        Self::NotClearable,
        Self::Fixed,
        Self::SealedForm,
        Self::SameAccount,
        Self::Restricted,
    ];

    /// Name and meaning: the row of this code in the document.
    pub(super) const fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::UnknownField => ("unknown-field", "the server does not know this member"),
            Self::WrongType => ("wrong-type", "not of the type of the field"),
            Self::OutOfRange => ("out-of-range", "below `min` or above `max`"),
            Self::TooLong => ("too-long", "more than `max` characters"),
            Self::Empty => ("empty", "an empty text; null clears"),
            Self::BadFormat => ("bad-format", "not in the notation of the field"),
            Self::NotAllowed => ("not-allowed", "not one of the spellings of the field"),
            Self::Required => (
                "required",
                "the merged settings lack a value that they need",
            ),
            Self::NotClearable => ("not-clearable", "null is not accepted here"),
            Self::Fixed => ("fixed", "the value never changes"),
            Self::SealedForm => (
                "sealed-form",
                "a sealed field is written as `{\"value\": …}`",
            ),
            Self::SameAccount => ("same-account", "primary and secondary account are the same"),
            Self::Restricted => ("restricted", "not for this role"),
        }
    }
}

/// One bad field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FieldError {
    pub pointer: String,
    pub code: Code,
    pub min: Option<i64>,
    pub max: Option<i64>,
}

impl FieldError {
    pub(super) fn new(pointer: &str, code: Code) -> Self {
        Self {
            pointer: pointer.to_owned(),
            code,
            min: None,
            max: None,
        }
    }

    fn to_json(&self) -> Value {
        let mut members = Map::new();
        members.insert("pointer".into(), json!(self.pointer));
        members.insert("code".into(), json!(self.code.row().0));
        members.extend(self.min.map(|min| ("min".to_owned(), json!(min))));
        members.extend(self.max.map(|max| ("max".to_owned(), json!(max))));
        Value::Object(members)
    }
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub slug: Slug,
    pub status: u16,
    pub errors: Vec<FieldError>,
    /// A member beside the standard ones, such as `owner`.
    pub extra: Option<(&'static str, String)>,
}

impl Problem {
    pub(super) fn new(slug: Slug) -> Self {
        Self {
            slug,
            status: slug.status(),
            errors: Vec::new(),
            extra: None,
        }
    }

    /// A refusal that lists fields, in the order of their pointers.
    pub(super) fn fields(slug: Slug, mut errors: Vec<FieldError>) -> Self {
        errors.sort();
        errors.dedup();
        Self {
            errors,
            ..Self::new(slug)
        }
    }

    /// A refusal of one member of a request body.
    pub(super) fn member(pointer: &str, code: Code) -> Self {
        Self::fields(Slug::InvalidRequest, vec![FieldError::new(pointer, code)])
    }

    pub(super) fn owned_by(owner: &str) -> Self {
        Self {
            extra: Some(("owner", owner.to_owned())),
            ..Self::new(Slug::OwnedByOther)
        }
    }

    /// A tombstone is in the way: 404 to a reader, 409 to a creator.
    pub(super) fn tombstone(deletion_id: &str, status: u16) -> Self {
        Self {
            status,
            extra: Some(("deletionId", deletion_id.to_owned())),
            ..Self::new(Slug::TenantDeleted)
        }
    }

    /// Returns the body of the answer.
    pub(super) fn to_json(&self, request_id: &str) -> Value {
        let errors: Vec<Value> = self.errors.iter().map(FieldError::to_json).collect();
        let mut body = json!({
            "type": format!("urn:nimbus:problem:{}", self.slug.name()),
            "status": self.status,
            "requestId": request_id,
            "errors": errors,
        });
        if let Some((name, value)) = &self.extra {
            body[*name] = json!(value);
        }
        body
    }
}

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The platform says no.
    #[error("refused as {}", .0.slug.name())]
    Refused(Box<Problem>),
    /// The token endpoint says no, in the words of OAuth 2.0.
    #[error("no token: {error}")]
    NoToken { status: u16, error: &'static str },
    /// The database failed.
    #[error("database")]
    Database(#[from] sqlx::Error),
    /// The database holds something that is not ours.
    #[error("stored JSON")]
    Stored(#[from] serde_json::Error),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

impl From<Slug> for Failure {
    fn from(slug: Slug) -> Self {
        Problem::new(slug).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_found_by_their_name() {
        for slug in Slug::ALL {
            assert_eq!(Some(slug), Slug::parse(slug.name()));
        }
    }

    #[test]
    fn every_bad_field_is_listed_once_in_order() {
        let problem = Problem::fields(
            Slug::InvalidSettings,
            vec![
                FieldError {
                    min: Some(1),
                    max: Some(50),
                    ..FieldError::new("/b", Code::OutOfRange)
                },
                FieldError::new("/a", Code::Required),
                FieldError::new("/a", Code::Required),
            ],
        );
        assert_eq!(
            json!({
                "type": "urn:nimbus:problem:invalid-settings",
                "status": 422,
                "requestId": "r",
                "errors": [
                    {"pointer": "/a", "code": "required"},
                    {"pointer": "/b", "code": "out-of-range", "min": 1, "max": 50},
                ],
            }),
            problem.to_json("r")
        );
    }
}

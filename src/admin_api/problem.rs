//! A documented refusal, `application/problem+json`. Of a body only words of closed lists, numbers and identifiers are read: no
//! title and no detail.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use crate::http::objects;
use crate::text::cut_identifier;

/// What the `type` of a documented problem begins with.
const URN: &str = "urn:nimbus:problem:";
/// More bad fields than this are not read.
const MAX_ERRORS: usize = 64;
const MAX_WORD: usize = 64;
const MAX_IDENTIFIER: usize = 256;

/// A documented refusal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// Why the request was refused.
    pub problem_type: ProblemType,
    /// The platform's id of the request, to quote in a ticket. It differs with every response, so it is not part of the text.
    pub request_id: Option<String>,
    /// Every bad field.
    pub errors: Vec<FieldError>,
    /// The stamp of another owner, with `owned-by-other`.
    pub owner: Option<String>,
    /// The id of a deletion, with `tenant-deleted` and `tenant-deleting`.
    pub deletion_id: Option<String>,
}

/// One bad field of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldError {
    /// RFC 6901 pointer into the settings.
    pub pointer: String,
    /// From a closed list, e.g. `out-of-range`.
    pub code: String,
    /// Smallest value allowed.
    pub min: Option<i64>,
    /// Largest value allowed.
    pub max: Option<i64>,
}

macro_rules! problem_types {
    ($($name:ident = $text:literal,)+) => {
        /// The types of problems, by the last part of `urn:nimbus:problem:<type>`.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum ProblemType {
            $(#[doc = concat!("`", $text, "`")] $name,)+
            /// A type that this version does not know.
            Other(String),
        }

        impl ProblemType {
            /// The type as the platform writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$name => $text,)+
                    Self::Other(text) => text,
                }
            }

            /// Reads a type; `None` when the text cannot be one.
            fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$name),)+
                    other => word(other).map(Self::Other),
                }
            }

            #[cfg(test)]
            const ALL: &[&str] = &[$($text),+];
        }
    };
}

problem_types! {
    MalformedRequest = "malformed-request",
    Unauthenticated = "unauthenticated",
    NotPermitted = "not-permitted",
    FieldNotPermitted = "field-not-permitted",
    TenantNotFound = "tenant-not-found",
    TenantDeleted = "tenant-deleted",
    WidgetKeyNotSet = "widget-key-not-set",
    RouteNotFound = "route-not-found",
    MethodNotAllowed = "method-not-allowed",
    OwnedByOther = "owned-by-other",
    TenantDeleting = "tenant-deleting",
    SectionOff = "section-off",
    InvitationPending = "invitation-pending",
    CursorExpired = "cursor-expired",
    TenantExists = "tenant-exists",
    SettingsChanged = "settings-changed",
    OwnerChanged = "owner-changed",
    UnsupportedMediaType = "unsupported-media-type",
    InvalidSettings = "invalid-settings",
    InvalidRequest = "invalid-request",
    ConfirmationRequired = "confirmation-required",
    SettingsVersionRequired = "settings-version-required",
    ExpectedOwnerRequired = "expected-owner-required",
    TooManyRequests = "too-many-requests",
    Internal = "internal",
    Unavailable = "unavailable",
}

impl Default for ProblemType {
    fn default() -> Self {
        Self::Other(String::new())
    }
}

impl fmt::Display for ProblemType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ProblemBody {
    r#type: String,
    request_id: Option<String>,
    #[serde(deserialize_with = "objects")]
    errors: Vec<FieldErrorBody>,
    #[serde(flatten)]
    more: BTreeMap<String, Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FieldErrorBody {
    pointer: String,
    code: String,
    min: Option<Value>,
    max: Option<Value>,
}

impl Problem {
    /// Reads a problem; `None` when the body is not one.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let body: ProblemBody = serde_json::from_slice(body).ok()?;
        let identifier = |name| Some(cut_identifier(body.more.get(name)?.as_str()?, MAX_IDENTIFIER));
        Some(Self {
            problem_type: ProblemType::parse(body.r#type.strip_prefix(URN)?)?,
            request_id: body.request_id.as_deref().map(|id| cut_identifier(id, MAX_WORD)).filter(|id| !id.is_empty()),
            owner: identifier("owner"),
            deletion_id: identifier("deletionId"),
            errors: body.errors.iter().take(MAX_ERRORS).filter_map(FieldErrorBody::read).collect(),
        })
    }
}

impl FieldErrorBody {
    fn read(&self) -> Option<FieldError> {
        Some(FieldError {
            pointer: cut_identifier(&self.pointer, MAX_IDENTIFIER),
            code: word(&self.code)?,
            min: self.min.as_ref().and_then(Value::as_i64),
            max: self.max.as_ref().and_then(Value::as_i64),
        })
    }
}

/// A word of a closed list: lower-case letters, digits and hyphens.
fn word(text: &str) -> Option<String> {
    let fits = !text.is_empty()
        && text.len() <= MAX_WORD
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_read_and_its_prose_is_not() {
        let body = br#"{"type":"urn:nimbus:problem:invalid-settings","title":"SECRET prose","status":422,"requestId":"r-1",
            "errors":[{"pointer":"/modalities/email/maxConcurrentTasksPerService","code":"out-of-range","min":1,"max":200,"detail":"SECRET"}]}"#;
        let problem = Problem::read(body).unwrap_or_default();
        assert_eq!(problem.problem_type, ProblemType::InvalidSettings);
        assert_eq!(problem.request_id.as_deref(), Some("r-1"));
        assert_eq!(problem.errors[0].max, Some(200));
        assert!(!format!("{problem:?}").contains("SECRET"));
    }

    #[test]
    fn what_is_no_problem_is_not_taken_for_one() {
        for body in
            ["", "<html>", "{}", r#"{"type":"about:blank"}"#, r#"{"type":"urn:nimbus:problem:<b>"}"#, "[]", "null"]
        {
            assert_eq!(Problem::read(body.as_bytes()), None, "{body}");
        }
        let fields_as_lists = r#"{"type":"urn:nimbus:problem:internal","errors":[["/general/name","c",null,null]]}"#;
        assert_eq!(Problem::read(fields_as_lists.as_bytes()), None);
    }

    #[test]
    fn every_documented_type_is_known() {
        let document: Value = serde_json::from_str(include_str!("../../docs/admin-api.openapi.json")).unwrap();
        let types = document.pointer("/components/schemas/Problem/properties/type/enum").unwrap();
        let documented: Vec<_> =
            types.as_array().unwrap().iter().filter_map(|urn| urn.as_str()?.strip_prefix(URN)).collect();
        assert_eq!(documented, ProblemType::ALL);
        for text in ProblemType::ALL {
            assert_eq!(ProblemType::parse(text).map(|known| known.to_string()).as_deref(), Some(*text));
        }
        assert_eq!(ProblemType::parse("something-new"), Some(ProblemType::Other("something-new".to_owned())));
    }
}

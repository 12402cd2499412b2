//! A documented refusal, `application/problem+json`. Of a body only words of closed lists, numbers and identifiers are read: no
//! title and no detail.

use std::fmt;

use serde_json::Value;

use crate::text::identifier;

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

impl Problem {
    /// Reads a problem; `None` when the body is not one. Only its type has to be as it is documented: a detail that is missing, null
    /// or of another kind is a detail less, not another refusal.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let identifier = |name: &str| identifier(body[name].as_str()?, MAX_IDENTIFIER);
        let errors = body["errors"].as_array().into_iter().flatten();
        Some(Self {
            problem_type: ProblemType::parse(body["type"].as_str()?.strip_prefix(URN)?)?,
            request_id: identifier("requestId").filter(|id| id.len() <= MAX_WORD),
            owner: body["owner"].as_str().map(ToOwned::to_owned),
            deletion_id: identifier("deletionId"),
            errors: errors.take(MAX_ERRORS).filter_map(FieldError::read).collect(),
        })
    }
}

impl FieldError {
    fn read(body: &Value) -> Option<Self> {
        Some(Self {
            pointer: body["pointer"].as_str().unwrap_or_default().to_owned(),
            code: word(body["code"].as_str()?)?,
            min: body["min"].as_i64(),
            max: body["max"].as_i64(),
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
    }

    #[test]
    fn a_detail_of_another_kind_is_a_detail_less() {
        let read = |body: &str| Problem::read(body.as_bytes()).unwrap_or_default();
        for errors in [r#"[["/general/name","c",null,null]]"#, "null", r#""x""#, "[7, null]", r#"[{"pointer":"/a"}]"#] {
            let problem = read(&format!(r#"{{"type":"urn:nimbus:problem:internal","requestId":7,"errors":{errors}}}"#));
            assert_eq!(problem, Problem { problem_type: ProblemType::Internal, ..Problem::default() }, "{errors}");
        }
        let code = read(r#"{"type":"urn:nimbus:problem:internal","errors":[{"code":"c","pointer":null,"min":"1"}]}"#);
        assert_eq!(code.errors, [FieldError { code: "c".into(), ..FieldError::default() }]);
    }

    /// They get into messages, and the id of a deletion into what people are told to write.
    #[test]
    fn an_identifier_with_anything_else_in_it_is_not_kept() {
        let body = r#"{"type":"urn:nimbus:problem:tenant-deleted","requestId":"r'; rm","deletionId":"d-1\nkubectl"}"#;
        let problem = Problem::read(body.as_bytes()).unwrap_or_default();
        assert_eq!((problem.request_id, problem.deletion_id), (None, None));
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

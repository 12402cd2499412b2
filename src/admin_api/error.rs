//! What can go wrong with a call, by what it tells us. No variant carries text of an answer: a platform that is wrong or
//! breached must not speak through a status or a log.

use std::time::Duration;

use thiserror::Error;

use super::types::ProblemBody;
use crate::http::{self, Lost};
use crate::settings::text::cut_identifier;

const MAX_WORD: usize = 64;
const MAX_IDENTIFIER: usize = 256;
/// More bad fields than this are not read.
const MAX_ERRORS: usize = 64;

/// Why a call did not give the documented answer.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ApiError {
    /// No connection, or no answer in time. Whether the platform acted is unknown.
    #[error("the platform cannot be reached: {what}")]
    Unreachable {
        /// What was tried and what happened.
        what: &'static str,
    },
    /// The credentials are not accepted.
    #[error("the platform does not accept the credentials: {what}")]
    Unauthenticated {
        /// Who refused them.
        what: &'static str,
    },
    /// 403 without more detail: our role may not reach this tenant.
    #[error("the credentials may not reach this tenant")]
    Forbidden,
    /// The platform asks for fewer requests.
    #[error("the platform asks to wait {} s", after.as_secs())]
    Throttled {
        /// How long to wait.
        after: Duration,
    },
    /// A documented refusal.
    #[error("the platform refused: {0}")]
    Refused(Problem),
    /// Something that the contract does not know: an error page, a broken body, a 5xx.
    #[error("the platform gave an unexpected answer: status {status}, {what}")]
    Unexpected {
        /// The HTTP status.
        status: u16,
        /// What was wrong about it.
        what: &'static str,
    },
    /// Not called at all, since the platform is known to be out of reach.
    #[error("the platform is not called: {because}")]
    NotCalled {
        /// What was seen when it was last called.
        because: &'static str,
    },
}

/// A documented refusal, `application/problem+json`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    /// The last part of `urn:nimbus:problem:<slug>`.
    pub slug: String,
    /// The platform's id of the request, to quote in a ticket.
    pub request_id: String,
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

impl ApiError {
    /// What went wrong, without what changes with every answer: the id of a request and the time to wait.
    pub fn lasting(&self) -> String {
        match self {
            Self::Throttled { .. } => "the platform asks for fewer requests".to_owned(),
            Self::Refused(problem) => format!("the platform refused: {}", problem.slug),
            error => error.to_string(),
        }
    }

    /// Whether this is the documented problem `slug`.
    pub fn is(&self, slug: &str) -> bool {
        matches!(self, Self::Refused(problem) if problem.slug == slug)
    }

    /// An exchange that failed.
    pub(super) fn broken(error: &reqwest::Error) -> Self {
        Self::Unreachable { what: http::broken(error) }
    }

    /// An answer that was not read to its end.
    pub(super) fn lost(lost: Lost, status: u16) -> Self {
        match lost {
            Lost::Unreachable(what) => Self::Unreachable { what },
            Lost::TooLarge => Self::Unexpected { status, what: "a body that is too large" },
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (request {})", self.slug, self.request_id)
    }
}

impl Problem {
    /// Reads a problem; `None` when the body is not one.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let body: ProblemBody = serde_json::from_slice(body).ok()?;
        let slug = word(body.kind.strip_prefix("urn:nimbus:problem:")?)?;
        let text = |member: &str| {
            body.more.get(member).and_then(|value| value.as_str()).map(|text| cut_identifier(text, MAX_IDENTIFIER))
        };
        Some(Self {
            slug,
            request_id: cut_identifier(body.request_id.as_deref().unwrap_or("unknown"), MAX_WORD),
            owner: text("owner"),
            deletion_id: text("deletionId"),
            errors: body
                .errors
                .iter()
                .take(MAX_ERRORS)
                .filter_map(|error| {
                    Some(FieldError {
                        pointer: cut_identifier(&error.pointer, MAX_IDENTIFIER),
                        code: word(&error.code)?,
                        min: error.min.as_ref().and_then(serde_json::Value::as_i64),
                        max: error.max.as_ref().and_then(serde_json::Value::as_i64),
                    })
                })
                .collect(),
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
        assert_eq!(problem.slug, "invalid-settings");
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
}

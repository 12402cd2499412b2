//! What can go wrong with a call to Microsoft, by what it tells us. No variant carries text of an answer: an error of Graph may
//! name people, and a host that only looks like Microsoft must not speak through a status or a log.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use thiserror::Error;

use crate::http::{self, Lost, retry_after};

/// Why a call did not give the documented answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CallError {
    /// No connection, or no answer in time.
    #[error("Microsoft cannot be reached: {what}")]
    Unreachable {
        /// What happened.
        what: &'static str,
    },
    /// The credentials are not accepted.
    #[error("Microsoft does not accept the credentials: {what}")]
    Unauthenticated {
        /// Who refused them.
        what: &'static str,
    },
    /// The log-in knows the app, but not in this Entra tenant: most likely nobody has granted it anything there.
    #[error("the app may not log in to this Entra tenant")]
    NotConsented,
    /// 403: we may not look. It says nothing about what would be seen.
    #[error("a permission is missing")]
    Forbidden,
    /// The documented 404: not in this Entra tenant, or not yet, since a new object takes minutes to be seen everywhere.
    #[error("there is no such object in this Entra tenant")]
    NotFound,
    /// The documented 400: what was asked for can never be answered.
    #[error("the request is refused as wrong")]
    Rejected,
    /// Microsoft asks for fewer requests.
    #[error("Microsoft asks to wait {} s", after.as_secs())]
    Throttled {
        /// How long to wait.
        after: Duration,
    },
    /// Something that is not documented: an error page, a broken body, a 5xx.
    #[error("an unexpected answer: status {status}, {what}")]
    Unexpected {
        /// The HTTP status.
        status: u16,
        /// What was wrong about it.
        what: &'static str,
    },
}

impl CallError {
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

/// An answer, read to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    /// Reads an answer, unless it asks to wait. A 503 that names no time is an outage like any other 5xx.
    ///
    /// *Errors*: `Throttled`, `Unreachable` or a body that is too large.
    pub(super) async fn read(answer: Response) -> Result<Self, CallError> {
        let (status, headers) = (answer.status(), answer.headers().clone());
        let asks_to_wait = status == StatusCode::SERVICE_UNAVAILABLE && headers.contains_key(RETRY_AFTER);
        if status == StatusCode::TOO_MANY_REQUESTS || asks_to_wait {
            return Err(CallError::Throttled { after: retry_after(&headers, jiff::Timestamp::now()) });
        }
        let body = http::body(answer).await.map_err(|lost| CallError::lost(lost, status.as_u16()))?;
        Ok(Self { status, headers, body })
    }

    /// The body as a JSON object, which every documented answer is.
    pub(super) fn object(&self) -> Result<Value, CallError> {
        let object = serde_json::from_slice(&self.body).ok().filter(Value::is_object);
        object.ok_or_else(|| self.unexpected("a body that cannot be read"))
    }

    /// The codes of the documented error body of Graph and Azure, `{"error": {"code", "innerError": {"code"}}}`, outermost
    /// first; none when it is not that. Messages are not looked at.
    pub(super) fn codes(&self) -> Vec<String> {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let mut at = &body["error"];
        let mut codes = vec![];
        while let Some(code) = at["code"].as_str().filter(|_| codes.len() < DEEPEST_CODE) {
            codes.push(code.to_ascii_lowercase());
            at = ["innerError", "innererror"]
                .iter()
                .map(|name| &at[name])
                .find(|inner| inner.is_object())
                .unwrap_or(&NONE);
        }
        codes
    }

    pub(super) fn is_html(&self) -> bool {
        let kind = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        kind.is_some_and(|kind| kind.starts_with("text/html"))
    }

    pub(super) fn unexpected(&self, what: &'static str) -> CallError {
        CallError::Unexpected { status: self.status.as_u16(), what }
    }
}

const DEEPEST_CODE: usize = 8;
static NONE: Value = Value::Null;

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(body: &str) -> Vec<String> {
        Answer { status: StatusCode::NOT_FOUND, headers: HeaderMap::new(), body: body.into() }.codes()
    }

    #[test]
    fn codes_are_read_at_every_depth_and_prose_is_not() {
        let body = r#"{"error":{"code":"Outer","message":"SECRET","innerError":{"code":"Inner","innererror":{"code":"Last"}}}}"#;
        assert_eq!(codes(body), ["outer", "inner", "last"]);
    }

    #[test]
    fn what_is_no_documented_error_has_no_code() {
        for body in ["", "<html>", "[]", "null", "{}", r#"{"error":"x"}"#, r#"{"error":{"code":404}}"#] {
            assert_eq!(codes(body), Vec::<String>::new(), "{body}");
        }
    }

    #[test]
    fn depth_has_an_end() {
        let body = r#"{"error":"#.to_owned() + &r#"{"code":"x","innerError":"#.repeat(40) + "null" + &"}".repeat(41);
        assert_eq!(codes(&body).len(), DEEPEST_CODE);
    }
}

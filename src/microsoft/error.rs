//! What can go wrong with a call to Microsoft, by what it tells us. No variant carries text of a response: an error of Graph may
//! name people, and a host that only looks like Microsoft must not speak through a status or a log.

use std::fmt;
use std::time::Duration;

use serde_json::Value;
use thiserror::Error;

pub use crate::http::{Defect, Endpoint, NoTrust, Server, TransportFailure, UnexpectedResponse, Unreachable};
use crate::http::{HttpError, Response};

/// Why a call did not give the documented response.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CallError {
    /// No connection, or no response in time.
    #[error(transparent)]
    Unreachable(Unreachable),
    /// The credentials are rejected.
    #[error("{0}")]
    Unauthenticated(LoginProblem),
    /// The log-in knows the app, but not in this Entra tenant: most likely it was never granted anything there.
    #[error("the app may not log in to this Entra tenant")]
    NotConsented,
    /// 403: the app may not look. It says nothing about what would be seen.
    #[error("a permission is missing")]
    Forbidden,
    /// The documented 404: not in this Entra tenant, or not yet, since a new object takes minutes to be seen everywhere.
    #[error("there is no such object in this Entra tenant")]
    NotFound,
    /// The documented 400: the request can never succeed.
    #[error("the request is rejected as invalid")]
    Rejected,
    /// Microsoft asks for fewer requests.
    #[error("Microsoft is throttling requests")]
    Throttled {
        /// How long to wait.
        after: Duration,
    },
    /// Something that is not documented: an error page, a broken body, a 5xx.
    #[error(transparent)]
    Unexpected(UnexpectedResponse),
}

/// Why the app could not log in, or was rejected afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginProblem {
    /// The log-in rejected the secret or the federated token.
    Credential,
    /// The log-in rejected the request itself.
    Request,
    /// The file of the federated token cannot be read, or is empty.
    TokenFile,
    /// Graph rejected a new access token.
    AccessToken,
}

impl LoginProblem {
    /// A clause for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Credential => "Microsoft Entra rejected the app's secret or federated token",
            Self::Request => "Microsoft Entra rejected the request; most likely there is no such Entra tenant",
            Self::TokenFile => "the federated token file cannot be read",
            Self::AccessToken => "Microsoft Graph rejected the access token",
        }
    }
}

impl fmt::Display for LoginProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<HttpError> for CallError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Unreachable(unreachable) => Self::Unreachable(unreachable),
            HttpError::Throttled { after } => Self::Throttled { after },
            HttpError::Unexpected(unexpected) => Self::Unexpected(unexpected),
        }
    }
}

impl From<UnexpectedResponse> for CallError {
    fn from(unexpected: UnexpectedResponse) -> Self {
        Self::Unexpected(unexpected)
    }
}

/// The codes of the documented error body of Graph and Azure, `{"error": {"code", "innerError": {"code"}}}`, outermost first;
/// none when it is not that. Messages are not read.
pub(super) fn codes(response: &Response) -> Vec<String> {
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let mut at = &body["error"];
    let mut codes = vec![];
    while let Some(code) = at["code"].as_str().filter(|_| codes.len() < MAX_CODES) {
        codes.push(code.to_ascii_lowercase());
        let inner = ["innerError", "innererror"].iter().map(|name| &at[name]).find(|inner| inner.is_object());
        at = inner.unwrap_or(&NONE);
    }
    codes
}

const MAX_CODES: usize = 8;
static NONE: Value = Value::Null;

#[cfg(test)]
mod tests {
    use super::*;

    fn codes_of(body: &str) -> Vec<String> {
        codes(&Response::fake(404, body))
    }

    #[test]
    fn codes_are_read_at_every_depth_and_prose_is_not() {
        let body = r#"{"error":{"code":"Outer","message":"SECRET","innerError":{"code":"Inner","innererror":{"code":"Last"}}}}"#;
        assert_eq!(codes_of(body), ["outer", "inner", "last"]);
    }

    #[test]
    fn what_is_no_documented_error_has_no_code() {
        for body in ["", "<html>", "[]", "null", "{}", r#"{"error":"x"}"#, r#"{"error":{"code":404}}"#] {
            assert_eq!(codes_of(body), Vec::<String>::new(), "{body}");
        }
    }

    #[test]
    fn depth_has_an_end() {
        let body = r#"{"error":"#.to_owned() + &r#"{"code":"x","innerError":"#.repeat(40) + "null" + &"}".repeat(41);
        assert_eq!(codes_of(&body).len(), MAX_CODES);
    }
}

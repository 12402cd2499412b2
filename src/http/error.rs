//! What can go wrong with any call over HTTP. Nothing of a response is kept but its status: a server that is wrong or breached
//! must not speak through a status or a log.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

/// Why a call did not give a response that can be judged. The service that is called turns it into its own error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HttpError {
    Unreachable(Unreachable),
    /// The server asks for fewer requests.
    Throttled {
        after: Duration,
    },
    Unexpected(UnexpectedResponse),
}

/// The exchange failed. Whether the server acted is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{failure} {} {endpoint}", failure.preposition())]
pub struct Unreachable {
    /// Who was called.
    pub endpoint: Arc<str>,
    /// How it failed.
    pub failure: TransportFailure,
}

/// How an exchange failed. The text of the library is not used: it may hold a URL with more in it than should be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportFailure {
    /// There was no response within the deadline.
    TimedOut,
    /// No connection was made.
    NotConnected,
    /// The connection ended before the response did.
    Interrupted,
}

/// A response that is not one of the documented ones: an error page, a broken body, a 5xx.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("HTTP {status} from {endpoint} {defect}")]
pub struct UnexpectedResponse {
    /// Who was called.
    pub endpoint: Arc<str>,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with it.
    pub defect: Defect,
}

/// What is wrong with a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defect {
    /// No response of this status is documented, or not with this body.
    Undocumented,
    /// The body is not JSON.
    NotJson,
    /// The body is JSON, but not what the API documents.
    Malformed,
    /// The body is larger than what is read.
    TooLarge,
    /// It describes another object than the one that was requested.
    WrongObject,
    /// It does not show what the request was to change.
    NoEffect,
    /// A list continues on another server.
    ForeignPage,
    /// A list does not end.
    EndlessList,
}

impl TransportFailure {
    fn preposition(self) -> &'static str {
        match self {
            Self::TimedOut => "from",
            Self::NotConnected | Self::Interrupted => "to",
        }
    }
}

impl fmt::Display for TransportFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TimedOut => "no response in time",
            Self::NotConnected => "cannot connect",
            Self::Interrupted => "lost the connection",
        })
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Undocumented => "is not a documented response",
            Self::NotJson => "is not JSON (a sign-in page?)",
            Self::Malformed => "has a body that does not match the API",
            Self::TooLarge => "is larger than 4 MiB",
            Self::WrongObject => "describes another object than the one requested",
            Self::NoEffect => "does not show the effect of the request",
            Self::ForeignPage => "continues a list at another address",
            Self::EndlessList => "continues a list without end",
        })
    }
}

impl From<&reqwest::Error> for TransportFailure {
    fn from(error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            Self::TimedOut
        } else if error.is_connect() {
            Self::NotConnected
        } else {
            Self::Interrupted
        }
    }
}

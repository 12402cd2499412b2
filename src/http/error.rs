//! What can go wrong with any call over HTTP. Nothing of a response is kept but its status: a server that is wrong or breached
//! must not speak through a status or a log.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::failure::TransportFailure;

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

/// Why there is no client: there is no certificate to trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NoTrust {
    /// The CA bundle that was given is of no use.
    #[error("the CA bundle is not a list of PEM certificates")]
    Bundle,
    /// None was given, and the system has none.
    #[error(
        "the system has no CA certificates that can be used; check the files that SSL_CERT_FILE and SSL_CERT_DIR name"
    )]
    System,
}

/// The exchange failed. Whether the server acted is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("cannot reach {endpoint}: {failure} ({})", failure.as_str())]
pub struct Unreachable {
    /// Who was called.
    pub endpoint: Endpoint,
    /// How it failed.
    pub failure: TransportFailure,
}

/// Who was called: as messages show it, and which of a service's servers it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    name: Arc<str>,
    /// Which server.
    pub server: Server,
}

/// The servers of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// The one that does the work.
    Api,
    /// The one that issues tokens for it.
    Login,
}

impl Endpoint {
    /// A server that does the work.
    pub fn api(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), server: Server::Api }
    }

    /// A server that issues tokens.
    pub fn login(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), server: Server::Login }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// A response that is not one of the documented ones: an error page, a broken body, a 5xx.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("HTTP {status} from {endpoint} {defect}")]
pub struct UnexpectedResponse {
    /// Who was called.
    pub endpoint: Endpoint,
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

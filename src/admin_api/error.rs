//! What can go wrong with a call of the admin API, by consequence. No variant carries text of a response: a platform that is
//! wrong or breached must not speak through a status or a log.
//!
//! The text of an error stays the same while nothing changes, since each other text is another write of a status. So the id of
//! a request and the time to wait are not in it: they are data.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

use super::problem::{Problem, ProblemType};
use crate::http::HttpError;
pub use crate::http::{Defect, Endpoint, NoTrust, Server, TransportFailure, UnexpectedResponse, Unreachable};

/// Why a call did not give the documented response.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ApiError {
    /// No connection, or no response in time. Whether the platform acted is unknown.
    #[error(transparent)]
    Unreachable(Unreachable),
    /// The credentials are rejected.
    #[error(transparent)]
    Unauthenticated(Unauthenticated),
    /// 403 without more detail: our role may not access this tenant.
    #[error("the Platform's credentials may not access this tenant")]
    Forbidden,
    /// The platform asks for fewer requests.
    #[error("the platform is throttling requests")]
    Throttled {
        /// How long to wait.
        after: Duration,
    },
    /// A documented refusal.
    #[error("the platform refused the request: {}", .0.problem_type)]
    Refused(Problem),
    /// Something that the contract does not know: an error page, a broken body, a 5xx.
    #[error(transparent)]
    Unexpected(UnexpectedResponse),
    /// Not called at all.
    #[error(transparent)]
    NotCalled(NotCalled),
}

/// Which credentials were rejected, and by which endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("HTTP {status} from {endpoint}: {rejected}")]
pub struct Unauthenticated {
    /// Who was called.
    pub endpoint: Endpoint,
    /// The HTTP status.
    pub status: u16,
    /// What was rejected.
    pub rejected: Rejected,
}

/// What a server rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejected {
    /// The token endpoint rejected the client's id or secret.
    ClientCredentials,
    /// The admin API rejected a new access token.
    AccessToken,
    /// The admin API does not even let the credentials ask what they may do.
    Role,
}

/// Why a call was not made. Its text is that of the cause, so that an outage has one text whether a call failed or was not made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NotCalled {
    /// The last probe of the platform failed with this.
    #[error(transparent)]
    Outage(Box<ApiError>),
    /// There is no client to call with.
    #[error("{0}")]
    NoClient(String),
    /// The endpoint leads elsewhere.
    #[error(transparent)]
    OtherPlatform(OtherPlatform),
    /// Another replica of the operator may lead by now.
    #[error("this replica does not lead")]
    NotLeader,
}

/// An endpoint leads to another environment of the platform than the one that is meant: what it says of a tenant is true of another
/// tenant, or of none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the endpoint leads to another platform environment")]
pub struct OtherPlatform {
    /// The `platformId` of the one that is meant.
    pub expected: String,
    /// The one that answers; `None` where it does not name itself.
    pub found: Option<String>,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ClientCredentials => "client id or secret rejected",
            Self::AccessToken => "access token rejected",
            Self::Role => "the credentials have no role on this platform",
        })
    }
}

impl ApiError {
    /// Whether this is the documented problem of a type.
    pub fn is(&self, problem_type: &ProblemType) -> bool {
        matches!(self, Self::Refused(problem) if problem.problem_type == *problem_type)
    }

    /// The environment that was found in place of the one that is meant, where that is why no call was made.
    pub fn other_platform(&self) -> Option<&OtherPlatform> {
        match self {
            Self::NotCalled(NotCalled::OtherPlatform(other)) => Some(other),
            Self::NotCalled(NotCalled::Outage(_) | NotCalled::NoClient(_) | NotCalled::NotLeader)
            | Self::Unreachable(_)
            | Self::Unauthenticated(_)
            | Self::Forbidden
            | Self::Throttled { .. }
            | Self::Refused(_)
            | Self::Unexpected(_) => None,
        }
    }

    /// What went wrong, without server and status: an outage shows at the token endpoint as well as at the admin API, as a 502 and
    /// then as a 503, and each other text is a write of the status of each tenant.
    pub fn cause(&self) -> String {
        match self {
            Self::Unreachable(unreachable) => unreachable.failure.to_string(),
            Self::Unauthenticated(unauthenticated) => unauthenticated.rejected.to_string(),
            Self::Unexpected(unexpected) => format!("the response {}", unexpected.defect),
            Self::NotCalled(NotCalled::Outage(error)) => error.cause(),
            Self::NotCalled(NotCalled::NoClient(_) | NotCalled::OtherPlatform(_) | NotCalled::NotLeader)
            | Self::Forbidden
            | Self::Throttled { .. }
            | Self::Refused(_) => self.to_string(),
        }
    }

    /// The platform's id of the request that it refused, to quote in a ticket. It differs with every response.
    pub fn request_id(&self) -> Option<&str> {
        match self {
            Self::Refused(problem) => problem.request_id.as_deref(),
            Self::Unreachable(_)
            | Self::Unauthenticated(_)
            | Self::Forbidden
            | Self::Throttled { .. }
            | Self::Unexpected(_)
            | Self::NotCalled(_) => None,
        }
    }
}

impl From<HttpError> for ApiError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Unreachable(unreachable) => Self::Unreachable(unreachable),
            HttpError::Throttled { after } => Self::Throttled { after },
            HttpError::Unexpected(unexpected) => Self::Unexpected(unexpected),
        }
    }
}

impl From<UnexpectedResponse> for ApiError {
    fn from(unexpected: UnexpectedResponse) -> Self {
        Self::Unexpected(unexpected)
    }
}
